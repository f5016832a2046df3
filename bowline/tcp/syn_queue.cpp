#include "bowline/tcp/syn_queue.hpp"

#include <algorithm>

#include "bowline/tcp/fast_open.hpp"

namespace bowline::inline v0::tcp {
namespace {

// In microseconds, rounded up, so that no timer fires early.
std::int64_t tick(Time now) noexcept { return (now.time_since_epoch() + 999ns) / 1us; }

FeedbackMode feedback_of(const SynEntry& entry) noexcept {
  const bool given_up = entry.feedback == FeedbackMode::accurate && entry.retries > 1;
  return given_up ? FeedbackMode::none : entry.feedback;
}

std::uint16_t ecn_flags(const SynEntry& entry) noexcept {
  switch (feedback_of(entry)) {
    case FeedbackMode::none:
      break;
    case FeedbackMode::classic:
      return wire::kEce;
    case FeedbackMode::accurate:
      return handshake_flags(entry.syn_ecn);
  }
  return 0;
}

}  // namespace

TcbView view_of(const SynEntry& entry, std::uint32_t window) noexcept {
  TcbView view;
  view.state = State::syn_received;
  view.passive = true;
  view.irs = entry.irs;
  view.rcv_nxt = entry.irs + 1;
  view.rcv_wnd = window;
  view.snd_una = entry.iss;
  view.snd_nxt = entry.iss + 1;
  view.timestamps = entry.timestamps;
  view.ts_recent = entry.ts_recent;
  return view;
}

Negotiated agreed(const SynEntry& entry) noexcept {
  Negotiated result;
  result.peer_mss = entry.peer_mss;
  result.window_scaling = entry.window_scaling;
  result.snd_shift = entry.snd_shift;
  result.rcv_shift = entry.rcv_shift;
  result.timestamps = entry.timestamps;
  result.sack = entry.sack;
  result.feedback = feedback_of(entry);
  return result;
}

Reply syn_ack(const SynEntry& entry, const Endpoint& local, const Offer& offer,
              std::uint16_t window, const SipKey& cookie_key, Reason why,
              Context& context) noexcept {
  Reply reply;
  reply.local = local;
  reply.remote = entry.remote();
  reply.interface = static_cast<InterfaceId>(entry.interface);
  reply.seq = entry.iss;
  reply.ack = entry.irs + 1;
  reply.flags = wire::kSyn | wire::kAck | ecn_flags(entry);
  reply.window = window;
  reply.why = why;
  reply.connection = entry.number;
  reply.options.mss = offer.mss;
  if (entry.window_scaling) reply.options.window_scale = entry.rcv_shift;
  reply.options.sack_permitted = entry.sack;
  if (entry.timestamps) {
    const std::uint32_t offset = timestamp_offset(context.secrets.tuple, reply.local, reply.remote);
    reply.options.timestamps = {timestamp_clock(context.now) + offset, entry.ts_recent};
  }
  if (entry.give_cookie && entry.retries == 0) {
    reply.options.fast_open =
        fast_open_cookie(cookie_key, reply.remote.address, reply.local.address);
    reply.options.fast_open->experimental = entry.cookie_experimental;
  }
  // Section 3.2.3.2.1: so that the peer sees whether the option comes through; not when it may be
  // what does not (section 3.2.3.2.2).
  if (feedback_of(entry) == FeedbackMode::accurate && entry.retries == 0) {
    const std::uint32_t room = wire::kTcpMaxOptionsSize - wire::options_size(reply.options);
    reply.options.acc_ecn = AccEcn().full_option(room);
  }
  return reply;
}

std::uint32_t SynQueue::add(const SynEntry& entry, Time now) noexcept {
  const std::uint32_t index = entries_.emplace(entry);
  if (index != kNone) append(index, now);
  return index;
}

void SynQueue::remove(std::uint32_t index) noexcept {
  unlink(index);
  entries_.erase(index);
}

void SynQueue::append(std::uint32_t index, Time now) noexcept {
  SynEntry& entry = entries_[index];
  Waiting& list = waiting_[entry.retries];
  entry.sent_at = static_cast<std::uint32_t>(tick(now));
  entry.previous = list.tail;
  entry.next = kNone;
  (list.tail == kNone ? list.head : entries_[list.tail].next) = index;
  list.tail = index;
}

void SynQueue::unlink(std::uint32_t index) noexcept {
  const SynEntry& entry = entries_[index];
  Waiting& list = waiting_[entry.retries];
  (entry.previous == kNone ? list.head : entries_[entry.previous].next) = entry.next;
  (entry.next == kNone ? list.tail : entries_[entry.next].previous) = entry.previous;
}

Time sent_time(const SynEntry& entry, Time now) noexcept {
  // Ticks wrap; what was sent lies behind now by less than a lap.
  const std::int64_t at = tick(now);
  const std::uint32_t since = static_cast<std::uint32_t>(at) - entry.sent_at;
  return Time(Duration(1us) * (at - since));
}

Time SynQueue::deadline_of(std::uint32_t index, const Settings& settings, Time now) const noexcept {
  const SynEntry& entry = entries_[index];
  const Time sent = sent_time(entry, now);
  Duration wait = settings.rto_initial;
  for (unsigned i = 0; i < entry.retries && wait < settings.rto_max; ++i) wait *= 2;
  wait = std::min(wait, settings.rto_max);
  return sent + wait;
}

Time SynQueue::next_deadline(const Settings& settings, Time now) const noexcept {
  Time earliest = kNever;
  for (const Waiting& list : waiting_) {
    if (list.head != kNone) earliest = std::min(earliest, deadline_of(list.head, settings, now));
  }
  return earliest;
}

std::uint32_t SynQueue::due(const Settings& settings, Time now) const noexcept {
  for (const Waiting& list : waiting_) {
    if (list.head != kNone && deadline_of(list.head, settings, now) <= now) return list.head;
  }
  return kNone;
}

void SynQueue::sent_again(std::uint32_t index, Time now) noexcept {
  unlink(index);
  SynEntry& entry = entries_[index];
  entry.retries = std::min<std::uint8_t>(entry.retries + 1, kMostRetries);
  entry.out_of_window = false;
  append(index, now);
}

}  // namespace bowline::inline v0::tcp
