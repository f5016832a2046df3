// A SYN proxy between hands that forge: segments whose checksums are right and whose numbers are
// near the true ones, raw packets, and the passing of time.
//
// An input is a row of steps. Four clients talk to two servers; what the gateway sends tells the
// numbers that the next segment is near to. What holds whatever comes: no SYN from outside goes
// inside, its answer is no longer than what it answers, and what is held stays within the limits.

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

using gateway::Side;

constexpr std::uint32_t kFlows = 3;

class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::uint16_t word() { return static_cast<std::uint16_t>(byte() << 8U | byte()); }
  std::span<const std::byte> take(std::size_t most) {
    const auto taken = bytes_.first(std::min(most, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
};

// What is known of one conversation, as each side sees it.
struct Talk {
  Endpoint client;
  Endpoint server;
  std::array<SeqNumber, 2> seq{SeqNumber(0xffff'fff0), SeqNumber(77)};  // next that a side sends
  std::array<SeqNumber, 2> ack{};                                       // next that it expects
  std::array<std::uint32_t, 2> clock{1'000, 5'000};
  std::array<std::uint32_t, 2> echo{};
};

gateway::Config make_config(Input& input) {
  gateway::Config config;
  config.seed = {1, 2, 3, 4};
  config.flows = kFlows;
  const std::uint8_t choice = input.byte();
  config.tcp_only = (choice & 1U) != 0;
  config.timestamps = (choice & 2U) == 0;
  config.window_shift = choice >> 4;
  if ((choice & 4U) != 0) config.rules.push_back({.rate = 3, .connections = 2});
  if ((choice & 8U) != 0) {
    config.rules.push_back({.action = gateway::Action::deny, .first_port = 81, .last_port = 81});
  }
  return config;
}

class World final : public gateway::Output {
 public:
  explicit World(Input& input)
      : input_(input),
        pool_(BufferPool::make(heap_memory(), 8U << 20)),
        config_(make_config(input)),
        proxy_(config_, *pool_, *this) {
    for (std::uint16_t i = 0; i < 4; ++i) {
      Talk talk;
      const bool v6 = i == 3;
      std::array<std::byte, 16> address{std::byte{0x20}, std::byte{0x01}};
      talk.client = {v6 ? IpAddress::v6(address) : IpAddress::v4(0x0a00'0001U + i / 2U),
                     static_cast<std::uint16_t>(1'000 + i)};
      address[15] = std::byte{2};
      talk.server = {v6 ? IpAddress::v6(address) : IpAddress::v4(0xc000'0202),
                     static_cast<std::uint16_t>(80 + i % 2U)};
      talks_.push_back(talk);
    }
  }

  void send(Side to, Frame frame) noexcept override {
    std::vector<std::byte> bytes(frame.size);
    require(frame.copy_to(0, bytes));
    const auto ip = wire::parse_ip(bytes, frame.size);
    require(ip.has_value());
    require(ip->total_size() == frame.size);
    if (ip->protocol != wire::kProtocolTcp || ip->is_fragment()) return;
    const auto body = std::span(bytes).subspan(ip->header_size);
    const auto tcp = wire::parse_tcp(body, ip->payload_size);
    require(tcp.has_value());
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size);
    sum.add(body);
    require(sum.verifies());
    const wire::TcpHeader& header = tcp->header;
    if (header.has(wire::kSyn)) {
      // A SYN goes inside when a cookie has come back, or when time has: never because of a SYN.
      if (to == Side::inside && !header.has(wire::kAck)) require(!syn_from_outside_);
      if (to == Side::outside && syn_from_outside_) require(frame.size <= came_);
    }
    learn(to, *ip, *tcp);
  }

  void step() {
    Talk& talk = talks_[input_.byte() % talks_.size()];
    const std::uint8_t choice = input_.byte() % 16;
    switch (choice) {
      case 0:
        return give(Side::outside, wire::kSyn, talk, true);
      case 1:
        return give(Side::outside, wire::kAck, talk);
      case 2:
        return give(Side::inside, wire::kSyn | wire::kAck, talk, true);
      case 3:
        return give(Side::outside, wire::kAck | wire::kPsh, talk);
      case 4:
        return give(Side::inside, wire::kAck | wire::kPsh, talk);
      case 5:
        return give(Side::outside, wire::kAck | wire::kFin, talk);
      case 6:
        return give(Side::inside, wire::kAck | wire::kFin, talk);
      case 7:
        return give(Side::outside, wire::kRst | wire::kAck, talk);
      case 8:
        return give(Side::inside, wire::kRst | wire::kAck, talk);
      case 9:
        return give(Side::inside, wire::kSyn, talk, true);
      case 10:
        return give(static_cast<Side>(input_.byte() % 2), input_.word() & 0x1ffU, talk);
      case 11:
        return pass(1ms * input_.word());
      case 12:
        return pass(1s * input_.byte());
      case 13:
        return pass_to_deadline();
      case 14:
        return give_icmp(talk);
      default:
        return receive(static_cast<Side>(input_.byte() % 2), input_.take(input_.byte()));
    }
  }

  void check() {
    const gateway::Usage usage = proxy_.usage();
    require(usage.flows() <= kFlows);
    require(usage.sources <= 2 * kFlows);
    require((proxy_.next_deadline() == kNever) == (usage.flows() == 0));
  }

  // A copy is the same; and with nobody speaking all is forgotten.
  void finish() {
    SaveVisitor saved(heap_memory());
    save(saved, proxy_);
    gateway::SynProxy copy(config_, *pool_, *this);
    LoadVisitor loaded(saved.bytes(), *pool_);
    loaded(copy);
    require(loaded.complete());
    require(canonical_hash(copy, now_) == canonical_hash(proxy_, now_));
    for (int i = 0; i < 100 && proxy_.next_deadline() != kNever; ++i) pass_to_deadline();
    require(proxy_.usage().flows() == 0);
  }

 private:
  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }

  // What was sent to a side is what it expects next.
  void learn(Side to, const wire::IpHeader& ip, const wire::TcpView& tcp) {
    for (Talk& talk : talks_) {
      const Endpoint from{ip.source, tcp.header.source_port};
      const Endpoint dest{ip.destination, tcp.header.destination_port};
      if (!(to == Side::outside ? from == talk.server && dest == talk.client
                                : from == talk.client && dest == talk.server)) {
        continue;
      }
      const std::uint32_t length = tcp.payload_size + (tcp.header.has(wire::kSyn) ? 1U : 0U) +
                                   (tcp.header.has(wire::kFin) ? 1U : 0U);
      talk.ack[index(to)] = tcp.header.seq + length;
      if (tcp.options.timestamps) talk.echo[index(to)] = tcp.options.timestamps->value;
    }
  }

  // Near: mostly exact, often off by a little, seldom far.
  std::uint32_t offset() {
    const std::uint8_t choice = input_.byte();
    if (choice < 160) return 0;
    if (choice < 220) return static_cast<std::uint32_t>(static_cast<std::int8_t>(input_.byte()));
    return static_cast<std::uint32_t>(input_.word()) << (choice % 17U);
  }

  void give(Side from, unsigned flags, Talk& talk, bool with_options = false) {
    const std::size_t side = index(from);
    const Endpoint& source = from == Side::outside ? talk.client : talk.server;
    const Endpoint& destination = from == Side::outside ? talk.server : talk.client;
    wire::TcpHeader tcp;
    tcp.source_port = source.port;
    tcp.destination_port = destination.port;
    tcp.seq = talk.seq[side] + offset();
    tcp.ack = talk.ack[side] + offset();
    tcp.flags = static_cast<std::uint16_t>(flags);
    tcp.window = input_.word();
    const std::uint8_t choice = input_.byte();
    wire::TcpOptions options;
    if ((choice & 1U) == 0) {
      talk.clock[side] += choice;
      options.timestamps = {talk.clock[side], talk.echo[side]};
    }
    if (with_options) {
      if ((choice & 2U) == 0) options.mss = input_.word();
      if ((choice & 4U) == 0) options.window_scale = input_.byte() % 15U;
      options.sack_permitted = (choice & 8U) == 0;
    } else if ((choice & 16U) != 0) {
      options.sack_count = 2;
      for (wire::SackBlock& block : std::span(options.sack).first(2)) {
        block.left = talk.ack[side] + input_.byte();
        block.right = block.left + input_.byte();
      }
    }
    const std::uint32_t size = (flags & wire::kPsh) != 0 ? input_.byte() : 0U;
    const std::uint32_t header = wire::kTcpHeaderSize + wire::options_size(options);
    if (header > wire::kTcpMaxHeaderSize) return;
    wire::IpHeader ip;
    ip.source = source.address;
    ip.destination = destination.address;
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = header + size;
    const std::uint32_t at = wire::ip_header_size(ip.family());
    std::vector<std::byte> bytes(at + ip.payload_size);
    wire::emit_ip(bytes.data(), ip);
    const auto body = std::span(bytes).subspan(at);
    require(wire::emit_tcp(body, tcp, options) == header);
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
    sum.add(body);
    store_be<std::uint16_t>(body.data() + wire::kTcpChecksumOffset, sum.finish());
    if ((choice & 32U) == 0) {
      talk.seq[side] = tcp.seq + size + ((flags & (wire::kSyn | wire::kFin)) != 0 ? 1U : 0U);
    }
    last_[side] = bytes;
    syn_from_outside_ = from == Side::outside && (flags & wire::kSyn) != 0;
    receive(from, bytes);
    syn_from_outside_ = false;
  }

  // An error about what one side said last.
  void give_icmp(Talk&) {
    const auto from = static_cast<Side>(input_.byte() % 2);
    const std::vector<std::byte>& about = last_[1 - index(from)];
    if (about.empty()) return;
    const auto quoted = wire::parse_ip(about, static_cast<std::uint32_t>(about.size()));
    if (!quoted) return;
    std::vector<std::byte> bytes(800);
    wire::IpHeader ip;
    ip.source = quoted->destination;
    ip.destination = quoted->source;
    ip.protocol = quoted->family() == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
    const std::uint32_t at = wire::ip_header_size(ip.family());
    const std::size_t room = input_.byte() < 128 ? bytes.size() - at : 8U + input_.byte();
    ip.payload_size =
        wire::emit_icmp_error(std::span(bytes).subspan(at, room), wire::IcmpKind::packet_too_big,
                              1'400, ip.source, ip.destination, about);
    if (ip.payload_size == 0) return;
    wire::emit_ip(bytes.data(), ip);
    bytes.resize(at + ip.payload_size);
    receive(from, bytes);
  }

  void receive(Side from, std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    came_ = static_cast<std::uint32_t>(bytes.size());
    Frame frame;
    const std::size_t split = input_.byte() < 240 ? bytes.size() : 40U + input_.byte();
    if (split < bytes.size()) {
      frame.append(pool_->copy(bytes.first(split)));
      frame.append(pool_->copy(bytes.subspan(split)));
    } else {
      frame.append(pool_->copy(bytes));
    }
    const Frame watched = input_.byte() < 30 ? frame : Frame{};
    proxy_.receive(from, std::move(frame), now_);
  }

  void pass(Duration duration) {
    now_ += duration;
    proxy_.advance(now_);
  }
  void pass_to_deadline() {
    if (proxy_.next_deadline() == kNever) return;
    now_ = std::max<Time>(now_, proxy_.next_deadline());
    proxy_.advance(now_);
  }

  Input& input_;
  BufferPoolOwner pool_;
  gateway::Config config_;
  gateway::SynProxy proxy_;
  Time now_{1h};
  std::vector<Talk> talks_;
  std::array<std::vector<std::byte>, 2> last_;
  std::uint32_t came_ = 0;
  bool syn_from_outside_ = false;
};

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::Input input(std::as_bytes(std::span(data, size)));
  bowline::fuzz::World world(input);
  for (int steps = 0; !input.empty() && steps < 300; ++steps) {
    world.step();
    world.check();
  }
  world.finish();
  return 0;
}
