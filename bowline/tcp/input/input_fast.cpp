// Header prediction: nearly every segment is either the next data in order or the next
// acknowledgment, on a connection where nothing unusual goes on. For these the steps come down to a
// few comparisons. A test runs random segments through both ways and demands the same result.

#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0::tcp {
namespace {

bool nothing_unusual(const Connection& c, const Segment& segment) noexcept {
  constexpr std::uint16_t kExpected = wire::kAck | wire::kPsh;
  return c.state == State::established && (segment.flags & ~wire::kPsh) == wire::kAck &&
         (segment.flags & ~kExpected) == 0 && segment.ecn != wire::kEcnCongested &&
         segment.seq == c.rcv_nxt && !c.orphan && !c.read_closed && !c.peer_fin_pending &&
         !c.acc_ecn && c.transfer && segment.options.sack_count == 0 &&
         c.timestamps == segment.options.timestamps.has_value();
}

bool timestamp_advances(const Connection& c, const Segment& segment) noexcept {
  return !c.timestamps ||
         static_cast<std::int32_t>(segment.options.timestamps->value - c.ts_recent) >= 0;
}

}  // namespace

bool input_fast(Connection& c, const Segment& segment, Context& context) noexcept {
  if (!nothing_unusual(c, segment) || !timestamp_advances(c, segment)) return false;
  Transfer& transfer = *c.transfer;
  if (transfer.recovery.active() || transfer.received.waiting() > 0 || transfer.sent.lost() > 0) {
    return false;
  }
  const bool progress = after(segment.ack, c.snd_una) && at_or_before(segment.ack, c.snd_nxt);
  if (!progress && segment.ack != c.snd_una) return false;
  // Neither data nor news: a duplicate ACK, a window update or a probe. The steps know.
  if (segment.data_size == 0 && (!progress || c.rcv_wnd() == 0)) return false;
  if (segment.data_size > 0 && segment.data_size > c.rcv_wnd()) return false;

  c.last_received_at = context.now;
  c.probes = 0;
  update_ts_recent(c, segment, context.now);
  process_ack(c, segment, context);
  if (segment.data_size > 0) static_cast<void>(process_text(c, segment, context));
  return true;
}

}  // namespace bowline::inline v0::tcp
