// SYN cookies at a listener (RFC 4987 section 3.6): a SYN is answered and forgotten; the ACK that
// comes back brings everything with it.

#include "bowline/tcp/syn_cookie.hpp"

#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"

namespace bowline::inline v0 {
namespace {

// So long after a SYN was answered by a cookie, more are expected that have to be.
constexpr Duration kFloodLasts = 1s;

}  // namespace

void Stack::Core::note_cookie(tcp::Listener& listener) const noexcept {
  ++listener.cookies_sent;
  listener.cookies_until = saturating_add(now, 2 * tcp::kSynCookieSlot);
}

void Stack::Core::turn_away(tcp::Listener& listener) const noexcept {
  listener.turned_away_until = saturating_add(now, 2 * tcp::kSynCookieSlot);
}

// Only the segments that follow the SYN directly bring the cookie. To the others of one who has
// finished his handshake, and for whom there was no room, a RST would be an end (A8); and where it
// is the accept queue that is full, his first one may have been lost besides.
bool Stack::Core::may_be_turned_away(const tcp::Listener& listener,
                                     const tcp::Segment& segment) const noexcept {
  if (segment.syn()) return false;
  const bool full = listener.accept_queue.size >= listener.backlog;
  return now < listener.turned_away_until || (full && now < listener.cookies_until);
}

bool Stack::Core::answer_by_cookie(std::uint32_t number, const tcp::Segment& syn,
                                   const tcp::Negotiated& agreed, const tcp::Offer& offer,
                                   std::optional<SeqNumber> least_iss) noexcept {
  const auto cookie = tcp::make_syn_cookie(
      cookie_secrets, tcp::hash_tuple(secrets.tuple, syn.local, syn.remote).secret, syn.seq,
      agreed.peer_mss, now);
  // MAY-2: a cookie cannot be moved beyond the numbers of the connection before.
  if (!cookie || (least_iss && before(*cookie, *least_iss))) return false;
  tcp::SynEntry entry = entry_for(number, syn, agreed, *cookie);
  // The counters of RFC 9768 need more memory of the SYN than a bit.
  if (entry.feedback != tcp::FeedbackMode::none) entry.feedback = tcp::FeedbackMode::classic;
  if (!agreed.timestamps) {  // there is nowhere to write down the rest
    entry.window_scaling = false;
    entry.sack = false;
    entry.feedback = tcp::FeedbackMode::none;
  }
  tcp::Listener& listener = listeners[number];
  tcp::Context ctx = context();
  tcp::Reply answer =
      tcp::syn_ack(entry, syn.local, offer, syn_window(listener), {}, Reason::send_syn_cookie, ctx);
  if (agreed.timestamps) {
    tcp::Negotiated carried = agreed;
    carried.feedback = entry.feedback;
    const std::uint32_t clock = tcp::timestamp_clock(now);
    answer.options.timestamps->value += tcp::timestamp_with_options(clock, carried) - clock;
  }
  note_cookie(listener);
  flood_until = saturating_add(now, kFloodLasts);
  if (syn.data_size > 0) decisions.make(Reason::syn_data_refused);
  reply(answer);
  return true;
}

bool Stack::Core::take_cookie(std::uint32_t number, const tcp::Segment& segment) noexcept {
  tcp::Listener& listener = listeners[number];
  // Where none is out, an ACK is for nothing, and nobody can guess at one.
  if (segment.syn() || now >= listener.cookies_until) return false;
  const SeqNumber irs = segment.seq - 1;
  const SeqNumber cookie = segment.ack - 1;
  const tcp::TupleHash tuple = tcp::hash_tuple(secrets.tuple, segment.local, segment.remote);
  const auto mss = tcp::open_syn_cookie(cookie_secrets, tuple.secret, irs, cookie, now);
  if (!mss) {
    ++listener.cookies_wrong;
    return false;
  }
  if (listener.accept_queue.size >= listener.backlog) {
    // Nothing is lost (A8): the peer has finished his handshake, and what he sends comes again.
    ++listener.overflows;
    turn_away(listener);
    decisions.make(Reason::accept_queue_full);
    return true;
  }
  tcp::Negotiated agreed;
  agreed.peer_mss = *mss;
  if (config.tcp.timestamps && segment.options.timestamps) {
    const tcp::Offer offer = offer_of(listener, segment.interface, segment.remote.address);
    agreed = tcp::agreed_by_timestamp(segment.options.timestamps->echo - tuple.timestamp_offset(),
                                      *mss, offer, config.tcp.ecn);
  }
  tcp::Segment syn = segment;  // as it must have been
  syn.seq = irs;
  tcp::SynEntry entry = entry_for(number, syn, agreed, cookie);
  entry.feedback = agreed.feedback;
  entry.number = next_number++;
  const std::uint32_t fresh = connection_of(entry, segment, false);
  if (fresh == kNone) {  // what the peer sends comes again
    turn_away(listener);
    return true;
  }
  tcp::Connection& c = connections[fresh];
  c.in_table = tuples.insert(c.hash, tagged(Kind::connection, fresh));
  if (!c.in_table) {
    decisions.make(Reason::no_memory);
    destroy(fresh);
    turn_away(listener);
    return true;
  }
  ++listener.cookies_taken;
  decisions.make(Reason::state_syn_cookie, decisions.frame(), entry.number, {},
                 static_cast<std::uint32_t>(tcp::State::listen),
                 static_cast<std::uint32_t>(tcp::State::syn_received));
  hand_up(fresh, segment);
  settle(fresh);
  return true;
}

}  // namespace bowline::inline v0
