#pragma once

// Accurate ECN: how many packets were marked, not only that one was (RFC 9768).
//
// Classic ECN says "congestion" once in a round trip. Here the receiver counts the packets that
// came with CE and echoes the lower three bits of the count in every header (the ACE field, made of
// AE, CWR and ECE), and, where there is room, the bytes of each codepoint in an option. The sender
// follows with counters of its own. Three bits wrap: how often, it must estimate from how much was
// acknowledged, on the safe side.
//
// Four counters each way, named as the RFC names them: cep (packets with CE), ceb, e0b and e1b
// (bytes with CE, ECT(0), ECT(1)), with r. for what we received and s. for what the peer did.

#include <cstdint>
#include <optional>

#include "bowline/tcp/ecn.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// The IP-ECN field of a packet; the numbers are those of the header.
enum class IpEcn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// AE, CWR and ECE, in a header's flags.
inline constexpr std::uint16_t kAceFlags = wire::kAe | wire::kCwr | wire::kEce;

/// The three bits as flags, and the flags as three bits (figure 3: ECE is the lowest).
[[nodiscard]] constexpr std::uint16_t ace_to_flags(std::uint32_t ace) noexcept {
  return static_cast<std::uint16_t>((ace & 7U) << 6U);
}
[[nodiscard]] constexpr std::uint8_t flags_to_ace(std::uint16_t flags) noexcept {
  return static_cast<std::uint8_t>((flags & kAceFlags) >> 6U);
}

/// What a server that knows AccECN makes of a SYN's flags (table 2, and section 3.1.3 for those
/// that are not in it). Our own SYN has all of kAceFlags.
[[nodiscard]] FeedbackMode mode_of_syn(std::uint16_t flags) noexcept;

/// The flags of an AccECN SYN-ACK that answers a SYN that came with `seen`; and those of the pure
/// ACK of a SYN-ACK that did (tables 2 and 3).
[[nodiscard]] std::uint16_t handshake_flags(IpEcn seen) noexcept;

/// What a SYN-ACK's flags say to a client that asked for AccECN.
struct SynAckMeaning {
  FeedbackMode mode = FeedbackMode::none;
  std::optional<IpEcn> seen;  ///< how the SYN arrived; nothing: as it was sent (section 3.1.3)
};
[[nodiscard]] SynAckMeaning mode_of_syn_ack(std::uint16_t flags) noexcept;

/// May a router have made `arrived` of `sent`? (section 3.2.2.3)
[[nodiscard]] bool valid_transition(IpEcn sent, IpEcn arrived) noexcept;

/// What an acknowledgment tells an AccECN sender.
struct AccEcnAck {
  std::uint16_t flags = 0;                     ///< of its header, SYN not set
  const wire::AccEcnOption* option = nullptr;  ///< if it has one
  std::uint32_t acked_packets = 0;  ///< newly acknowledged, by ACK or SACK: estimated, all kinds
  std::uint32_t mss = 0;
};

/// What is new in it.
struct AccEcnFeedback {
  std::uint32_t ce_packets = 0;  ///< to respond to; the safe estimate
  std::uint32_t ce_bytes = 0;    ///< by the option; 0 without
};

/// The AccECN state of a connection that agreed on it. A value, 48 bytes.
class AccEcn {
 public:
  /// The client's side: its SYN went with `sent_on_syn`, the answer was `syn_ack` and came with
  /// `arrived`. True when the SYN was marked: a congestion signal.
  bool start_client(IpEcn sent_on_syn, const SynAckMeaning& syn_ack, IpEcn arrived) noexcept;
  /// The client's side: the flags of the pure ACK of the SYN-ACK (table 3).
  [[nodiscard]] std::uint16_t third_ack_flags() const noexcept {
    return handshake_flags(syn_ack_arrived_);
  }
  /// The server's side. (A mark on the SYN is fed back by handshake_flags() alone.)
  void start_server() noexcept { *this = AccEcn(); }
  /// The server's side: the pure ACK, without SACK blocks, that ends SYN-RECEIVED (section
  /// 3.2.2.1). True when the SYN-ACK, sent with `sent_on_syn_ack`, was marked.
  bool third_ack(std::uint16_t flags, IpEcn sent_on_syn_ack) noexcept;
  /// The server's side: a SYN or a SYN-ACK without the three flags was part of this handshake
  /// (section 3.1.5): no ECT from here on.
  void handshake_fell_back() noexcept { ect_allowed_ = false; }

