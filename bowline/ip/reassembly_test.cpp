#include "bowline/ip/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/ip/testing/fragments.hpp"

namespace bowline::ip {
namespace {

using testing::Bytes;
using testing::FragmentOf;
using testing::payload_of;

Limits small_limits() {
  Limits limits;
  limits.fragment_bytes = 256U << 10;
  limits.fragment_datagrams = 64;
  limits.fragment_datagrams_per_source = 8;
  limits.fragments_per_datagram = 32;
  return limits;
}

class ReassemblyTest : public ::testing::Test {
 protected:
  ~ReassemblyTest() override {
    EXPECT_LE(reassembly_.bytes(), limits_.fragment_bytes);
    EXPECT_LE(reassembly_.size(), limits_.fragment_datagrams);
  }
  // What became of it; a whole packet is in whole_.
  FragmentFate add(const FragmentOf& fragment) {
    frame_ = testing::frame_of(*pool_, fragment);
    const auto header = wire::parse_ip(frame_.head(), frame_.size);
    EXPECT_TRUE(header);
    if (!header) return FragmentFate::dropped;
    verdict_ = reassembly_.add(frame_, Packet{*header}, InterfaceId{0}, *pool_, decisions_, now_);
    if (verdict_.fate == FragmentFate::complete) whole_ = payload_of(frame_);
    return verdict_.fate;
  }
  std::uint64_t count(Reason reason) const { return decisions_.counters()[reason]; }

  Limits limits_ = small_limits();
  bowline::testing::FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 24)};
  Reassembly reassembly_{memory_, limits_, SipKey{1, 2}};
  Decisions decisions_;
  Time now_{1h};
  Frame frame_;
  FragmentVerdict verdict_;
  Bytes whole_;
};

// Both versions go by the same rules but where a test says otherwise.
class EitherVersion : public ReassemblyTest, public ::testing::WithParamInterface<Family> {
 protected:
  FragmentOf part(std::uint32_t offset, std::uint32_t size, bool more, std::uint32_t id = 1) {
    return {.family = GetParam(), .id = id, .offset = offset, .size = size, .more = more};
  }
};
INSTANTIATE_TEST_SUITE_P(, EitherVersion, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& family) {
                           return family.param == Family::ipv4 ? "Ipv4" : "Ipv6";
                         });

