#include "bowline/dhcp/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "bowline/dhcp/testing/reply_builder.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::dhcp {
namespace {

using testing::honest;
using testing::kMac;
using testing::ReplyBuilder;
using testing::v4;
using wire::operator""_hex;

Drop dropped(const ReplyBuilder& reply) {
  const auto parsed = parse(reply.bytes());
  EXPECT_FALSE(parsed.has_value());
  return parsed ? Drop::unexpected : parsed.error();
}

std::string text_of(const NameText& text) { return {text.begin(), text.end()}; }

ReplyBuilder offer() { return {7, "10.77.0.50"}; }

TEST(DhcpMessage, ADiscoverIsWritten) {  // RFC 2131 figure 1, table 5
  std::array<std::byte, kLargestRequest> bytes;
  Request request;
  request.transaction = 0x12345678;
  request.seconds = 3;
  request.broadcast = true;
  request.hardware = kMac;
  request.requested = v4("10.77.0.50");
  request.host_name = "knot";
  const std::size_t size = emit(bytes, request);
  EXPECT_EQ(size, kSmallestMessage) << "padded for old relays";
  const auto head =
      "01 01 06 00 12345678 0003 8000 00000000 00000000 00000000 00000000"
      "0200005e1007 00000000000000000000"_hex;
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).first(head.size()), head));
  const auto options =
      "63825363 350101 3d07010200005e1007 32040a4d0032 390205c0 0c046b6e6f74"
      "3709 01 03 06 0f 1a 1c 33 3a 3b ff 00"_hex;
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).subspan(236, options.size()), options));
}

TEST(DhcpMessage, AReleaseHoldsNoParameterList) {  // RFC 2131 table 5
  std::array<std::byte, kLargestRequest> bytes;
  Request request;
  request.type = MessageType::release;
  request.hardware = kMac;
  request.address = v4("10.77.0.50");
  request.server = v4("10.77.0.1");
  request.host_name = "knot";
  emit(bytes, request);
  const auto options = "63825363 350107 3d07010200005e1007 36040a4d0001 ff 00"_hex;
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).subspan(236, options.size()), options));
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).subspan(12, 4), "0a4d0032"_hex)) << "ciaddr";
}

TEST(DhcpMessage, AnOfferIsRead) {
  const auto reply = parse(offer()
                               .type(MessageType::offer)
                               .byte(0)
                               .address(54, "10.77.0.1")
                               .number(51, 3600)
                               .number(58, 1800)
                               .number(59, 3000)
                               .address(1, "255.255.255.0")
                               .option(3, {10, 77, 0, 1, 10, 77, 0, 2})
                               .option(6, {10, 77, 0, 3})
                               .text(15, "lab.example")
                               .option(26, {5, 0xdc})
                               .address(28, "10.77.0.255")
                               .text(60, "something else")
                               .end()
                               .byte(77)  // what follows the end is nothing
                               .bytes());
  ASSERT_TRUE(reply.has_value()) << text_of(reply.error()).name;
  EXPECT_EQ(reply->type, MessageType::offer);
  EXPECT_EQ(reply->transaction, 7U);
  EXPECT_EQ(reply->hardware, kMac);
  EXPECT_EQ(reply->address, v4("10.77.0.50"));
  EXPECT_EQ(reply->server, v4("10.77.0.1"));
  EXPECT_EQ(reply->lease_seconds, 3600U);
  EXPECT_EQ(reply->renew_seconds, 1800U);
  EXPECT_EQ(reply->rebind_seconds, 3000U);
  EXPECT_EQ(reply->mask, v4("255.255.255.0"));
  ASSERT_EQ(reply->routers.size(), 2U);
  EXPECT_EQ(reply->routers[1], v4("10.77.0.2"));
  EXPECT_EQ(reply->name_servers[0], v4("10.77.0.3"));
  EXPECT_EQ(text_of(reply->domain), "lab.example");
  EXPECT_EQ(reply->mtu, 1500);
  EXPECT_EQ(reply->broadcast, v4("10.77.0.255"));
}

TEST(DhcpMessage, EveryTruncationOfTheHeaderIsDropped) {
  const auto whole = honest(MessageType::offer, 7);
  for (std::size_t size = 0; size < kFixedSize; ++size) {
    EXPECT_EQ(parse(whole.bytes().first(size)).error(), Drop::truncated) << size;
  }
}

TEST(DhcpMessage, AnOptionThatIsCutOffIsDropped) {
  EXPECT_EQ(dropped(offer().type(MessageType::offer).byte(54)), Drop::truncated_option);
  EXPECT_EQ(dropped(offer().type(MessageType::offer).byte(54).byte(4).byte(10)),
            Drop::truncated_option);
  EXPECT_EQ(dropped(offer().type(MessageType::offer).byte(99).byte(255)), Drop::truncated_option);
}

