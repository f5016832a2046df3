#pragma once

// A choice: the one thing that happens next.

#include <cstdint>

namespace bowline::inline v0::model {

/// The two hosts.
enum class Host : std::uint8_t { client, server };

/// The host that `host` is not.
[[nodiscard]] constexpr Host other(Host host) noexcept {
  return host == Host::client ? Host::server : Host::client;
}

/// What can happen.
enum class Action : std::uint8_t {
  deliver,    ///< the first packet towards `host` arrives
  lose,       ///< it is lost
  duplicate,  ///< a copy of it becomes a stray
  delay,      ///< it becomes a stray itself
  change,     ///< a bit of its data changes on the way
  stray,      ///< stray number `which` arrives
  wait,       ///< time moves to the next deadline of either host
  connect,    ///< the program of `host` opens a connection
  write,      ///< it writes on socket `which`
  read,       ///< it reads what there is
  finish,     ///< it sends no more: shutdown()
  close,      ///< it closes the socket; while the connection opens this cancels the call
  abort,      ///< it resets the connection
  crash,      ///< the host loses everything and starts anew
};

/// One thing that happens.
struct Choice {
  Action action{};         ///< what
  Host host{};             ///< where
  std::uint8_t which = 0;  ///< which socket or stray
  friend constexpr bool operator==(const Choice&, const Choice&) noexcept = default;
};

}  // namespace bowline::inline v0::model
