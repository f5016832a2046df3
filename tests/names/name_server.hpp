#pragma once

// A small name server for simulations: UDP and TCP on port 53, answers from a table, and the vices
// that a test gives it.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/dns/testing/message_builder.hpp"
#include "bowline/sim/actor.hpp"

namespace bowline::names_test {

/// What the server knows and how it behaves.
struct Zone {
  /// Texts of addresses by name, both families.
  std::map<std::string, std::vector<std::string>> hosts;
  bool silent = false;     ///< answers nothing
  bool truncates = false;  ///< over UDP every answer is only a TC bit
  int forgeries = 0;       ///< answers with wrong IDs sent in front of each true one
  unsigned rcode = 0;      ///< other than 0: says this instead
};

/// The server, on every address of its host.
class NameServer final : public sim::CopyableActor<NameServer> {
 public:
  explicit NameServer(Zone zone) : zone_(std::move(zone)) {}

  Time act(Stack& stack, std::span<const Ready> ready, Time now) override {
    if (!udp_) open(stack, now);
    serve_udp(stack, now);
    serve_tcp(stack, ready, now);
    return kNever;
  }

  [[nodiscard]] int udp_queries() const { return udp_queries_; }
  [[nodiscard]] int tcp_queries() const { return tcp_queries_; }
  /// The ports that queries came from, in their order.
  [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }
  Zone& zone() { return zone_; }

 private:
  void open(Stack& stack, Time now) {
    UdpOptions options;
    options.local.port = 53;
    udp_ = stack.open_udp(options, now).value();
    ListenOptions listening;
    listening.local.port = 53;
    listener_ = stack.listen(listening, now).value();
  }

  void serve_udp(Stack& stack, Time now) {
    std::array<std::byte, 2048> bytes;
    while (const auto datagram = stack.receive_from(udp_, bytes, now)) {
      ++udp_queries_;
      ports_.push_back(datagram->from.port);
      if (zone_.silent) continue;
      const auto query = std::span(bytes).first(datagram->size);
      for (int i = 1; i <= zone_.forgeries; ++i) {
        auto lie = answer(query, false);
        store_be<std::uint16_t>(lie.data(),
                                static_cast<std::uint16_t>(load_be<std::uint16_t>(lie.data()) + i));
        static_cast<void>(stack.send_to(udp_, lie, datagram->from, now));
      }
      static_cast<void>(stack.send_to(udp_, answer(query, zone_.truncates), datagram->from, now));
    }
  }

  void serve_tcp(Stack& stack, std::span<const Ready> /*ready*/, Time now) {
    while (const auto accepted = stack.accept(listener_, now)) streams_.push_back({*accepted, {}});
    for (auto& [handle, received] : streams_) {
      std::array<std::byte, 512> bytes;
      for (;;) {
        const auto got = stack.read(handle, bytes, now);
        if (!got || *got == 0) break;
        received.insert(received.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(*got));
      }
      if (received.size() < 2) continue;
      const std::size_t size = load_be<std::uint16_t>(received.data());
      if (received.size() < 2 + size) continue;
      ++tcp_queries_;
      const auto reply = answer(std::span(received).subspan(2, size), false);
      std::vector<std::byte> framed(2);
      store_be<std::uint16_t>(framed.data(), static_cast<std::uint16_t>(reply.size()));
      framed.insert(framed.end(), reply.begin(), reply.end());
      received.clear();
      // In two pieces: the reader must put them together.
      static_cast<void>(stack.write(handle, std::span(framed).first(1), now));
      static_cast<void>(stack.write(handle, std::span(framed).subspan(1), now));
    }
  }

  [[nodiscard]] std::vector<std::byte> answer(std::span<const std::byte> query,
                                              bool truncated) const {
    std::size_t at = dns::kHeaderSize;
    dns::Question question;
    question.name = dns::read_name(query, at).value();
    question.type = static_cast<dns::Type>(load_be<std::uint16_t>(query.data() + at));
    std::array<char, dns::Name::kMaxText> text;
    const std::string name(text.data(), question.name.lower().format(text));
    const auto known = zone_.hosts.find(name);
    const unsigned rcode = zone_.rcode != 0 ? zone_.rcode : known == zone_.hosts.end() ? 3 : 0;
    dns::testing::MessageBuilder message(load_be<std::uint16_t>(query.data()),
                                         0x8180U | rcode | (truncated ? 0x0200U : 0U));
    message.question(question);
    if (rcode == 0 && !truncated) {
      for (const std::string& each : known->second) {
        const bool v4 = IpAddress::parse(each).value().is_v4();
        if (v4 == (question.type == dns::Type::a)) message.address(name, each);
      }
    }
    return {message.bytes().begin(), message.bytes().end()};
  }

  Zone zone_;
  Handle udp_;
  Handle listener_;
  std::vector<std::pair<Handle, std::vector<std::byte>>> streams_;
  int udp_queries_ = 0;
  int tcp_queries_ = 0;
  std::vector<std::uint16_t> ports_;
};

}  // namespace bowline::names_test
