#pragma once

// A small DHCP server for simulations: one address to give, and the vices that a test gives it.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/dhcp/message.hpp"
#include "bowline/dhcp/testing/reply_builder.hpp"
#include "bowline/sim/actor.hpp"

namespace bowline::names_test {

/// What the server gives and how it behaves.
struct Pool {
  std::string address = "10.77.0.50";
  std::string server = "10.77.0.1";
  std::uint32_t lease_seconds = 3600;
  bool silent = false;
  bool refuses = false;  ///< answers each REQUEST with a NAK
  /// Called with each reply before it is sent: lies in front of it.
  std::function<std::vector<dhcp::testing::ReplyBuilder>(dhcp::MessageType, std::uint32_t)> lies{};
};

/// The server, on the first interface of its host.
class DhcpServer final : public sim::CopyableActor<DhcpServer> {
 public:
  explicit DhcpServer(Pool pool) : pool_(std::move(pool)) {}

  Time act(Stack& stack, std::span<const Ready> /*ready*/, Time now) override {
    using dhcp::MessageType;
    if (!socket_) open(stack, now);
    std::array<std::byte, 1'500> bytes;
    while (const auto datagram = stack.receive_from(socket_, bytes, now)) {
      const auto message = std::span(bytes).first(datagram->size);
      const MessageType type = type_of(message);
      const auto transaction = load_be<std::uint32_t>(&message[4]);
      seen_.push_back(type);
      if (type == MessageType::decline) pool_.address = "10.77.0.51";
      if (pool_.silent) continue;
      if (type != MessageType::discover && type != MessageType::request) continue;
      const bool offers = type == MessageType::discover;
      const MessageType reply = offers          ? MessageType::offer
                                : pool_.refuses ? MessageType::nak
                                                : MessageType::ack;
      if (pool_.lies) {
        for (const auto& lie : pool_.lies(reply, transaction)) send(stack, lie, now);
      }
      dhcp::testing::ReplyBuilder answer(transaction, pool_.address);
      answer.hardware(hardware_of(message)).type(reply).address(54, pool_.server);
      answer.number(51, pool_.lease_seconds).address(1, "255.255.255.0");
      answer.address(3, pool_.server).address(6, pool_.server).option(26, {5, 0x78}).end();
      send(stack, answer, now);
    }
    return kNever;
  }

  /// The messages that came, in their order.
  [[nodiscard]] const std::vector<dhcp::MessageType>& seen() const { return seen_; }
  Pool& pool() { return pool_; }

 private:
  void open(Stack& stack, Time now) {
    UdpOptions options;
    options.local.port = dhcp::kServerPort;
    options.interface = InterfaceId{};
    options.socket.broadcast = true;
    socket_ = stack.open_udp(options, now).value();
  }
  void send(Stack& stack, const dhcp::testing::ReplyBuilder& reply, Time now) {
    static_cast<void>(stack.send_to(socket_, reply.bytes(),
                                    Endpoint{IpAddress::v4(0xffff'ffff), dhcp::kClientPort}, now));
  }
  static wire::MacAddress hardware_of(std::span<const std::byte> message) {
    wire::MacAddress mac;
    std::copy_n(message.begin() + 28, mac.size(), mac.begin());
    return mac;
  }
  static dhcp::MessageType type_of(std::span<const std::byte> message) {
    return static_cast<dhcp::MessageType>(message[dhcp::kFixedSize + 2]);  // it stands first
  }

  Pool pool_;
  Handle socket_;
  std::vector<dhcp::MessageType> seen_;
};

}  // namespace bowline::names_test
