// The codec against bytes made by hand. RFC 9267 lists what DNS parsers fell for; each of its
// sections has its tests here.

#include "bowline/dns/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bowline/dns/testing/message_builder.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::dns {
namespace {

using testing::MessageBuilder;
using testing::name;
using wire::operator""_hex;

const Question kQuestion{name("www.example.org"), Type::a};

Drop dropped(std::span<const std::byte> bytes) {
  const auto message = Message::parse(bytes);
  EXPECT_FALSE(message.has_value());
  return message ? Drop::nothing_asked : message.error();
}
Drop dropped(const MessageBuilder& builder) { return dropped(builder.bytes()); }

// A response with one question, and one answer whose owner is written by the caller; the question's
// name is at 12, its end at 29 + 4.
MessageBuilder with_owner() {
  MessageBuilder builder(7);
  builder.question(kQuestion).count(6);
  return builder;
}
MessageBuilder& finish_a(MessageBuilder& builder) {
  return builder.u16(1).u16(1).u32(60).u16(4).u32(0x0a4d0001);
}

TEST(DnsMessage, AQueryIsWritten) {  // RFC 1035 section 4.1, 6891 section 6.1.2
  std::array<std::byte, kMaxQuery> bytes;
  const auto expected =
      "1234 0100 0001 0000 0000 0001 03777777 076578616d706c65 036f7267 00 001c 0001"
      "00 0029 04d0 00000000 0000"_hex;
  const std::size_t size = emit_query(bytes, 0x1234, {name("www.example.org"), Type::aaaa}, true);
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).first(size), expected));
  const std::size_t plain = emit_query(bytes, 0x1234, {name("www.example.org"), Type::aaaa}, false);
  EXPECT_EQ(plain, size - 11);
  EXPECT_EQ(bytes[11], std::byte{0}) << "no OPT record is counted";
}

TEST(DnsMessage, TheLongestQueryFits) {
  const std::string label(63, 'a');
  const Name longest = name(label + "." + label + "." + label + "." + std::string(61, 'a'));
  std::array<std::byte, kMaxQuery> bytes;
  EXPECT_EQ(emit_query(bytes, 1, {longest, Type::a}, true), kMaxQuery);
}

TEST(DnsMessage, AResponseIsRead) {
  const auto bytes =
      "1234 8180 0001 0002 0000 0001 03777777 076578616d706c65 036f7267 00 0001 0001"
      "c00c 0005 0001 0000003c 0006 03616263 c010"  // www.example.org is an alias of
                                                    // abc.example.org
      "c02d 0001 0001 00000078 0004 0a4d0001"
      "00 0029 04d0 00000000 0000"_hex;
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message.has_value()) << text_of(message.error()).name;
  EXPECT_EQ(message->id(), 0x1234);
  EXPECT_FALSE(message->truncated());
  EXPECT_EQ(message->rcode(), Rcode::no_error);
  EXPECT_EQ(message->name(), kQuestion.name);
  EXPECT_EQ(message->type(), 1);
  std::vector<Record> records;
  message->for_each_answer([&](const Record& record) {
    records.push_back(record);
    return true;
  });
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].owner, kQuestion.name);
  EXPECT_EQ(message->name_at(records[0].data_at).value(), name("abc.example.org"));
  EXPECT_EQ(records[1].owner, name("abc.example.org"));
  EXPECT_EQ(records[1].ttl, 120U);
  EXPECT_TRUE(std::ranges::equal(records[1].data, "0a4d0001"_hex));
}

TEST(DnsMessage, ATtlWithItsSignBitSetIsZero) {  // RFC 2181 section 8
  MessageBuilder builder(7);
  builder.question(kQuestion).address("www.example.org", "10.77.0.1", 0x8000'0001);
  const auto message = Message::parse(builder.bytes());
  ASSERT_TRUE(message.has_value());
  message->for_each_answer([](const Record& record) {
    EXPECT_EQ(record.ttl, 0U);
    return true;
  });
}

TEST(DnsMessage, EveryTruncationIsDropped) {
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .alias("www.example.org", "a.example.org")
      .address("a.example.org", "10.77.0.1")
      .soa("example.org", 60, 60);
  for (std::size_t size = 0; size < builder.size(); ++size) {
    EXPECT_FALSE(Message::parse(builder.bytes().first(size)).has_value()) << size;
  }
  EXPECT_TRUE(Message::parse(builder.bytes()).has_value());
}

// ---- RFC 1035 section 4.1.1: the header --------------------------------------------------------

TEST(DnsMessage, WhatIsNoResponseIsDropped) {
  EXPECT_EQ(dropped(std::span<const std::byte>()), Drop::truncated_header);
  EXPECT_EQ(dropped(MessageBuilder(7, 0x0100).question(kQuestion)), Drop::not_a_response);
  EXPECT_EQ(dropped(MessageBuilder(7, 0x8980).question(kQuestion)), Drop::bad_opcode);
}

// ---- RFC 9267 section 2: compression pointers and offsets --------------------------------------

TEST(DnsMessage, APointerToItselfIsDropped) {
  MessageBuilder builder = with_owner();
  builder.pointer(builder.size());
  EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_pointer);
}

