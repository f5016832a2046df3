#include "bowline/tcp/input/ack_news.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {
namespace {

// How old the number is that the echo names, in milliseconds, modulo 2^32.
std::optional<std::uint32_t> echo_age(const Connection& c, const Segment& segment) noexcept {
  if (!c.timestamps || !segment.options.timestamps || segment.options.timestamps->echo == 0) {
    return std::nullopt;
  }
  const std::uint32_t sent = segment.options.timestamps->echo - c.ts_offset;
  return timestamp_clock(segment.arrival) - sent;
}

// The echo is of a time that our clock has not reached: nobody can have seen it.
bool echoes_the_future(const Connection& c, const Segment& segment) noexcept {
  const auto age = echo_age(c, segment);
  return age && static_cast<std::int32_t>(*age) < 0;
}

// The number stands where no packet that we sent ended. A range may be of many packets, all as full
// as the options of that moment let them be, at most so many bytes short of SND.MSS.
bool divides_a_packet(const Connection& c, const AckedRanges& acked) noexcept {
  constexpr std::uint32_t kOptions = wire::kTcpMaxHeaderSize - wire::kTcpHeaderSize;
  return acked.part > 0 && (acked.part_of <= c.snd_mss || acked.part + kOptions < c.snd_mss);
}

// A duplicate ACK as RFC 5681 section 2 defines it: nothing new in it, data outstanding, the window
// unchanged.
bool is_duplicate(const Connection& c, const Segment& segment) noexcept {
  // The answers to window probes look the same and mean nothing of the kind.
  return segment.ack == c.snd_una && c.snd_una != c.snd_nxt && segment.len() == 0 &&
         c.snd_wnd != 0 && (static_cast<std::uint32_t>(segment.window) << c.snd_shift) == c.snd_wnd;
}

void release_acknowledged(Connection& c, SeqNumber ack) noexcept {
  if (!after(ack, c.send_front)) return;
  Transfer& transfer = *c.transfer;
  const std::uint32_t count = std::min(distance(c.send_front, ack), transfer.send.size());
  transfer.send.release(count);
  c.send_front += count;
}

// RFC 2883 section 4: the first block, if it lies below the cumulative acknowledgment or within the
// second block, reports what came twice.
bool is_dsack(std::span<const wire::SackBlock> blocks, SeqNumber ack) noexcept {
  if (blocks.empty() || !before(blocks[0].left, blocks[0].right)) return false;
  if (at_or_before(blocks[0].right, ack)) return true;
  return blocks.size() > 1 && at_or_after(blocks[0].left, blocks[1].left) &&
         at_or_before(blocks[0].right, blocks[1].right);
}

// What lies further back than any window of the peer's was not on its way any more, and what was
// not sent cannot come twice.
bool is_plausible_dsack(const Connection& c, const wire::SackBlock& block) noexcept {
  return at_or_before(block.right, c.snd_nxt) && at_or_after(block.left, c.snd_una - c.max_snd_wnd);
}

// Collects what the ranges of one acknowledgment have in common.
class Collector {
 public:
  Collector(Connection& c, Time arrival, Time echo, Context& context) noexcept
      : c_(c), context_(context), arrival_(arrival), echo_(echo) {}

