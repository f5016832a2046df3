#include "bowline/tcp/acc_ecn.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {
namespace {

constexpr std::uint32_t kLow24 = 0xffffff;
constexpr std::uint32_t kDivAce = 8;  // DIVACE: the ACE field counts modulo this

// The least increment that makes `counter` end in the 24 bits of `field` (section 3.2.3.1).
std::uint32_t catch_up(std::uint32_t& counter, std::optional<std::uint32_t> field) noexcept {
  if (!field) return 0;
  const std::uint32_t delta = (*field - counter) & kLow24;
  counter += delta;
  return delta;
}

}  // namespace

FeedbackMode mode_of_syn(std::uint16_t flags) noexcept {
  switch (flags_to_ace(flags)) {
    case 0b000:
      return FeedbackMode::none;
    case 0b011:
      return FeedbackMode::classic;
    default:
      return FeedbackMode::accurate;  // section 3.1.3: "any combination other than"
  }
}

std::uint16_t handshake_flags(IpEcn seen) noexcept {
  switch (seen) {
    case IpEcn::not_ect:
      break;
    case IpEcn::ect1:
      return ace_to_flags(0b011);
    case IpEcn::ect0:
      return ace_to_flags(0b100);
    case IpEcn::ce:
      return ace_to_flags(0b110);
  }
  return ace_to_flags(0b010);
}

SynAckMeaning mode_of_syn_ack(std::uint16_t flags) noexcept {
  switch (flags_to_ace(flags)) {
    case 0b001:
      return {FeedbackMode::classic, {}};
    case 0b010:
      return {FeedbackMode::accurate, IpEcn::not_ect};
    case 0b011:
      return {FeedbackMode::accurate, IpEcn::ect1};
    case 0b100:
      return {FeedbackMode::accurate, IpEcn::ect0};
    case 0b101:
      return {FeedbackMode::accurate, {}};  // reserved: section 3.1.3
    case 0b110:
      return {FeedbackMode::accurate, IpEcn::ce};
    default:
      return {};  // 000: knows no ECN; 111: a broken server that reflects the flags
  }
}

// "the not-ECT codepoint changes; either ECT codepoint transitions to not-ECT; the CE codepoint
// changes". RFC 3168 section 18 adds that ECT(0) and ECT(1) become each other only by mistake, too,
// but that is not held against the path here.
bool valid_transition(IpEcn sent, IpEcn arrived) noexcept {
  if (sent == IpEcn::not_ect || sent == IpEcn::ce) return arrived == sent;
  return arrived != IpEcn::not_ect;
}

bool AccEcn::start_client(IpEcn sent_on_syn, const SynAckMeaning& syn_ack, IpEcn arrived) noexcept {
  *this = AccEcn();
  syn_ack_arrived_ = arrived;
  const IpEcn seen = syn_ack.seen.value_or(sent_on_syn);
  if (!valid_transition(sent_on_syn, seen)) ect_allowed_ = false;
  // Section 3.2.2.2: a mark on the SYN-ACK counts, once; one on the SYN, which the flags reported,
  // does not.
  if (arrived == IpEcn::ce) r_cep_ = 6;
  last_was_ce_ = arrived == IpEcn::ce;
  return seen == IpEcn::ce;
}

bool AccEcn::third_ack(std::uint16_t flags, IpEcn sent_on_syn_ack) noexcept {
  std::optional<IpEcn> seen;
  switch (flags_to_ace(flags)) {
    case 0b000:  // note 1: "MUST NOT set ECT on outgoing packets and MUST NOT respond"
      ect_allowed_ = false;
      respond_ = false;
      break;
    case 0b010:
      seen = IpEcn::not_ect;
      break;
    case 0b011:
      seen = IpEcn::ect1;
      break;
    case 0b100:
      seen = IpEcn::ect0;
      break;
    case 0b110:
      seen = IpEcn::ce;
      break;
    default:
      break;  // note 2: currently unused
  }
  if (seen && !valid_transition(sent_on_syn_ack, *seen)) ect_allowed_ = false;
  if (seen != IpEcn::ce) return false;
  s_cep_ = 6;
  return true;
}

