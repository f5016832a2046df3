#include "tests/liar/liar.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/support/packet.hpp"

namespace bowline::liar {
namespace {

constexpr sim::Port kVictim{0};
constexpr sim::Port kAccomplice{1};

std::size_t index(sim::Port port) { return static_cast<std::size_t>(port); }

}  // namespace

Liar::Liar(sim::NodeId id, std::string name, std::uint32_t lies, std::uint64_t seldom,
           Random random)
    : Node(id, std::move(name)), lies_(lies), seldom_(seldom), random_(random) {}

sim::Port Liar::add_interface(const Cidr& address, std::uint32_t) {
  addresses_.push_back({address});
  return static_cast<sim::Port>(addresses_.size() - 1);
}

void Liar::add_address(sim::Port port, const Cidr& address) {
  addresses_[index(port)].push_back(address);
}

std::span<const Cidr> Liar::addresses(sim::Port port) const { return addresses_[index(port)]; }

Result<std::unique_ptr<sim::Node>> Liar::clone() const { return std::make_unique<Liar>(*this); }

// ---- what passes --------------------------------------------------------------------------------

FrameId Liar::arrive(sim::Port port, sim::Packet packet, Time, sim::Outlet& outlet) {
  if (port == kVictim) {
    watch(packet);
    outlet.send(id(), kAccomplice, std::move(packet), FrameId::none);
    return FrameId::none;
  }
  const std::span<std::byte> bytes = packet.writable(outlet.pool());
  const test::SentPacket parsed = test::parse_packet({bytes.begin(), bytes.end()});
  if (!parsed.tcp) {
    outlet.send(id(), kVictim, std::move(packet), FrameId::none);
    return FrameId::none;
  }
  Saying saying{parsed.ip,
                parsed.tcp->header,
                parsed.tcp->options,
                {parsed.payload().begin(), parsed.payload().end()}};
  const SeqNumber end = saying.tcp.seq + parsed.sequence_length();
  accomplice_sent_ = saying.tcp.has(wire::kSyn) ? end : latest(accomplice_sent_, end);
  embroider(saying, outlet);
  say(saying, outlet);
  return FrameId::none;
}

void Liar::watch(const sim::Packet& packet) {
  std::vector<std::byte> scratch;
  const std::span<const std::byte> bytes = packet.bytes(scratch);
  const test::SentPacket parsed = test::parse_packet({bytes.begin(), bytes.end()});
  if (!parsed.tcp) return;
  const wire::TcpHeader& tcp = parsed.tcp->header;
  const std::uint32_t data = parsed.tcp->payload_size;
  if (tcp.has(wire::kSyn)) {
    victim_iss_ = tcp.seq;
    victim_sent_ = victim_whole_ = claimed_ = tcp.seq + 1;
    met_ = true;
  } else if (met_) {
    victim_sent_ = latest(victim_sent_, tcp.seq + parsed.sequence_length());
    if (at_or_before(tcp.seq, victim_whole_)) {
      victim_whole_ = latest(victim_whole_, tcp.seq + data);
    }
  }
  if (tcp.has(wire::kAck)) believed_ = tcp.ack;
}

void Liar::say(const Saying& saying, sim::Outlet& outlet) {
  std::array<std::byte, wire::kTcpMaxHeaderSize> head{};
  const std::uint32_t size = wire::emit_tcp(head, saying.tcp, saying.options);
  if (size == 0) return;  // the options do not fit: unsaid
  const test::Bytes bytes = test::build_packet(saying.ip, std::span(head).first(size), saying.data);
  ++said_;
  outlet.send(id(), kVictim, sim::Packet::copy_of(bytes, outlet.pool()), FrameId::none);
}

/// An ACK without data in the name of whoever said `like`.
Liar::Saying Liar::bare(const Saying& like) const {
  Saying saying = like;
  saying.data.clear();
  saying.tcp.flags = wire::kAck;
  saying.options.sack_count = 0;
  return saying;
}

void Liar::report(Saying bare, SeqNumber left, SeqNumber right, sim::Outlet& outlet) {
  bare.options.sack_count = 1;
  bare.options.sack[0] = {left, right};
  say(bare, outlet);
}

// ---- lies ---------------------------------------------------------------------------------------

void Liar::embroider(Saying& saying, sim::Outlet& outlet) {
  if (saying.tcp.has(wire::kSyn)) {
    if (tells(Lie::tiny_mss)) tell(Lie::tiny_mss, saying, outlet);
    return;
  }
  if (!met_ || saying.tcp.has(wire::kRst)) return;
  // The accomplice knows nothing of what was acknowledged in its name.
  if (after(saying.tcp.ack, claimed_)) claimed_ = saying.tcp.ack;
  saying.tcp.ack = claimed_;
  if (random_.below(seldom_) != 0) return;
  const auto lie = static_cast<Lie>(1 + below(kLies - 1));
  if (tells(lie)) tell(lie, saying, outlet);
}

void Liar::tell(Lie lie, Saying& saying, sim::Outlet& outlet) {
  constexpr std::uint32_t kMany = 30;
  const std::uint32_t under_way = distance(claimed_, victim_sent_);
  Saying other = bare(saying);
  count(lie);
  switch (lie) {
    case Lie::tiny_mss:
      saying.options.mss = static_cast<std::uint16_t>(1 + below(40));
      break;
    case Lie::ack_of_unsent:
      // Not what it may have sent since.
      other.tcp.ack = victim_sent_ + (1U << 20) + below(1U << below(31));
      say(other, outlet);
      break;
    case Lie::ack_of_old:
      other.tcp.ack = claimed_ - below(1U << below(31));
      say(other, outlet);
      break;
    case Lie::early_ack:
      claimed_ = latest(claimed_, victim_whole_);
      saying.tcp.ack = claimed_;
      break;
    case Lie::divided_ack:
      for (std::uint32_t i = 0; i < kMany && before(claimed_, victim_whole_); ++i) {
        claimed_ = claimed_ + 1 + below(std::min(distance(claimed_, victim_whole_), 50U));
        other.tcp.ack = claimed_;
        say(other, outlet);
      }
      saying.tcp.ack = claimed_;
      break;
    case Lie::duplicate_storm:
      for (std::uint32_t i = 0; i < kMany; ++i) say(other, outlet);
      break;
    case Lie::sack_of_unsent: {
      const SeqNumber anywhere = victim_sent_ + (below(1U << 17) - (1U << 16));
      report(other, anywhere, anywhere + (below(1U << 17) - (1U << 10)), outlet);
      break;
    }
    case Lie::sack_crumbs:
      for (std::uint32_t i = 0; i < kMany && under_way > 1; ++i) {
        const SeqNumber at = claimed_ + 1 + below(under_way - 1);
        report(other, at, at + 1, outlet);
      }
      break;
    case Lie::sack_not_had:
      if (under_way > 1) report(other, claimed_ + 1 + below(under_way - 1), victim_sent_, outlet);
      break;
    case Lie::dsack_flood:
      for (std::uint32_t i = 0; i < kMany; ++i) {
        const SeqNumber right = claimed_ - below(2'000);
        report(other, right - (1 + below(2'000)), right, outlet);
      }
      break;
    case Lie::shrunk_window:
      saying.tcp.window = static_cast<std::uint16_t>(below(1U + saying.tcp.window) >> below(17));
      break;
    case Lie::boasted_window:
      saying.tcp.window =
          static_cast<std::uint16_t>(std::max<std::uint32_t>(saying.tcp.window, below(1U << 16)));
      break;
    case Lie::old_timestamp:
      if (saying.options.timestamps) {
        saying.options.timestamps->value -= 1 + below(1U << below(31));
      }
      break;
    case Lie::invented_echo:
      if (saying.options.timestamps) {
        saying.options.timestamps->echo = static_cast<std::uint32_t>(random_.next());
      }
      break;
    case Lie::marks:
      for (std::uint32_t i = 0; i < kMany; ++i) {
        other.tcp.flags = wire::kAck | wire::kEce;
        say(other, outlet);
      }
      saying.tcp.flags |= wire::kEce;
      break;
    case Lie::repeats_otherwise:
      other.data.assign(1 + below(1'000), std::byte{0xee});
      other.tcp.seq = believed_ - static_cast<std::uint32_t>(other.data.size());
      say(other, outlet);
      break;
    case Lie::beyond_the_window:
      other.data.assign(1 + below(1'000), std::byte{0xee});
      other.tcp.seq = believed_ + (1U << 30) + below(1U << 20);
      say(other, outlet);
      break;
    case Lie::stray_reset:
      other.tcp.flags = below(2) == 0 ? wire::kRst | wire::kAck : wire::kSyn;
      other.tcp.seq = accomplice_sent_ + 1 + below(1'000);
      say(other, outlet);
      break;
    case Lie::urgency:
      saying.tcp.flags |= wire::kUrg;
      saying.tcp.urgent = static_cast<std::uint16_t>(below(1U << 16));
      break;
  }
}

}  // namespace bowline::liar
