#include "bowline/explain/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bowline/explain/check/checks.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using trace::Side;
using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

// How long a four-tuple that has gone quiet while opening is one attempt: the longest that a stack
// keeps repeating a SYN (Linux: 63 s and more, RFC 9293 MUST-23: 3 minutes).
constexpr Duration kAttempt = 180s;
// After so long without a segment a SYN begins another connection, whatever became of the first.
constexpr Duration kForgotten = 4h;

// Comments are anybody's bytes; a terminal gets none that it would obey.
std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < ' ' || c > '~') c = c == '\n' ? ' ' : '?';
  }
  return result;
}

}  // namespace

Connection::Connection(std::uint64_t number, const Observed& first, const WatchSettings& settings)
    : number_(number),
      settings_(settings),
      first_packet_(first.number),
      last_packet_(first.number),
      first_time_(first.time),
      last_time_(first.time) {
  const trace::Segment& segment = first.segment;
  const bool answer = segment.has(kSyn | kAck);
  ends_[0].endpoint = answer ? segment.destination : segment.source;
  ends_[1].endpoint = answer ? segment.source : segment.destination;
  const std::uint16_t control = segment.flags & (kSyn | kFin | kRst | kAck);
  if (control == kAck || control == (kFin | kAck)) {
    // Under way already, unless an answer shows that there is nothing (see ending()).
    established_ = true;
    findings_.add(Rule::under_way, std::nullopt, first.number, [] {
      return "the connection was under way when the capture began: its handshake, and what it "
             "agreed "
             "on, are not known";
    });
  }
}

void Connection::observe(const Observed& seen) {
  const trace::Segment& segment = seen.segment;
  const Side side = side_of(segment);
  last_packet_ = seen.number;
  last_time_ = std::max(last_time_, seen.time);
  ++end(side).counters.packets;

  current_ = Rung{};
  current_.packet = seen.number;
  current_.time = seen.time;
  current_.side = side;
  current_.seq = segment.seq;
  current_.ack = segment.ack;
  current_.length = segment.length;
  current_.flags = segment.flags;
  current_.window = segment.window;
  if (segment.has(kSyn)) {
    current_.mss = segment.options.mss;
    current_.window_scale = segment.options.window_scale;
    current_.sack_permitted = segment.options.sack_permitted;
  }
  constexpr std::size_t kLongestComment = 400;
  for (const std::string_view comment : seen.comments) {
    if (current_.comment.size() >= kLongestComment) break;
    current_.comment += (current_.comment.empty() ? "" : "; ") + printable(comment);
  }

  if (passes_checksum(seen, side) && judge(seen, side)) {
    end(side).state.sent(segment);
    end(trace::opposite(side)).state.arrived(segment);
    end(trace::opposite(side)).keepalives_unanswered = 0;
  } else {
    current_.ignored = true;
  }
  keep_rung();
  previous_ = current_;
}

bool Connection::passes_checksum(const Observed& seen, Side side) {
  EndCounters& counters = end(side).counters;
  if (seen.checksum == ChecksumState::right) ++counters.checksums_right;
  if (seen.checksum != ChecksumState::wrong) return true;
  ++counters.checksums_wrong;
  // A sender whose checksums are all wrong was captured before its device made them.
  if (counters.checksums_wrong > counters.checksums_right) return true;
  findings_.add(Rule::bad_checksum, side, seen.number, [] {
    return "the checksum is wrong: damaged on the way; the receiver drops it without a word";
  });
  current_.rule = Rule::bad_checksum;
  return false;
}

// The steps. False: the receiver must pass over the segment.
bool Connection::judge(const Observed& seen, Side side) {
  check::Step step{*this, end(side), end(trace::opposite(side)), side, seen};
  using check::Verdict;
  if (check::flags(step) == Verdict::pass_over) return false;
  if (check::opening(step) == Verdict::pass_over) return false;
  check::options(step);
  if (seen.segment.has(kRst)) return check::reset(step) == Verdict::go_on;
  if (check::sequence(step) == Verdict::pass_over) return false;
  check::acknowledgment(step);
  check::window(step);
  check::marks(step);
  return true;
}

void Connection::keep_rung() {
  if (first_.size() < settings_.bounds.first_rungs) {
    first_.push_back(current_);
    return;
  }
  last_.push_back(current_);
  if (last_.size() > settings_.bounds.last_rungs) {
    last_.pop_front();
    ++left_out_;
  }
}

void Connection::mark_lost(Side side, SeqNumber seq) {
  const auto is_it = [&](const Rung& rung) {
    return rung.side == side && !rung.ignored && rung.end() != rung.seq &&
           in_window(seq, rung.seq, distance(rung.seq, rung.end()));
  };
  if (const auto last = std::find_if(last_.rbegin(), last_.rend(), is_it); last != last_.rend()) {
    last->lost = true;
    return;
  }
  if (left_out_ > 0) return;  // the one that is meant may be among those
  const auto first = std::find_if(first_.rbegin(), first_.rend(), is_it);
  if (first != first_.rend()) first->lost = true;
}

void Connection::icmp(std::uint64_t packet, const wire::IcmpMessage& message,
                      const IpAddress& from) {
  if (message.kind == wire::IcmpKind::packet_too_big) {
    findings_.add(Rule::path_mtu, std::nullopt, packet, [&] {
      return fmt::format(
          "{} says that a packet was too big for the next link{}: the sender makes its "
          "segments smaller",
          trace::to_text(from),
          message.mtu == 0 ? "" : fmt::format(", where {} bytes fit", message.mtu));
    });
    return;
  }
  findings_.add(Rule::unreachable, std::nullopt, packet, [&] {
    return fmt::format("{} reports an error (ICMP type {}, code {}): {}", trace::to_text(from),
                       message.type, message.code,
                       established_ ? "a live connection bears it and tries again"
                                    : "the connection cannot be opened");
  });
  unreachable_ = unreachable_ || !established_;
}

void Connection::follows(std::uint64_t earlier, std::uint64_t packet, Duration after,
                         bool time_wait) {
  findings_.add(Rule::time_wait_reuse, std::nullopt, packet, [&] {
    return fmt::format("the same ends as connection {}, {} after its last segment{}", earlier,
                       check::duration_text(after),
                       time_wait
                           ? ": its TIME-WAIT is cut short by a newer SYN, which is allowed when "
                             "its numbers or timestamps are newer"
                           : "");
  });
}

bool Connection::is_succeeded_by(const trace::Segment& segment, Time now) const {
  if (!segment.has(kSyn) || segment.has(kAck) || segment.has(kRst) || segment.has(kFin))
    return false;
  const End& from = end(side_of(segment));
  if (from.isn == segment.seq && !over()) return false;
  const Duration quiet = now - last_time_;
  if (over() || quiet > kForgotten) return true;
  if (!established_) return from.isn ? quiet > kAttempt : first_fin_.has_value();
  return false;
}

bool Connection::answers_late_syn(const trace::Segment& segment) const noexcept {
  return late_syn_ && segment.has(kSyn | kAck) &&
         segment.source == late_syn_->segment.destination &&
         segment.ack == late_syn_->segment.seq + 1;
}

std::uint32_t Connection::shown(Side side, SeqNumber number) const noexcept {
  const End& of = end(side);
  return settings_.absolute || !of.start ? number.raw() : number.raw() - of.start->raw();
}

void Connection::shed() {
  for (End& one : ends_) {
    one.sent = {};
    one.holes = {};
  }
  late_syn_.reset();
}

}  // namespace bowline::inline v0::explain
