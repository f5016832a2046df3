#include "bowline/wire/tcp.hpp"

#include <algorithm>

#include "bowline/wire/cursor.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::wire {
namespace {

// RFC 7413 4.1.1: an even number of bytes from 4 to 16, or none. Anything else is ignored.
void parse_fast_open(Cursor value, bool experimental, TcpOptions& options) noexcept {
  const std::size_t size = value.remaining();
  const bool legal = size == 0 || (size >= 4 && size <= FastOpenCookie::kMaxSize && size % 2 == 0);
  if (!legal) return;
  FastOpenCookie cookie{.experimental = experimental};
  cookie.size = static_cast<std::uint8_t>(size);
  std::ranges::copy(value.rest(), cookie.data.begin());
  options.fast_open = cookie;
}

// RFC 9768 3.2.3: "MUST use those whole 3-octet fields that fit within the length and ignore the
// remainder".
void parse_acc_ecn(bool order1, Cursor value, TcpOptions& options) noexcept {
  AccEcnOption counters{.order1 = order1};
  while (counters.fields < counters.field.size() &&
         value.remaining() >= tcp_option::kAccEcnFieldLength) {
    const std::uint32_t high = value.u8();
    counters.field[counters.fields++] = high << 16U | value.u16();
  }
  options.acc_ecn = counters;
}

// One option whose kind and length have been read; `value` is what follows them. False when the
// length is wrong for the kind.
bool parse_option(std::uint8_t kind, Cursor value, TcpOptions& options) noexcept {
  const std::size_t length = 2 + value.remaining();
  switch (kind) {
    case tcp_option::kMss:
      if (length != tcp_option::kMssLength) return false;
      options.mss = value.u16();
      return true;
    case tcp_option::kWindowScale: {
      if (length != tcp_option::kWindowScaleLength) return false;
      const std::uint8_t shift = value.u8();
      options.window_scale_clamped = shift > kMaxWindowScale;
      options.window_scale = std::min(shift, kMaxWindowScale);
      return true;
    }
    case tcp_option::kSackPermitted:
      options.sack_permitted = true;
      return length == tcp_option::kSackPermittedLength;
    case tcp_option::kSack:
      if (length == 2 || (length - 2) % tcp_option::kSackBlockLength != 0) return false;
      options.sack_count = 0;
      while (value.remaining() > 0 && options.sack_count < kMaxSackBlocks) {
        const SeqNumber left(value.u32());
        options.sack[options.sack_count++] = {left, SeqNumber(value.u32())};
      }
      return true;
    case tcp_option::kTimestamps: {
      if (length != tcp_option::kTimestampsLength) return false;
      const std::uint32_t timestamp = value.u32();
      options.timestamps = Timestamps{timestamp, value.u32()};
      return true;
    }
    case tcp_option::kMd5:
      options.md5 = true;
      return length == tcp_option::kMd5Length;
    case tcp_option::kUserTimeout:
      if (length != tcp_option::kUserTimeoutLength) return false;
      options.user_timeout = value.u16();
      return true;
    case tcp_option::kAuthentication:
      options.authentication = true;
      return length >= tcp_option::kAuthenticationMinLength;
    case tcp_option::kFastOpen:
      parse_fast_open(value, false, options);
      return true;
    case tcp_option::kExperiment:
      if (value.remaining() >= 2 && value.u16() == tcp_option::kFastOpenExperiment) {
        parse_fast_open(value, true, options);
      }
      return true;
    case tcp_option::kAccEcn0:
    case tcp_option::kAccEcn1:
      parse_acc_ecn(kind == tcp_option::kAccEcn1, value, options);
      return true;
    default:
      return true;  // RFC 9293 3.1 MUST-6: every option has a length, so skip what is unknown
  }
}

// RFC 9293 3.1: a list of options, each a kind alone (end of list, no-operation) or kind, length,
// value.
bool parse_options(std::span<const std::byte> bytes, TcpOptions& options) noexcept {
  Cursor cursor(bytes);
  while (cursor.remaining() > 0) {
    const std::uint8_t kind = cursor.u8();
    if (kind == tcp_option::kEnd) break;
    if (kind == tcp_option::kNop) continue;
    const std::uint8_t length = cursor.u8();
    if (length < 2) return false;  // 0 would never end, MUST-7
    const Cursor value = cursor.part(length - 2U);
    if (!value.ok() || !parse_option(kind, value, options)) return false;
  }
  return true;
}

// Timestamps and nothing else, as RFC 7323 appendix A lays them out: nearly every segment's
// options.
bool only_timestamps(std::span<const std::byte> bytes) noexcept {
  return bytes.size() == kTcpTimestampsSize &&
         load_be<std::uint32_t>(bytes.data()) == detail::kTimestampsWord;
}

// What Linux and Android put on a SYN, in their order: MSS, SACK-permitted, timestamps, window
// scale. A flood is made of them as much as what it hides.
bool take_usual_syn(std::span<const std::byte> bytes, TcpOptions& options) noexcept {
  constexpr std::uint32_t kMssWord = tcp_option::kMss << 24U | tcp_option::kMssLength << 16U;
  constexpr std::uint32_t kSackWord = tcp_option::kSackPermitted << 24U |
                                      tcp_option::kSackPermittedLength << 16U |
                                      tcp_option::kTimestamps << 8U | tcp_option::kTimestampsLength;
  constexpr std::uint32_t kScaleWord = tcp_option::kNop << 24U | tcp_option::kWindowScale << 16U |
                                       tcp_option::kWindowScaleLength << 8U;
  if (bytes.size() != 20) return false;
  const auto mss = load_be<std::uint32_t>(bytes.data());
  const auto scale = load_be<std::uint32_t>(bytes.data() + 16);
  if ((mss & 0xffff0000U) != kMssWord || (scale & 0xffffff00U) != kScaleWord ||
      load_be<std::uint32_t>(bytes.data() + 4) != kSackWord) {
    return false;
  }
  const auto shift = static_cast<std::uint8_t>(scale & 0xffU);
  if (shift > kMaxWindowScale) return false;
  options.mss = static_cast<std::uint16_t>(mss & 0xffffU);
  options.sack_permitted = true;
  options.timestamps = Timestamps{load_be<std::uint32_t>(bytes.data() + 8),
                                  load_be<std::uint32_t>(bytes.data() + 12)};
  options.window_scale = shift;
  return true;
}

std::optional<Reason> parse_view(std::span<const std::byte> head, std::uint32_t segment_size,
                                 TcpView& view) noexcept {
  if (head.size() > segment_size) head = head.first(segment_size);
  if (head.size() < kTcpHeaderSize) return Reason::tcp_truncated;
  const auto bytes = head.first<kTcpHeaderSize>();
  const auto offset_and_flags = field<std::uint16_t, 12>(bytes);
  view.header_size = (offset_and_flags >> 12U) * 4U;
  if (view.header_size < kTcpHeaderSize || view.header_size > segment_size) {
    return Reason::tcp_bad_offset;
  }
  if (view.header_size > head.size()) return Reason::tcp_truncated;
  view.payload_size = segment_size - view.header_size;
  view.header = {
      .source_port = field<std::uint16_t, 0>(bytes),
      .destination_port = field<std::uint16_t, 2>(bytes),
      .seq = SeqNumber(field<std::uint32_t, 4>(bytes)),
      .ack = SeqNumber(field<std::uint32_t, 8>(bytes)),
      // The three bits between the data offset and these are reserved: ignored (RFC 9293 3.1).
      .flags = static_cast<std::uint16_t>(offset_and_flags & 0x1ffU),
      .window = field<std::uint16_t, 14>(bytes),
      .checksum = field<std::uint16_t, 16>(bytes),
      .urgent = field<std::uint16_t, 18>(bytes),
  };

  const auto options = head.subspan(kTcpHeaderSize, view.header_size - kTcpHeaderSize);
  if (only_timestamps(options)) {
    view.options.timestamps = Timestamps{load_be<std::uint32_t>(options.data() + 4),
                                         load_be<std::uint32_t>(options.data() + 8)};
  } else if (!take_usual_syn(options, view.options) && !parse_options(options, view.options)) {
    return Reason::tcp_bad_option;
  }
  return std::nullopt;
}

constexpr std::uint32_t padded(std::uint32_t size) noexcept { return (size + 3) & ~3U; }

void emit_sack(Writer& writer, std::span<const SackBlock> blocks) noexcept {
  writer.u8(tcp_option::kNop);
  writer.u8(tcp_option::kNop);
  writer.u8(tcp_option::kSack);
  writer.u8(static_cast<std::uint8_t>(2 + blocks.size() * tcp_option::kSackBlockLength));
  for (const SackBlock& block : blocks) {
    writer.u32(block.left.raw());
    writer.u32(block.right.raw());
  }
}

std::uint32_t fast_open_length(const FastOpenCookie& cookie) noexcept {
  return (cookie.experimental ? 4U : 2U) + cookie.size;
}

// Linux pads a cookie behind itself, not in front.
void emit_fast_open(Writer& writer, const FastOpenCookie& cookie) noexcept {
  const std::uint32_t length = fast_open_length(cookie);
  writer.u8(cookie.experimental ? tcp_option::kExperiment : tcp_option::kFastOpen);
  writer.u8(static_cast<std::uint8_t>(length));
  if (cookie.experimental) writer.u16(tcp_option::kFastOpenExperiment);
  writer.bytes(cookie.bytes());
  writer.fill(padded(length) - length, std::byte{tcp_option::kNop});
}

// SACK-permitted fills the two bytes that timestamps leave, where both are there.
void emit_sack_permitted_and_timestamps(Writer& writer, const TcpOptions& options) noexcept {
  if (options.sack_permitted && options.timestamps) {
    writer.u8(tcp_option::kSackPermitted);
    writer.u8(tcp_option::kSackPermittedLength);
  } else if (options.sack_permitted || options.timestamps) {
    writer.u8(tcp_option::kNop);
    writer.u8(tcp_option::kNop);
  }
  if (options.timestamps) {
    writer.u8(tcp_option::kTimestamps);
    writer.u8(tcp_option::kTimestampsLength);
    writer.u32(options.timestamps->value);
    writer.u32(options.timestamps->echo);
  } else if (options.sack_permitted) {
    writer.u8(tcp_option::kSackPermitted);
    writer.u8(tcp_option::kSackPermittedLength);
  }
}

std::uint32_t acc_ecn_length(const AccEcnOption& counters) noexcept {
  return 2U + counters.fields * tcp_option::kAccEcnFieldLength;
}

void emit_acc_ecn(Writer& writer, const AccEcnOption& counters) noexcept {
  const std::uint32_t length = acc_ecn_length(counters);
  writer.fill(padded(length) - length, std::byte{tcp_option::kNop});
  writer.u8(counters.order1 ? tcp_option::kAccEcn1 : tcp_option::kAccEcn0);
  writer.u8(static_cast<std::uint8_t>(length));
  for (std::size_t i = 0; i < counters.fields; ++i) {
    writer.u8(static_cast<std::uint8_t>(counters.field[i] >> 16U & 0xffU));
    writer.u16(static_cast<std::uint16_t>(counters.field[i] & 0xffffU));
  }
}

void emit_options(Writer& writer, const TcpOptions& options) noexcept {
  if (options.mss) {
    writer.u8(tcp_option::kMss);
    writer.u8(tcp_option::kMssLength);
    writer.u16(*options.mss);
  }
  emit_sack_permitted_and_timestamps(writer, options);
  if (options.window_scale) {
    writer.u8(tcp_option::kNop);
    writer.u8(tcp_option::kWindowScale);
    writer.u8(tcp_option::kWindowScaleLength);
    writer.u8(*options.window_scale);
  }
  if (options.sack_count > 0) emit_sack(writer, options.sack_blocks());
  if (options.fast_open) emit_fast_open(writer, *options.fast_open);
  if (options.user_timeout) {
    writer.u8(tcp_option::kUserTimeout);
    writer.u8(tcp_option::kUserTimeoutLength);
    writer.u16(*options.user_timeout);
  }
  if (options.acc_ecn) emit_acc_ecn(writer, *options.acc_ecn);
}

}  // namespace

