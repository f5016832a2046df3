#pragma once

// A UDP socket as Linux has it. The Stack's sockets are of one IP version, and bound when they are
// opened; so this opens one when it needs a port, and a second one for IPv4 when it is an AF_INET6
// socket that takes both.

#include <array>
#include <memory>
#include <optional>

#include "bowline/sockets/socket.hpp"

namespace bowline::inline v0::sockets {

/// A SOCK_DGRAM socket.
class DatagramSocket final : public Socket {
 public:
  /// A fresh one.
  DatagramSocket(Host& host, int domain) : Socket(host, domain, SOCK_DGRAM, IPPROTO_UDP) {}
  ~DatagramSocket() override;

  Outcome bind(const sockaddr* address, socklen_t length) override;
  Outcome listen(int backlog) override;
  Accepted accept() override;
  Call connect(const sockaddr* address, socklen_t length) override;
  Call send(Outgoing message) override;
  Call receive(Incoming message) override;
  Outcome shutdown(int how) override;
  Call close() override;
  [[nodiscard]] std::optional<Endpoint> local() const override;
  [[nodiscard]] std::optional<Endpoint> remote() const override { return remote_; }
  std::optional<Outcome> control(unsigned long request, int* value) override;
  void hear(std::uint8_t readiness) override;
  [[nodiscard]] Handle handle() const noexcept override { return handles_[0]; }
  [[nodiscard]] std::uint32_t poll_mask() override;

 protected:
  int take_error() override;
  int apply() override;
  Outcome get_transport_option(int level, int option, OptionTarget to) override;
  Outcome set_transport_option(int level, int option, OptionSource from) override;
  [[nodiscard]] int current_send_buffer() const override;
  [[nodiscard]] int current_receive_buffer() const override;
  [[nodiscard]] Queues queues() const override;
  [[nodiscard]] int path_mtu() const override;

 private:
  /// Opens the Stack's sockets at `local`, if they are not open. Returns an errno.
  [[nodiscard]] int open(const Endpoint& local);
  [[nodiscard]] int open_one(std::size_t place, const Endpoint& local);
  void give_up_handles();
  [[nodiscard]] udp::SocketOptions engine_options(Family family) const;
  /// The Stack's socket for peers of `family`; names nothing: there is none.
  [[nodiscard]] Handle handle_for(Family family) const;
  [[nodiscard]] std::optional<Outcome> send_step(const Outgoing& message,
                                                 const std::optional<Endpoint>& to, bool may_wait);
  [[nodiscard]] std::optional<Outcome> receive_step(const Incoming& message, bool may_wait);
  [[nodiscard]] Outcome deliver(const Incoming& message, Handle from);

  std::array<Handle, 2> handles_;  // of the socket's own family, and of IPv4 beside IPv6
  std::optional<Endpoint> remote_;
  bool port_bound_ = false;
  unsigned shut_ = 0;
  std::uint8_t heard_ = 0;
};

}  // namespace bowline::inline v0::sockets