  void operator()(const Delivered& part) noexcept {
    packets_ += packets_in(part.length);
    if (c_.sack && c_.transfer->rack.delivered(part)) note_overtaken(part.end - part.length);
    path_delivered(c_, part.end - part.length, part.end, context_);
    if (c_.bbr) bbr_delivered(c_, part, arrival_);
    if (part.how.retransmitted()) {
      retransmitted_ = true;
      if (cumulative_ && answers_the_original(part.how)) ++needless_;
      return;
    }
    latest_ = std::max(latest_, part.how.sent_at);
    any_original_ = true;
    if (at_or_before(part.end, c_.transfer->recovery.point())) original_before_point_ = true;
  }
  // RFC 6298 section 3 (Karn): a number sent twice gives no sample, unless the peer's echo says
  // which of the two it was.
  [[nodiscard]] Duration sample() const noexcept {
    if (any_original_ && !retransmitted_) {
      return std::max(arrival_ - latest_, Duration(1));
    }
    if (retransmitted_ && echo_ != Time{}) return std::max(arrival_ - echo_, Duration(1));
    return Duration::zero();
  }
  // From here on parts are reported out of order: the echo is not theirs.
  void out_of_order() noexcept {
    cumulative_ = false;
    count_reordering();
  }
  // How far back it lay that was overtaken, in packets: at the most, over the connection's life
  // (Linux's tcp_check_sack_reordering(), once for what is acknowledged and once for SACKs).
  void count_reordering() noexcept {
    if (!any_overtaken_) return;
    any_overtaken_ = false;
    ++c_.tally.reorderings;
    constexpr std::uint32_t kMost = 300;  // tcp_max_reordering
    const std::uint32_t packets =
        std::min(packets_in(distance(overtaken_, c_.transfer->rack.fack())), kMost);
    if (packets <= context_.settings.duplicate_ack_threshold) return;
    c_.reordering = std::max(c_.reordering, static_cast<std::uint16_t>(packets));
  }
  // The acknowledgment ended inside a range, `count` numbers of the `of` that it had: a packet is
  // there when all of it is, or dividing ACKs would be worth a packet each (Linux's
  // tcp_tso_acked()).
  void ended_within(std::uint32_t count, std::uint32_t of) noexcept {
    packets_ -= packets_in(count);
    packets_ += packets_in(of) - packets_in(of - count);
  }
  [[nodiscard]] std::uint32_t packets() const noexcept { return packets_; }
  [[nodiscard]] std::uint32_t needless() const noexcept { return needless_; }
  [[nodiscard]] bool original_before_point() const noexcept { return original_before_point_; }

 private:
  // RFC 3522 section 3.2: the echo is older than the retransmission. It counts in milliseconds, so
  // one from within the same says nothing; nor does it tell which of several it was.
  [[nodiscard]] bool answers_the_original(const SentRange& how) const noexcept {
    return how.transmissions == 2 && how.sent_at >= c_.transfer->undo.since() && echo_ != Time{} &&
           echo_ + 1ms <= how.sent_at;
  }

  [[nodiscard]] std::uint32_t packets_in(std::uint32_t numbers) const noexcept {
    const std::uint32_t mss = std::max<std::uint32_t>(c_.snd_mss, 1);
    return (numbers + mss - 1) / mss;
  }
  void note_overtaken(SeqNumber start) noexcept {
    if (!any_overtaken_ || before(start, overtaken_)) overtaken_ = start;
    any_overtaken_ = true;
  }

  Connection& c_;
  Context& context_;
  Time arrival_;
  SeqNumber overtaken_;
  bool any_overtaken_ = false;
  std::uint32_t packets_ = 0;
  Time echo_;
  std::uint32_t needless_ = 0;
  bool cumulative_ = true;
  Time latest_{};
  bool any_original_ = false;
  bool retransmitted_ = false;
  bool original_before_point_ = false;
};

// Linux keeps a frame together (Settings::packet_queue): of one that a block covers in part, whole
// segments count, from the frame's beginning on (tcp_match_skb_to_sack()).
wire::SackBlock whole_segments(const Connection& c, wire::SackBlock block) noexcept {
  const SentRanges& sent = c.transfer->sent;
  const std::uint32_t mss = std::max<std::uint32_t>(c.snd_mss, 1);
  if (const std::uint32_t id = sent.containing(block.left); id != SentRanges::kNone) {
    const std::uint32_t before_it = distance(sent[id].start, block.left);
    const std::uint32_t whole = (before_it + mss - 1) / mss * mss;
    block.left = sent[id].start + std::min(whole, sent[id].length);
  }
  if (const std::uint32_t id = sent.containing(block.right); id != SentRanges::kNone) {
    block.right = block.right - distance(sent[id].start, block.right) % mss;
  }
  return block;
}

// Blocks outside what is outstanding are lies, or D-SACKs: neither marks anything.
void take_sack_blocks(Connection& c, const Segment& segment, AckNews& news, Collector& collector,
                      Context& context) noexcept {
  const std::span<const wire::SackBlock> blocks = segment.options.sack_blocks();
  const bool twice = is_dsack(blocks, segment.ack);
  news.dsack = twice && is_plausible_dsack(c, blocks[0]);
  news.dsack_of_last = news.dsack && blocks[0].right == c.snd_nxt;
  if (twice) decide(c, news.dsack ? Reason::dsack_received : Reason::sack_ignored, context);
  // The block that came last stands first (RFC 2018 section 4). In that order what lies lower would
  // look overtaken by what the same ACK reports (RFC 8985 section 6.2 step 3).
  std::array<wire::SackBlock, wire::kMaxSackBlocks> ascending;
  std::size_t count = 0;
  for (const wire::SackBlock& block : blocks.subspan(twice ? 1 : 0)) {
    std::size_t at = count++;
    for (; at > 0 && before(block.left, ascending[at - 1].left); --at) {
      ascending[at] = ascending[at - 1];
    }
    ascending[at] = block;
  }
  for (const wire::SackBlock& block : std::span(ascending).first(count)) {
    if (!before(block.left, block.right) || before(block.left, c.snd_una) ||
        after(block.right, c.snd_nxt)) {
      // A block that the cumulative number has passed is old news, not a lie.
      if (after(block.right, c.snd_una)) decide(c, Reason::sack_ignored, context);
      continue;
    }
    const wire::SackBlock known = context.settings.packet_queue ? whole_segments(c, block) : block;
    if (!before(known.left, known.right)) continue;
    news.sacked += c.transfer->sent.mark_sacked(known.left, known.right, collector);
  }
}

}  // namespace