std::expected<TcpView, Reason> parse_tcp(std::span<const std::byte> head,
                                         std::uint32_t segment_size) noexcept {
  return parsed<TcpView>(
      [&](TcpView& view) noexcept { return parse_view(head, segment_size, view); });
}

std::uint32_t options_size(const TcpOptions& options) noexcept {
  std::uint32_t size = 0;
  if (options.mss) size += tcp_option::kMssLength;
  if (options.timestamps) {
    size += kTcpTimestampsSize;  // SACK-permitted stands in its padding
  } else if (options.sack_permitted) {
    size += padded(tcp_option::kSackPermittedLength);
  }
  if (options.window_scale) size += padded(tcp_option::kWindowScaleLength);
  if (options.sack_count > 0) size += padded(2) + options.sack_count * tcp_option::kSackBlockLength;
  if (options.fast_open) size += padded(fast_open_length(*options.fast_open));
  if (options.user_timeout) size += tcp_option::kUserTimeoutLength;
  if (options.acc_ecn) size += padded(acc_ecn_length(*options.acc_ecn));
  return size;
}

std::uint32_t emit_tcp(std::span<std::byte> to, const TcpHeader& header,
                       const TcpOptions& options) noexcept {
  const std::uint32_t size = kTcpHeaderSize + options_size(options);
  if (size > kTcpMaxHeaderSize || size > to.size()) return 0;
  emit_tcp_plain(to.data(), header, size);
  Writer writer(to.subspan(kTcpHeaderSize, size - kTcpHeaderSize));
  emit_options(writer, options);
  return size;
}

}  // namespace bowline::inline v0::wire
