#pragma once

// What the sockets of one table share: the Stack under them, the time of the call under way, the
// ports, and the way from the Stack's handles back to sockets.

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "bowline/base/time.hpp"
#include "bowline/sockets/ports.hpp"
#include "bowline/sockets/table_limits.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::sockets {

class Socket;

/// Shared by the sockets of a table.
struct Host {
  Stack& stack;        ///< under all of them
  TableLimits limits;  ///< as configured
  Time now{};          ///< of the call under way
  /// See SocketTable::set_transmit().
  std::function<void()> transmit{};
  Ports ports{};                                        ///< of TCP
  std::unordered_map<std::uint64_t, Socket*> owners{};  ///< by key(handle)

  /// One number for a handle of a live socket.
  [[nodiscard]] static std::uint64_t key(Handle handle) noexcept {
    return static_cast<std::uint64_t>(handle.kind) << 32U | handle.index;
  }
  /// `socket` is told what happens to `handle` from now on.
  void own(Handle handle, Socket& socket) { owners[key(handle)] = &socket; }
  /// Nobody is.
  void disown(Handle handle) { owners.erase(key(handle)); }
  /// Turns what the Stack has to tell into the news of its sockets.
  void collect_news();
};

}  // namespace bowline::inline v0::sockets
