#include "bowline/tcp/usual_syn.hpp"

#include <cstring>
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

// Where the fields stand: of IP (RFC 791 section 3.1, RFC 8200 section 3),
constexpr std::size_t kIpv4Checksum = 10;
constexpr std::size_t kIpv4Destination = 16;
constexpr std::size_t kIpv6Destination = 24;
// of TCP (RFC 9293 section 3.1): both sequence numbers, and both timestamps, are next to each
// other.
constexpr std::size_t kDestinationPort = 2;
constexpr std::size_t kNumbers = 4;
constexpr std::size_t kMss = 20;
constexpr std::size_t kSack = 24;
constexpr std::size_t kTimes = 28;
constexpr std::size_t kScale = 36;

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
  const std::uint32_t mss = word_at(tcp + kMss);
  const std::uint32_t scale = word_at(tcp + kScale);
  if ((mss & 0xffff0000U) != kMssWord || word_at(tcp + kSack) != kSackAndTimestamps ||
      (scale & 0xffffff00U) != kScaleWord || (scale & 0xffU) > wire::kMaxWindowScale) {
    return std::nullopt;
  }
  syn.remote.port = half_at(tcp);
  syn.local.port = half_at(tcp + kDestinationPort);
  if (syn.remote.port == 0 || syn.local.port == 0 || syn.remote == syn.local) return std::nullopt;
  if (!vouched) {
    wire::ChecksumSum sum = wire::pseudo_header_sum(syn.remote.address, syn.local.address,
                                                    wire::kProtocolTcp, kUsualSynSize);
    sum.add({tcp, kUsualSynSize});
    if (!sum.verifies()) return std::nullopt;
  }
  syn.seq = SeqNumber(word_at(tcp + kNumbers));
  syn.mss = static_cast<std::uint16_t>(mss & 0xffffU);
  syn.ts_value = word_at(tcp + kTimes);
  syn.shift = static_cast<std::uint8_t>(scale & 0xffU);
  return syn;
}

UsualSynAck::UsualSynAck(const Endpoint& local, const Terms& terms) noexcept {
  const IpAddress nobody = IpAddress::any(local.address.family());
  wire::IpHeader ip;
  ip.source = local.address;
  ip.destination = nobody;
  ip.protocol = wire::kProtocolTcp;
  ip.ttl = terms.hop_limit;
  ip.payload_size = kUsualSynSize;
  const std::uint32_t ip_size = wire::emit_ip(bytes_.data(), ip);
  size_ = ip_size + kUsualSynSize;
  if (local.address.is_v4()) {
    store_be<std::uint16_t>(bytes_.data() + kIpv4Checksum, 0);
    header_sum_ = wire::sum_of(std::span(bytes_).first(ip_size));
  }

  wire::TcpHeader tcp;
  tcp.source_port = local.port;
  tcp.flags = wire::kSyn | wire::kAck;
  tcp.window = terms.window;
  std::byte* const segment = bytes_.data() + ip_size;
  wire::emit_tcp_plain(segment, tcp, kUsualSynSize);
  store_be(segment + kMss, kMssWord | terms.mss);
  store_be(segment + kSack, kSackAndTimestamps);
  store_be(segment + kTimes, std::uint64_t{0});
  store_be(segment + kScale, kScaleWord | terms.shift);
  segment_sum_ = wire::pseudo_header_sum(local.address, nobody, wire::kProtocolTcp, kUsualSynSize);
  segment_sum_.add({segment, kUsualSynSize});
}

void UsualSynAck::write(std::byte* to, const UsualSyn& syn, SeqNumber iss,
                        std::uint32_t ts_value) const noexcept {
  wire::ChecksumSum sum = segment_sum_;
  std::byte* segment = to;
  if (syn.remote.address.is_v4()) {
    constexpr std::uint32_t kSize = wire::kIpv4HeaderSize + kUsualSynSize;
    std::memcpy(to, bytes_.data(), kSize);
    const std::uint32_t destination = syn.remote.address.v4_value();
    store_be(to + kIpv4Destination, destination);
    wire::ChecksumSum header = header_sum_;
    header.add_word32(destination);
    store_be(to + kIpv4Checksum, header.finish());
    sum.add_word32(destination);
    segment += wire::kIpv4HeaderSize;
  } else {
    std::memcpy(to, bytes_.data(), bytes_.size());
    const std::array<std::byte, 16>& destination = syn.remote.address.raw();
    std::memcpy(to + kIpv6Destination, destination.data(), destination.size());
    sum.add(destination);
    segment += wire::kIpv6HeaderSize;
  }
  const std::uint64_t numbers = static_cast<std::uint64_t>(iss.raw()) << 32U | (syn.seq + 1).raw();
  const std::uint64_t times = static_cast<std::uint64_t>(ts_value) << 32U | syn.ts_value;
  sum.add_word(syn.remote.port);
  sum.add_native(network_order(numbers));
  sum.add_native(network_order(times));
  store_be(segment + kDestinationPort, syn.remote.port);
  store_be(segment + kNumbers, numbers);
  store_be(segment + kTimes, times);
  store_be(segment + wire::kTcpChecksumOffset, sum.finish());
}

}  // namespace bowline::inline v0::tcp
