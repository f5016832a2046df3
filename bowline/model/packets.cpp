#include "bowline/model/packets.hpp"

#include "bowline/model/mix.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0::model {
namespace {

std::uint64_t rest_of(const trace::Segment& segment, std::span<const std::byte> payload) {
  Mix hash(segment.flags);
  hash.add(segment.window).add(segment.urgent).add(segment.length);
  const wire::TcpOptions& options = segment.options;
  hash.add(options.mss ? *options.mss + 1U : 0U);
  hash.add(options.window_scale ? *options.window_scale + 1U : 0U);
  hash.add(options.sack_permitted ? 1U : 0U);
  hash.add(options.sack_count);
  for (std::size_t i = 0; i < options.sack_count; ++i) {
    hash.add(distance(segment.ack, options.sack[i].left));
    hash.add(distance(segment.ack, options.sack[i].right));
  }
  if (options.timestamps) hash.add(options.timestamps->value).add(options.timestamps->echo);
  for (const std::byte byte : payload) hash.add(std::to_integer<std::uint64_t>(byte));
  return hash.value();
}

bool has_right_checksum(const trace::Packet& parts) {
  const std::span<const std::byte> segment = parts.ip_packet.subspan(parts.ip->header_size);
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(parts.ip->source, parts.ip->destination, wire::kProtocolTcp,
                              static_cast<std::uint32_t>(segment.size()));
  sum.add(segment);
  return sum.finish() == 0;
}

}  // namespace

PacketId Packets::intern(std::span<const std::byte> bytes, Host from) {
  std::string key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::scoped_lock lock(mutex_);
  const auto [place, is_new] = numbers_.try_emplace(std::move(key), packets_.size());
  if (is_new) {
    Packet packet;
    packet.bytes.assign(bytes.begin(), bytes.end());
    packet.from = from;
    const trace::Packet parts = trace::take_apart(packet.bytes, LinkKind::ip);
    if (const auto segment = trace::segment_of(parts)) {
      packet.segment = *segment;
      packet.rest = rest_of(*segment, parts.payload);
      packet.spoilt = !has_right_checksum(parts);
    } else {  // no TCP: an ICMP error, which is as it is
      Mix hash(1);
      for (const std::byte byte : bytes) hash.add(std::to_integer<std::uint64_t>(byte));
      packet.rest = hash.value();
    }
    packets_.append(std::move(packet));
  }
  return place->second;
}

}  // namespace bowline::inline v0::model
