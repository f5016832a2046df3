// What meets a TIME-WAIT record: everything after a connection has a TCB (RFC 9293 section 3.6.1,
// RFC 6191).

#include "bowline/tcp/time_wait.hpp"

#include "bowline/stack/core.hpp"
#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0 {

void Stack::Core::meet_time_wait(std::uint32_t index, const tcp::Segment& segment) noexcept {
  const Duration two_msl = tcp::time_wait_length(config.tcp);
  tcp::TimeWaitRecord& record = time_waits[index];
  tcp::TcbView view = tcp::view_of(record, two_msl);
  view.timestamps_required = config.tcp.timestamps_required;
  if (reopen_time_wait(view, tagged(Kind::time_wait, index), segment)) return;
  const tcp::Verdict verdict = tcp::check_segment(view, segment, now, config.tcp.ablation);
  tcp::Context ctx = context();
  // "Once TSopt has been successfully negotiated, [it] MUST be sent in every non-<RST> segment"
  // (RFC 7323 section 3.2): who sends none is not the peer that agreed, or no longer knows of it,
  // and has to be told numbers alone. A timestamp would make the answer longer than a forged
  // segment. Should it be the true peer who gets it, he may drop it for want of one (the same
  // section), and loses nothing: he has not asked.
  const bool with_timestamps = segment.options.timestamps.has_value();
  switch (verdict.next) {
    case tcp::Next::repeat_fin_ack:
      time_waits.restart(index, saturating_add(now, two_msl));
      reply(tcp::time_wait_ack(record, with_timestamps, Reason::send_time_wait_ack, ctx));
      return;
    case tcp::Next::drop_and_ack:
    case tcp::Next::challenge:
      decisions.make(verdict.why, decisions.frame(), record.number, {});
      if (reply_limit.allow(segment.remote.address, now)) {
        reply(tcp::time_wait_ack(record, with_timestamps,
                                 verdict.next == tcp::Next::challenge
                                     ? Reason::send_challenge_ack
                                     : Reason::send_ack_unacceptable,
                                 ctx));
      }
      return;
    case tcp::Next::proceed:
      // "Sixth: URG, should not occur; seventh: text is ignored" (section 3.10.7.4).
      decisions.make(Reason::time_wait_old_duplicate, decisions.frame(), record.number, {});
      return;
    default:
      decisions.make(verdict.why, decisions.frame(), record.number, {});
      return;
  }
}

// RFC 6191: a SYN that is newer than everything of the old connection ends TIME-WAIT, when somebody
// listens.
bool Stack::Core::reopen_time_wait(const tcp::TcbView& view, std::uint32_t tagged_index,
                                   const tcp::Segment& segment) noexcept {
  if (!config.tcp.time_wait_reuse || !tcp::may_reopen(view, segment, config.tcp)) return false;
  const std::uint32_t listener = find_listener(segment.local, segment.flow);
  // One that would only be dropped ends nothing. (Where the SYN queue is full there are cookies,
  // but of their numbers nobody can say that they lie beyond the old ones.)
  if (listener == kNone || !can_open(listeners[listener], segment.remote.address)) return false;
  const SeqNumber least_iss = view.snd_nxt + 1;
  const std::uint32_t index = index_of(tagged_index);
  if (kind_of(tagged_index) == Kind::time_wait) {
    const tcp::TimeWaitRecord& record = time_waits[index];
    decisions.make(Reason::state_time_wait_reuse, decisions.frame(), record.number, {},
                   static_cast<std::uint32_t>(tcp::State::time_wait),
                   static_cast<std::uint32_t>(tcp::State::closed));
    tuples.erase(segment.flow, tagged_index);
    time_waits.remove(index);
  } else {
    tcp::Context ctx = context();
    tcp::end(connections[index], tcp::EndReason::orderly, Reason::state_time_wait_reuse, ctx);
    settle(index);
  }
  meet_listener(listener, segment, least_iss);
  return true;
}

void Stack::Core::expire_time_wait() noexcept {
  while (time_waits.next_deadline() <= now) {
    const std::uint32_t index = time_waits.oldest();
    const tcp::TimeWaitRecord& record = time_waits[index];
    decisions.make(Reason::state_time_wait_over, FrameId::none, record.number, {},
                   static_cast<std::uint32_t>(tcp::State::time_wait),
                   static_cast<std::uint32_t>(tcp::State::closed));
    tuples.erase(hash(record.local, record.remote), tagged(Kind::time_wait, index));
    time_waits.remove(index);
  }
}

}  // namespace bowline::inline v0
