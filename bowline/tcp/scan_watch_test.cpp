#include "bowline/tcp/scan_watch.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::tcp {
namespace {

const IpAddress kScanner = IpAddress::v4(0xc6336401);

std::vector<Scanner> known(const ScanWatch& watch, Time now) {
  std::vector<Scanner> all;
  watch.for_each(now, [&](const Scanner& scanner) { all.push_back(scanner); });
  return all;
}

// REQUIREMENTS A19.
TEST(ScanWatch, ManyPortsOfOneSourceAreAScan) {
  ScanWatch watch({1, 2});
  Time now(1h);
  int told = 0;
  for (std::uint16_t port = 1; port <= 1'000; ++port) {
    const Scanner* found = watch.note(kScanner, port, wire::kSyn, now += 1ms);
    if (found == nullptr) continue;
    ++told;
    EXPECT_GE(port, ScanWatch::kPorts);
    EXPECT_LE(port, 2 * ScanWatch::kPorts);
    EXPECT_EQ(found->source, kScanner);
    EXPECT_EQ(found->kind, ProbeKind::syn);
  }
  EXPECT_EQ(told, 1) << "once in a window";
  const auto all = known(watch, now);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].probes, 1'000U);
  EXPECT_GT(all[0].ports, 700U);
  EXPECT_LT(all[0].ports, 1'500U);
  EXPECT_TRUE(known(watch, now + ScanWatch::kWindow).empty());
}

TEST(ScanWatch, SaysWithWhat) {
  const struct {
    std::uint16_t flags;
    ProbeKind kind;
    std::string_view name;
  } kinds[] = {
      {wire::kSyn, ProbeKind::syn, "SYN"},
      {wire::kFin, ProbeKind::fin, "FIN"},
      {0, ProbeKind::null, "NULL"},
      {wire::kFin | wire::kPsh | wire::kUrg, ProbeKind::xmas, "Xmas"},
      {wire::kAck, ProbeKind::ack, "ACK"},
      {wire::kFin | wire::kAck, ProbeKind::other, "other"},
  };
  for (const auto& each : kinds) {
    ScanWatch watch({1, 2});
    const Scanner* found = nullptr;
    for (std::uint16_t port = 1; found == nullptr && port < 100; ++port) {
      found = watch.note(kScanner, port, each.flags, Time(1h));
    }
    ASSERT_NE(found, nullptr) << each.name;
    EXPECT_EQ(found->kind, each.kind);
    EXPECT_EQ(name(found->kind), each.name);
  }
}

// A client that does not give up a closed port, and one that has fifteen services to try.
TEST(ScanWatch, RetryingAClosedPortIsNoScan) {
  ScanWatch watch({1, 2});
  Time now(1h);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(watch.note(kScanner, 8'080, wire::kSyn, now += 10ms), nullptr);
  }
  for (std::uint16_t port = 1; port < ScanWatch::kPorts - 1; ++port) {
    EXPECT_EQ(watch.note(kScanner, port, wire::kSyn, now += 10ms), nullptr);
  }
  EXPECT_TRUE(known(watch, now).empty());
}

// What was long ago does not add up.
TEST(ScanWatch, AFewPortsNowAndThenAreNone) {
  ScanWatch watch({1, 2});
  Time now(1h);
  for (std::uint16_t port = 1; port < 1'000; ++port) {
    EXPECT_EQ(watch.note(kScanner, port, wire::kSyn, now += 30s), nullptr) << port;
  }
}

// A hundred honest hosts that each try two closed ports.
TEST(ScanWatch, ManySourcesAreNotTakenForOne) {
  ScanWatch watch({1, 2});
  for (std::uint32_t host = 0; host < 10'000; ++host) {
    const IpAddress source = IpAddress::v4(0x0a000000 + host);
    for (std::uint16_t port = 0; port < 2; ++port) {
      const auto tried = static_cast<std::uint16_t>(host * 7 + port);
      EXPECT_EQ(watch.note(source, tried, wire::kSyn, Time(1h)), nullptr);
    }
  }
}

// Forged sources, each with one port, cannot push a scanner out that has more than one.
TEST(ScanWatch, AFloodDoesNotHideAScan) {
  ScanWatch watch({1, 2});
  Random random(1);
  Time now(1h);
  bool found = false;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    static_cast<void>(watch.note(kScanner, port, wire::kSyn, now));
  }
  for (std::uint16_t port = 4; port <= 60; ++port) {
    for (int i = 0; i < 1'000; ++i) {
      const IpAddress forged = IpAddress::v4(static_cast<std::uint32_t>(random.next()));
      static_cast<void>(watch.note(forged, 80, wire::kAck, now += 10us));
    }
    found = watch.note(kScanner, port, wire::kSyn, now) != nullptr || found;
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace bowline::tcp
