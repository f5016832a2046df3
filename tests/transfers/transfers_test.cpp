// Transfers in virtual time, as a table: loss x RTT x buffer x congestion control. What a change of
// the engine does to any of them shows as a difference in tests/golden/transfers.md; whether that
// is better or worse is for whoever changed it to say (script/golden writes it anew).

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "tests/golden/golden.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

constexpr std::uint64_t kBytes = 20'000'000;
constexpr Rate kRate = 100_mbps;

/// Where in the table.
struct Cell {
  tcp::CongestionAlgorithm algorithm{};
  Duration rtt{};
  Chance loss{};
  std::uint32_t buffer = 0;  // bytes, of both sockets in both directions
};

/// What came of it.
struct Result {
  Duration time{};  // until the receiver has read the last byte
  std::uint64_t again = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t needless = 0;
};

/// Counts the packets to a host whose last byte it had before.
class Twice final : public Tap {
 public:
  explicit Twice(NodeId to) : to_(to), seen_(kBytes + 1) {}
  void sent(const Passage&) override {}
  void arrived(const Passage& passage) override {
    if (passage.to != to_) return;
    const auto size = static_cast<std::uint32_t>(passage.bytes.size());
    const auto ip = wire::parse_ip(passage.bytes, size);
    if (!ip) return;
    const auto tcp = wire::parse_tcp(passage.bytes.subspan(ip->header_size), ip->payload_size);
    if (!tcp) return;
    if (tcp->header.has(wire::kSyn)) first_ = tcp->header.seq;
    if (tcp->payload_size == 0) return;
    const std::uint32_t last = distance(first_, tcp->header.seq) - 1 + tcp->payload_size;
    count_ += seen_.at(last) ? 1U : 0U;
    seen_.at(last) = true;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  NodeId to_;
  SeqNumber first_;
  std::vector<bool> seen_;
  std::uint64_t count_ = 0;
};

Result transfer(const Cell& cell) {
  Simulation net(1);
  HostOptions options;
  options.stack.tcp.congestion = cell.algorithm;
  options.stack.tcp.send_buffer = options.stack.tcp.receive_buffer = cell.buffer;
  options.stack.tcp.send_buffer_max = options.stack.tcp.receive_buffer_max = cell.buffer;
  Host& client = net.add_host("client", options);
  Host& server = net.add_host("server", options);
  const auto product =
      static_cast<std::uint64_t>(cell.rtt / 1us) * kRate.bits_per_second / 8'000'000;
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = kRate,
               .delay = cell.rtt / 2,
               .loss = cell.loss,
               .queue = std::max(static_cast<std::uint32_t>(product), 64_KiB)});
  Twice twice(server.id());
  net.observe(twice);
  TalkerPlan serving;
  serving.local = {*IpAddress::parse("10.0.0.2"), 80};
  serving.receive_key = 1;
  serving.receive_bytes = kBytes;
  serving.largest_read = 100'000;
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  TalkerPlan calling;
  calling.connect = serving.local;
  calling.send_key = 1;
  calling.send_bytes = kBytes;
  calling.largest_write = 100'000;
  client.start(std::make_unique<Talker>(calling, net.random("client")));
  const auto& receiver = static_cast<const Talker&>(server.actor(0));
  EXPECT_TRUE(net.run_until([&] { return receiver.received() == kBytes; }, Time{2h}));
  EXPECT_EQ(receiver.failure(), "");

  Result result;
  result.time = net.now() - Time{};
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (info(reason).kind == ReasonKind::retransmit) {
      result.again += client.stack().counters()[reason];
    }
  }
  result.timeouts = client.stack().counters()[Reason::cwnd_timeout];
  result.needless = twice.count();
  return result;
}

std::string buffer_name(std::uint32_t bytes) {
  return bytes < 1_MiB ? fmt::format("{} KiB", bytes / 1_KiB)
                       : fmt::format("{} MiB", bytes / 1_MiB);
}

std::string_view control_name(tcp::CongestionAlgorithm algorithm) {
  switch (algorithm) {
    case tcp::CongestionAlgorithm::cubic:
      return "CUBIC";
    case tcp::CongestionAlgorithm::reno:
      return "Reno";
    case tcp::CongestionAlgorithm::bbr:
      return "BBR";
  }
  return "";
}

/// The cell's line. Numbers are whole, so that every compiler writes the same.
std::string line(const Cell& cell) {
  const Result result = transfer(cell);
  const auto micros = static_cast<std::uint64_t>(result.time / 1us);
  const std::uint64_t kbps = kBytes * 8'000 / micros;
  return fmt::format("| {} | {} ms | {} % | {} | {}.{:03} s | {}.{:02} Mbit/s | {} | {} | {} |\n",
                     control_name(cell.algorithm), cell.rtt / 1ms, cell.loss.probability * 100,
                     buffer_name(cell.buffer), micros / 1'000'000, micros / 1'000 % 1'000,
                     kbps / 1'000, kbps % 1'000 / 10, result.again, result.timeouts,
                     result.needless);
}

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const auto algorithm : {tcp::CongestionAlgorithm::cubic, tcp::CongestionAlgorithm::reno,
                               tcp::CongestionAlgorithm::bbr}) {
    for (const Duration rtt : std::vector<Duration>{1ms, 20ms, 100ms}) {
      for (const Chance loss : {0_percent, 0.1_percent, 1_percent, 3_percent}) {
        for (const std::uint32_t buffer : {64_KiB, 1_MiB, 16_MiB}) {
          all.push_back({algorithm, rtt, loss, buffer});
        }
      }
    }
  }
  return all;
}

constexpr std::string_view kHead =
    "# Transfers in virtual time\n"
    "\n"
    "Written by `script/golden`, compared by `transfers_test`; every number is exact. 20 MB over\n"
    "100 Mbit/s with a queue of one bandwidth-delay product (64 KiB at least), the same loss in\n"
    "both directions, seed 1. *Again*: segments sent again; *needless*: packets whose last byte\n"
    "the receiver had before.\n"
    "\n"
    "| control | RTT | loss | buffers | time | goodput | again | timeouts | needless |\n"
    "|---|---|---|---|---|---|---|---|---|\n";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// Under sanitizers a few lines stand for all.
TEST(Transfers, AreWhatTheTableSays) {
  if (kSanitized) {
    const std::string table = golden::text("transfers.md");
    for (const Cell& cell : cells()) {
      if (cell.rtt != 20ms || cell.buffer != 1_MiB) continue;
      const std::string printed = line(cell);
      EXPECT_NE(table.find("\n" + printed), std::string::npos) << "not in the table: " << printed;
    }
    return;
  }
  std::string table(kHead);
  for (const Cell& cell : cells()) table += line(cell);
  golden::expect_drawing("transfers.md", table);
}

}  // namespace
}  // namespace bowline::sim
