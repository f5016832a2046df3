// Recovery by duplicate ACKs, where the peer does not say what it has: RFC 5681 section 3.2 and
// RFC 6582, with PRR (RFC 9937) for how much goes out.

#include <algorithm>

#include "bowline/tcp/loss_recovery.hpp"

namespace bowline::inline v0::tcp {
namespace {

// What is thought to be in the network: each duplicate ACK stands for a segment that has left it.
std::uint32_t pipe(const Connection& c) noexcept {
  const std::uint32_t in_network = c.transfer->sent.in_network();
  return in_network - std::min(in_network, std::uint32_t{c.dup_acks} * c.snd_mss);
}

void mark_first_lost(Connection& c, Reason why, Time now) noexcept {
  if (c.transfer->sent.mark_first_lost(c.snd_mss) > 0) {
    bbr_lost(c, c.transfer->sent.first_lost(), now);
  }
  c.loss_reason = why;
}

void on_duplicate(Connection& c, const AckNews& news, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  if (c.dup_acks < 255) ++c.dup_acks;
  if (transfer.recovery.active()) {
    transfer.recovery.acked(c.snd_mss, pipe(c), c.snd_mss, false, context.settings.count_packets);
    return;
  }
  // RFC 5681 section 3.2 step 2, RFC 6582 section 3.2 step 2: not again for what a recovery or a
  // timeout already covers.
  if (c.dup_acks >= context.settings.duplicate_ack_threshold && !in_timeout_recovery(c)) {
    enter_recovery(c, news.in_flight, context);
    mark_first_lost(c, Reason::retransmit_fast, context.now);
  }
}

// A partial ACK: the segment after it is lost, too (RFC 6582 section 3.2 step 5).
void on_partial(Connection& c, const AckNews& news, Context& context) noexcept {
  mark_first_lost(c, Reason::retransmit_partial_ack, context.now);
  const std::uint32_t counted = std::uint32_t{c.dup_acks} * c.snd_mss;
  const std::uint32_t delivered = news.delivered > counted ? news.delivered - counted : 0;
  c.dup_acks -= static_cast<std::uint8_t>(
      std::min<std::uint32_t>(c.dup_acks, news.acked / std::max<std::uint32_t>(c.snd_mss, 1)));
  c.transfer->recovery.acked(delivered, pipe(c), c.snd_mss, true, context.settings.count_packets);
}

}  // namespace

bool recover_by_duplicates(Connection& c, const AckNews& news, Context& context) noexcept {
  const Recovery& recovery = c.transfer->recovery;
  if (!news.progress()) {
    if (news.duplicate) on_duplicate(c, news, context);
    return true;
  }
  if (!recovery.active()) {
    c.dup_acks = 0;
    return false;
  }
  if (at_or_after(c.snd_una, recovery.point())) {
    leave_recovery(c, context);
  } else {
    on_partial(c, news, context);
  }
  return true;
}

}  // namespace bowline::inline v0::tcp