Time echoed_instant(const Connection& c, const Segment& segment) noexcept {
  constexpr std::uint32_t kPlausible = 600'000;  // ms; a lying echo must not set the timer
  const auto age = echo_age(c, segment);
  if (!age || *age >= kPlausible) return Time{};
  const Time arrival(std::chrono::floor<std::chrono::milliseconds>(segment.arrival));
  const Duration ago = *age * Duration(1ms);
  if (ago >= arrival.time_since_epoch()) return Time{};
  return arrival - ago;
}

AckNews take_acknowledgment(Connection& c, const Segment& segment, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  AckNews news;
  const bool opening = c.syn_outstanding();
  news.ack = segment.ack;
  news.in_flight = transfer.sent.in_network();
  news.echo = echoed_instant(c, segment);
  if (echoes_the_future(c, segment)) decide(c, Reason::echo_from_the_future, context);
  news.duplicate = is_duplicate(c, segment);
  bbr_before_event(c);
  bbr_begin_ack(c);
  Collector collector(c, segment.arrival, news.echo, context);
  transfer.rack.begin_ack(segment.arrival, c.rtt.min_rtt(), news.echo,
                          context.settings.rack_rtt_of_any);

  if (after(segment.ack, c.snd_una)) {
    const AckedRanges acked = transfer.sent.acknowledge(segment.ack, collector);
    news.acked = acked.bytes;
    news.delivered = acked.newly_delivered;
    if (acked.part > 0 && !transfer.sent[transfer.sent.first()].value.sacked) {
      collector.ended_within(acked.part, acked.part_of);
    }
    if (divides_a_packet(c, acked)) decide(c, Reason::ack_divided, context, acked.part);
    c.snd_una = segment.ack;
    c.snd_small = latest(c.snd_small, c.snd_una);  // so that it stays within half of all numbers
    release_acknowledged(c, segment.ack);
    if (c.urgent_send && at_or_after(c.snd_una, c.snd_up)) c.urgent_send = false;
  }
  collector.out_of_order();
  if (c.sack && segment.options.sack_count > 0) {
    take_sack_blocks(c, segment, news, collector, context);
    news.delivered += news.sacked;
  }
  collector.count_reordering();
  c.delivered += news.delivered;
  news.packets = collector.packets();
  c.tally.delivered += news.packets;
  news.marks = reported_marks(c, segment, news.delivered, opening);
  news.needless = collector.needless();
  if (news.needless > 0) news.late = segment.arrival - news.echo - transfer.rack.rtt();
  news.original_arrived = collector.original_before_point();
  news.rtt = news.delivered > 0 ? collector.sample() : Duration::zero();
  if (news.rtt != Duration::zero()) c.rtt.sample(news.rtt, context.now);
  return news;
}

}  // namespace bowline::inline v0::tcp