// RFC 791 3.2, RFC 8200 4.5.
TEST_P(EitherVersion, InOrder) {
  EXPECT_EQ(add(part(0, 800, true)), FragmentFate::waits);
  EXPECT_EQ(add(part(800, 800, true)), FragmentFate::waits);
  EXPECT_EQ(add(part(1'600, 77, false)), FragmentFate::complete);
  EXPECT_EQ(whole_, testing::pattern(0, 1'677));
  EXPECT_EQ(reassembly_.size(), 0U);
  EXPECT_EQ(reassembly_.bytes(), 0U);
  EXPECT_EQ(count(Reason::fragment_kept), 2U);
  EXPECT_EQ(count(Reason::fragments_complete), 1U);
}

TEST_P(EitherVersion, LastFirst) {
  EXPECT_EQ(add(part(1'600, 1, false)), FragmentFate::waits);
  EXPECT_EQ(add(part(800, 800, true)), FragmentFate::waits);
  EXPECT_EQ(add(part(0, 800, true)), FragmentFate::complete);
  EXPECT_EQ(whole_, testing::pattern(0, 1'601));
}

TEST_P(EitherVersion, TheLargestDatagram) {
  const std::uint32_t most = GetParam() == Family::ipv4 ? 65'515 : 65'535;
  const std::uint32_t each = 2'400;
  for (std::uint32_t offset = 0; offset + each < most; offset += each) {
    EXPECT_EQ(add(part(offset, each, true)), FragmentFate::waits);
  }
  const std::uint32_t rest = most / each * each;
  EXPECT_EQ(add(part(rest, most - rest, false)), FragmentFate::complete);
  EXPECT_EQ(whole_, testing::pattern(0, most));
}

// Fragments belong together by addresses and identification.
TEST_P(EitherVersion, DatagramsAreToldApart) {
  EXPECT_EQ(add(part(0, 80, true, 1)), FragmentFate::waits);
  EXPECT_EQ(add(part(80, 8, false, 2)), FragmentFate::waits);
  FragmentOf other = part(80, 8, false, 1);
  other.host = 9;
  EXPECT_EQ(add(other), FragmentFate::waits);
  EXPECT_EQ(reassembly_.size(), 3U);
  EXPECT_EQ(add(part(80, 8, false, 1)), FragmentFate::complete);
}

// RFC 8200 4.5: exact duplicates may be dropped alone.
TEST_P(EitherVersion, AnExactDuplicateIsDroppedAlone) {
  EXPECT_EQ(add(part(0, 80, true)), FragmentFate::waits);
  EXPECT_EQ(add(part(0, 80, true)), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_duplicate), 1U);
  EXPECT_EQ(add(part(80, 8, false)), FragmentFate::complete);
}

TEST_P(EitherVersion, TheSamePlaceWithOtherBytesIsAnOverlap) {
  EXPECT_EQ(add(part(80, 80, true)), FragmentFate::waits);
  FragmentOf forged = part(80, 80, true);
  forged.first_byte = 5;
  EXPECT_EQ(add(forged), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_overlap), 1U);
}

// RFC 5722 4: any overlap discards the datagram.
TEST_P(EitherVersion, AnOverlapDiscardsTheDatagram) {
  struct Place {
    std::uint32_t offset, size;
  };
  std::uint32_t id = 1;
  for (const Place place : {Place{72, 16}, Place{152, 16}, Place{88, 8}, Place{40, 200},
                            Place{80, 8}, Place{152, 8}, Place{0, 88}}) {
    EXPECT_EQ(add(part(80, 80, true, ++id)), FragmentFate::waits);
    EXPECT_EQ(add(part(place.offset, place.size, true, id)), FragmentFate::dropped) << place.offset;
    EXPECT_EQ(count(Reason::fragment_overlap), id - 1U);
    // What is left of it never becomes a datagram.
    EXPECT_NE(add(part(0, 80, true, id)), FragmentFate::complete);
    EXPECT_NE(add(part(160, 8, false, id)), FragmentFate::complete);
  }
}

// RFC 5722 4: ... and what still comes of it. Over IPv4 an identification comes round too soon.
TEST_F(ReassemblyTest, WhatComesOfADiscardedDatagramIsDiscardedOverIpv6) {
  const auto part = [](std::uint32_t offset, std::uint32_t size, bool more) {
    return FragmentOf{.family = Family::ipv6, .offset = offset, .size = size, .more = more};
  };
  EXPECT_EQ(add(part(80, 80, true)), FragmentFate::waits);
  EXPECT_EQ(add(part(88, 8, true)), FragmentFate::dropped);
  EXPECT_EQ(add(part(0, 80, true)), FragmentFate::dropped);
  EXPECT_EQ(add(part(80, 80, true)), FragmentFate::dropped);
  EXPECT_EQ(add(part(160, 8, false)), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_of_discarded), 3U);
  now_ += Reassembly::kTimeout;
  const auto expired = reassembly_.expire(decisions_, now_);
  ASSERT_TRUE(expired);
  EXPECT_TRUE(expired->first.empty()) << "nobody is told of what was an attack";
  EXPECT_EQ(count(Reason::fragment_timeout), 0U);
  EXPECT_EQ(add(part(0, 80, true)), FragmentFate::waits);
}

// RFC 8200 4.5: where the datagram ends is said once.
TEST_P(EitherVersion, ContradictionsAboutTheEnd) {
  EXPECT_EQ(add(part(160, 8, false, 1)), FragmentFate::waits);
  EXPECT_EQ(add(part(168, 8, true, 1)), FragmentFate::dropped) << "beyond the end";
  EXPECT_EQ(add(part(160, 8, false, 2)), FragmentFate::waits);
  EXPECT_EQ(add(part(80, 8, false, 2)), FragmentFate::dropped) << "another end";
  EXPECT_EQ(add(part(160, 8, true, 3)), FragmentFate::waits);
  EXPECT_EQ(add(part(80, 8, false, 3)), FragmentFate::dropped) << "an end before what has come";
  EXPECT_EQ(count(Reason::fragment_contradiction), 3U);
}

// RFC 8200 4.5: all but the last carry a multiple of 8 bytes.
TEST_P(EitherVersion, BadSizes) {
  const bool v6 = GetParam() == Family::ipv6;
  EXPECT_EQ(add(part(0, 81, true)), FragmentFate::dropped);
  EXPECT_EQ(verdict_.answer, v6 ? wire::IcmpKind::parameter_problem : wire::IcmpKind::other);
  if (v6) {
    EXPECT_EQ(verdict_.pointer, 4U) << "the payload length";
  }
  EXPECT_EQ(add(part(80, 0, true)), FragmentFate::dropped);
  EXPECT_EQ(add(part(80, 0, false)), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_bad_size), 3U);
  EXPECT_EQ(reassembly_.size(), 0U);
}

// RFC 8200 4.5: nothing ends beyond 65,535 (the "ping of death"). IPv4's header parser says no
// already.
TEST_F(ReassemblyTest, TooLongIsRefusedWithAPointerToTheOffset) {
  EXPECT_EQ(add({.family = Family::ipv6, .offset = 65'528, .size = 8, .more = false}),
            FragmentFate::dropped);
  EXPECT_EQ(verdict_.answer, wire::IcmpKind::parameter_problem);
  EXPECT_EQ(verdict_.pointer, 42U);
  EXPECT_EQ(count(Reason::fragment_too_long), 1U);
}

// RFC 7112 5, RFC 3128 2: the first fragment holds all headers.
TEST_P(EitherVersion, TinyFirstFragments) {
  FragmentOf tcp = part(0, 16, true);
  tcp.protocol = wire::kProtocolTcp;
  EXPECT_EQ(add(tcp), FragmentFate::dropped);
  EXPECT_EQ(verdict_.answer, GetParam() == Family::ipv6 ? wire::IcmpKind::incomplete_headers
                                                        : wire::IcmpKind::other);
  EXPECT_EQ(count(Reason::fragment_tiny), 1U);
  EXPECT_EQ(add(part(0, 8, true)), FragmentFate::waits) << "a UDP header fits";
}

TEST_F(ReassemblyTest, NothingOfATcpHeaderComesByItself) {
  EXPECT_EQ(add({.protocol = wire::kProtocolTcp, .offset = 8, .size = 8, .more = true}),
            FragmentFate::dropped);
  EXPECT_EQ(add({.protocol = wire::kProtocolTcp, .offset = 24, .size = 8, .more = true}),
            FragmentFate::waits);
  EXPECT_EQ(count(Reason::fragment_tiny), 1U);
}

// RFC 7112: extension headers behind the fragment header are part of the chain.
TEST(FragmentRules, HeaderChains) {
  const auto holds = [](std::uint8_t protocol, const Bytes& bytes) {
    return holds_all_headers(Family::ipv6, protocol, bytes);
  };
  Bytes options(8 + 8);
  options[0] = std::byte{wire::kProtocolUdp};
  EXPECT_TRUE(holds(60, options));
  options.pop_back();
  EXPECT_FALSE(holds(60, options)) << "the UDP header is cut";
  options[1] = std::byte{1};
  EXPECT_FALSE(holds(60, options)) << "the options are cut";
  Bytes tcp(20);
  tcp[12] = std::byte{0x50};
  EXPECT_TRUE(holds(wire::kProtocolTcp, tcp));
  tcp[12] = std::byte{0x60};
  EXPECT_FALSE(holds(wire::kProtocolTcp, tcp)) << "its options are part of it";
}

// RFC 1122 3.3.2, RFC 8200 4.5: after a minute; the sender is told if fragment zero has come.
TEST_P(EitherVersion, TimeIsOverAfterAMinute) {
  EXPECT_EQ(reassembly_.next_deadline(), kNever);
  EXPECT_EQ(add(part(0, 80, true, 1)), FragmentFate::waits);
  const Time first = now_;
  now_ += 10s;
  EXPECT_EQ(add(part(80, 80, true, 1)), FragmentFate::waits) << "does not prolong it";
  EXPECT_EQ(add(part(80, 80, true, 2)), FragmentFate::waits);
  EXPECT_EQ(reassembly_.next_deadline(), first + 60s);
  EXPECT_FALSE(reassembly_.expire(decisions_, first + 60s - Duration(1)));
  const auto expired = reassembly_.expire(decisions_, first + 60s);
  ASSERT_TRUE(expired);
  const auto quoted = wire::parse_ip(expired->first.bytes(), expired->first.size());
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->fragment_offset, 0U);
  EXPECT_EQ(quoted->payload_size, 80U);
  EXPECT_FALSE(reassembly_.expire(decisions_, first + 60s));
  const auto second = reassembly_.expire(decisions_, first + 70s);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->first.empty()) << "without fragment zero nobody is told";
  EXPECT_EQ(count(Reason::fragment_timeout), 2U);
  EXPECT_EQ(reassembly_.next_deadline(), kNever);
  EXPECT_EQ(reassembly_.bytes(), 0U);
}

// RFC 3168 5.3: congestion that a fragment met is the datagram's.
TEST_F(ReassemblyTest, Ecn) {
  const auto part = [](std::uint32_t id, std::uint32_t offset, bool more, std::uint8_t tos) {
    return FragmentOf{.id = id, .offset = offset, .size = 8, .more = more, .tos = tos};
  };
  EXPECT_EQ(add(part(1, 0, true, 0x02)), FragmentFate::waits);
  EXPECT_EQ(add(part(1, 8, false, 0x03)), FragmentFate::complete);
  EXPECT_EQ(wire::parse_ip(frame_.head(), frame_.size)->tos, 0x03);
  EXPECT_EQ(add(part(2, 0, true, 0x00)), FragmentFate::waits);
  EXPECT_EQ(add(part(2, 8, false, 0x03)), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_bad_ecn), 1U);
}

// FragmentSmack: too many small ones are nobody's honest wish.
TEST_P(EitherVersion, TooManyFragmentsOfOneDatagram) {
  for (std::uint32_t i = 0; i < limits_.fragments_per_datagram; ++i) {
    EXPECT_EQ(add(part(16 * i, 8, true)), FragmentFate::waits);
  }
  EXPECT_EQ(add(part(16 * limits_.fragments_per_datagram, 8, true)), FragmentFate::dropped);
  EXPECT_EQ(count(Reason::fragment_too_many), 1U);
  EXPECT_LE(reassembly_.bytes(), 512U) << "its fragments are gone";
}

// A source takes from itself when its share is used up.
TEST_P(EitherVersion, QuotaOfASource) {
  FragmentOf honest = part(0, 80, true);
  honest.host = 0x10'0000;
  EXPECT_EQ(add(honest), FragmentFate::waits);
  for (std::uint32_t id = 0; id < 1'000; ++id) {
    EXPECT_EQ(add(part(80, 80, true, 100 + id)), FragmentFate::waits);
  }
  EXPECT_EQ(reassembly_.size(), limits_.fragment_datagrams_per_source + 1);
  EXPECT_EQ(count(Reason::fragment_source_quota), 1'000U - limits_.fragment_datagrams_per_source);
  EXPECT_EQ(count(Reason::fragment_evicted), 0U);
  FragmentOf rest = part(80, 8, false);
  rest.host = 0x10'0000;
  EXPECT_EQ(add(rest), FragmentFate::complete);
}

// Who has one address of a /64 has them all.
TEST_F(ReassemblyTest, AnIpv6SourceIsAPrefix) {
  for (std::uint32_t host = 0; host < 100; ++host) {
    EXPECT_EQ(add({.family = Family::ipv6, .host = host + 1, .offset = 80, .size = 80}),
              FragmentFate::waits);
  }
  EXPECT_EQ(reassembly_.size(), limits_.fragment_datagrams_per_source);
}

// Many sources together displace the oldest, and memory stays bounded.
TEST_F(ReassemblyTest, FloodFromEverywhere) {
  for (std::uint32_t host = 1; host <= 5'000; ++host) {
    EXPECT_EQ(add({.host = host, .offset = 80, .size = 8'000}), FragmentFate::waits);
    ASSERT_LE(reassembly_.bytes(), limits_.fragment_bytes);
    ASSERT_LE(reassembly_.size(), limits_.fragment_datagrams);
  }
  EXPECT_EQ(count(Reason::fragment_evicted), 5'000U - reassembly_.size());
  // Whose fragments follow each other at once gets through.
  EXPECT_EQ(add({.host = 9'999, .offset = 0, .size = 8'000}), FragmentFate::waits);
  EXPECT_EQ(add({.host = 9'999, .offset = 8'000, .size = 8, .more = false}),
            FragmentFate::complete);
}

// A small fragment in a large block must not pin it.
TEST_F(ReassemblyTest, SmallFragmentsCostLittle) {
  frame_ = testing::frame_of(*pool_, {.offset = 80, .size = 8});
  Frame large;
  const Buffer block = pool_->allocate(65'000);
  ASSERT_TRUE(frame_.copy_to(0, {block.data(), frame_.size}));
  large.append(block.slice(0, frame_.size));
  const Packet packet{*wire::parse_ip(large.head(), large.size)};
  EXPECT_EQ(reassembly_.add(large, packet, InterfaceId{0}, *pool_, decisions_, now_).fate,
            FragmentFate::waits);
  EXPECT_LT(reassembly_.bytes(), 1'024U);
}

// Memory that says no costs a fragment or its datagram, and is given back.
TEST_P(EitherVersion, FailingMemory) {
  const auto all = [&](std::uint32_t id) {
    return add(part(0, 800, true, id)) == FragmentFate::waits &&
           add(part(1'600, 80, false, id)) == FragmentFate::waits &&
           add(part(800, 800, true, id)) == FragmentFate::complete;
  };
  const std::uint64_t before = memory_.requests();
  EXPECT_TRUE(all(1));
  const std::uint64_t requests = memory_.requests() - before;
  for (std::uint64_t n = 0; n < requests + 2; ++n) {
    memory_.fail_at(n);
    static_cast<void>(all(static_cast<std::uint32_t>(10 + n)));
    memory_.fail_never();
    EXPECT_TRUE(all(static_cast<std::uint32_t>(1'000 + n))) << n;
  }
}

}  // namespace
}  // namespace bowline::ip
