#pragma once

// CoDel, the queue discipline that looks at delay instead of length (RFC 8289).
//
// A queue may be long for a moment; one in which even the luckiest packet waits more than `target`
// for a whole `interval` stands, and its packets are dropped one by one, ever faster, until the
// delay is gone. The functions are the RFC's, section 5; the queue itself belongs to the caller.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::sim {

/// CoDel's two parameters, with the RFC's defaults (sections 4.2 and 4.3).
struct Codel {
  Duration target = 5ms;      ///< the delay that may stand
  Duration interval = 100ms;  ///< a round-trip time or more: for how long it must stand
  bool ecn = true;            ///< marks packets of senders that can do ECN instead of dropping them
  friend constexpr bool operator==(const Codel&, const Codel&) = default;
};

/// The state of one queue under CoDel. Tell it of every packet that comes to the queue's front.
class CodelState {
 public:
  /// What to do with the packet at the front.
  enum class Verdict : std::uint8_t { deliver, drop };

  /// At `now` the transmitter wants a packet, and the one at the front has waited for `sojourn`;
  /// `backlog` bytes wait behind it, of packets of at most `largest` bytes. After a drop ask again
  /// for the next. (section 5.5, one turn of its loop)
  [[nodiscard]] Verdict judge(const Codel& codel, Time now, Duration sojourn, std::uint64_t backlog,
                              std::uint32_t largest) noexcept;
  /// The packet that was to be dropped is delivered after all, with a mark.
  void marked(const Codel& codel) noexcept;
  /// The queue has run empty. (section 5.6: no packet, no delay)
  void empty() noexcept;

  /// Are packets being dropped?
  [[nodiscard]] bool dropping() const noexcept { return dropping_; }

 private:
  /// What was done for the transmitter that wants a packet now.
  enum class Round : std::uint8_t { fresh, entered, dropped };
  [[nodiscard]] bool stands(const Codel& codel, Time now, Duration sojourn, std::uint64_t backlog,
                            std::uint32_t largest) noexcept;

  Time first_above_{};  // when the delay will have stood for an interval
  Time drop_next_{};
  std::uint32_t count_ = 0;  // drops since the dropping state was entered
  std::uint32_t last_count_ = 0;
  bool above_ = false;  // first_above_ counts
  bool dropping_ = false;
  Round round_ = Round::fresh;
};

}  // namespace bowline::inline v0::sim
