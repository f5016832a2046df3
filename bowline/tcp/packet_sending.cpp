#include "bowline/tcp/packet_sending.hpp"

#include <algorithm>
#include <bit>

#include "bowline/tcp/allowance.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0::tcp {
namespace {

// The bytes that a packet is filled up to (tcp_xmit_size_goal()): whole segments, in 64 KiB less
// headers and in half of the largest window that the peer has offered.
std::uint32_t packet_goal(const Connection& c) noexcept {
  constexpr std::uint32_t kMost = 65'536 - 320 - 1;  // GSO_LEGACY_MAX_SIZE - MAX_TCP_HEADER - 1
  constexpr std::uint32_t kSmallWindow = 536;        // TCP_MSS_DEFAULT
  const std::uint32_t window = c.max_snd_wnd > kSmallWindow ? c.max_snd_wnd / 2 : c.max_snd_wnd;
  const std::uint32_t most = window != 0 ? std::min(kMost, window) : kMost;
  const std::uint32_t mss = std::max<std::uint32_t>(c.snd_mss, 1);
  return std::max(most - most % mss, mss);
}

// forced_push(): a receiver that hands over what it has only with PSH would otherwise wait while
// its window fills.
bool push_is_forced(const Connection& c) noexcept {
  return c.transfer->queue.unpushed() > c.max_snd_wnd / 2;
}

// The bytes that wait, those that are to go on a SYN included.
std::uint32_t waiting_bytes(const Connection& c) noexcept {
  const bool syn_waits = !is_synchronized(c.state) && c.snd_nxt == c.iss;
  return syn_waits ? c.unsent_on_syn() : c.unsent();
}

// Does a segment that is not full wait? MSG_MORE and TCP_CORK, then Nagle's algorithm
// (tcp_nagle_check()).
bool holds_small(const Connection& c, const Settings& settings) noexcept {
  if (c.override_due || c.fin_queued || c.urgent_send) return false;
  if (c.options.cork || c.more_coming) return true;
  // A SYN-ACK under way is no data that a small segment could wait for.
  const SeqNumber first = c.syn_outstanding() ? c.send_front : c.snd_una;
  if (c.options.no_delay || first == c.snd_nxt) return false;
  return !settings.nagle_by_minshall || c.small_outstanding();
}

// Packets that the congestion window lets out at once (tcp_cwnd_test()).
std::uint32_t packet_quota(const Connection& c, const Settings& settings) noexcept {
  const std::uint32_t allowance = congestion_allowance(c, settings);
  std::uint32_t quota = allowance / c.snd_mss;
  if (quota == 0 && c.transfer->queue.front().length <= allowance) quota = 1;
  return settings.size_bursts ? std::min(quota, packets_by_window(c)) : quota;
}

}  // namespace

std::uint32_t send_memory(const Connection& c) noexcept {
  if (!c.transfer) return 0;
  const Transfer& transfer = *c.transfer;
  return transfer.send.size() + kPacketMemory * (transfer.queue.size() + transfer.sent.count());
}

bool has_packet_room(const Connection& c, const Settings& settings, bool scarce) noexcept {
  const std::uint32_t low_water = unsent_low_water(c, settings);
  return send_memory(c) < send_limit(c, settings, scarce) &&
         (low_water == 0 || waiting_bytes(c) < low_water);
}

bool has_worthwhile_room(const Connection& c, const Settings& settings, bool scarce) noexcept {
  const std::uint64_t held = send_memory(c);
  const std::uint32_t limit = send_limit(c, settings, scarce);
  const std::uint32_t low_water = unsent_low_water(c, settings);
  return held < limit && held + held / 2 <= limit &&
         (low_water == 0 || std::uint64_t{waiting_bytes(c)} * 2 < low_water);
}

std::uint32_t packet_send_buffer(std::uint32_t cwnd, std::uint32_t mss) noexcept {
  constexpr std::uint32_t kHeaders = 320 + 320;  // MAX_TCP_HEADER, skb_shared_info
  constexpr std::uint32_t kSkBuff = 256;
  constexpr std::uint32_t kInitialWindow = 10;  // TCP_INIT_CWND
  constexpr std::uint64_t kWindows = 2;
  mss = std::clamp(mss, 1U, 0xffffU);
  const std::uint64_t each = std::bit_ceil(mss + kHeaders) + kSkBuff;
  const std::uint64_t packets = std::max(kInitialWindow, cwnd / mss);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(kWindows * packets * each, ~0U));
}

