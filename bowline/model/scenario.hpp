#pragma once

// What is explored: two hosts, their programs, and what the wire between them may do.
//
// The hosts are production Stacks. Everything that happens of its own accord, the network and the
// order in which the programs are served, is the explorer's choice; how often it may choose what
// is bad is bounded here. The smallest scenario that can show a fault is the best one: the number
// of states grows with the product of all bounds.

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "bowline/stack/config.hpp"

namespace bowline::inline v0::model {

/// What must hold, whatever happens.
enum class Invariant : std::uint8_t {
  agreement,   ///< I1: who is ESTABLISHED has a peer that has its ISN, and whose ISN it has
  no_phantom,  ///< I2: what a listener hands over was asked for by one connect that is not
               ///< cancelled
  prefix,      ///< I3: the bytes read are a prefix of those written in the same incarnation
  whole,       ///< I4: who is told that the peer has finished has read all that the peer wrote
  progress,    ///< I5: once the network is fair, every call ends within its bound
  no_leak,     ///< I6: and then no connection, half-open entry, TIME-WAIT record or buffer is left
  bounded,     ///< I7: half-open entries stay within the listener's bound
  service,     ///< I8: once the network is fair, a connect that is under way succeeds
  orderly,     ///< I9: loss, delay, duplicates and idling never reset a connection
  told,        ///< I11: the end of the stream is never told where the peer did not finish
};

/// Its number and name, "I3 prefix".
[[nodiscard]] std::string_view name(Invariant invariant) noexcept;
/// What it demands, one sentence.
[[nodiscard]] std::string_view rule(Invariant invariant) noexcept;

/// A set of invariants; all of them unless said otherwise.
class Invariants {
 public:
  constexpr Invariants() noexcept = default;  ///< All.
  /// Those in `list` alone.
  constexpr Invariants(std::initializer_list<Invariant> list) noexcept : bits_(0) {
    for (const Invariant one : list) bits_ |= bit(one);
  }
  /// Is `one` among them?
  [[nodiscard]] constexpr bool has(Invariant one) const noexcept { return (bits_ & bit(one)) != 0; }
  /// Is any of those that are judged by running on with a fair network?
  [[nodiscard]] constexpr bool need_completion() const noexcept {
    return has(Invariant::progress) || has(Invariant::no_leak) || has(Invariant::service);
  }

 private:
  [[nodiscard]] static constexpr std::uint32_t bit(Invariant one) noexcept {
    return 1U << static_cast<unsigned>(one);
  }
  std::uint32_t bits_ = 0xffffffff;
};

/// What a listener of the exploration may hold half open, and have waiting: its backlogs.
inline constexpr std::uint32_t kHalfOpenBound = 4;

/// What the program of one host may do. It accepts what its listener has and learns of errors at
/// once; what is allowed here it may do at any moment, or never.
struct Program {
  std::uint8_t connects = 0;    ///< calls of connect(), one connection at a time; 0: it listens
  std::uint8_t writes = 1;      ///< calls of write() on each connection
  std::uint8_t write_size = 1;  ///< bytes of each, 1 to 8
  bool half_close = true;       ///< it may finish sending and go on reading
  bool early_close = true;      ///< it may close before it has read the end of the stream
  bool late_reads = false;      ///< when it reads is a choice; otherwise it reads at once
  std::uint8_t cancels = 0;     ///< connects that it may give up before they have succeeded
  std::uint8_t aborts = 0;      ///< connections that it may reset
  std::uint8_t crashes = 0;     ///< times that its host may lose everything and start anew
};

/// What the wire may do, in the whole of a run. Packets in one direction stay in order but for
/// strays; a packet that is neither lost nor a stray arrives before time moves on.
struct Faults {
  std::uint8_t losses = 1;      ///< packets that vanish
  std::uint8_t duplicates = 0;  ///< packets of which a copy becomes a stray
  /// Packets that become strays: they may arrive at any later time within a segment's lifetime
  /// (MSL), before or after others.
  std::uint8_t strays = 0;
  std::uint8_t changes = 0;  ///< packets with data of which a bit changes
  /// With the checksum made right again, as a middlebox does it; otherwise as it was.
  bool changes_are_hidden = false;
};

/// Two hosts and a wire. The client is 10.0.0.1 and opens from port 40000, always, so that
/// incarnations of one connection follow each other; the server is 10.0.0.2 and listens on port 80.
struct Scenario {
  Scenario();  ///< tiny_config() on both sides, a client that connects once, a server that answers.

  StackConfig client;        ///< of its Stack
  StackConfig server;        ///< of its Stack
  Program client_program;    ///< of what runs on it
  Program server_program;    ///< of what runs on it
  Faults faults;             ///< of the wire
  Invariants invariants;     ///< what is checked
  Duration lifetime = 30s;   ///< of a segment: MSL
  Duration patience = 400s;  ///< in which everything must end once the network is fair
  /// The same where a program gave up or a host crashed: a peer that only listens, and to which no
  /// RST has come, finds out by keepalive.
  Duration patience_after_giving_up = 8400s;
};

/// A configuration for exploring: RTO pinned to a second, no timestamps, no SACK (so that nothing
/// measured decides anything), Reno without pacing, keepalive on, room for a few connections.
[[nodiscard]] StackConfig tiny_config();

}  // namespace bowline::inline v0::model
