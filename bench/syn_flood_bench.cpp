// A flood of SYNs in memory: prebuilt SYNs from 65,536 sources, each answered by a cookie (RFC 4987
// section 3.6), one Stack in one thread.
//
// What is counted is all that a SYN costs the stack: taken in, looked up, answered, the answer
// handed to a link that throws it away. A thousand frames at a time are put in their buffers before
// the clock runs, as a network card does it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/two_hosts.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::bench {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::uint32_t kSources = 65'536;
constexpr std::size_t kBatch = 32;    // as drivers take them (Turn::kMaxBatch)
constexpr std::size_t kRing = 1'024;  // frames that a card has ready
constexpr InterfaceId kLink{};

/// Takes everything and keeps nothing.
class Nowhere final : public FrameSink {
 public:
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    taken_ += frames.size();
    return frames.size();
  }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  std::uint64_t taken_ = 0;
};

IpAddress source(Family family, std::uint32_t number) {
  // Scattered: a linear congruential step over 2^24 hosts.
  const std::uint32_t host = (number * 1'664'525U + 1'013'904'223U) & 0xffffffU;
  if (family == Family::ipv4) return IpAddress::v4(0x0b000000U | host);
  std::array<std::byte, 16> bytes{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d},
                                  std::byte{0xb8}};
  for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<std::byte>(host >> 8 * i & 0xffU);
  bytes[15] = std::byte{1};
  return IpAddress::v6(bytes);
}

/// A SYN as Linux sends it: MSS, SACK, timestamps, window scale; 60 bytes with an IPv4 header.
std::vector<std::byte> syn(const Endpoint& from, const Endpoint& to) {
  wire::TcpHeader tcp;
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.seq = SeqNumber(from.port * 65'537U);
  tcp.flags = wire::kSyn;
  tcp.window = 64'240;
  wire::TcpOptions options;
  options.mss = 1'460;
  options.sack_permitted = true;
  options.timestamps = {1'000, 0};
  options.window_scale = 7;
  wire::IpHeader ip;
  ip.source = from.address;
  ip.destination = to.address;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = wire::kTcpHeaderSize + wire::options_size(options);
  std::array<std::byte, 128> bytes{};
  const std::uint32_t ip_size = wire::ip_header_size(from.address.family());
  wire::emit_ip(bytes.data(), ip);
  static_cast<void>(
      wire::emit_tcp(std::span(bytes).subspan(ip_size, ip.payload_size), tcp, options));
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(from.address, to.address, wire::kProtocolTcp, ip.payload_size);
  sum.add(std::span(bytes).subspan(ip_size, ip.payload_size));
  store_be<std::uint16_t>(bytes.data() + ip_size + wire::kTcpChecksumOffset, sum.finish());
  return {bytes.begin(), bytes.begin() + ip_size + ip.payload_size};
}

struct Figures {
  double million;  // a second
  std::uint64_t allocations;
  std::uint64_t held;  // bytes more than before
};

Figures measure(Family family, bool vouched, double seconds) {
  CountingMemory memory;
  StackConfig config;
  config.memory = &memory;
  config.seed = {1, 2, 3, 4};
  config.tcp.syn_cookies = tcp::SynCookies::always;
  Stack stack = must(Stack::create(config), "make a stack");
  InterfaceConfig interface;
  interface.link.transmit_checksum = vouched;
  must(stack.add_interface(interface), "add an interface");
  const IpAddress own = family == Family::ipv4 ? kServerAddress : *IpAddress::parse("2001:db8::2");
  must(stack.add_address(kLink, {own, static_cast<std::uint8_t>(family == Family::ipv4 ? 8 : 32)}),
       "add an address");
  must(stack.add_route({{IpAddress::any(family), 0}, kLink}), "add a route");
  ListenOptions listen;
  listen.local = {own, kPort};
  static_cast<void>(must(stack.listen(listen, Time(1h)), "listen"));
  std::vector<std::vector<std::byte>> prebuilt;
  for (std::uint32_t i = 0; i < kSources; ++i) {
    const Endpoint from{source(family, i), static_cast<std::uint16_t>(1'024 + i % 60'000)};
    prebuilt.push_back(syn(from, {own, kPort}));
  }
  Nowhere sink;
  std::vector<Frame> ring(kRing);
  std::uint32_t next = 0;
  Time now(1h);
  const auto fill = [&] {
    for (Frame& frame : ring) {
      frame = make_frame(stack.pool(), prebuilt[next]);
      if (vouched) frame.checksum = Checksum::verified;
      next = (next + 1) % kSources;
    }
  };
  const auto serve = [&] {
    for (std::size_t from = 0; from < kRing; from += kBatch) {
      now += 1us;
      stack.receive(kLink, std::span(ring).subspan(from, kBatch), now);
      static_cast<void>(stack.transmit(kLink, sink, now));
    }
  };
  for (std::uint32_t i = 0; i < kSources / kRing; ++i) {
    fill();
    serve();
  }
  const std::uint64_t before = sink.taken();
  const std::uint64_t allocated = memory.allocations();
  const std::uint64_t held = memory.held();
  double took = 0;
  while (took < seconds) {
    fill();
    const double began = cpu_seconds();
    serve();
    took += cpu_seconds() - began;
  }
  const std::uint64_t answered = sink.taken() - before;
  if (stack.counters()[Reason::send_syn_cookie] != sink.taken())
    give_up("flood", "not all answered");
  return {static_cast<double>(answered) * 1e-6 / took, memory.allocations() - allocated,
          memory.held() - held};
}

void run(int argc, char** argv) {
  check_arguments(argc, argv, {"rounds", "milliseconds", "rows"},
                  "syn_flood_bench [rounds=N] [milliseconds=N] [rows=1..4]");
  const auto rounds = argument(argc, argv, "rounds", 5);
  const double seconds = static_cast<double>(argument(argc, argv, "milliseconds", 500)) * 1e-3;
  struct Row {
    std::string_view name;
    Family family;
    bool vouched;
    Rounds million;
    std::uint64_t allocations = 0;
    std::uint64_t held = 0;
  };
  std::array rows{Row{"IPv4, 60 bytes, checksums by the link", Family::ipv4, true, {}},
                  Row{"IPv4, 60 bytes, checksums in software", Family::ipv4, false, {}},
                  Row{"IPv6, 80 bytes, checksums by the link", Family::ipv6, true, {}},
                  Row{"IPv6, 80 bytes, checksums in software", Family::ipv6, false, {}}};
  const std::span measured =
      std::span(rows).first(std::min<std::size_t>(argument(argc, argv, "rows", 4), rows.size()));
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (Row& row : measured) {
      const Figures figures = measure(row.family, row.vouched, seconds);
      row.million.add(figures.million);
      row.allocations += figures.allocations;
      row.held += figures.held;
    }
  }
  fmt::print(
      "SYNs from {} sources answered by cookies, one core, by processor time; median of {} "
      "rounds\n\n",
      kSources, rounds);
  fmt::print("| SYNs | million a second | lowest to highest | allocations | bytes more held |\n");
  fmt::print("|---|---:|---:|---:|---:|\n");
  for (const Row& row : measured) {
    fmt::print("| {} | {:.2f} | {:.2f} to {:.2f} | {} | {} |\n", row.name, row.million.median(),
               row.million.lowest(), row.million.highest(), row.allocations, row.held);
  }
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) { bowline::bench::run(argc, argv); }
