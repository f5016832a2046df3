#pragma once

// The program of one host, and what the explorer remembers of it.
//
// Beside what the program knows itself stands what no program could know and the invariants are
// about: the initial numbers of its connections, whether a connect ever succeeded, what was written
// in connections that are long gone. This memory survives a crash of the host. Plain data, copied
// with the host's state.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"
#include "bowline/model/choice.hpp"

namespace bowline::inline v0::model {

/// How a call on a socket failed.
enum class Failure : std::uint8_t { none, refused, reset, timed_out, other };

/// One connection, from the program's side.
struct Socket {
  static constexpr std::size_t kMostBytes = 8;  ///< in either direction

  Handle handle;                    ///< while open
  std::uint32_t iss = 0;            ///< our initial number
  std::uint32_t irs = 0;            ///< the peer's, once connected
  bool open = false;                ///< the program holds it
  bool passive = false;             ///< from the listener
  bool connected = false;           ///< the program was told that it is open
  bool finished = false;            ///< the program has ended its stream: by finish or by close
  bool end_seen = false;            ///< the end of the peer's stream was read
  bool closed = false;              ///< the program closed it
  bool cancelled = false;           ///< closed before it was connected
  bool aborted = false;             ///< reset by the program
  bool crashed = false;             ///< lost with its host
  bool readable = false;            ///< there is something to read, the end of the stream perhaps
  Failure failure = Failure::none;  ///< what the program was told
  std::uint8_t written = 0;         ///< bytes
  std::uint8_t read = 0;            ///< bytes
  std::array<std::uint8_t, kMostBytes> log{};  ///< the first `read`
};

/// The program.
struct Application {
  static constexpr std::size_t kSockets = 5;
  static constexpr std::size_t kNumbers = 10;

  std::array<Socket, kSockets> sockets{};  ///< in the order in which they were opened
  std::uint8_t socket_count = 0;           ///< how many
  std::uint8_t connects = 0;               ///< so many calls
  std::uint8_t cancels = 0;                ///< so many of them given up
  std::uint8_t aborts = 0;                 ///< so many resets
  std::uint8_t crashes = 0;                ///< so many
  /// The Stack waited no longer for the end of the stream of a peer whose connection the program
  /// had closed (Settings::fin_wait_2).
  bool left_waiting = false;
  Handle listener;     ///< the server's
  Time now{};          ///< when the host was last touched
  Time last_number{};  ///< when the last initial number was made

  std::array<std::uint32_t, kNumbers> numbers{};  ///< our initial numbers, in order
  std::uint8_t number_count = 0;                  ///< how many
  /// What our TCP has ever held as the two initial numbers of a connection: ours, the peer's.
  std::array<std::array<std::uint32_t, 2>, kNumbers> known{};
  std::uint8_t known_count = 0;  ///< how many
  bool overflow = false;         ///< there was no room for something above

  /// The sockets.
  [[nodiscard]] std::span<const Socket> all() const noexcept {
    return std::span(sockets).first(socket_count);
  }
  /// The socket that speaks with `of`, a socket of the other host; null: none does.
  [[nodiscard]] const Socket* counterpart(const Socket& of) const noexcept {
    for (const Socket& socket : all()) {
      if (socket.iss == of.irs && socket.irs == of.iss) return &socket;
    }
    return nullptr;
  }
  /// Which of `numbers` is `iss`; kNumbers: none.
  [[nodiscard]] std::size_t number_of(std::uint32_t iss) const noexcept {
    for (std::size_t i = 0; i < number_count; ++i) {
      if (numbers[i] == iss) return i;
    }
    return kNumbers;
  }
  /// Remembers an initial number of ours.
  void remember(std::uint32_t iss) noexcept {
    if (number_of(iss) != kNumbers) return;
    if (number_count == kNumbers) {
      overflow = true;
    } else {
      numbers[number_count++] = iss;
      last_number = now;
    }
  }
  /// Remembers that our TCP held these two.
  void remember(std::uint32_t iss, std::uint32_t irs) noexcept {
    if (knows(iss, irs)) return;
    if (known_count == kNumbers) {
      overflow = true;
    } else {
      known[known_count++] = {iss, irs};
    }
  }
  /// Has our TCP ever held these two?
  [[nodiscard]] bool knows(std::uint32_t iss, std::uint32_t irs) const noexcept {
    for (std::size_t i = 0; i < known_count; ++i) {
      if (known[i][0] == iss && known[i][1] == irs) return true;
    }
    return false;
  }
};

/// The byte at `offset` of what socket number `socket` of `host` writes: no two incarnations of the
/// connection write the same.
[[nodiscard]] constexpr std::uint8_t written_byte(Host host, std::size_t socket,
                                                  std::size_t offset) noexcept {
  return static_cast<std::uint8_t>((host == Host::client ? 0x80U : 0U) | (socket & 7U) << 4U |
                                   (offset & 15U));
}

}  // namespace bowline::inline v0::model
