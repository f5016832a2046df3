#pragma once

// The TCP header and its options (RFC 9293 sections 3.1 and 3.2).
//
// Parsing gives the header's fields as numbers and the options as values; what they mean, and
// whether they are allowed in the state of the connection, is tcp/'s business. Emission goes the
// other way, with the options in Linux's order, because that is the order the world's middleboxes
// and test scripts know.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/base/decision.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0::wire {

/// The control bits (RFC 9293 3.1; ECE and CWR: RFC 3168; AE: RFC 9768).
inline constexpr std::uint16_t kFin = 0x001;
inline constexpr std::uint16_t kSyn = 0x002;
inline constexpr std::uint16_t kRst = 0x004;
inline constexpr std::uint16_t kPsh = 0x008;
inline constexpr std::uint16_t kAck = 0x010;
inline constexpr std::uint16_t kUrg = 0x020;
inline constexpr std::uint16_t kEce = 0x040;
inline constexpr std::uint16_t kCwr = 0x080;
inline constexpr std::uint16_t kAe = 0x100;

/// Sizes in bytes (data offset of 5 and of 15 words).
inline constexpr std::uint32_t kTcpHeaderSize = 20;
inline constexpr std::uint32_t kTcpMaxHeaderSize = 60;
inline constexpr std::uint32_t kTcpMaxOptionsSize = kTcpMaxHeaderSize - kTcpHeaderSize;
/// With the timestamps of RFC 7323 as the only option, padded by two no-operations.
inline constexpr std::uint32_t kTcpTimestampsSize = 12;
/// Where the checksum stands in the header: Frame::checksum_offset.
inline constexpr std::uint16_t kTcpChecksumOffset = 16;

/// The fixed fields. The data offset follows from the options: it is TcpView::header_size when
/// parsed and computed when emitted.
struct TcpHeader {
  std::uint16_t source_port = 0;       ///< sender's
  std::uint16_t destination_port = 0;  ///< receiver's
  SeqNumber seq;                       ///< SEG.SEQ
  SeqNumber ack;                       ///< SEG.ACK
  std::uint16_t flags = 0;             ///< kSyn, kAck, …
  /// As it stands in the header: not scaled.
  std::uint16_t window = 0;
  std::uint16_t checksum = 0;  ///< as on the wire
  /// Offset from seq to the byte after the urgent data (RFC 9293 3.8.5 MUST-62).
  std::uint16_t urgent = 0;

  /// Are all of `bits` set?
  [[nodiscard]] constexpr bool has(std::uint16_t bits) const noexcept {
    return (flags & bits) == bits;
  }
};

/// Data that came out of order: the numbers from left up to, not including, right (RFC 2018 3).
struct SackBlock {
  SeqNumber left;   ///< its first byte
  SeqNumber right;  ///< the byte after its last
  friend constexpr bool operator==(const SackBlock&, const SackBlock&) noexcept = default;
};

/// RFC 7323 3.2.
struct Timestamps {
  std::uint32_t value = 0;  ///< TSval
  std::uint32_t echo = 0;   ///< TSecr
  friend constexpr bool operator==(const Timestamps&, const Timestamps&) noexcept = default;
};

/// RFC 7413 4.1.1: an empty cookie asks for one.
struct FastOpenCookie {
  static constexpr std::size_t kMaxSize = 16;  ///< bytes
  std::array<std::byte, kMaxSize> data{};      ///< the first `size`
  std::uint8_t size = 0;                       ///< bytes
  /// In the option of the time before there was an RFC: kind 254 and 0xF989 (RFC 6994).
  bool experimental = false;
  /// The cookie.
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const noexcept {
    return std::span<const std::byte>(data).first(size);
  }
  friend constexpr bool operator==(const FastOpenCookie&, const FastOpenCookie&) noexcept = default;
};

/// An AccECN option (RFC 9768 section 3.2.3): byte counters, the lower 24 bits of each, of which
/// those at the end may be missing.
struct AccEcnOption {
  bool order1 = false;      ///< EE1B, ECEB, EE0B (kind 174) instead of EE0B, ECEB, EE1B (kind 172)
  std::uint8_t fields = 0;  ///< how many there are, 0 to 3
  std::array<std::uint32_t, 3> field{};  ///< in the option's order; the rest is 0

