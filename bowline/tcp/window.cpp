#include "bowline/tcp/window.hpp"

#include <algorithm>

#include "bowline/tcp/buffers.hpp"

namespace bowline::inline v0::tcp {
namespace {

// The edge that the free buffer admits, whether it is worth announcing or not.
SeqNumber possible_edge(const Connection& c, const Settings& settings, bool scarce) noexcept {
  const std::uint32_t buffer = receive_limit(c, settings);
  const std::uint32_t used = c.readable();
  std::uint32_t room = buffer > used ? buffer - used : 0;
  if (c.options.window_clamp != 0) room = std::min(room, c.options.window_clamp);
  if (settings.receive_slow_start) room = std::min(room, std::max(c.offers, 0xffffU));
  if (scarce) room = std::min(room, used == 0 ? kScarceSegments * c.rcv_mss : 0U);
  const std::uint32_t sayable = std::uint32_t{0xffff} << c.rcv_shift;
  return c.rcv_nxt + std::min(room, sayable);
}

// Fr * RCV.BUFF with Fr = 1/2, or a segment, whichever is less (section 3.8.6.2.2).
std::uint32_t worthwhile(const Connection& c, const Settings& settings) noexcept {
  return std::min<std::uint32_t>(receive_limit(c, settings) / 2, c.rcv_mss);
}

}  // namespace

Announcement announce_window(const Connection& c, const Settings& settings, bool syn,
                             bool scarce) noexcept {
  SeqNumber edge = c.rcv_edge;
  const SeqNumber possible = possible_edge(c, settings, scarce);
  if (after(possible, edge) && distance(edge, possible) >= worthwhile(c, settings)) edge = possible;
  // Where windows are scaled, and there is room for a segment, Linux moves the edge by any amount
  // (__tcp_select_window()): what a segment says need not be worth one by itself.
  if (settings.receive_slow_start && c.rcv_shift > 0 && after(possible, edge) &&
      distance(c.rcv_nxt, possible) >= c.rcv_mss) {
    edge = possible;
  }
  const std::uint32_t window = distance(c.rcv_nxt, edge);
  if (syn) {
    const auto field = static_cast<std::uint16_t>(std::min(window, 0xffffU));
    return {field, latest(c.rcv_edge, c.rcv_nxt + field)};
  }
  // Rounded up: rounded down, the edge would seem to go back by what the shift swallows. But only
  // as far as a unit beyond what the buffer admits: rounding up at each segment, a peer that sends
  // odd sizes would never see the window close. What rounding down takes back is accepted all the
  // same (RFC 7323 section 2.4).
  const std::uint32_t unit = 1U << c.rcv_shift;
  std::uint32_t field = std::min((window + unit - 1) >> c.rcv_shift, 0xffffU);
  const SeqNumber full = c.rcv_nxt - c.readable() + std::min(receive_limit(c, settings), 1U << 30);
  const SeqNumber most = scarce ? edge : full + unit;
  if (after(c.rcv_nxt + (field << c.rcv_shift), most)) field = window >> c.rcv_shift;
  return {static_cast<std::uint16_t>(field),
          latest(c.rcv_edge, c.rcv_nxt + (field << c.rcv_shift))};
}

bool window_update_due(const Connection& c, const Settings& settings, bool scarce) noexcept {
  if (c.fin_received || !is_synchronized(c.state)) return false;
  const SeqNumber possible = possible_edge(c, settings, scarce);
  if (!after(possible, c.rcv_edge)) return false;
  const std::uint32_t gain = distance(c.rcv_edge, possible);
  // With half of the buffer still open nobody is waiting: the next ACK will say it. With less than
  // a segment open the peer waits for certain.
  const std::uint32_t half = receive_limit(c, settings) / 2;
  if (c.rcv_wnd() >= half) return false;
  // Nor is a peer waiting that has sent less in all than is still open: the window of a SYN is
  // small only because it cannot be scaled.
  if (c.bytes_received < c.rcv_wnd()) return false;
  const std::uint32_t step = c.rcv_wnd() < c.rcv_mss ? c.rcv_mss : 2U * c.rcv_mss;
  return gain >= std::min(half, step);
}

}  // namespace bowline::inline v0::tcp
