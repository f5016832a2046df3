#include "tests/table/harness/observation.hpp"

#include <algorithm>

namespace bowline::table {
namespace {

constexpr std::uint16_t kControls = wire::kSyn | wire::kAck | wire::kFin | wire::kRst | wire::kUrg;

bool flags_are(const Sent& segment, unsigned flags) { return (segment.flags & kControls) == flags; }

/// <ACK=RCV.NXT>
bool acknowledges(const Sent& segment, const Before& before, const Expected& expected) {
  if (expected.rcv_nxt_is_open)
    return at_or_after(segment.ack, before.rcv_nxt) &&
           at_or_before(segment.ack, before.rcv_nxt + before.rcv_wnd);
  return segment.ack == expected.rcv_nxt;
}

/// SEG.LEN of what was injected.
std::uint32_t length(const Injected& segment) {
  return segment.text + ((segment.flags & wire::kSyn) != 0 ? 1 : 0) +
         ((segment.flags & wire::kFin) != 0 ? 1 : 0);
}

/// What stands at SND.UNA: the SYN, text, or the FIN.
bool is_front(const Sent& segment, const Before& before, State state) {
  if (segment.seq != before.snd_una) return false;
  if (state == State::kSynSent) return flags_are(segment, wire::kSyn);
  if (before.snd_una == before.iss) return flags_are(segment, wire::kSyn | wire::kAck);
  return segment.has(wire::kAck) && !segment.has(wire::kSyn) && !segment.has(wire::kRst) &&
         segment.length() > 0;
}

bool signal_is(Signal signal, const Observed& observed) {
  switch (signal) {
    case Signal::kNothing:
      return !observed.error;
    case Signal::kReset:
      return observed.error == std::errc::connection_reset;
    case Signal::kRefused:
      return observed.error == std::errc::connection_refused;
    case Signal::kTimedOut:
      return observed.error == std::errc::timed_out;
  }
  return false;
}

template <typename Enum, typename Predicate>
bool any_of(SetOf<Enum> set, std::size_t count, Predicate holds) {
  for (std::size_t i = 0; i < count; ++i) {
    if (set.contains(static_cast<Enum>(i)) && holds(static_cast<Enum>(i))) return true;
  }
  return false;
}

}  // namespace

Before Before::of(const Scene& scene) {
  Before before;
  before.iss = scene.iss;
  before.snd_una = scene.snd_una;
  before.snd_nxt = scene.snd_nxt;
  before.irs = scene.irs;
  before.rcv_nxt = scene.rcv_nxt;
  before.rcv_wnd = scene.rcv_wnd();
  if (const auto view = scene.connection()) before.snd_wnd = view->snd_wnd;
  return before;
}

Expected::Expected(const Outcome& the_outcome, State state, const Before& before)
    : outcome(the_outcome), situation_state(state), rcv_nxt(before.rcv_nxt) {
  if (outcome.rcv_nxt == Receiver::kAny) rcv_nxt_is_open = true;
  if (!before.segment.has_value()) return;
  const Injected& segment = *before.segment;
  const SeqNumber first = segment.seq + ((segment.flags & wire::kSyn) != 0 ? 1 : 0);
  const bool synchronizes = state <= State::kSynSent || outcome.rcv_nxt == Receiver::kOverSyn;
  if (synchronizes) rcv_nxt = outcome.rcv_nxt == Receiver::kSame ? before.rcv_nxt : first;
  if (outcome.delivers_text || outcome.rcv_nxt == Receiver::kOverText ||
      outcome.rcv_nxt == Receiver::kOverFin) {
    const std::uint32_t old = at_or_after(first, rcv_nxt) ? 0 : distance(first, rcv_nxt);
    new_text = segment.text > old ? segment.text - old : 0;
    text_start = rcv_nxt;
    rcv_nxt += new_text;
    if (outcome.rcv_nxt == Receiver::kOverFin) rcv_nxt += 1;
  }
}

bool has_form(Reply reply, const Observed& observed, const Before& before,
              const Expected& expected) {
  if (reply == Reply::kSilence) return observed.sent.empty();
  if (observed.sent.size() != 1) return false;
  const Sent& segment = observed.sent.front();
  const bool at_snd_nxt = segment.seq == before.snd_nxt;
  switch (reply) {
    case Reply::kSilence:
      return false;
    case Reply::kAck:
      return flags_are(segment, wire::kAck) && segment.text.empty() && at_snd_nxt &&
             acknowledges(segment, before, expected);
    case Reply::kSyn:
      return flags_are(segment, wire::kSyn) && segment.text.empty();
    case Reply::kSynAck: {
      if (!flags_are(segment, wire::kSyn | wire::kAck) || !segment.text.empty() ||
          !acknowledges(segment, before, expected))
        return false;
      // A new one: MAY-2 (1), larger than the largest number of the connection before.
      if (expected.situation_state == State::kTimeWait)
        return at_or_after(segment.seq, before.snd_nxt);
      return expected.situation_state == State::kListen || segment.seq == before.iss;
    }
    case Reply::kRstSegAck:
      return flags_are(segment, wire::kRst) && before.segment.has_value() &&
             segment.seq == before.segment->ack;
    case Reply::kRstZero:
      return flags_are(segment, wire::kRst | wire::kAck) && before.segment.has_value() &&
             segment.seq == SeqNumber(0) &&
             segment.ack == before.segment->seq + length(*before.segment);
    case Reply::kRstSndNxt:
      return (flags_are(segment, wire::kRst) ||
              (flags_are(segment, wire::kRst | wire::kAck) &&
               at_or_after(segment.ack, before.rcv_nxt) &&
               at_or_before(segment.ack, before.rcv_nxt + before.rcv_wnd))) &&
             at_snd_nxt;
    case Reply::kText:
      return flags_are(segment, wire::kAck) && !segment.text.empty() && at_snd_nxt &&
             acknowledges(segment, before, expected);
    case Reply::kFin:
      return flags_are(segment, wire::kFin | wire::kAck) && segment.text.empty() && at_snd_nxt &&
             acknowledges(segment, before, expected);
    case Reply::kFront:
      return is_front(segment, before, expected.situation_state);
    case Reply::kProbe:
      return flags_are(segment, wire::kAck) && !segment.text.empty() &&
             at_or_after(segment.seq, before.snd_una) && at_or_before(segment.seq, before.snd_nxt);
    case Reply::kKeepAlive:
      return flags_are(segment, wire::kAck) && segment.text.size() <= 1 &&
             segment.seq == before.snd_nxt - 1 && acknowledges(segment, before, expected);
  }
  return false;
}

std::vector<std::string> differences(const Observed& observed, const Before& before,
                                     const Expected& expected, const Scene& scene) {
  const Outcome& outcome = expected.outcome;
  std::vector<std::string> found;
  const auto demand = [&found](bool holds, std::string what) {
    if (!holds) found.push_back(std::move(what));
  };

  std::string sent = "sends";
  for (const Sent& segment : observed.sent) sent += " [" + describe(scene, segment) + "]";
  demand(any_of(outcome.replies, 12,
                [&](Reply reply) { return has_form(reply, observed, before, expected); }),
         observed.sent.empty() ? "sends nothing" : sent);
  demand(observed.oddity.empty(), observed.oddity);
  demand(observed.state == outcome.next, "goes to " + std::string(name(observed.state)));

  if (observed.view.has_value() && observed.state != State::kClosed) {
    const ConnectionView& view = *observed.view;
    const bool fresh =
        outcome.next == State::kSynReceived && expected.situation_state == State::kTimeWait;
    if (outcome.una != Sender::kAny && !fresh &&
        (kOtherStates | State::kSynSent).contains(expected.situation_state)) {
      const SeqNumber una = outcome.una == Sender::kTaken ? before.segment->ack : before.snd_una;
      demand(view.snd_una == una, "SND.UNA is off by " + std::to_string(view.snd_una - una));
    }
    // In TIME-WAIT there is nothing left to send into a window.
    if (outcome.send_window != Sender::kAny && before.segment.has_value() && !fresh &&
        expected.situation_state != State::kListen && observed.state != State::kTimeWait) {
      const std::uint32_t window =
          outcome.send_window == Sender::kTaken ? before.segment->window : before.snd_wnd;
      demand(view.snd_wnd == window,
             "SND.WND is " + std::to_string(view.snd_wnd) + ", not " + std::to_string(window));
    }
    if (!expected.rcv_nxt_is_open && observed.state >= State::kSynReceived) {
      demand(view.rcv_nxt == expected.rcv_nxt,
             "RCV.NXT is off by " + std::to_string(view.rcv_nxt - expected.rcv_nxt));
    }
    if (outcome.urgent && kReceiving.contains(observed.state) && before.segment.has_value()) {
      const SeqNumber up = before.segment->seq + before.segment->urgent;
      demand(view.rcv_up == up, "RCV.UP is off by " + std::to_string(view.rcv_up - up));
    }
    if (outcome.restarts_time_wait)
      demand(view.time_wait_at >= observed.now + 60s, "the 2 MSL do not start anew");
  }

  if (observed.user_sees) {
    demand(observed.text.size() == (outcome.delivers_text ? expected.new_text : 0),
           "the user reads " + std::to_string(observed.text.size()) + " bytes");
    for (std::size_t i = 0; i < observed.text.size(); ++i) {
      if (observed.text[i] == scene.text_byte(expected.text_start + static_cast<std::uint32_t>(i)))
        continue;
      demand(false, "byte " + std::to_string(i) + " of the text is wrong");
      break;
    }
    const bool ends = outcome.end_of_text || kAfterPeerFin.contains(expected.situation_state);
    // A connection that ended with an error says so instead of the end of the stream.
    if (outcome.signals == Signals{Signal::kNothing} && outcome.next != State::kClosed)
      demand(observed.end_of_text == ends, observed.end_of_text
                                               ? "the user gets the end of the text"
                                               : "the user gets no end of the text");
    demand(any_of(outcome.signals, 4, [&](Signal signal) { return signal_is(signal, observed); }),
           "the user's error: " + (observed.error ? observed.error.message() : "none"));
  }
  if (!outcome.results.empty()) {
    demand(observed.result.has_value() && outcome.results.contains(*observed.result),
           "returns " + (observed.result ? std::string(name(*observed.result)) : "something else"));
  }
  return found;
}

}  // namespace bowline::table
