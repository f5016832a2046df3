#pragma once

// The names that symbols.cpp looks up, in tables.

#include <cstdint>
#include <span>
#include <string_view>

namespace bowline::inline v0::packetdrill {

/// A name and its number.
struct Symbol {
  std::string_view name;  ///< "SOCK_STREAM"
  std::int64_t value;     ///< what it is on Linux
};

/// Of sockets, poll() and epoll: <sys/socket.h> and its kin.
[[nodiscard]] std::span<const Symbol> socket_symbols() noexcept;
/// Of files and of what Linux alone has: capabilities, splice(), attributes of timestamps.
[[nodiscard]] std::span<const Symbol> system_symbols() noexcept;
/// Of errno.
[[nodiscard]] std::span<const Symbol> error_symbols() noexcept;

}  // namespace bowline::inline v0::packetdrill
