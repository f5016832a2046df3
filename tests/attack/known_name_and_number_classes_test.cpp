// Known classes, part two: names that lead astray, and numbers that can be guessed. One comment
// says what the flaw was and which rule here prevents it.

#include <array>
#include <set>
#include <string>

#include "bowline/dns/message.hpp"
#include "bowline/dns/testing/message_builder.hpp"
#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

// ---- NUMBER:JACK (2021: nine stacks, CVE-2020-27213 and others) ---------------------------------

// Initial sequence numbers from a counter, a clock or a weak generator let a stranger who has seen
// some guess the others'. Here an ISN is a clock plus a keyed hash of both ends (RFC 9293 3.4.1,
// RFC 6528), or a keyed cookie: over strangers there is nothing in common.
TEST(NumberJack, InitialNumbersOfStrangersHaveNothingInCommon) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Ground ground(family);
    constexpr std::uint32_t kCount = 8'192;  // the first by entries, most by cookies
    std::set<std::uint32_t> numbers;
    std::set<std::uint32_t> steps;
    std::array<std::uint32_t, 32> ones{};
    Endpoint from = ground.forger().stranger();
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < kCount; ++i) {
      from.port = static_cast<std::uint16_t>(1'024 + i);  // one address, port by port
      const auto answers = ground.hit(ground.forger().syn(from, ground.service()));
      ASSERT_TRUE(only(answers) && only(answers)->tcp) << lines(answers);
      const std::uint32_t number = only(answers)->tcp->header.seq.raw();
      numbers.insert(number);
      steps.insert(number - last);
      last = number;
      for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += number >> bit & 1U;
    }
    // Of 8,192 random numbers of 32 bits 0.008 pairs are equal on average.
    EXPECT_GE(numbers.size(), kCount - 2);
    EXPECT_GE(steps.size(), kCount - 2) << "no step comes again";
    // Cookies say their minute and the MSS class in some bits, masked by another keyed hash.
    for (std::size_t bit = 0; bit < 32; ++bit) {
      EXPECT_NEAR(ones[bit], kCount / 2, 6 * 46) << "bit " << bit;  // six standard deviations
    }
  }
}

// ---- NAME:WRECK (2021: FreeBSD, IPnet, NetX, Nucleus) -------------------------------------------

// Compression pointers that loop, point forward or out of the message, labels and names that are
// longer than what holds them, and records that count more than there is. Here a pointer must point
// before all that led to it, a name ends at 255 bytes, and a message is walked once, before
// anything of it is used (RFC 9267, dns/message.cpp).
TEST(NameWreck, NoNameLeadsOutOfItsMessageOrRound) {
  using dns::Message;
  using dns::testing::MessageBuilder;
  using dns::testing::name;
  const dns::Question question{name("www.example.org"), dns::Type::a};
  const auto with_owner = [&](auto&& owner) {
    MessageBuilder builder(7);
    builder.question(question).count(6);
    owner(builder);
    builder.u16(1).u16(1).u32(60).u16(4).u32(0x0a4d'0001);
    return Message::parse(builder.bytes());
  };
  // CVE-2020-7461, 27736, 27738 and others: every pointer there can be; those back to the start of
  // a label of the question are the only ones that are a name.
  std::size_t right = 0;
  for (unsigned to = 0; to < 0x4000; ++to) {
    const auto parsed = with_owner([&](MessageBuilder& builder) { builder.pointer(to); });
    if (parsed) ++right;
    if (to >= 33 || to < dns::kHeaderSize) {
      EXPECT_FALSE(parsed) << to;
    }
  }
  EXPECT_GE(right, 4U) << "www, example, org and the root";
  // CVE-2020-15795: labels that are longer than the message.
  for (unsigned length = 1; length < 64; ++length) {
    MessageBuilder builder(7);
    builder.count(4).u8(length);
    for (unsigned i = 1; i < length; ++i) builder.u8('a');
    EXPECT_FALSE(Message::parse(builder.bytes())) << length;
  }
  // CVE-2016-20009: a name that grows by pointers beyond 255 bytes.
  const std::string label(63, 'a');
  MessageBuilder grows(7);
  grows.question({name(label + "." + label + "." + label), dns::Type::a}).count(6);
  grows.label(label).pointer(dns::kHeaderSize).u16(1).u16(1).u32(60).u16(4).u32(0x0a4d'0001);
  EXPECT_FALSE(Message::parse(grows.bytes()));
  // CVE-2020-27737: more records than there are bytes for.
  MessageBuilder counts(7);
  counts.question(question).lie(6, 0xffff);
  EXPECT_FALSE(Message::parse(counts.bytes()));
  // And a name that a stranger's pointer leads through at every place of random bytes ends.
  Forger forger(3, Family::ipv4);
  for (int i = 0; i < 2'000; ++i) {
    const Bytes noise = forger.noise(512);
    for (std::size_t at = 0; at < noise.size(); at += 7) {
      std::size_t place = at;
      const auto found = dns::read_name(noise, place);
      if (found) {
        ASSERT_LE(found->wire().size(), dns::Name::kMaxWire);
        ASSERT_LE(place, noise.size());
      }
    }
  }
}

}  // namespace
}  // namespace bowline::attack
