#include "bowline/stack/call_listener.hpp"

#include <array>

namespace bowline::inline v0 {

std::string_view name(StackCall call) noexcept {
  static constexpr std::array<std::string_view, kStackCalls> kNames{"add_interface",
                                                                    "add_address",
                                                                    "remove_address",
                                                                    "add_route",
                                                                    "remove_route",
                                                                    "set_mtu",
                                                                    "receive",
                                                                    "advance",
                                                                    "transmit",
                                                                    "listen",
                                                                    "accept",
                                                                    "connect",
                                                                    "write",
                                                                    "write_owned",
                                                                    "read",
                                                                    "read_slice",
                                                                    "peek",
                                                                    "shutdown",
                                                                    "close",
                                                                    "abort",
                                                                    "set_options",
                                                                    "mark_urgent",
                                                                    "take_error",
                                                                    "open_udp",
                                                                    "connect_udp",
                                                                    "disconnect_udp",
                                                                    "send_to",
                                                                    "send_message",
                                                                    "receive_from",
                                                                    "peek_from",
                                                                    "set_udp_options",
                                                                    "poll_ready",
                                                                    "pick_port",
                                                                    "set_tcp_settings",
                                                                    "forget_servers",
                                                                    "listen_again"};
  const auto index = static_cast<std::size_t>(call);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace bowline::inline v0