  // As data receiver.

  /// An acceptable packet (not a SYN) came with `ecn` and `payload` bytes. True when an ACK is to
  /// go now (section 3.2.2.5.1); `unacknowledged`: there is data to acknowledge, this one's
  /// included. `packets`: so many, merged into one.
  bool received(IpEcn ecn, std::uint32_t payload, bool unacknowledged,
                std::uint32_t packets = 1) noexcept;
  /// The flags of what we send, SYN not set.
  [[nodiscard]] std::uint16_t ace_flags() const noexcept { return ace_to_flags(r_cep_); }
  /// A counter changed since the last option went: the next scheduled ACK should have one (section
  /// 3.2.3.3).
  [[nodiscard]] bool option_due() const noexcept { return changed_ != 0; }
  /// The best option for `room` bytes, padding included: all counters that ever changed, or those
  /// that changed since the last; nothing where these do not fit.
  [[nodiscard]] std::optional<wire::AccEcnOption> option(std::uint32_t room) const noexcept;
  /// All three counters, or nothing where they do not fit: for the SYN-ACK, the ACK of it and the
  /// first data, so that the peer sees whether options come through (section 3.2.3.2.1).
  [[nodiscard]] std::optional<wire::AccEcnOption> full_option(std::uint32_t room) const noexcept {
    return option_with(kE0b | kCeb | kE1b, room);
  }
  /// A segment with an ACK went; `with_option`: it had the option.
  void acknowledged(bool with_option) noexcept;

  // As data sender.

  /// Packets may be sent with ECT: nothing on the path garbles it.
  [[nodiscard]] bool ect_allowed() const noexcept { return ect_allowed_; }
  /// An acceptable segment without SYN came that no later one has overtaken (appendix A.1).
  [[nodiscard]] AccEcnFeedback feedback(const AccEcnAck& ack) noexcept;

  /// The peer's counter of marked packets, as far as we know it, and ours.
  [[nodiscard]] std::uint32_t s_cep() const noexcept { return s_cep_; }
  [[nodiscard]] std::uint32_t r_cep() const noexcept { return r_cep_; }

  template <class V>
  void visit(V& v) {
    v(r_cep_, r_ceb_, r_e0b_, r_e1b_, s_cep_, s_ceb_, s_e0b_, s_e1b_, ce_since_ack_, ever_,
      changed_, last_was_ce_, ect_allowed_, respond_, feedback_seen_, option_seen_, option_ignored_,
      syn_ack_arrived_);
  }

 private:
  // Which counters, as bits.
  static constexpr std::uint8_t kE0b = 1, kCeb = 2, kE1b = 4;

  [[nodiscard]] std::optional<wire::AccEcnOption> option_with(std::uint8_t counters,
                                                              std::uint32_t room) const noexcept;
  [[nodiscard]] std::uint32_t take_option(const wire::AccEcnOption& option) noexcept;

  // Section 3.2.1: the initial values. Not zero, so that zeroing shows.
  std::uint32_t r_cep_ = 5;
  std::uint32_t r_ceb_ = 0;
  std::uint32_t r_e0b_ = 1;
  std::uint32_t r_e1b_ = 1;
  std::uint32_t s_cep_ = 5;
  std::uint32_t s_ceb_ = 0;
  std::uint32_t s_e0b_ = 1;
  std::uint32_t s_e1b_ = 1;
  std::uint8_t ce_since_ack_ = 0;
  std::uint8_t ever_ = 0;     // counters that ever changed
  std::uint8_t changed_ = 0;  // since the last option
  bool last_was_ce_ = false;
  bool ect_allowed_ = true;
  bool respond_ = true;  // to the peer's marks
  bool feedback_seen_ = false;
  bool option_seen_ = false;
  bool option_ignored_ = false;
  IpEcn syn_ack_arrived_ = IpEcn::not_ect;
};

}  // namespace bowline::inline v0::tcp