TEST(DnsMessage, APointerForwardIsDropped) {
  MessageBuilder builder = with_owner();
  builder.pointer(builder.size() + 2);
  EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_pointer);
}

TEST(DnsMessage, APointerBeyondTheMessageIsDropped) {
  MessageBuilder builder = with_owner();
  builder.pointer(0x3fff);
  EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_pointer);
}

TEST(DnsMessage, APointerIntoTheHeaderIsDropped) {
  MessageBuilder builder = with_owner();
  builder.pointer(2);
  EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_pointer);
}

TEST(DnsMessage, TwoPointersThatPointAtEachOtherAreDropped) {
  // A name in the question that ends in a pointer to its own start.
  MessageBuilder builder(7);
  builder.count(4).label("www").pointer(kHeaderSize).u16(1).u16(1);
  EXPECT_EQ(dropped(builder), Drop::bad_pointer);
}

TEST(DnsMessage, ALoopOverALabelIsDropped) {
  // The pointer goes back, yet not before the label that led to it.
  MessageBuilder builder = with_owner();
  const std::size_t start = builder.size();
  builder.label("a").pointer(start);
  EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_pointer);
}

TEST(DnsMessage, PointersAreFollowedOnlySoOften) {
  // A row of pointers, each to the one before: in a record of a type that is not looked into.
  const auto chain = [](unsigned hops) {
    MessageBuilder builder(7);
    builder.question(kQuestion).count(6).count(6);
    builder.u8(0).u16(99).u16(1).u32(60).u16(2 * hops);
    std::size_t last = kHeaderSize;
    for (unsigned i = 1; i < hops; ++i) {
      const std::size_t here = builder.size();
      builder.pointer(last);
      last = here;
    }
    builder.u16(0);  // fills the record
    builder.pointer(last);
    finish_a(builder);
    return builder;
  };
  EXPECT_TRUE(Message::parse(chain(kMaxPointers).bytes()).has_value());
  EXPECT_EQ(dropped(chain(kMaxPointers + 1)), Drop::bad_pointer);
}

TEST(DnsMessage, HalfAPointerIsDropped) {
  MessageBuilder builder(7);
  builder.count(4).u8(0xc0);
  EXPECT_EQ(dropped(builder), Drop::truncated_name);
}

// ---- RFC 9267 section 4: lengths of labels and names -------------------------------------------

TEST(DnsMessage, LabelTypesThatDoNotExistAreDropped) {
  for (const unsigned type : {0x40U, 0x80U}) {
    MessageBuilder builder = with_owner();
    builder.u8(type | 3U).u8('w').u8('w').u8('w').u8(0);
    EXPECT_EQ(dropped(finish_a(builder)), Drop::bad_label);
  }
}

TEST(DnsMessage, ALabelLongerThanTheMessageIsDropped) {
  MessageBuilder builder(7);
  builder.count(4).u8(63).u8('w').u8(0).u16(1).u16(1);
  EXPECT_EQ(dropped(builder), Drop::truncated_name);
}

TEST(DnsMessage, ANameThatGrowsTooLongByPointersIsDropped) {
  const std::string label(63, 'a');
  MessageBuilder builder(7);
  builder.question({name(label + "." + label + "." + label), Type::a}).count(6);
  builder.label(label).pointer(kHeaderSize);  // 4 * 64 + 1
  EXPECT_EQ(dropped(finish_a(builder)), Drop::name_too_long);
}

// ---- RFC 9267 section 5: names without an end ---------------------------------------------------

TEST(DnsMessage, ANameWithoutAnEndIsDropped) {
  MessageBuilder builder(7);
  builder.count(4).label("www").label("example");
  EXPECT_EQ(dropped(builder), Drop::truncated_name);
}

// ---- RFC 9267 section 6: lengths of data -------------------------------------------------------

TEST(DnsMessage, DataLongerThanTheMessageIsDropped) {
  MessageBuilder builder(7);
  builder.question(kQuestion).count(6).pointer(kHeaderSize);
  builder.u16(1).u16(1).u32(60).u16(5).u32(0x0a4d0001);
  EXPECT_EQ(dropped(builder), Drop::truncated_record);
}

