#include "bowline/tcp/feedback.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {
namespace {

std::uint32_t packets_in(const Segment& segment) noexcept {
  const std::uint32_t each = segment.wire_payload();
  return each == 0 ? 1 : std::max((segment.data_size + each - 1) / each, 1U);
}

bool is_pure_ack(const Segment& segment) noexcept {
  return segment.len() == 0 && segment.options.sack_count == 0;
}

}  // namespace

FeedbackMode answer_to_syn(EcnMode mode, std::uint16_t flags) noexcept {
  switch (mode) {
    case EcnMode::off:
      return FeedbackMode::none;
    case EcnMode::accept:
    case EcnMode::request:
      // One that asks for AccECN is content with this (RFC 9768 section 3.1.2).
      return asks_for_ecn(flags) ? FeedbackMode::classic : FeedbackMode::none;
    case EcnMode::accurate:
      break;
  }
  return mode_of_syn(flags);
}

std::uint16_t flags_of_syn(const Connection& c, const Settings& settings) noexcept {
  if (settings.ecn == EcnMode::accurate && c.retransmits <= 1) return kAceFlags;
  if (settings.ecn == EcnMode::request && !c.syn_lost) return wire::kEce | wire::kCwr;
  return 0;
}

FeedbackMode agree_on_feedback(Connection& c, const Segment& syn, Context& context) noexcept {
  const std::uint16_t asked = flags_of_syn(c, context.settings);
  // Where both opened at once nobody has answered a request (RFC 9768 section 3.1.2 notes how it
  // could be done; nobody does).
  if (asked == 0 || !syn.has_ack()) return FeedbackMode::none;
  if (asked != kAceFlags) {
    return agrees_to_ecn(syn.flags) ? FeedbackMode::classic : FeedbackMode::none;
  }
  const SynAckMeaning meaning = mode_of_syn_ack(syn.flags);
  if (meaning.mode != FeedbackMode::accurate) return meaning.mode;
  // Without memory to count in, the ACE field stays zero, by which the peer knows.
  if (!c.acc_ecn.ensure(context.memory)) return FeedbackMode::none;
  static_cast<void>(c.acc_ecn->start_client(IpEcn::not_ect, meaning,
                                            static_cast<IpEcn>(syn.ecn & wire::kEcnMask)));
  return FeedbackMode::accurate;
}

void note_marks(Connection& c, const Segment& segment) noexcept {
  bool at_once = false;
  if (c.acc_ecn) {
    const bool unacknowledged = segment.data_size > 0 || c.unacked_bytes > 0;
    at_once = c.acc_ecn->received(static_cast<IpEcn>(segment.ecn & wire::kEcnMask),
                                  segment.data_size, unacknowledged, packets_in(segment));
  } else {
    at_once = c.ecn.received(segment.flags, segment.ecn);
  }
  if (at_once) request_ack(c, Reason::send_ack_ecn);
}

std::uint32_t reported_marks(Connection& c, const Segment& segment, std::uint32_t delivered,
                             bool opening) noexcept {
  if (segment.syn()) return 0;
  if (!c.acc_ecn) {
    return c.ecn.active() && (segment.flags & wire::kEce) != 0 ? 1 : 0;
  }
  if (opening && c.passive && is_pure_ack(segment)) {
    // Its ACE field says how our SYN-ACK, which was not ECN-capable, arrived (section 3.2.2.1).
    static_cast<void>(c.acc_ecn->third_ack(segment.flags, IpEcn::not_ect));
    return 0;
  }
  // Only what acknowledges something new is certain not to have been overtaken (appendix A.1): the
  // field counts modulo 8, and an old one would look like seven marks.
  if (delivered == 0) return 0;
  AccEcnAck ack;
  ack.flags = segment.flags;
  ack.option = segment.options.acc_ecn ? &*segment.options.acc_ecn : nullptr;
  ack.mss = c.snd_mss;
  ack.acked_packets = (delivered + c.snd_mss - 1) / c.snd_mss;
  return c.acc_ecn->feedback(ack).ce_packets;
}

std::uint16_t feedback_flags(const Connection& c, const Plan& plan) noexcept {
  if (!c.acc_ecn) return c.ecn.echo() ? wire::kEce : std::uint16_t{0};
  if (plan.why == Reason::send_handshake_ack) return c.acc_ecn->third_ack_flags();
  return c.acc_ecn->ace_flags();
}

void add_feedback_option(const Connection& c, const Plan& plan,
                         wire::TcpOptions& options) noexcept {
  if (!c.acc_ecn || plan.path_probe) return;
  const std::uint32_t room = wire::kTcpMaxOptionsSize - wire::options_size(options);
  if (plan.why == Reason::send_handshake_ack) {
    options.acc_ecn = c.acc_ecn->full_option(room);
  } else if (c.acc_ecn->option_due()) {
    options.acc_ecn = c.acc_ecn->option(room);
  }
}

}  // namespace bowline::inline v0::tcp
