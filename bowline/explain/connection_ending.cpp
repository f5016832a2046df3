// How a connection ended, or where it stopped: in one word, in a sentence, and as findings.

#include <fmt/format.h>

#include "bowline/explain/check/checks.hpp"
#include "bowline/explain/connection.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using tcp::State;
using trace::Side;

bool is_over(std::optional<State> state) noexcept {
  return state == State::closed || state == State::time_wait;
}

}  // namespace

std::string_view to_text(Ending ending) noexcept {
  switch (ending) {
    case Ending::open:
      return "open";
    case Ending::half_closed:
      return "half-closed";
    case Ending::closed:
      return "closed";
    case Ending::closing:
      return "closing";
    case Ending::reset:
      return "reset";
    case Ending::refused:
      return "refused";
    case Ending::unanswered:
      return "unanswered";
    case Ending::half_open:
      return "half-open entry";
    case Ending::broken_off:
      return "broken off";
    case Ending::unreachable:
      return "unreachable";
    case Ending::probe:
      return "probe";
    case Ending::backscatter:
      return "backscatter";
  }
  return "?";
}

bool Connection::over() const noexcept {
  if (resetter_) return true;
  const auto left = ends_[0].state.state();
  const auto right = ends_[1].state.state();
  return is_over(left) && is_over(right) && ends_[0].fin && ends_[1].fin;
}

Ending Connection::ending() const noexcept {
  const End& left = ends_[0];
  const End& right = ends_[1];
  const bool any_syn = left.isn || right.isn;
  if (resetter_) {
    if (reset_cause_ == Rule::reset_refused) return Ending::refused;
    if (reset_cause_ == Rule::reset_half_open_entry ||
        reset_cause_ == Rule::reset_unexpected_syn_ack) {
      return left.opened ? Ending::broken_off : Ending::backscatter;
    }
    return half_open_probe() ? Ending::probe : Ending::reset;
  }
  if (half_open_probe()) return Ending::probe;
  if (any_syn && !established_) {
    if (unreachable_) return Ending::unreachable;
    if (left.opened && !right.isn) return Ending::unanswered;
    return left.opened ? Ending::half_open : Ending::backscatter;
  }
  if (left.fin && right.fin) return over() ? Ending::closed : Ending::closing;
  if (left.fin || right.fin) return Ending::half_closed;
  return Ending::open;
}

// One segment that belongs to no connection, and perhaps a RST for it: a scanner's FIN, NULL, Xmas
// or ACK.
bool Connection::half_open_probe() const noexcept {
  const End& left = ends_[0];
  const End& right = ends_[1];
  if (left.isn || right.isn || left.counters.bytes + right.counters.bytes > 0) return false;
  if (first_.empty() || left.counters.packets > 3) return false;
  if (right.counters.packets > 0) return right.reset && right.counters.packets <= 3;
  // Nothing came back: only what no live connection sends counts as a probe.
  return findings_.find(Rule::illegal_flags) != nullptr;
}

bool Connection::is_probe_like() const noexcept {
  if (ends_[0].counters.bytes + ends_[1].counters.bytes > 0) return false;
  switch (ending()) {
    case Ending::open:
      return false;
    case Ending::half_closed:
    case Ending::closing:
    case Ending::closed:
    case Ending::reset:
      return ends_[0].opened;  // a connect scan: opened and ended without a byte
    default:
      return true;
  }
}

std::optional<Side> Connection::opener() const noexcept {
  if (ends_[0].opened) return Side::left;
  if (ends_[1].opened) return Side::right;
  if (ends_[1].isn) return Side::left;  // a SYN-ACK came from the right
  return std::nullopt;
}

std::optional<Duration> Connection::handshake_time() const noexcept {
  if (!handshake_acked_ || !ends_[0].opened || ends_[0].syns != 1) return std::nullopt;
  return *handshake_acked_ - ends_[0].first_syn;
}

