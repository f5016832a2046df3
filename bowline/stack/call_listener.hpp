#pragma once

// Who hears every call of a Stack: the seam of record and replay.
//
// A Stack is a machine: its configuration and its calls, in order, give all that it does. Here
// these calls can be heard as bytes, arguments apart from results, the frames that a link was
// offered and how many it took among them. Whoever keeps them can do the same calls on another
// Stack that has a listener too, and compare (replay/). The public calls are a shell around the
// machine (calls.hpp), and only the shell knows of this.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bowline::inline v0 {

/// Every call that may change a Stack or draw from its random numbers. The numbers are part of the
/// format of records.
enum class StackCall : std::uint8_t {
  add_interface,
  add_address,
  remove_address,
  add_route,
  remove_route,
  set_mtu,
  receive,
  advance,
  transmit,
  listen,
  accept,
  connect,
  write,
  write_owned,
  read,
  read_slice,
  peek,
  shutdown,
  close,
  abort,
  set_options,
  mark_urgent,
  take_error,
  open_udp,
  connect_udp,
  disconnect_udp,
  send_to,
  send_message,
  receive_from,
  peek_from,
  set_udp_options,
  poll_ready,
  pick_port,
  set_tcp_settings,
  forget_servers,
  listen_again,
};
/// How many there are.
inline constexpr std::size_t kStackCalls = static_cast<std::size_t>(StackCall::listen_again) + 1;

/// As the member of Stack is called.
[[nodiscard]] std::string_view name(StackCall call) noexcept;

/// Hears calls after they were done. Must not call the Stack.
class CallListener {
 public:
  virtual ~CallListener() = default;
  /// `call` was done with `arguments` and came to `result`: what a SaveVisitor makes of them, in
  /// the order of the declaration. Both end with the call.
  virtual void called(StackCall call, std::span<const std::byte> arguments,
                      std::span<const std::byte> result) noexcept = 0;
  /// Memory for a call's bytes ran out: it was done, and is not among those heard.
  virtual void missed() noexcept = 0;
};

}  // namespace bowline::inline v0
