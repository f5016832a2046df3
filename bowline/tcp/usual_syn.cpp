#include "bowline/tcp/usual_syn.hpp"

#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::tcp {
namespace {

namespace option = wire::tcp_option;

constexpr std::uint32_t kMssWord = option::kMss << 24U | option::kMssLength << 16U;
constexpr std::uint32_t kSackAndTimestamps = option::kSackPermitted << 24U |
                                             option::kSackPermittedLength << 16U |
                                             option::kTimestamps << 8U | option::kTimestampsLength;
constexpr std::uint32_t kScaleWord =
    option::kNop << 24U | option::kWindowScale << 16U | option::kWindowScaleLength << 8U;
constexpr std::uint16_t kOffsetAndFlags = kUsualSynSize / 4U << 12U;

std::uint16_t half_at(const std::byte* from) noexcept { return load_be<std::uint16_t>(from); }
std::uint32_t word_at(const std::byte* from) noexcept { return load_be<std::uint32_t>(from); }

bool is_intact(const std::byte* bytes, std::uint32_t size) noexcept {
  return wire::sum_of({bytes, size}).verifies();
}

// The addresses of `head`, which has a header of the usual form and `size` bytes in all.
bool read_ipv4(const std::byte* head, bool vouched, UsualSyn& syn) noexcept {
  constexpr std::uint32_t kVersionAndSize = 0x45000000U | (wire::kIpv4HeaderSize + kUsualSynSize);
  constexpr std::uint32_t kAllButTos = 0xff00ffffU;
  constexpr std::uint32_t kAllButDontFragment = 0xbfffU;
  if ((word_at(head) & kAllButTos) != kVersionAndSize) return false;
  if ((word_at(head + 4) & kAllButDontFragment) != 0 || head[9] != std::byte{wire::kProtocolTcp}) {
    return false;
  }
  if (!vouched && !is_intact(head, wire::kIpv4HeaderSize)) return false;
  const std::uint32_t source = word_at(head + 12);
  // Class D and E, and "this host on this network".
  if (source == 0 || source >= 0xe0000000U) return false;
  syn.remote.address = IpAddress::v4(source);
  syn.local.address = IpAddress::v4(word_at(head + 16));
  return true;
}

bool read_ipv6(const std::byte* head, UsualSyn& syn) noexcept {
  constexpr std::uint32_t kSizeAndNext = kUsualSynSize << 16U | std::uint32_t{wire::kProtocolTcp}
                                                                    << 8U;
  if ((word_at(head) >> 28U) != 6 || (word_at(head + 4) & 0xffffff00U) != kSizeAndNext)
    return false;
  syn.remote.address = IpAddress::v6(std::span<const std::byte, 16>(head + 8, 16));
  syn.local.address = IpAddress::v6(std::span<const std::byte, 16>(head + 24, 16));
  return !syn.remote.address.is_unspecified() && head[8] != std::byte{0xff};
}

}  // namespace

std::optional<UsualSyn> read_usual_syn(const Frame& frame) noexcept {
  constexpr std::uint32_t kV4 = wire::kIpv4HeaderSize + kUsualSynSize;
  constexpr std::uint32_t kV6 = wire::kIpv6HeaderSize + kUsualSynSize;
  if ((frame.size != kV4 && frame.size != kV6) || frame.piece_count != 1) return std::nullopt;
  const std::byte* const head = frame.head().data();
  const bool vouched = frame.checksum == Checksum::verified;
  UsualSyn syn;
  if (!(frame.size == kV4 ? read_ipv4(head, vouched, syn) : read_ipv6(head, syn))) {
    return std::nullopt;
  }
  const std::byte* const tcp = head + (frame.size - kUsualSynSize);
  if (half_at(tcp + 12) != (kOffsetAndFlags | wire::kSyn)) return std::nullopt;
  const std::uint32_t mss = word_at(tcp + 20);
  const std::uint32_t scale = word_at(tcp + 36);
  if ((mss & 0xffff0000U) != kMssWord || word_at(tcp + 24) != kSackAndTimestamps ||
      (scale & 0xffffff00U) != kScaleWord || (scale & 0xffU) > wire::kMaxWindowScale) {
    return std::nullopt;
  }
  syn.remote.port = half_at(tcp);
  syn.local.port = half_at(tcp + 2);
  if (syn.remote.port == 0 || syn.local.port == 0 || syn.remote == syn.local) return std::nullopt;
  if (!vouched) {
    wire::ChecksumSum sum = wire::pseudo_header_sum(syn.remote.address, syn.local.address,
                                                    wire::kProtocolTcp, kUsualSynSize);
    sum.add({tcp, kUsualSynSize});
    if (!sum.verifies()) return std::nullopt;
  }
  syn.seq = SeqNumber(word_at(tcp + 4));
  syn.mss = static_cast<std::uint16_t>(mss & 0xffffU);
  syn.ts_value = word_at(tcp + 28);
  syn.shift = static_cast<std::uint8_t>(scale & 0xffU);
  return syn;
}

std::uint32_t emit_usual_syn_ack(std::byte* to, const UsualSyn& syn,
                                 const UsualAnswer& answer) noexcept {
  wire::IpHeader ip;
  ip.source = syn.local.address;
  ip.destination = syn.remote.address;
  ip.protocol = wire::kProtocolTcp;
  ip.ttl = answer.hop_limit;
  ip.payload_size = kUsualSynSize;
  const std::uint32_t ip_size = wire::emit_ip(to, ip);

  wire::TcpHeader tcp;
  tcp.source_port = syn.local.port;
  tcp.destination_port = syn.remote.port;
  tcp.seq = answer.seq;
  tcp.ack = syn.seq + 1;
  tcp.flags = wire::kSyn | wire::kAck;
  tcp.window = answer.window;
  const std::uint32_t mss = kMssWord | answer.mss;
  const std::uint32_t scale = kScaleWord | answer.shift;
  const std::uint64_t times = static_cast<std::uint64_t>(answer.ts_value) << 32U | syn.ts_value;

  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolTcp, kUsualSynSize);
  sum.add_sum(wire::tcp_plain_sum(tcp, kUsualSynSize));
  sum.add_word32(mss);
  sum.add_word32(kSackAndTimestamps);
  sum.add_native(network_order(times));
  sum.add_word32(scale);
  tcp.checksum = sum.finish();

  std::byte* const segment = to + ip_size;
  wire::emit_tcp_plain(segment, tcp, kUsualSynSize);
  store_be(segment + 20, mss);
  store_be(segment + 24, kSackAndTimestamps);
  store_be(segment + 28, times);
  store_be(segment + 36, scale);
  return ip_size + kUsualSynSize;
}

}  // namespace bowline::inline v0::tcp