std::string Connection::ending_text() const {
  const auto who = [&](Side side) { return trace::to_text(end(side).endpoint); };
  switch (ending()) {
    case Ending::open:
      return "still open";
    case Ending::half_closed:
      return fmt::format("half-closed by {}", who(*first_fin_));
    case Ending::closing:
      return "closing: the last acknowledgment is missing";
    case Ending::closed:
      return findings_.find(Rule::simultaneous_close) != nullptr
                 ? "closed by both at once"
                 : fmt::format("closed, first by {}", who(*first_fin_));
    case Ending::reset:
      return fmt::format("reset by {}: {}", who(*resetter_), info(*reset_cause_).title);
    case Ending::refused:
      return fmt::format("refused by {}", who(*resetter_));
    case Ending::unanswered:
      return "never opened: the SYN had no answer";
    case Ending::half_open:
      return "never opened: the SYN-ACK had no answer";
    case Ending::broken_off:
      return fmt::format("never opened: {}", info(*reset_cause_).title);
    case Ending::unreachable:
      return "never opened: unreachable";
    case Ending::probe:
      if ((first_flags() & (wire::kFin | wire::kAck)) == wire::kAck) {
        return "one ACK, answered by a RST: a probe, or a half-open connection";
      }
      return resetter_ ? "a probe, answered by a RST" : "a probe without an answer";
    case Ending::backscatter:
      return "an answer to nothing in the capture";
  }
  return "?";
}

void Connection::finish() {
  judge_capture();
  judge_direction();
  judge_opening();
}

// What the place of the capture explains: packets that it missed, and what a device does later.
void Connection::judge_capture() {
  for (const Side side : {Side::left, Side::right}) {
    End& one = end(side);
    const End& other = end(trace::opposite(side));
    if (one.counters.missed_bytes > 0) {
      findings_.add(Rule::capture_missed, side, last_packet_, [&] {
        return fmt::format(
            "{} of its bytes were acknowledged and are not in the capture: it missed "
            "packets",
            one.counters.missed_bytes);
      });
    }
    if (other.offer.mss && one.counters.largest > *other.offer.mss) {
      findings_.add(Rule::offload, side, first_packet_, [&] {
        return fmt::format(
            "segments of up to {} bytes where {} were agreed on: the device cuts or "
            "merges them (TSO, GRO), and the capture sees the large ones; no error",
            one.counters.largest, *other.offer.mss);
      });
    }
    if (one.counters.checksums_wrong > one.counters.checksums_right) {
      findings_.remove(Rule::bad_checksum, side);
      findings_.add(Rule::checksum_to_device, side, first_packet_, [&] {
        return fmt::format(
            "{} checksums are wrong and the segments were taken all the same: captured "
            "before the device filled them in; no error",
            one.counters.checksums_wrong);
      });
    }
  }
}

void Connection::judge_direction() {
  const bool one_sided = (ends_[0].counters.packets == 0) != (ends_[1].counters.packets == 0);
  const End& heard = ends_[ends_[0].counters.packets > 0 ? 0 : 1];
  if (one_sided && heard.ack && heard.counters.packets > 1 && established_) {
    findings_.add(Rule::one_direction, std::nullopt, first_packet_, [&] {
      return fmt::format(
          "only what {} sent is in the capture, and it acknowledges answers: they took "
          "another path",
          trace::to_text(heard.endpoint));
    });
  }
}

// On which step of the handshake it stopped.
void Connection::judge_opening() {
  const Ending how = ending();
  if (how == Ending::unanswered) {
    const End& opener = ends_[0];
    findings_.add(Rule::syn_unanswered, Side::left, first_packet_, [&] {
      return fmt::format(
          "the SYN was sent {} {} in {} and never answered: nobody is there, or a "
          "filter drops it",
          opener.syns, opener.syns == 1 ? "time" : "times",
          check::duration_text(opener.last_syn - opener.first_syn));
    });
  } else if (how == Ending::half_open) {
    const End& server = ends_[1];
    findings_.add(Rule::third_missing, Side::left, last_packet_, [&] {
      return fmt::format(
          "the SYN-ACK was sent {} {} and the third segment of the handshake never came: "
          "a half-open entry remains at {} until it times out",
          server.syns, server.syns == 1 ? "time" : "times", trace::to_text(server.endpoint));
    });
  } else if (how == Ending::backscatter) {
    findings_.add(Rule::backscatter, Side::right, first_packet_, [&] {
      return fmt::format(
          "{} answers a SYN that is not in the capture: the other direction was not "
          "captured, or somebody forged {}'s address",
          trace::to_text(ends_[1].endpoint), trace::to_text(ends_[0].endpoint));
    });
  }
}

}  // namespace bowline::inline v0::explain
