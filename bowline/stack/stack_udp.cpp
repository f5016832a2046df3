// The public calls on UDP sockets; what they do is in udp_calls.cpp.

#include "bowline/stack/bare.hpp"
#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {

Result<Handle> Stack::Bare::open_udp(const UdpOptions& options, Time now) const noexcept {
  core_->begin(now);
  return core_->open_udp(options);
}

Result<std::size_t> Stack::Bare::send_to(Handle socket, std::span<const std::byte> bytes,
                                         std::optional<Endpoint> to, Time now) const noexcept {
  UdpMessage message;
  message.to = to;
  return send_message(socket, bytes, message, now);
}

Result<std::size_t> Stack::Bare::send_message(Handle socket, std::span<const std::byte> bytes,
                                              const UdpMessage& message, Time now) const noexcept {
  core_->begin(now);
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return core_->send_message(*s, bytes, message);
}

Status Stack::Bare::connect_udp(Handle socket, const Endpoint& remote, Time now) const noexcept {
  core_->begin(now);
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return core_->connect_udp(*s, remote);
}

Status Stack::Bare::disconnect_udp(Handle socket, Time now) const noexcept {
  core_->begin(now);
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return Core::disconnect_udp(*s);
}

Result<Datagram> Stack::Bare::receive_from(Handle socket, std::span<std::byte> to,
                                           Time now) const noexcept {
  core_->begin(now);
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return Core::receive_from(*s, to, false);
}

Result<Datagram> Stack::Bare::peek_from(Handle socket, std::span<std::byte> to,
                                        Time now) const noexcept {
  core_->begin(now);
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return Core::receive_from(*s, to, true);
}

Result<udp::SocketOptions> Stack::udp_options(Handle socket) const noexcept {
  const udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return s->options;
}

Status Stack::Bare::set_udp_options(Handle socket,
                                    const udp::SocketOptions& options) const noexcept {
  udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  s->options = options;
  return {};
}

Result<UdpView> Stack::inspect_udp(Handle socket) const noexcept {
  const udp::Socket* s = core_->find_udp(socket);
  if (s == nullptr) return fail(std::errc::bad_file_descriptor);
  return core_->view(*s);
}

void Stack::for_each_udp(void (*visitor)(void*, const UdpView&), void* context) const noexcept {
  core_->udp_sockets.for_each(
      [&](std::uint32_t, const udp::Socket& s) { visitor(context, core_->view(s)); });
}

}  // namespace bowline::inline v0
