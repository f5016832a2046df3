#pragma once

// A scene: one production Stack in virtual time, and a peer made of raw segments.
//
// The peer is no TCP: it sends exactly the segments it is told to, and keeps its own account of the
// numbers (what it sent in order, what came back), so that what is injected and what is demanded
// does not lean on what the engine says of itself. A scene can be copied whole, with its Stack,
// which is how one established connection serves thousands of cells.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/stack/stack.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::table {

/// The surroundings of a run: they must not change any result.
struct Climate {
  std::string_view name;
  Family family = Family::ipv4;
  /// The peer's initial sequence number.
  std::uint32_t irs = 0xc000'0000;
  /// Where the Stack's initial sequence number is to lie: reached by waiting until its ISN clock is
  /// there. Nothing: wherever it is.
  std::optional<std::uint32_t> iss = std::nullopt;
};

/// A segment that the Stack sent.
struct Sent {
  SeqNumber seq;
  SeqNumber ack;
  std::uint16_t flags = 0;
  std::uint16_t window = 0;
  std::vector<std::byte> text;
  std::optional<wire::Timestamps> timestamps;

  bool has(std::uint16_t bits) const { return (flags & bits) == bits; }
  /// SEG.LEN
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(text.size()) + (has(wire::kSyn) ? 1 : 0) +
           (has(wire::kFin) ? 1 : 0);
  }
};

/// A segment that the peer sends.
struct Injected {
  SeqNumber seq;
  SeqNumber ack;
  std::uint16_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t urgent = 0;
  std::uint32_t text = 0;  ///< bytes; their values are text_byte()s of their numbers
  /// TSval; nothing: what the peer's clock says, if the connection uses timestamps.
  std::optional<std::uint32_t> timestamp = std::nullopt;
};

/// What the peer offers: its window (not scaled, no other options) and its MSS.
inline constexpr std::uint16_t kPeerWindow = 20'000;
inline constexpr std::uint16_t kPeerMss = 1'000;
inline constexpr std::uint16_t kPeerPort = 40'000;
inline constexpr std::uint16_t kLocalPort = 80;

/// See the head of this file.
class Scene {
 public:
  /// A Stack with one interface and one address, at `start`.
  Scene(const Climate& climate, Time start);
  Scene(Scene&&) = default;
  Scene& operator=(Scene&&) = default;

  /// A copy, Stack and all.
  Scene clone() const;

  /// The peer sends; the Stack works on it; what it sends is added to sent().
  void send(const Injected& segment);
  /// Time passes. The Stack's timers run when they are due, and what it sends is added to sent().
  void pass(Duration span);
  /// Time passes until the Stack's next deadline, at most to `limit`. False: there is none before
  /// `limit` (and it is `limit` now).
  bool pass_to_next_deadline(Time limit);
  /// Lets the Stack transmit (after a call).
  void flush();
  /// What has been sent since it was last taken.
  std::vector<Sent> take_sent();
  const std::vector<Sent>& sent() const { return sent_; }

  Stack& stack() { return stack_; }
  const Stack& stack() const { return stack_; }
  Time now() const { return now_; }
  Endpoint local() const { return local_; }
  Endpoint remote() const { return remote_; }
  const Climate& climate() const { return climate_; }

  /// The connection between local() and remote(); where an old one lingers beside a new one, the
  /// new one.
  std::optional<ConnectionView> connection() const;

  /// The value of the byte with this number in the peer's stream.
  std::byte text_byte(SeqNumber seq) const;

  // The user's names for things.
  Handle listener;
  Handle socket;

  // The peer's account, under the Stack's names: SND is what the Stack sends, RCV what it receives.
  SeqNumber iss, snd_una, snd_nxt;
  SeqNumber irs, rcv_nxt;
  SeqNumber rcv_right_edge;          ///< RCV.NXT + RCV.WND as last offered
  bool timestamps = false;           ///< the peer uses them
  std::uint32_t last_timestamp = 0;  ///< TSval of its last segment
  std::uint32_t rcv_wnd() const { return distance(rcv_nxt, rcv_right_edge); }

 private:
  Scene(Stack stack, const Scene& other);
  void account(const Sent& segment);

  Stack stack_;
  Climate climate_;
  Time now_;
  Endpoint local_;
  Endpoint remote_;
  InterfaceId interface_{};
  std::vector<Sent> sent_;
  std::uint32_t heard_timestamp_ = 0;  // TSval of the Stack's last segment
};

/// "SYN,ACK seq=5 ack=7 len=100", numbers relative to the scene's initial ones.
std::string describe(const Scene& scene, const Sent& segment);

}  // namespace bowline::table
