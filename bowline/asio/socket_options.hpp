#pragma once

// Socket options as Asio programs set them: by the numbers of the BSD interface.
//
// Asio's option types carry a level, a name and the bytes of an int (or a linger). One table for
// each protocol says which of them exist here and which field of the Stack's options each one is.

#include <boost/system/error_code.hpp>
#include <cstddef>

#include "bowline/base/limits.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/udp/options.hpp"

namespace bowline::inline v0::net {

/// Options that are remembered and told, and mean nothing to this stack's TCP (UDP knows
/// reuse_address).
struct SocketFlags {
  /// An address in TIME-WAIT never keeps anyone from listening here; two listeners on one endpoint
  /// are refused with and without.
  bool reuse_address = false;
  /// Asio's own: whether accept tells of connections that were aborted while they waited. Here they
  /// just go.
  bool enable_connection_aborted = false;
  /// A stream has no broadcast addresses.
  bool broadcast = false;
  /// A datagram goes to its link at once or not at all; 0: as it was.
  int datagram_send_buffer = 0;
};

/// Sets the option `name` of `level` in `options` or `flags` from `size` bytes at `data`.
/// no_protocol_option: there is none of this name; invalid_argument: a value out of range or of the
/// wrong size.
[[nodiscard]] boost::system::error_code set_socket_option(bowline::tcp::SocketOptions& options,
                                                          SocketFlags& flags, int level, int name,
                                                          const void* data, std::size_t size);
/// The same for UDP.
[[nodiscard]] boost::system::error_code set_socket_option(bowline::udp::SocketOptions& options,
                                                          SocketFlags& flags, int level, int name,
                                                          const void* data, std::size_t size);

/// Writes the option's value to `data`, which has `size` bytes; `size` becomes that of the value.
/// Where a socket has no value of its own, `settings` has it. Errors as above.
[[nodiscard]] boost::system::error_code get_socket_option(
    const bowline::tcp::SocketOptions& options, const SocketFlags& flags,
    const bowline::tcp::Settings& settings, int level, int name, void* data, std::size_t& size);
/// The same for UDP.
[[nodiscard]] boost::system::error_code get_socket_option(
    const bowline::udp::SocketOptions& options, const SocketFlags& flags, const Limits& limits,
    int level, int name, void* data, std::size_t& size);

}  // namespace bowline::inline v0::net