  /// EE0B: bytes that came with ECT(0).
  [[nodiscard]] constexpr std::optional<std::uint32_t> e0b() const noexcept {
    return at(order1 ? 2 : 0);
  }
  /// ECEB: bytes that came with CE.
  [[nodiscard]] constexpr std::optional<std::uint32_t> ceb() const noexcept { return at(1); }
  /// EE1B: bytes that came with ECT(1).
  [[nodiscard]] constexpr std::optional<std::uint32_t> e1b() const noexcept {
    return at(order1 ? 0 : 2);
  }
  friend constexpr bool operator==(const AccEcnOption&, const AccEcnOption&) noexcept = default;

 private:
  [[nodiscard]] constexpr std::optional<std::uint32_t> at(std::size_t place) const noexcept {
    return place < fields ? std::optional(field[place]) : std::nullopt;
  }
};

/// The largest shift that counts (RFC 7323 2.3).
inline constexpr std::uint8_t kMaxWindowScale = 14;
/// The most blocks of a SACK option: four alone, three beside timestamps (RFC 2018 3).
inline constexpr std::uint8_t kMaxSackBlocks = 4;
inline constexpr std::uint8_t kMaxSackBlocksWithTimestamps = 3;

/// What options a segment has. MSS, window scale and SACK-permitted mean something on a SYN only;
/// they are given wherever they stand, and it is for the engine to pass over them elsewhere.
struct TcpOptions {
  std::optional<Timestamps> timestamps;  ///< RFC 7323
  std::optional<std::uint16_t> mss;      ///< RFC 9293 section 3.7.1
  /// A shift of 0 to 14; a greater one came as 14 (RFC 7323 2.3).
  std::optional<std::uint8_t> window_scale;
  /// The peer's shift was above 14: worth a log entry, says RFC 7323 2.3.
  bool window_scale_clamped = false;
  bool sack_permitted = false;  ///< RFC 2018
  /// An MD5 signature (RFC 2385) or an authentication option (RFC 5925) is there; neither is
  /// checked.
  bool md5 = false;
  bool authentication = false;                 ///< as md5, of RFC 5925
  std::uint8_t sack_count = 0;                 ///< of `sack`
  std::array<SackBlock, kMaxSackBlocks> sack;  ///< the first `sack_count`
  /// RFC 5482 3: bit 15 says that the lower 15 count minutes, not seconds.
  std::optional<std::uint16_t> user_timeout;
  std::optional<FastOpenCookie> fast_open;  ///< RFC 7413
  std::optional<AccEcnOption> acc_ecn;      ///< RFC 9768; on a SYN it is to be ignored

  /// Those that there are.
  [[nodiscard]] constexpr std::span<const SackBlock> sack_blocks() const noexcept {
    return std::span<const SackBlock>(sack).first(sack_count);
  }
};

/// A parsed header.
struct TcpView {
  TcpHeader header;    ///< its fixed part
  TcpOptions options;  ///< the rest of its header
  /// The data offset in bytes, 20 to 60: where the payload starts.
  std::uint32_t header_size = 0;
  /// Bytes of data after the header.
  std::uint32_t payload_size = 0;
};

/// Parses the TCP header at the start of `head`, the part of a frame's first piece from the
/// transport header on; the segment has `segment_size` bytes (IpHeader::payload_size), of which
/// `head` must hold the header and may hold more, or even bytes beyond its end. The checksum is not
/// verified here, since it covers the payload; ports, flags and the options' sense are not judged.
///
/// Errors: tcp_truncated (shorter than 20 bytes), tcp_bad_offset (data offset below 5 words or
/// beyond the segment), tcp_bad_option (a length that is below 2, beyond the header, or wrong for
/// its kind: RFC 9293 3.1 MUST-7). Unknown kinds are skipped (MUST-6); a Fast Open option of a
/// wrong length is, too (RFC 7413 4.1.1). Of an AccECN option of any length the whole fields count
/// (RFC 9768 3.2.3).
[[nodiscard]] std::expected<TcpView, Reason> parse_tcp(std::span<const std::byte> head,
                                                       std::uint32_t segment_size) noexcept;