std::uint32_t queue_packets(Connection& c, std::span<const std::byte> bytes, const WriteHow& how,
                            Context& context) noexcept {
  PacketQueue& queue = c.transfer->queue;
  std::uint32_t goal = packet_goal(c);
  if (context.scarce)
    goal = std::min(goal, kScarceSegments * std::max<std::uint32_t>(c.snd_mss, 1));
  std::uint32_t taken = 0;
  while (taken < bytes.size()) {
    if (queue.room(goal) == 0) {
      if (!has_packet_room(c, context.settings, context.scarce) || !queue.open()) break;
      review_window(c, context);
    }
    const std::uint32_t room = queue.room(goal);
    const std::uint32_t count = c.transfer->send.append(bytes.subspan(taken), room, context.pool);
    if (count == 0) {
      queue.drop_empty();
      break;
    }
    queue.added(count, taken == 0 && !how.continued);
    taken += count;
    if (count < room || taken == bytes.size()) continue;
    if (push_is_forced(c)) queue.push();
    if (how.by_packet) return taken;
  }
  const bool all = taken == bytes.size();
  c.more_coming = how.more && all;
  if (all && how.end_of_record) queue.end_record();
  // tcp_push(): the end of the write, or of what there is room for.
  const bool some = taken > 0 || how.continued;
  if (some && (!c.more_coming || push_is_forced(c))) queue.push();
  return taken;
}

bool queue_owned_packets(Connection& c, std::uint32_t bytes, Context& context) noexcept {
  PacketQueue& queue = c.transfer->queue;
  const std::uint32_t goal = packet_goal(c);
  if (!queue.reserve(bytes / goal + 1)) return false;
  review_window(c, context);
  for (std::uint32_t taken = 0; taken < bytes;) {
    if (queue.room(goal) == 0 && !queue.open()) break;  // reserved: does not happen
    const std::uint32_t count = std::min(queue.room(goal), bytes - taken);
    queue.added(count, taken == 0);
    taken += count;
    if (push_is_forced(c)) queue.push();
  }
  c.more_coming = false;
  queue.push();
  return true;
}

std::uint32_t sendable_packet(const Connection& c, const LinkAbility& link,
                              const Settings& settings) noexcept {
  const PacketQueue& queue = c.transfer->queue;
  const std::uint32_t length = queue.front().length;
  const std::uint32_t mss = c.snd_mss;
  const std::uint32_t quota = packet_quota(c, settings);
  if (quota == 0) return 0;
  const std::uint32_t window = window_allowance(c);
  if (std::min(length, mss) > window) {  // tcp_snd_wnd_test()
    return c.override_due ? window : 0;  // tcp_write_wakeup()
  }
  const bool last = queue.size() == 1;
  const bool holds = holds_small(c, settings);
  if (length <= mss) return length < mss && last && holds ? 0 : length;

  // tcp_mss_split_point()
  const std::uint32_t by_rate = settings.size_bursts ? packets_by_rate(c, settings) : quota;
  const std::uint32_t packets = c.urgent_send ? 1 : std::min(quota, by_rate);
  const std::uint32_t most = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{packets} * mss, most_payload(c, link)));
  const std::uint32_t fits = std::min(length, window);
  if (most <= fits) return most;
  if (!last && most <= window) return fits;
  return holds ? fits - fits % mss : fits;
}

bool defers(const Connection& c, const Settings& settings, Time now) noexcept {
  if (!settings.size_bursts || c.transfer->queue.empty()) return false;
  const std::uint32_t length = c.transfer->queue.front().length;
  const std::uint32_t mss = c.snd_mss;
  if (length <= mss || c.override_due) return false;
  // Only behind a burst, not when the application has just come back.
  if (now - c.last_sent_at > 1ms) return false;
  const std::uint32_t by_congestion = congestion_allowance(c, settings);
  const std::uint32_t by_window = window_allowance(c);
  const std::uint32_t limit = std::min(by_congestion, by_window);
  if (limit >= packets_by_rate(c, settings) * mss) return false;
  const bool last = c.transfer->queue.size() == 1;
  if (!last && limit >= length) return false;
  constexpr std::uint32_t kShare = 3;  // tcp_tso_win_divisor
  if (limit >= std::min(c.snd_wnd, c.congestion.cwnd()) / kShare) return false;
  // An acknowledgment must be about to come: the oldest segment is out for half a round trip.
  const std::uint32_t first = c.transfer->sent.first();
  if (first == SentRanges::kNone) return false;
  if (now - c.transfer->sent[first].value.sent_at < c.rtt.srtt() / 2) return false;
  if (limit <= length) return true;
  return !c.fin_queued && !c.transfer->queue.front().record_end;
}

void review_send_room(Connection& c, Context& context) noexcept {
  c.room_due = false;
  if (!c.tally.wants_room || !c.transfer) return;
  const bool window_full = c.transfer->sent.in_network() + c.snd_mss > c.congestion.cwnd();
  if (!window_full) tune_send_buffer(c, context);
  if (has_worthwhile_room(c, context.settings, context.scarce)) c.tally.wants_room = false;
}

}  // namespace bowline::inline v0::tcp
