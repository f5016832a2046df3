// Flows that are open: what passes is translated.

#include <algorithm>
#include <array>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::gateway {
namespace {

// Where fields stand in the header (RFC 9293 section 3.1) and in options.
constexpr std::size_t kSeq = 4;
constexpr std::size_t kAckNumber = 8;
constexpr std::size_t kWindow = 14;
constexpr std::size_t kTsVal = 2;  // RFC 7323 section 3.2
constexpr std::size_t kTsEcr = 6;
constexpr std::size_t kBlocks = 2;  // RFC 2018 section 3

// A window for a reader who was told another shift than its writer meant: rounded down.
std::uint16_t converted(std::uint16_t window, const FlowEnd& writer) noexcept {
  if (writer.shift == writer.read_shift) return window;
  const std::uint32_t bytes = std::uint32_t{window} << writer.shift;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(bytes >> writer.read_shift, 0xffff));
}

// Writes a segment's header anew for the other side of a flow.
class Translation {
 public:
  Translation(const Flow& flow, const Segment& segment, std::span<std::byte> header,
              bool covered) noexcept
      : flow_(flow),
        segment_(segment),
        header_(header),
        editor_(header, wire::kTcpChecksumOffset, covered) {}

  void from_inside() noexcept {
    editor_.put32(kSeq, (segment_.seq() + flow_.seq_shift).raw());
    window(flow_.inside);
    each_option([this](std::uint8_t kind, std::size_t at, std::size_t) {
      if (kind == wire::tcp_option::kTimestamps) add(at + kTsVal, flow_.time_shift);
    });
  }

  void from_outside() noexcept {
    const bool acknowledges = segment_.has(wire::kAck);
    if (acknowledges) editor_.put32(kAckNumber, (segment_.ack() - flow_.seq_shift).raw());
    window(flow_.outside);
    each_option([&](std::uint8_t kind, std::size_t at, std::size_t size) {
      // An echo counts only with an ACK (RFC 7323 section 3.2).
      if (kind == wire::tcp_option::kTimestamps && acknowledges) {
        add(at + kTsEcr, 0U - flow_.time_shift);
      }
      if (kind == wire::tcp_option::kSack) blocks(at, size);
    });
  }

 private:
  void window(const FlowEnd& writer) noexcept {
    const std::uint16_t as_meant = segment_.tcp.header.window;
    const std::uint16_t as_read = converted(as_meant, writer);
    if (as_read != as_meant) editor_.put16(kWindow, as_read);
  }

  // The server's numbers in them; a server that has no SACK is not shown any.
  void blocks(std::size_t at, std::size_t size) noexcept {
    if (!flow_.inside_sack) {
      std::array<std::byte, wire::kTcpMaxOptionsSize> padding;
      padding.fill(std::byte{wire::tcp_option::kNop});
      return editor_.put(at, std::span(padding).first(size));
    }
    for (std::size_t edge = kBlocks; edge + 4 <= size; edge += 4) {
      add(at + edge, 0U - flow_.seq_shift);
    }
  }

  void add(std::size_t at, std::uint32_t shift) noexcept {
    editor_.put32(at, load_be<std::uint32_t>(header_.data() + at) + shift);
  }

  // parse_tcp() has found every length to be sound.
  template <class F>
  void each_option(F&& f) noexcept {
    for (std::size_t at = wire::kTcpHeaderSize; at < header_.size();) {
      const auto kind = std::to_integer<std::uint8_t>(header_[at]);
      if (kind == wire::tcp_option::kEnd) return;
      if (kind == wire::tcp_option::kNop) {
        ++at;
        continue;
      }
      if (at + 1 >= header_.size()) return;
      const auto size = std::to_integer<std::size_t>(header_[at + 1]);
      if (size < 2 || at + size > header_.size()) return;
      f(kind, at, size);
      at += size;
    }
  }

  const Flow& flow_;
  const Segment& segment_;
  std::span<std::byte> header_;
  HeaderEditor editor_;
};

}  // namespace

void SynProxy::pass_on(std::uint32_t index, const Segment& segment, Frame frame) noexcept {
  Flow& flow = flows_[index];
  const bool over = flow.state == FlowState::time_wait || flow.state == FlowState::reset;
  if (over && segment.from == Side::outside && !segment.has(wire::kSyn) &&
      segment.has(wire::kAck) && !segment.has(wire::kRst)) {
    // The same two ends again (RFC 6191)?
    // A delayed duplicate of the handshake that began this flow is none: it has the same cookie.
    const auto proof = proof_in(segment);
    const bool own = flow.translated && segment.ack() - 1 == flow.cookie;
    if (proof && !own && proof->irs + 1 != flow.outside.next) {
      forget(index, Reason::gateway_replaced);
      return open_flow(segment, *proof);
    }
  }
  if (segment.has(wire::kRst)) {
    if (!reaches_window(flow, segment)) return drop(Reason::seq_out_of_window);
  } else if (segment.has(wire::kSyn)) {
    if (over && segment.from == Side::inside && !segment.has(wire::kAck)) {
      forget(index, Reason::gateway_replaced);
      return begin_outward(segment, std::move(frame));
    }
    if (meet_syn(index, segment)) return;
  } else if (!segment.has(wire::kAck)) {
    return drop(Reason::no_ack_flag);
  }

  if (!segment.has(wire::kSyn)) note(index, segment);
  if (!flow.translated) {
    return pass(across(segment.from), std::move(frame), segment.ip, Reason::gateway_passed, &flow);
  }
  const std::uint32_t headers = segment.ip.header_size + segment.tcp.header_size;
  const std::span<std::byte> head = writable_head(frame, headers, pool_);
  if (head.empty()) return drop(Reason::no_memory);
  Translation translation(flow, segment, head.subspan(segment.ip.header_size),
                          frame.checksum != Checksum::partial);
  if (segment.from == Side::inside) {
    translation.from_inside();
  } else {
    translation.from_outside();
  }
  pass(across(segment.from), std::move(frame), segment.ip, Reason::gateway_translated, &flow);
}

}  // namespace bowline::inline v0::gateway
