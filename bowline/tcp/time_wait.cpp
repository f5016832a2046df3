#include "bowline/tcp/time_wait.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {

TcbView view_of(const TimeWaitRecord& record, Duration two_msl) noexcept {
  TcbView view;
  view.state = State::time_wait;
  view.irs = record.irs;
  view.rcv_nxt = record.rcv_nxt;
  view.rcv_wnd = record.rcv_wnd;
  view.snd_una = record.snd_nxt;
  view.snd_nxt = record.snd_nxt;
  view.max_snd_wnd = 0xffff;
  view.timestamps = record.timestamps;
  view.ts_recent = record.ts_recent;
  view.ts_recent_at = record.ends_at - two_msl;
  return view;
}

Reply time_wait_ack(const TimeWaitRecord& record, bool with_timestamps, Reason why,
                    Context& context) noexcept {
  Reply reply;
  reply.local = record.local;
  reply.remote = record.remote;
  reply.interface = static_cast<InterfaceId>(record.interface);
  reply.seq = record.snd_nxt;
  reply.ack = record.rcv_nxt;
  reply.flags = wire::kAck;
  const std::uint32_t unit = 1U << record.rcv_shift;  // rounded up, as announce_window() does
  reply.window = static_cast<std::uint16_t>(
      std::min((record.rcv_wnd + unit - 1) >> record.rcv_shift, 0xffffU));
  reply.why = why;
  reply.connection = record.number;
  if (record.timestamps && with_timestamps) {
    const std::uint32_t offset =
        timestamp_offset(context.secrets.tuple, record.local, record.remote);
    reply.options.timestamps = {timestamp_clock(context.now) + offset, record.ts_recent};
  }
  return reply;
}

bool may_reopen(const TcbView& tcb, const Segment& segment, const Settings& settings) noexcept {
  if (!segment.syn() || segment.has_ack() || segment.rst() || segment.fin()) return false;
  if (settings.timestamps && segment.options.timestamps) {
    // The old connection had none, so PAWS will tell its strays from the new one's segments.
    if (!tcb.timestamps) return true;
    const auto newer = static_cast<std::int32_t>(segment.options.timestamps->value - tcb.ts_recent);
    // RFC 6191 section 2: a newer timestamp; or the same one, and the sequence number decides.
    return newer > 0 || (newer == 0 && after(segment.seq, tcb.rcv_nxt));
  }
  return after(segment.seq, tcb.rcv_nxt);  // MAY-2
}

std::uint32_t TimeWaitQueue::add(const TimeWaitRecord& record) noexcept {
  const std::uint32_t before = place_for(record.ends_at);
  if (before == kTooFar) return kNone;
  const std::uint32_t index = records_.emplace(record);
  if (index != kNone) insert_after(before, index);
  return index;
}

void TimeWaitQueue::remove(std::uint32_t index) noexcept {
  unlink(index);
  records_.erase(index);
}

void TimeWaitQueue::restart(std::uint32_t index, Time ends_at) noexcept {
  unlink(index);
  records_[index].ends_at = ends_at;
  insert_after(tail_, index);
}

// A connection may become a record some time into its wait. It goes in where its end belongs, if
// that is near: the work must not grow with the number of records.
std::uint32_t TimeWaitQueue::place_for(Time ends_at) const noexcept {
  constexpr int kNear = 64;
  std::uint32_t before = tail_;
  for (int steps = 0; before != kNone && records_[before].ends_at > ends_at; ++steps) {
    if (steps == kNear) return kTooFar;
    before = records_[before].previous;
  }
  return before;
}

void TimeWaitQueue::insert_after(std::uint32_t before, std::uint32_t index) noexcept {
  TimeWaitRecord& record = records_[index];
  record.previous = before;
  record.next = before == kNone ? head_ : records_[before].next;
  (before == kNone ? head_ : records_[before].next) = index;
  (record.next == kNone ? tail_ : records_[record.next].previous) = index;
}

void TimeWaitQueue::unlink(std::uint32_t index) noexcept {
  const TimeWaitRecord& record = records_[index];
  (record.previous == kNone ? head_ : records_[record.previous].next) = record.next;
  (record.next == kNone ? tail_ : records_[record.next].previous) = record.previous;
}

}  // namespace bowline::inline v0::tcp
