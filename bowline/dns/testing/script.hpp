#pragma once

// A Resolver under the hands of a test: what it sends is taken apart, what it is told is built.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/dns/resolver.hpp"
#include "bowline/dns/testing/message_builder.hpp"

namespace bowline::inline v0::dns::testing {

inline const Endpoint kFirst{IpAddress::parse("10.77.0.1").value(), 53};
inline const Endpoint kSecond{IpAddress::parse("10.77.0.2").value(), 53};
inline constexpr Families kV4{.v4 = true, .v6 = false};

inline Config two_servers() {
  Config config;
  config.servers.push_back(kFirst);
  config.servers.push_back(kSecond);
  return config;
}

/// What was sent, taken apart.
struct Sent {
  ExchangeId exchange;
  Transport transport;
  Endpoint server;
  std::uint16_t id;
  Question question;
  bool edns;
};

/// A resolver, the time, and what a test says to it.
class Script {
 public:
  explicit Script(const Config& config = two_servers(), const Limits& limits = {},
                  Memory& memory = heap_memory())
      : resolver(config, limits, SipKey{1, 2}, memory) {}

  LookupId look_up(std::string_view text, Families families = kV4, bool absolute = false) {
    return resolver.start(name(text), absolute, families, now).value();
  }

  /// All that is to go out now.
  std::vector<Sent> all_sent() {
    std::vector<Sent> all;
    while (const auto transmit = resolver.poll_transmit()) {
      const auto message = transmit->message;
      std::size_t at = kHeaderSize;
      const Name asked = read_name(message, at).value();
      all.push_back({transmit->exchange,
                     transmit->transport,
                     transmit->server,
                     load_be<std::uint16_t>(message.data()),
                     {asked, static_cast<Type>(load_be<std::uint16_t>(message.data() + at))},
                     message[11] == std::byte{1}});
    }
    return all;
  }
  /// The one message that is to go out now.
  Sent sent() {
    const auto all = all_sent();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Sent{} : all.front();
  }

  void answer(const Sent& sent, const MessageBuilder& message) {
    resolver.receive(sent.exchange, sent.server, message.bytes(), now);
  }
  void answer(const Sent& sent, std::string_view address, std::uint32_t ttl = 300) {
    answer(sent, response(sent).address(text(sent.question.name), address, ttl));
  }
  void answer_rcode(const Sent& sent, unsigned rcode) {
    answer(sent, MessageBuilder(sent.id, 0x8180U | rcode).question(sent.question));
  }
  static MessageBuilder response(const Sent& sent, unsigned flags = 0x8180) {
    return MessageBuilder(sent.id, flags).question(sent.question);
  }
  static std::string text(const Name& name) {
    std::array<char, Name::kMaxText> text;
    return {text.data(), name.format(text)};
  }

  void pass(Duration time) {
    now += time;
    resolver.advance(now);
  }
  /// Says how the one lookup ended.
  Outcome outcome() {
    const auto finished = resolver.poll_finished();
    EXPECT_TRUE(finished.has_value());
    if (!finished) return Outcome::no_memory;
    addresses.clear();
    for (const IpAddress& each : finished->addresses) {
      std::array<char, IpAddress::kMaxText> text;
      addresses.emplace_back(text.data(), each.format(text));
    }
    return finished->outcome;
  }
  bool pending() { return !resolver.poll_finished().has_value(); }

  Time now = Time{} + 1h;
  Resolver resolver;
  std::vector<std::string> addresses;  // of the last outcome()
};

using Texts = std::vector<std::string>;

}  // namespace bowline::inline v0::dns::testing