/// The bytes that emit_tcp() writes for `options`, padding included: a multiple of 4, 40 at most
/// (more when they do not fit in a header, which emit_tcp() refuses).
[[nodiscard]] std::uint32_t options_size(const TcpOptions& options) noexcept;

/// Writes header and options to `to` and returns the header's size; 0 (and nothing sensible
/// written) when the options need more than 40 bytes or `to` is too short. The checksum is
/// `header.checksum`, as given.
///
/// The order is Linux's: mss, SACK-permitted, timestamps, window scale, SACK, Fast Open; user
/// timeout and AccECN come last. Each is padded by no-operations in front of it, so that numbers
/// stand at multiples of 4 (RFC 7323 appendix A). `md5` and `authentication` are not emitted.
[[nodiscard]] std::uint32_t emit_tcp(std::span<std::byte> to, const TcpHeader& header,
                                     const TcpOptions& options) noexcept;

namespace detail {

/// Words 3 and 4 of a header as one number, so that one store writes them.
[[nodiscard]] constexpr std::uint64_t tcp_tail(const TcpHeader& header,
                                               std::uint32_t header_size) noexcept {
  return static_cast<std::uint64_t>(header_size / 4) << 60U |
         static_cast<std::uint64_t>(header.flags & 0x1ffU) << 48U |
         static_cast<std::uint64_t>(header.window) << 32U |
         static_cast<std::uint64_t>(header.checksum) << 16U | header.urgent;
}

[[nodiscard]] constexpr std::uint64_t tcp_ports_and_seq(const TcpHeader& header) noexcept {
  return static_cast<std::uint64_t>(header.source_port) << 48U |
         static_cast<std::uint64_t>(header.destination_port) << 32U | header.seq.raw();
}

inline constexpr std::uint32_t kTimestampsWord = 0x0101'080a;  // nop, nop, kind 8, length 10

[[nodiscard]] constexpr std::uint64_t timestamps_numbers(const Timestamps& timestamps) noexcept {
  return static_cast<std::uint64_t>(timestamps.value) << 32U | timestamps.echo;
}

}  // namespace detail

/// Writes the 20 bytes of a header without options: the hot path's emit_tcp(), in three stores.
inline std::uint32_t emit_tcp_plain(std::byte* to, const TcpHeader& header,
                                    std::uint32_t header_size = kTcpHeaderSize) noexcept {
  store_be<std::uint64_t>(to, detail::tcp_ports_and_seq(header));
  store_be<std::uint32_t>(to + 8, header.ack.raw());
  store_be<std::uint64_t>(to + 12, detail::tcp_tail(header, header_size));
  return kTcpHeaderSize;
}

/// Writes the 32 bytes of a header whose only option is timestamps: that of nearly every segment.
inline std::uint32_t emit_tcp_timestamps(std::byte* to, const TcpHeader& header,
                                         const Timestamps& timestamps) noexcept {
  constexpr std::uint32_t kSize = kTcpHeaderSize + kTcpTimestampsSize;
  emit_tcp_plain(to, header, kSize);
  store_be<std::uint32_t>(to + 20, detail::kTimestampsWord);
  store_be<std::uint64_t>(to + 24, detail::timestamps_numbers(timestamps));
  return kSize;
}

/// The sum of the header that emit_tcp_plain() writes, from the fields in registers: nothing is
/// read back from memory (DESIGN section 5 rule 5). The checksum field must be 0 in `header`.
[[nodiscard]] constexpr ChecksumSum tcp_plain_sum(
    const TcpHeader& header, std::uint32_t header_size = kTcpHeaderSize) noexcept {
  ChecksumSum sum;
  sum.add_native(network_order(detail::tcp_ports_and_seq(header)));
  sum.add_native(network_order(header.ack.raw()));
  sum.add_native(network_order(detail::tcp_tail(header, header_size)));
  return sum;
}

/// The same for emit_tcp_timestamps().
[[nodiscard]] constexpr ChecksumSum tcp_timestamps_sum(const TcpHeader& header,
                                                       const Timestamps& timestamps) noexcept {
  ChecksumSum sum = tcp_plain_sum(header, kTcpHeaderSize + kTcpTimestampsSize);
  sum.add_word32(detail::kTimestampsWord);
  sum.add_native(network_order(detail::timestamps_numbers(timestamps)));
  return sum;
}

}  // namespace bowline::inline v0::wire
