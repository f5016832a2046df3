// The scripted side of a conversation: relative numbers out of literals, packets out of numbers.

#include <fmt/format.h>

#include <algorithm>

#include "bowline/base/byte_order.hpp"
#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

namespace option = wire::tcp_option;

/// The wire's timestamps count from our first one on; a literal's from 0.
void add_to_timestamps(Segment& segment, std::uint32_t to_value, std::uint32_t to_echo) {
  if (!segment.options.timestamps) return;
  segment.options.timestamps->value += to_value;
  segment.options.timestamps->echo += to_echo;
  const auto bytes = std::span(segment.option_bytes).first(segment.option_size);
  for (std::size_t at = 0; at + option::kTimestampsLength <= bytes.size();) {
    const auto kind = std::to_integer<std::uint8_t>(bytes[at]);
    if (kind == option::kTimestamps) {
      store_be<std::uint32_t>(&bytes[at + 2], segment.options.timestamps->value);
      store_be<std::uint32_t>(&bytes[at + 6], segment.options.timestamps->echo);
      return;
    }
    if (kind == option::kEnd) return;
    at += kind == option::kNop
              ? 1
              : std::max<std::size_t>(2, std::to_integer<std::size_t>(bytes[at + 1]));
  }
}

}  // namespace

void Peer::begins_at(SeqNumber iss) { iss_ = iss; }

void Peer::reincarnates(std::uint32_t further) {
  iss_ = iss_ + further;
  our_iss_.reset();
  our_first_timestamp_.reset();
  right_edge_.reset();
  synchronized_ = false;
  texts_.clear();
  script_.forget_written(*this);
}

/// Fills in what the literal left out and a real peer would say: its window and its timestamps.
Segment Peer::completed(Segment segment) {
  if (segment.window) {
    window_ = *segment.window;
  } else {
    segment.window = window_;
  }
  if (segment.has(wire::kSyn)) {
    offered_timestamps_ = segment.options.timestamps.has_value();
    offered_scaling_ = segment.options.window_scale.has_value();
    mss_ = segment.options.mss.value_or(0);
  }
  if (segment.options.timestamps) {
    last_timestamp_ = segment.options.timestamps->value;
    last_timestamp_at_ = script_.now();
  } else if (offered_timestamps_ && we_offered_timestamps_ && !segment.options_given &&
             !segment.has(wire::kRst)) {
    static constexpr Segment kWithTimestamps = ". 0:0(0) ack 0 <nop,nop,TS val 0 ecr 0>"_seg;
    segment.options = kWithTimestamps.options;
    segment.option_bytes = kWithTimestamps.option_bytes;
    segment.option_size = kWithTimestamps.option_size;
    const Duration since = script_.now() - last_timestamp_at_;
    add_to_timestamps(segment, last_timestamp_ + static_cast<std::uint32_t>(since / 1ms),
                      last_echo_ - our_first_timestamp());
  }
  return segment;
}

Bytes Peer::packet_of(const Segment& said, std::string_view text, Where where) {
  const Segment segment = completed(said);
  const std::uint32_t offset = segment.seq + (segment.has(wire::kSyn) ? 1 : 0) - 1;
  Bytes payload;
  if (text.empty()) {
    payload = pattern(kPeerStream, offset, segment.length);
  } else {
    if (text.size() != segment.length) script_.fail("the text and the length differ", where);
    payload = bytes_of(text);
    texts_.emplace_back(offset, std::string(text));
  }
  Segment absolute = segment;
  add_to_timestamps(absolute, 0, our_first_timestamp());

  wire::IpHeader ip;
  ip.source = script_.peer_address();
  ip.destination = script_.our_address();
  ip.tos = ecn_;
  std::array<std::byte, wire::kTcpMaxHeaderSize> head{};
  const std::uint32_t head_size =
      emit_segment(head, absolute, port_, our_port_ != 0 ? our_port_ : Script::kOurPort, iss_,
                   our_iss_.value_or(SeqNumber(0)));
  script_.note(fmt::format("< {}", segment));
  return build_packet(ip, std::span(head).first(head_size), payload);
}

void Peer::sends(const Segment& segment, std::string_view text, Where where) {
  script_.step(where);
  script_.deliver(packet_of(segment, text, where));
  script_.drain();
}

void Peer::sends_damaged(const Segment& segment, std::size_t offset, Where where) {
  script_.step(where);
  Bytes packet = packet_of(segment, {}, where);
  const std::size_t at = wire::ip_header_size(script_.our_address().family()) + offset;
  if (at >= packet.size()) script_.fail("the packet has no such byte", where);
  packet[at] ^= std::byte{1};
  script_.deliver(packet);
  script_.drain();
}

/// From a segment that came, the peer learns what a real one would.
void Peer::hear(const SentPacket& packet) {
  const wire::TcpHeader& header = packet.tcp->header;
  const wire::TcpOptions& options = packet.tcp->options;
  if (options.timestamps) last_echo_ = options.timestamps->value;
  if (!header.has(wire::kSyn)) return;
  synchronized_ = true;
  our_iss_ = header.seq;
  our_port_ = header.source_port;
  we_offered_timestamps_ = options.timestamps.has_value();
  if (options.timestamps && !our_first_timestamp_) our_first_timestamp_ = options.timestamps->value;
  our_shift_ = options.window_scale.value_or(0);
}

/// `packet` in the notation of literals.
std::optional<Segment> Peer::read(const SentPacket& packet) const {
  const auto tcp = std::span(packet.bytes).subspan(packet.ip.header_size, packet.ip.payload_size);
  auto segment = segment_of(tcp, packet.ip.payload_size, our_iss_.value_or(SeqNumber(0)), iss_);
  if (segment) add_to_timestamps(*segment, 0U - our_first_timestamp(), 0);
  return segment;
}

}  // namespace bowline::test
