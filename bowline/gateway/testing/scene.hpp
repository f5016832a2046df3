#pragma once

// A gateway between two hands: tests say what comes by either link and see what leaves.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::gateway::testing {

using Bytes = std::vector<std::byte>;

/// A packet that the gateway put out.
struct Seen {
  Side to{};
  Bytes bytes;
  wire::IpHeader ip;
  wire::TcpHeader tcp;       ///< of TCP
  wire::TcpOptions options;  ///< of TCP
  std::string payload;       ///< of TCP
  bool intact = false;       ///< is its checksum right?

  [[nodiscard]] bool has(std::uint16_t flags) const { return tcp.flags == flags; }
};

/// A segment to be said.
struct Say {
  std::uint16_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 65'535;
  wire::TcpOptions options{};
  std::string payload{};
  std::uint8_t ttl = 64;
};

/// The two ends and the gateway between them.
class Scene : public ::testing::Test, public Output {
 protected:
  static constexpr std::uint32_t kClientIsn = 1'000;
  static constexpr std::uint32_t kServerIsn = 5'000'000;
  static constexpr std::uint32_t kClientClock = 70'000;
  static constexpr std::uint32_t kServerClock = 9'000'000;
  static constexpr std::uint16_t kData = wire::kAck | wire::kPsh;

  /// Makes it with `config`, after which the other calls may be used.
  SynProxy& begin() {
    config.seed = {1, 2, 3, 4};
    proxy = std::make_unique<SynProxy>(config, *pool, *this);
    return *proxy;
  }

  /// A packet with this segment between `from` and `to`.
  [[nodiscard]] static Bytes packet(const Endpoint& from, const Endpoint& to, const Say& say);
  /// `say` comes from the client, or from the server. What leaves at once is returned.
  std::vector<Seen> client_says(const Say& say) {
    return give(Side::outside, packet(client, server, say));
  }
  std::vector<Seen> server_says(const Say& say) {
    return give(Side::inside, packet(server, client, say));
  }
  /// The client, or the server, says `text` at `offset` of what it has to say (0: the first byte),
  /// and acknowledges the other's as far as the offset given last.
  std::vector<Seen> client_data(std::uint32_t offset, const std::string& text,
                                std::uint16_t flags = kData, std::uint32_t server_offset = 1);
  std::vector<Seen> server_data(std::uint32_t offset, const std::string& text,
                                std::uint16_t flags = kData, std::uint32_t client_offset = 1);
  /// One packet left, to that side, and whole.
  static void expect_one(const std::vector<Seen>& seen, Side to);
  /// `bytes` come by the link on the side `from`.
  std::vector<Seen> give(Side from, const Bytes& bytes);
  /// What is due until `until` happens; returns what leaves.
  std::vector<Seen> wait(Duration duration);

  /// A SYN with what a present client says.
  [[nodiscard]] static Say full_syn(std::uint32_t isn = kClientIsn);
  /// SYN and ACK of the client; returns what then went to the server.
  Seen knock(const Say& syn);
  /// The server's answer to that, with all options; the flow is open then.
  void answer();
  /// All three.
  void open(const Say& syn = full_syn()) {
    (void)knock(syn);
    answer();
  }
  /// As the client sees a number of the server's that lies `offset` after its initial one.
  [[nodiscard]] SeqNumber seen_by_client(std::uint32_t offset) const { return cookie + offset; }
  [[nodiscard]] std::uint64_t count(Reason reason) const { return proxy->counters()[reason]; }

  void send(Side to, Frame frame) noexcept override { out.emplace_back(to, std::move(frame)); }

  Config config;
  BufferPoolOwner pool{BufferPool::make(heap_memory(), 64U << 20)};
  std::unique_ptr<SynProxy> proxy;
  std::vector<std::pair<Side, Frame>> out;
  Time now{1h};
  Endpoint client{IpAddress::v4(0xc633'6407), 40'000};  // 198.51.100.7
  Endpoint server{IpAddress::v4(0xc000'0202), 80};      // 192.0.2.2
  SeqNumber cookie;                                     // of the last SYN-ACK
  std::uint32_t gateway_clock = 0;                      // its TSval
  std::uint32_t window_opened = 0;  // the window field of the ACK that opened it
};

}  // namespace bowline::inline v0::gateway::testing
