#pragma once

// The machine inside a Stack: each public call that may change it, done and told to nobody.
//
// The public calls (calls.cpp) do these and tell a CallListener, if there is one. The declarations
// are those of stack.hpp.

#include "bowline/stack/stack.hpp"

namespace bowline::inline v0 {

/// The calls themselves.
struct Stack::Bare {
  Core* core_;  ///< of the Stack

  Result<InterfaceId> add_interface(const InterfaceConfig& config) const noexcept;
  Status add_address(InterfaceId interface, const Cidr& address) const noexcept;
  Status remove_address(InterfaceId interface, const IpAddress& address) const noexcept;
  Status add_route(const Route& route) const noexcept;
  Status remove_route(const Route& route) const noexcept;
  Status set_mtu(InterfaceId interface, std::uint32_t mtu) const noexcept;
  Status set_tcp_settings(const tcp::Settings& settings, Time now) const noexcept;
  Status forget_servers(Time now) const noexcept;
  void advance(Time now) const noexcept;
  Result<Handle> listen(const ListenOptions& options, Time now) const noexcept;
  Status listen_again(Handle listener, const ListenOptions& options, Time now) const noexcept;
  Result<Handle> accept(Handle listener, Time now) const noexcept;
  Result<Handle> connect(const ConnectOptions& options, Time now) const noexcept;
  Result<std::size_t> write(Handle socket, std::span<const std::byte> bytes, Time now,
                            const tcp::WriteHow& how) const noexcept;
  Status write_owned(Handle socket, Slice bytes, Time now) const noexcept;
  Result<std::size_t> read(Handle socket, std::span<std::byte> to, Time now) const noexcept;
  Result<Slice> read_slice(Handle socket, std::uint32_t most, Time now) const noexcept;
  Result<std::size_t> peek(Handle socket, std::span<std::byte> to,
                           std::uint32_t offset) const noexcept;
  Status shutdown(Handle socket, Direction direction, Time now) const noexcept;
  Status close(Handle socket, Time now) const noexcept;
  Status abort(Handle socket, Time now) const noexcept;
  Status set_options(Handle socket, const tcp::SocketOptions& options, Time now) const noexcept;
  Status mark_urgent(Handle socket, Time now) const noexcept;
  std::error_code take_error(Handle socket) const noexcept;
  Result<Handle> open_udp(const UdpOptions& options, Time now) const noexcept;
  Status connect_udp(Handle socket, const Endpoint& remote, Time now) const noexcept;
  Status disconnect_udp(Handle socket, Time now) const noexcept;
  Result<std::size_t> send_to(Handle socket, std::span<const std::byte> bytes,
                              std::optional<Endpoint> to, Time now) const noexcept;
  Result<std::size_t> send_message(Handle socket, std::span<const std::byte> bytes,
                                   const UdpMessage& message, Time now) const noexcept;
  Result<Datagram> receive_from(Handle socket, std::span<std::byte> to, Time now) const noexcept;
  Result<Datagram> peek_from(Handle socket, std::span<std::byte> to, Time now) const noexcept;
  Status set_udp_options(Handle socket, const udp::SocketOptions& options) const noexcept;
  std::optional<Ready> poll_ready() const noexcept;
  Result<std::uint16_t> pick_port(const IpAddress& local) const noexcept;
  void receive(InterfaceId interface, std::span<Frame> frames, Time now) const noexcept;
  std::size_t transmit(InterfaceId interface, FrameSink& sink, Time now) const noexcept;
};

}  // namespace bowline::inline v0
