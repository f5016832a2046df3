#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "bowline/wire/hex_literal.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::wire {
namespace {

using Bytes = std::vector<std::byte>;

template <std::size_t Size>
Bytes bytes(const std::array<std::byte, Size>& array) {
  return {array.begin(), array.end()};
}

TcpHeader syn_header() {
  return {.source_port = 3337,
          .destination_port = 7788,
          .seq = SeqNumber(3626544836),
          .ack = SeqNumber(0),
          .flags = kSyn,
          .window = 65535,
          .checksum = 0,
          .urgent = 0};
}

Bytes emitted(const TcpHeader& header, const TcpOptions& options) {
  Bytes to(kTcpMaxHeaderSize);
  to.resize(emit_tcp(to, header, options));
  return to;
}

// What follows the 20 fixed bytes.
Bytes emitted_options(const TcpOptions& options) {
  const Bytes all = emitted(syn_header(), options);
  if (all.size() < 20) return {};
  EXPECT_EQ(all.size(), 20 + options_size(options));
  EXPECT_EQ(std::to_integer<std::size_t>(all[12] >> 4U) * 4, all.size());
  return {all.begin() + 20, all.end()};
}

TEST(TcpEmit, TheTracedExample) {  // CLAIMS.md; its checksums come from the sums below
  TcpHeader syn = syn_header();
  syn.checksum = 0x7940;
  EXPECT_EQ(emitted(syn, {}), bytes("0d091e6cd828aec4000000005002ffff79400000"_hex));
}

// From the fields and the addresses to the three checksums of CLAIMS.md.
// MUST-2
TEST(TcpEmit, ChecksumsOfTheTracedExample) {
  const IpAddress client = IpAddress::v4(0xc0a80174);
  const IpAddress server = IpAddress::v4(0xc0a8017b);
  const auto checksum = [](const TcpHeader& header, const IpAddress& from, const IpAddress& to) {
    ChecksumSum sum = pseudo_header_sum(from, to, 6, kTcpHeaderSize);
    sum.add_sum(tcp_plain_sum(header));
    return sum.finish();
  };
  const TcpHeader syn = syn_header();
  EXPECT_EQ(checksum(syn, client, server), 0x7940);

  TcpHeader syn_ack = syn_header();
  std::swap(syn_ack.source_port, syn_ack.destination_port);
  syn_ack.seq = SeqNumber(1739326486);
  syn_ack.ack = syn.seq + 1;
  syn_ack.flags = kSyn | kAck;
  EXPECT_EQ(checksum(syn_ack, server, client), 0x0d6d);

  TcpHeader ack = syn_header();
  ack.seq = syn.seq + 1;
  ack.ack = syn_ack.seq + 1;
  ack.flags = kAck;
  EXPECT_EQ(checksum(ack, client, server), 0x0d6e);
}

// The orders are Linux's, which test scripts compare exactly (PACKETDRILL.md trap 6).
// MUST-4 MUST-14 MUST-68
TEST(TcpEmit, SynWithEverything) {
  TcpOptions options;
  options.mss = 1460;
  options.sack_permitted = true;
  options.timestamps = Timestamps{100, 0};
  options.window_scale = 7;
  EXPECT_EQ(emitted_options(options), bytes("020405b4 0402 080a 00000064 00000000 01 030307"_hex));
}

TEST(TcpEmit, SynWithoutTimestamps) {
  TcpOptions options;
  options.mss = 1460;
  options.sack_permitted = true;
  options.window_scale = 7;
  EXPECT_EQ(emitted_options(options), bytes("020405b4 0101 0402 01 030307"_hex));
}

TEST(TcpEmit, SynWithoutSack) {
  TcpOptions options;
  options.mss = 1460;
  options.timestamps = Timestamps{1, 2};
  EXPECT_EQ(emitted_options(options), bytes("020405b4 0101 080a 00000001 00000002"_hex));
}

TEST(TcpEmit, TimestampsAndSackBlocks) {
  TcpOptions options;
  options.timestamps = Timestamps{1, 2};
  EXPECT_EQ(emitted_options(options), bytes("0101 080a 00000001 00000002"_hex));
  options.sack_count = 2;
  options.sack[0] = {SeqNumber(3), SeqNumber(4)};
  options.sack[1] = {SeqNumber(5), SeqNumber(6)};
  EXPECT_EQ(emitted_options(options), bytes("0101 080a 00000001 00000002"
                                            "0101 0512 00000003 00000004 00000005 00000006"_hex));
}

// MUST-69
TEST(TcpEmit, FastOpenAndUserTimeout) {
  TcpOptions options;
  options.fast_open = FastOpenCookie{};
  EXPECT_EQ(emitted_options(options), bytes("2202 0101"_hex));
  options.fast_open->size = 8;
  options.user_timeout = 300;
  EXPECT_EQ(emitted_options(options), bytes("220a 0000000000000000 0101 1c04 012c"_hex));
}

TEST(TcpEmit, RefusesWhatDoesNotFit) {
  TcpOptions options;
  options.timestamps = Timestamps{};
  options.sack_count = kMaxSackBlocksWithTimestamps;
  EXPECT_EQ(options_size(options), kTcpMaxOptionsSize) << "three blocks fit exactly";
  EXPECT_EQ(emitted(syn_header(), options).size(), kTcpMaxHeaderSize);
  options.sack_count = kMaxSackBlocks;
  EXPECT_EQ(emitted(syn_header(), options).size(), 0U);

  options = {};
  options.mss = 1460;
  for (std::size_t room = 0; room < 24; ++room) {
    Bytes to(room);
    EXPECT_EQ(emit_tcp(to, syn_header(), options), 0U) << room;
  }
  Bytes to(24);
  EXPECT_EQ(emit_tcp(to, syn_header(), options), 24U);
}

TcpHeader random_header(std::mt19937& random) {
  const auto u16 = [&] { return static_cast<std::uint16_t>(random()); };
  return {.source_port = u16(),
          .destination_port = u16(),
          .seq = SeqNumber(static_cast<std::uint32_t>(random())),
          .ack = SeqNumber(static_cast<std::uint32_t>(random())),
          .flags = static_cast<std::uint16_t>(random() & 0x1ffU),
          .window = u16(),
          .checksum = 0,
          .urgent = u16()};
}

TcpOptions random_options(std::mt19937& random) {
  const auto maybe = [&] { return random() % 2 == 0; };
  const auto u32 = [&] { return static_cast<std::uint32_t>(random()); };
  TcpOptions options;
  if (maybe()) options.mss = static_cast<std::uint16_t>(random());
  if (maybe()) options.window_scale = static_cast<std::uint8_t>(random() % 15);
  options.sack_permitted = maybe();
  if (maybe()) options.timestamps = Timestamps{u32(), u32()};
  if (maybe()) options.sack_count = static_cast<std::uint8_t>(random() % 5);
  for (SackBlock& block : options.sack) block = {SeqNumber(u32()), SeqNumber(u32())};
  if (maybe()) options.user_timeout = static_cast<std::uint16_t>(random());
  if (random() % 4 == 0) {
    options.fast_open.emplace();
    if (maybe()) options.fast_open->size = static_cast<std::uint8_t>(4 + 2 * (random() % 7));
    for (std::size_t i = 0; i < options.fast_open->size; ++i) {
      options.fast_open->data[i] = static_cast<std::byte>(random() & 0xffU);
    }
  }
  return options;
}

TEST(TcpEmit, WhatIsEmittedParsesToTheSame) {
  std::mt19937 random(9293);
  int fitting = 0;
  for (int round = 0; round < 20'000; ++round) {
    const TcpHeader header = random_header(random);
    const TcpOptions options = random_options(random);
    const Bytes all = emitted(header, options);
    ASSERT_EQ(all.empty(), options_size(options) > kTcpMaxOptionsSize);
    if (all.empty()) continue;
    ++fitting;
    const auto view = parse_tcp(all, static_cast<std::uint32_t>(all.size()));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header.source_port, header.source_port);
    EXPECT_EQ(view->header.destination_port, header.destination_port);
    EXPECT_EQ(view->header.seq, header.seq);
    EXPECT_EQ(view->header.ack, header.ack);
    EXPECT_EQ(view->header.flags, header.flags);
    EXPECT_EQ(view->header.window, header.window);
    EXPECT_EQ(view->header.urgent, header.urgent);
    EXPECT_EQ(view->options.mss, options.mss);
    EXPECT_EQ(view->options.window_scale, options.window_scale);
    EXPECT_EQ(view->options.sack_permitted, options.sack_permitted);
    EXPECT_EQ(view->options.timestamps, options.timestamps);
    EXPECT_TRUE(std::ranges::equal(view->options.sack_blocks(), options.sack_blocks()));
    EXPECT_EQ(view->options.user_timeout, options.user_timeout);
    EXPECT_EQ(view->options.fast_open, options.fast_open);
  }
  EXPECT_GT(fitting, 5'000);
}

TEST(TcpEmit, TheFastFormsAgreeWithTheGeneralOneAndWithTheirSums) {
  std::mt19937 random(7323);
  for (int round = 0; round < 2'000; ++round) {
    const TcpHeader header = random_header(random);
    TcpOptions options;
    Bytes plain(kTcpHeaderSize);
    ASSERT_EQ(emit_tcp_plain(plain.data(), header), plain.size());
    ASSERT_EQ(plain, emitted(header, options));
    ASSERT_EQ(tcp_plain_sum(header).finish(), sum_of(plain).finish());

    options.timestamps =
        Timestamps{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
    Bytes stamped(kTcpHeaderSize + kTcpTimestampsSize);
    ASSERT_EQ(emit_tcp_timestamps(stamped.data(), header, *options.timestamps), stamped.size());
    ASSERT_EQ(stamped, emitted(header, options));
    ASSERT_EQ(tcp_timestamps_sum(header, *options.timestamps).finish(), sum_of(stamped).finish());
  }
}

// RFC 9768 3.2.3, table 5: 2, 5, 8 or 11 bytes, each padded in front.
TEST(TcpEmit, AccEcnOfEachLength) {
  AccEcnOption counters;
  counters.field = {0x010203, 0x040506, 0x070809};
  const auto options = [&](std::uint8_t fields) {
    counters.fields = fields;
    TcpOptions all;
    all.acc_ecn = counters;
    return emitted_options(all);
  };
  EXPECT_EQ(options(0), bytes("0101 ac02"_hex));
  EXPECT_EQ(options(1), bytes("010101 ac05 010203"_hex));
  EXPECT_EQ(options(2), bytes("ac08 010203 040506"_hex));
  EXPECT_EQ(options(3), bytes("01 ac0b 010203 040506 070809"_hex));
  counters.order1 = true;
  EXPECT_EQ(options(2), bytes("ae08 010203 040506"_hex));
}

}  // namespace
}  // namespace bowline::wire
