#pragma once

// What a connection has met that no honest peer and no network makes often: signs of somebody who
// guesses at its numbers from afar (RFC 5961 section 1), or of a peer that acknowledges what it
// cannot have (Savage et al. 1999, "optimistic ACKing").
//
// Each sign is harmless by itself and answered as the RFCs say; only when many of them come within
// a minute it is worth telling a person.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// Signs of the last minute. A few bytes of each connection.
struct Suspicion {
  /// Guesses within a minute that make an alarm. A peer that has crashed sends one exact RST for
  /// each segment of ours, an old duplicate comes once; a sweep through the window needs thousands.
  static constexpr std::uint8_t kGuesses = 8;
  /// Acknowledgments of the future within a minute that make an alarm: no correct TCP sends one.
  static constexpr std::uint8_t kLies = 3;
  static constexpr Duration kWindow = 60s;

  Time since{};
  std::uint8_t guesses = 0;
  std::uint8_t lies = 0;

  /// A RST, SYN or ACK came that only a guesser sends. True: so many have now that it is told.
  [[nodiscard]] bool guessed(Time now) noexcept { return count(guesses, kGuesses, now); }
  /// The peer itself acknowledged what was never sent. True: as guessed().
  [[nodiscard]] bool lied(Time now) noexcept { return count(lies, kLies, now); }

  template <class V>
  void visit(V& v) {
    v.excluded(since, "recognition tells people and decides nothing");
    v.excluded(guesses, "as since");
    v.excluded(lies, "as since");
  }

 private:
  [[nodiscard]] bool count(std::uint8_t& signs, std::uint8_t enough, Time now) noexcept {
    if (now - since >= kWindow) {
      since = now;
      guesses = lies = 0;
    }
    if (signs > enough) return false;  // told already
    return ++signs == enough;
  }
};

}  // namespace bowline::inline v0::tcp