bool AccEcn::received(IpEcn ecn, std::uint32_t payload, bool unacknowledged,
                      std::uint32_t packets) noexcept {
  const bool ce = ecn == IpEcn::ce;
  std::uint8_t counter = 0;
  switch (ecn) {
    case IpEcn::not_ect:
      break;
    case IpEcn::ect0:
      r_e0b_ += payload;
      counter = kE0b;
      break;
    case IpEcn::ect1:
      r_e1b_ += payload;
      counter = kE1b;
      break;
    case IpEcn::ce:
      r_cep_ += packets;
      r_ceb_ += payload;
      counter = kCeb;
      ce_since_ack_ = static_cast<std::uint8_t>(std::min(ce_since_ack_ + packets, 255U));
      break;
  }
  if (payload > 0) {
    ever_ |= counter;
    changed_ |= counter;
  }
  // "whenever a data packet marked CE arrives after the previous packet was not CE", and after n
  // marks, n being 2 when there is data to acknowledge and 3 when not.
  const bool first_mark = ce && payload > 0 && !last_was_ce_;
  last_was_ce_ = ce;
  return first_mark || (ce && ce_since_ack_ >= (unacknowledged ? 2 : 3));
}

std::optional<wire::AccEcnOption> AccEcn::option(std::uint32_t room) const noexcept {
  if (const auto all = option_with(ever_, room)) return all;
  return option_with(changed_, room);
}

// The shorter of the orders that hold `counters`. Table 5: only the end may be left out.
std::optional<wire::AccEcnOption> AccEcn::option_with(std::uint8_t counters,
                                                      std::uint32_t room) const noexcept {
  wire::AccEcnOption option;
  option.order1 = (counters & kE0b) == 0 && (counters & kE1b) != 0;
  const std::uint8_t last = option.order1 ? kE0b : kE1b;
  const std::uint8_t first = option.order1 ? kE1b : kE0b;
  option.fields = (counters & last) != 0 ? 3 : (counters & kCeb) != 0 ? 2 : (counters & first) != 0;
  const std::uint32_t size = (2U + 3U * option.fields + 3U) & ~3U;
  if (size > room) return std::nullopt;
  const std::uint32_t e0b = r_e0b_ & kLow24, e1b = r_e1b_ & kLow24;
  const std::array<std::uint32_t, 3> field{option.order1 ? e1b : e0b, r_ceb_ & kLow24,
                                           option.order1 ? e0b : e1b};
  std::copy_n(field.begin(), option.fields, option.field.begin());
  return option;
}

void AccEcn::acknowledged(bool with_option) noexcept {
  ce_since_ack_ = 0;
  if (with_option) changed_ = 0;
}

// Returns the bytes newly reported as marked.
std::uint32_t AccEcn::take_option(const wire::AccEcnOption& option) noexcept {
  if (!option_seen_) {
    option_seen_ = true;
    // Section 3.2.3.2.4: these fields do not begin at zero.
    option_ignored_ = option.e0b() == 0u || option.e1b() == 0u;
  }
  if (option_ignored_) return 0;
  catch_up(s_e0b_, option.e0b());
  catch_up(s_e1b_, option.e1b());
  return catch_up(s_ceb_, option.ceb());
}

AccEcnFeedback AccEcn::feedback(const AccEcnAck& ack) noexcept {
  const std::uint8_t ace = flags_to_ace(ack.flags);
  if (!feedback_seen_) {
    feedback_seen_ = true;
    if (ace == 0) {  // section 3.2.2.4: zeroed, or not spoken
      ect_allowed_ = false;
      respond_ = false;
    }
  }
  AccEcnFeedback result;
  if (ack.option != nullptr) result.ce_bytes = take_option(*ack.option);
  if (!respond_) return {};
  // Appendix A.2.1: the least increment, and the safest one.
  const std::uint32_t least = (ace - s_cep_) & (kDivAce - 1);
  const std::uint32_t acked = ack.acked_packets;
  const std::uint32_t mss = std::max(ack.mss, 1u);
  const std::uint32_t safest = acked < kDivAce ? least : acked - ((acked - least) & (kDivAce - 1));
  result.ce_packets = safest;
  if (ack.option != nullptr && !option_ignored_ && ack.option->ceb()) {
    // Appendix A.2.2: the bytes tell how often the field wrapped. A mark has an MSS at the most, so
    // it wrapped as often as these bytes need. (The example there knows only once or as often as
    // possible, and guesses by the average size; this is exact where segments are full.)
    const std::uint64_t bytes = result.ce_bytes;
    const std::uint64_t explained = std::uint64_t{least} * mss;
    const std::uint64_t a_wrap = std::uint64_t{kDivAce} * mss;
    const std::uint64_t wraps = bytes > explained ? (bytes - explained + a_wrap - 1) / a_wrap : 0;
    result.ce_packets = least + static_cast<std::uint32_t>(wraps) * kDivAce;
    // Section 3.2.3.2.5: marked bytes without a marked packet, and no wrap to explain it.
    if (bytes > 0 && least == 0 && acked < kDivAce) ect_allowed_ = false;
  }
  s_cep_ += result.ce_packets;
  return result;
}

}  // namespace bowline::inline v0::tcp