TEST(DhcpMessage, WhatIsNoServersMessageIsDropped) {
  EXPECT_EQ(dropped(honest(MessageType::offer, 7).set(0, 1)), Drop::not_a_reply);
  EXPECT_EQ(dropped(honest(MessageType::offer, 7).set(1, 6)), Drop::wrong_hardware_address);
  EXPECT_EQ(dropped(honest(MessageType::offer, 7).set(2, 16)), Drop::wrong_hardware_address);
  EXPECT_EQ(dropped(honest(MessageType::offer, 7).set(236, 0)), Drop::bad_cookie);
  EXPECT_EQ(dropped(honest(MessageType::discover, 7)), Drop::bad_message_type);
  EXPECT_EQ(dropped(offer()), Drop::bad_message_type);
}

TEST(DhcpMessage, OptionsOfTheWrongLengthAreDropped) {  // RFC 2132
  const auto with = [](unsigned code, std::initializer_list<unsigned> value) {
    return dropped(offer().type(MessageType::offer).option(code, value));
  };
  EXPECT_EQ(with(1, {255, 255, 255}), Drop::bad_option_length);
  EXPECT_EQ(with(54, {10, 77, 0, 1, 0}), Drop::bad_option_length);
  EXPECT_EQ(with(51, {}), Drop::bad_option_length);
  EXPECT_EQ(with(3, {10, 77, 0}), Drop::bad_option_length);
  EXPECT_EQ(with(3, {}), Drop::bad_option_length);
  EXPECT_EQ(with(6, {10, 77, 0, 1, 10}), Drop::bad_option_length);
  EXPECT_EQ(with(26, {5}), Drop::bad_option_length);
  // The same number twice is one of eight bytes (RFC 3396).
  EXPECT_EQ(dropped(offer().type(MessageType::offer).number(51, 60).number(51, 60)),
            Drop::bad_option_length);
}

TEST(DhcpMessage, PartsOfAnOptionAreJoined) {  // RFC 3396 section 7
  const auto reply = parse(offer()
                               .type(MessageType::offer)
                               .option(3, {10, 77})
                               .number(51, 60)
                               .option(3, {0, 9})
                               .bytes());
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->routers[0], v4("10.77.0.9"));
}

TEST(DhcpMessage, OptionsMayLieInTheOtherFields) {  // RFC 2132 section 9.3
  using enum ReplyBuilder::Field;
  const auto built = [](unsigned overload) {
    ReplyBuilder reply = offer();
    reply.type(MessageType::offer).option(52, {overload}).option(3, {10, 77}).end();
    reply.field(kFile).option(3, {0}).address(54, "10.77.0.1").end();
    reply.field(kName).option(3, {9}).address(1, "255.255.0.0").end();
    return parse(reply.bytes());
  };
  const auto both = built(3);
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->routers[0], v4("10.77.0.9")) << "options, file, sname: in this order";
  EXPECT_EQ(both->server, v4("10.77.0.1"));
  EXPECT_EQ(both->mask, v4("255.255.0.0"));
  EXPECT_EQ(built(1).error(), Drop::bad_option_length) << "three bytes of router";
}

TEST(DhcpMessage, AnOverloadThatMeansNothingIsDropped) {
  using enum ReplyBuilder::Field;
  EXPECT_EQ(dropped(offer().type(MessageType::offer).option(52, {0})), Drop::bad_overload);
  EXPECT_EQ(dropped(offer().type(MessageType::offer).option(52, {4})), Drop::bad_overload);
  EXPECT_EQ(dropped(offer().type(MessageType::offer).option(52, {1, 1})), Drop::bad_overload);
  EXPECT_EQ(dropped(offer().type(MessageType::offer).option(52, {})), Drop::bad_overload);
  // One that stands in the field it speaks of.
  EXPECT_EQ(dropped(offer().type(MessageType::offer).option(52, {1}).field(kFile).option(52, {3})),
            Drop::bad_overload);
  // A field whose last option runs out of it, into the next.
  ReplyBuilder overrun = offer();
  overrun.type(MessageType::offer).option(52, {2}).end().field(kName).byte(15).byte(100);
  EXPECT_EQ(dropped(overrun), Drop::truncated_option);
}

TEST(DhcpMessage, ADomainWithOtherCharactersIsNone) {
  const auto domain = [](std::string_view text) {
    return text_of(parse(offer().type(MessageType::offer).text(15, text).bytes()).value().domain);
  };
  EXPECT_EQ(domain("lab.example"), "lab.example");
  EXPECT_EQ(domain(std::string_view("lab\0", 4)), "lab");
  EXPECT_EQ(domain("a; rm -rf /"), "");
  EXPECT_EQ(domain("\x1b[2J"), "");
  EXPECT_EQ(domain(std::string(254, 'a')), "");
}

TEST(DhcpMessage, MoreRoutersThanThereIsRoomForAreLeftOut) {
  ReplyBuilder reply = offer();
  reply.type(MessageType::offer).byte(3).byte(4 * 6);
  for (unsigned i = 1; i <= 6; ++i) reply.byte(10).byte(77).byte(0).byte(i);
  EXPECT_EQ(parse(reply.bytes()).value().routers.size(), 4U);
}

}  // namespace
}  // namespace bowline::dhcp