TEST(DnsMessage, AnAddressOfTheWrongLengthIsDropped) {
  const auto five = "0a4d000100"_hex;
  const auto three = "0a4d00"_hex;
  MessageBuilder long_a(7);
  long_a.question(kQuestion).record(6, kQuestion.name, Type::a, 60, five);
  EXPECT_EQ(dropped(long_a), Drop::bad_record_data);
  MessageBuilder short_a(7);
  short_a.question(kQuestion).record(6, kQuestion.name, Type::a, 60, three);
  EXPECT_EQ(dropped(short_a), Drop::bad_record_data);
  MessageBuilder aaaa(7);
  aaaa.question(kQuestion).record(6, kQuestion.name, Type::aaaa, 60, five);
  EXPECT_EQ(dropped(aaaa), Drop::bad_record_data);
}

TEST(DnsMessage, AnAliasThatDoesNotFillItsDataIsDropped) {
  const auto data = "016100 00"_hex;  // "a" and one byte more
  MessageBuilder builder(7);
  builder.question(kQuestion).record(6, kQuestion.name, Type::cname, 60, data);
  EXPECT_EQ(dropped(builder), Drop::bad_record_data);
}

TEST(DnsMessage, AnAliasThatRunsIntoTheNextRecordIsDropped) {
  const auto data = "0561"_hex;  // five letters are said, one is within the data
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .record(6, kQuestion.name, Type::cname, 60, data)
      .address("www.example.org", "10.77.0.1");
  EXPECT_FALSE(Message::parse(builder.bytes()).has_value());
}

TEST(DnsMessage, AStartOfAuthorityWithoutItsNumbersIsDropped) {
  const auto data = "00 00 00000001"_hex;
  MessageBuilder builder(7);
  builder.question(kQuestion).record(8, name("org"), Type::soa, 60, data);
  EXPECT_EQ(dropped(builder), Drop::bad_record_data);
}

// ---- RFC 9267 section 7: counts ----------------------------------------------------------------

TEST(DnsMessage, CountsThatTheMessageCannotHoldAreDropped) {
  MessageBuilder builder(7);
  builder.question(kQuestion).lie(6, 0xffff).lie(8, 0xffff).lie(10, 0xffff);
  EXPECT_EQ(dropped(builder), Drop::bad_record_count);
}

TEST(DnsMessage, OneRecordMoreThanThereIsIsDropped) {
  MessageBuilder builder(7);
  builder.question(kQuestion).address("www.example.org", "10.77.0.1").lie(6, 2);
  EXPECT_FALSE(Message::parse(builder.bytes()).has_value());
}

TEST(DnsMessage, ThereIsOneQuestionButInABareFormatError) {
  EXPECT_EQ(dropped(MessageBuilder(7)), Drop::bad_question_count);
  EXPECT_EQ(dropped(MessageBuilder(7).question(kQuestion).question(kQuestion)),
            Drop::bad_question_count);
  const MessageBuilder bare(7, 0x8181);
  ASSERT_TRUE(Message::parse(bare.bytes()).has_value());
  EXPECT_FALSE(Message::parse(bare.bytes())->name().has_value());
}

// ---- RFC 6891 ----------------------------------------------------------------------------------

TEST(DnsMessage, AnOptRecordAddsToTheRcode) {
  MessageBuilder builder(7);
  builder.question(kQuestion).count(10).u8(0).u16(41).u16(512).u32(0x0100'0000).u16(0);
  const auto message = Message::parse(builder.bytes());
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->rcode(), Rcode::bad_version);
}

TEST(DnsMessage, AnOptRecordOutOfPlaceOrMalformedIsDropped) {
  const auto opt = [](std::size_t section, bool named, int times) {
    MessageBuilder builder(7);
    builder.question(kQuestion);
    for (int i = 0; i < times; ++i) {
      builder.count(section);
      if (named) builder.label("x");
      builder.u8(0).u16(41).u16(512).u32(0).u16(0);
    }
    return builder;
  };
  EXPECT_TRUE(Message::parse(opt(10, false, 1).bytes()).has_value());
  EXPECT_EQ(dropped(opt(6, false, 1)), Drop::bad_option_record);
  EXPECT_EQ(dropped(opt(10, true, 1)), Drop::bad_option_record);
  EXPECT_EQ(dropped(opt(10, false, 2)), Drop::bad_option_record);
  MessageBuilder short_option(7);
  short_option.question(kQuestion).count(10).u8(0).u16(41).u16(512).u32(0).u16(4);
  short_option.u16(3).u16(1);  // an option of one byte, and none is there
  EXPECT_EQ(dropped(short_option), Drop::bad_option_record);
}

}  // namespace
}  // namespace bowline::dns
