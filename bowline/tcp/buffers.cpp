#include "bowline/tcp/buffers.hpp"

#include <algorithm>

#include "bowline/tcp/input/ack_news.hpp"
#include "bowline/tcp/packet_sending.hpp"

namespace bowline::inline v0::tcp {
namespace {

bool tunes_receiving(const Connection& c, const Settings& settings) noexcept {
  return c.options.receive_buffer == 0 && settings.receive_buffer < settings.receive_buffer_max;
}

bool tunes_sending(const Connection& c, const Settings& settings) noexcept {
  return c.options.send_buffer == 0 && settings.send_buffer < settings.send_buffer_max;
}

// The window never says more than this: neither need its scale be able to.
std::uint32_t clamped(std::uint32_t buffer, const SocketOptions& options) noexcept {
  return options.window_clamp != 0 ? std::min(buffer, options.window_clamp) : buffer;
}

// Sizes are no reservations: many connections may be allowed more together than there is. So none
// grows into what the pool keeps for those who cannot do without.
std::uint32_t growth_limit(std::uint32_t held, std::uint32_t most, Context& context) noexcept {
  const std::uint32_t spare = context.pool.spare();
  return most > held && most - held > spare ? held + spare : most;
}

}  // namespace

std::uint32_t send_limit(const Connection& c, const Settings& settings, bool scarce) noexcept {
  const std::uint32_t limit = c.options.send_buffer != 0
                                  ? c.options.send_buffer
                                  : std::max(c.tuned_send_buffer, settings.send_buffer);
  const std::uint32_t segment = std::max<std::uint32_t>(c.snd_mss, settings.mss_default_v4);
  return scarce ? std::min(limit, kScarceSegments * segment) : limit;
}

std::uint32_t unsent_low_water(const Connection& c, const Settings& settings) noexcept {
  return c.options.unsent_low_water != 0 ? c.options.unsent_low_water : settings.unsent_low_water;
}

bool is_writable(const Connection& c, const Settings& settings, bool scarce) noexcept {
  if (settings.packet_queue) return has_worthwhile_room(c, settings, scarce);
  const std::uint32_t queued = c.transfer ? c.transfer->send.size() : 0;
  const std::uint32_t limit = send_limit(c, settings, scarce);
  if (queued > limit - limit / 3) return false;
  const std::uint32_t low_water = unsent_low_water(c, settings);
  return low_water == 0 || std::uint64_t{c.unsent()} * 2 < low_water;
}

std::uint32_t receive_limit(const Connection& c, const Settings& settings) noexcept {
  if (c.options.receive_buffer != 0) return c.options.receive_buffer;
  return std::max(c.tuned_receive_buffer, settings.receive_buffer);
}

std::uint32_t first_receive_buffer(const SocketOptions& options,
                                   const Settings& settings) noexcept {
  return clamped(options.receive_buffer != 0 ? options.receive_buffer : settings.receive_buffer,
                 options);
}

std::uint32_t most_receive_buffer(const SocketOptions& options, const Settings& settings) noexcept {
  return clamped(options.receive_buffer != 0
                     ? options.receive_buffer
                     : std::max(settings.receive_buffer, settings.receive_buffer_max),
                 options);
}

void start_receive_tuning(Connection& c, Context& context) noexcept {
  if (!c.transfer || !tunes_receiving(c, context.settings)) return;
  c.transfer->tuning.start(receive_limit(c, context.settings), context.settings.receive_buffer_max,
                           c.rcv_nxt, c.rcv_wnd(), c.rcv_mss, context.now);
}

void measure_arrival(Connection& c, const Segment& segment, Context& context) noexcept {
  if (!tunes_receiving(c, context.settings)) return;
  Transfer& transfer = *c.transfer;
  transfer.tuning.arrived(c.rcv_nxt, c.rcv_wnd(), context.now);
  // A small segment may have waited for its application; so may a further one with the same echo.
  if (!c.timestamps || !segment.options.timestamps || segment.wire_payload() < c.seen_mss ||
      segment.options.timestamps->echo == transfer.measured_echo) {
    return;
  }
  const Time sent = echoed_instant(c, segment);
  if (sent == Time{}) return;
  transfer.measured_echo = segment.options.timestamps->echo;
  transfer.tuning.echoed(segment.arrival - sent);
}

void tune_receive_buffer(Connection& c, std::uint32_t bytes, Context& context) noexcept {
  if (!c.transfer || !is_synchronized(c.state) || !tunes_receiving(c, context.settings)) return;
  ReceiveTuning& tuning = c.transfer->tuning;
  // Closed while opening, or the application has just taken its own size back: it begins here.
  if (!tuning.started()) start_receive_tuning(c, context);
  tuning.set_limit(growth_limit(c.readable(), context.settings.receive_buffer_max, context));
  if (tuning.read(bytes, c.rcv_mss, context.now)) c.tuned_receive_buffer = tuning.buffer();
}

void tune_send_buffer(Connection& c, Context& context) noexcept {
  if (!is_synchronized(c.state) || !tunes_sending(c, context.settings)) return;
  const std::uint32_t held = c.transfer ? c.transfer->send.size() : 0;
  if (context.settings.packet_queue) {
    const std::uint32_t mss = std::max(c.peer_mss, c.snd_mss);
    const std::uint32_t wanted =
        std::min(packet_send_buffer(c.congestion.cwnd(), mss),
                 growth_limit(held, context.settings.send_buffer_max, context));
    c.tuned_send_buffer = std::max(send_limit(c, context.settings), wanted);
    return;
  }
  c.tuned_send_buffer =
      expanded_send_buffer(send_limit(c, context.settings), c.congestion.cwnd(), c.snd_mss,
                           growth_limit(held, context.settings.send_buffer_max, context));
}

}  // namespace bowline::inline v0::tcp
