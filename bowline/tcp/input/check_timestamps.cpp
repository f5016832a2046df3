#include "bowline/tcp/input/steps.hpp"

namespace bowline::inline v0::tcp {

Verdict check_timestamps(const TcbView& tcb, const Segment& segment, Time now,
                         Ablation ablation) noexcept {
  // A RST is judged by its sequence number alone (RFC 7323 section 5.2).
  if (!tcb.timestamps || segment.rst()) return {};
  // RFC 7323 section 3.2: once agreed on, a segment without the option SHOULD be dropped in
  // silence. In the handshake middleboxes lose it, and a connection that never opens is worse than
  // one without timestamps. (Linux looks at the option where there is one, and that is all.) A SYN
  // is no segment of this connection, and is challenged whatever it carries (RFC 5961 section 4.2,
  // MUST): a peer that has restarted finds out by it (RFC 9293 section 3.5.1).
  if (!segment.options.timestamps) {
    const bool taken =
        segment.syn() || tcb.state == State::syn_received || !tcb.timestamps_required;
    return taken ? Verdict{} : Verdict{Next::drop, Reason::timestamp_missing};
  }
  const auto age = static_cast<std::int32_t>(segment.options.timestamps->value - tcb.ts_recent);
  // TS.Recent is worth nothing after 24 days of idling: its clock may have wrapped (RFC 7323
  // section 5.5).
  constexpr Duration kOutdated = 24 * 24h;
  if (age < 0 && now - tcb.ts_recent_at < kOutdated && !ablation.without(Mechanism::paws))
    return {Next::drop_and_ack, Reason::paws};
  return {};
}

}  // namespace bowline::inline v0::tcp
