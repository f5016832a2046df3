// Flows that are open: what passes is translated, and tells how far the connection has come.

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

constexpr Duration kChallengeEvery =
    500ms;  // as often as Linux answers such (tcp_invalid_ratelimit)

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

// May the receiver believe this RST? Only if its number is one that it could accept or, since its
// last ACK may be on the way still, the next that has passed (RFC 5961 section 3.2). What of those
// is believed the receiver decides.
bool may_be_believed(Flow& flow, const Segment& segment) noexcept {
  const FlowEnd& sender = flow.end(segment.from);
  const FlowEnd& receiver = flow.end(across(segment.from));
  return segment.seq() == sender.next ||
         in_window(segment.seq(), receiver.acked, std::max(receiver.window, 1U));
}

}  // namespace

void SynProxy::pass_on(std::uint32_t index, const Segment& segment, Frame frame) noexcept {
  Flow& flow = flows_[index];
  const bool over = flow.state == FlowState::time_wait || flow.state == FlowState::reset;
  if (over && segment.from == Side::outside && !segment.has(wire::kSyn) &&
      segment.has(wire::kAck) && !segment.has(wire::kRst)) {
    // The same two ends again (RFC 6191)?
    const auto proof = proof_in(segment);
    if (proof && proof->irs + 1 != flow.outside.next) {
      forget(index, Reason::gateway_replaced);
      return open_flow(segment, *proof);
    }
  }
  if (segment.has(wire::kRst)) {
    if (!may_be_believed(flow, segment)) return drop(Reason::seq_out_of_window);
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

/// A SYN on a flow that is open. None from outside goes inside: where the server would challenge
/// its sender (RFC 5961 section 4.2), the gateway does.
bool SynProxy::meet_syn(std::uint32_t index, const Segment& segment) noexcept {
  Flow& flow = flows_[index];
  const bool answers = segment.has(wire::kAck);
  if (!flow.translated && (answers || segment.from == Side::inside)) return false;  // a repeat
  if (segment.from == Side::inside) {
    if (answers && segment.seq() == flow.initial) {
      send_ack(flow, Side::inside, Reason::gateway_confirm);  // our ACK was lost
    } else {
      drop(Reason::gateway_no_flow);
    }
    return true;
  }
  const bool over = flow.state == FlowState::time_wait || flow.state == FlowState::reset;
  if (over && !answers) {
    answer_syn(segment);
    return true;
  }
  drop(Reason::syn_in_window);
  if (now_ >= flow.next_challenge) {
    flow.next_challenge = now_ + kChallengeEvery;
    send_ack(flow, Side::outside, Reason::send_challenge_ack);
  } else {
    drop(Reason::send_challenge_suppressed);
  }
  return true;
}

/// How far the connection has come, by a segment that may be forged: it counts only where it fits
/// what is known.
void SynProxy::note(std::uint32_t index, const Segment& segment) noexcept {
  Flow& flow = flows_[index];
  if (segment.has(wire::kRst)) {
    flow.reset_by = segment.from;
    return flows_.set_state(index, FlowState::reset, now_);
  }
  FlowEnd& sender = flow.end(segment.from);
  FlowEnd& receiver = flow.end(across(segment.from));
  const SeqNumber end = segment.end();
  // A FIN, and the byte of a probe, may lie behind a window that is full.
  const SeqNumber last = receiver.acked + std::max(receiver.window, 1U) + 1;
  if (!before(end, sender.next) && !after(end, last)) {
    sender.next = end;
    if (segment.has(wire::kFin)) sender.finished = true;
  }
  const bool from_outside = segment.from == Side::outside;
  const SeqNumber ack = from_outside ? segment.ack() - flow.seq_shift : segment.ack();
  if (at_or_after(ack, sender.acked) && at_or_before(ack, receiver.next)) {
    sender.acked = ack;
    sender.window = std::uint32_t{segment.tcp.header.window} << sender.shift;
    if (segment.tcp.options.timestamps) sender.timestamp = segment.tcp.options.timestamps->value;
  }

  // Who answers a RST by anything else has not believed it (RFC 5961 section 3.2).
  FlowState state = flow.state;
  const bool disbelieved = state == FlowState::reset && segment.from != flow.reset_by;
  if (state == FlowState::reset && !disbelieved) return;
  if (disbelieved || state == FlowState::established) {
    state = sender.finished || receiver.finished ? FlowState::closing : FlowState::established;
  }
  const bool both = sender.finished && receiver.finished;
  if (both && sender.acked == receiver.next && receiver.acked == sender.next) {
    // TIME-WAIT begins anew with a repeated FIN, and with nothing else.
    if (state == FlowState::time_wait && !segment.has(wire::kFin)) return;
    state = FlowState::time_wait;
  }
  flows_.set_state(index, state, now_);
}

}  // namespace bowline::inline v0::gateway
