// When buffers run short (DESIGN section 4: under memory pressure the right edge of the window
// stops advancing; REQUIREMENTS D5).
//
// Three steps, each at a part of Limits::buffer_bytes. From a half on no buffer grows
// (BufferPool::spare()). From scarce_percent on windows stay shut for whoever has not read what
// came, and a connection takes no more than four segments to send. From evict_percent on memory is
// taken back, from those first who have the least right to it:
//
//   1. fragments that wait for others: nobody has proved that he is who he says;
//   2. data out of order: the peer has it and will send it again (RFC 2018 section 8 allows it
//      although SACK has reported it);
//   3. connections without an owner that have something to send, the oldest first: nobody waits for
//      it any more;
//   4. connections whose peer takes nothing, the longest first: he holds his window shut or all but
//      shut (Sockstress, slow readers), or has acknowledged less than a segment of what is under
//      way for ten seconds, however wide his window is. The application has a right to them, yet
//      one stranger must not take from all others what he does not even use.
//
// Of the eight that have been 3 or 4 for the longest the one with the most to send goes first.
//
// A connection that has an owner and moves is never given up: when nothing of these is left, the
// pool takes no more payload, and what arrives is dropped and comes again. Its last few per cent
// are for headers (BufferPool::kPayloadPercent), so that there is always an answer. Each event does
// a few of these steps at the most, so that its work stays bounded.

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {
namespace {

constexpr int kEvictionsPerEvent = 8;
// Of so many that have been a burden the longest, the one with the most to send goes.
constexpr int kCompared = 8;
// So long a peer may take to acknowledge a segment.
constexpr Duration kPatience = 10s;

// The peer's window lets less through than he could take at once: less than a segment, or than half
// of the most that he ever offered (as section 3.8.6.2.1 has it).
bool is_shut(const tcp::Connection& c) noexcept {
  const std::uint32_t least = std::min<std::uint32_t>(c.snd_mss, c.max_snd_wnd / 2);
  return c.snd_wnd < std::max(least, 1U);
}

// Remembers when the peer has acknowledged a segment last, or all that was out.
void note_movement(tcp::Connection& c, Time now) noexcept {
  if (c.moved_at != kNever && before(c.snd_una, c.moves_on)) return;
  const std::uint32_t outstanding = c.outstanding();
  c.moved_at = outstanding == 0 ? kNever : now;
  c.moves_on =
      c.snd_una + std::min<std::uint32_t>(outstanding, std::max<std::uint32_t>(c.snd_mss, 1));
}

// Has he acknowledged less than that for so long that no path explains it? (After ten seconds three
// timeouts have passed, which is what RFC 9293 section 3.8.3 calls R1, or a segment has taken ten
// seconds to arrive.)
bool is_silent(const tcp::Connection& c, Time now) noexcept {
  return c.moved_at != kNever && now - c.moved_at >= kPatience;
}

tcp::Burden burden_of(const tcp::Connection& c, Time now) noexcept {
  if (!c.transfer || c.transfer->send.empty()) return tcp::Burden::none;
  if (c.orphan) return tcp::Burden::left_behind;
  const bool stalls = tcp::is_synchronized(c.state) && (is_shut(c) || is_silent(c, now));
  return stalls ? tcp::Burden::stalled : tcp::Burden::none;
}

}  // namespace

void Stack::Core::review_memory() noexcept {
  const std::uint32_t percent = config.limits.scarce_percent;
  const bool was = scarce;
  scarce = pool->beyond(was ? percent - percent / 8 : percent);
  if (scarce != was) decisions.make(scarce ? Reason::memory_scarce : Reason::memory_plentiful);
  for (int i = 0; i < kEvictionsPerEvent && pool->beyond(config.limits.evict_percent); ++i) {
    if (!evict()) return;
  }
}

bool Stack::Core::evict() noexcept {
  if (reassembly.evict_oldest(decisions)) return true;
  if (!gapped.empty()) {
    const std::uint32_t index = gapped.front();
    tcp::Connection& c = connections[index];
    tcp::Context ctx = context();
    tcp::decide(c, Reason::out_of_order_discarded, ctx);
    c.transfer->received.clear_waiting();
    note_holdings(index);
    return true;
  }
  return give_up_one(left_behind, Reason::state_memory_orphan) ||
         give_up_one(stalled, Reason::state_memory_stalled);
}

bool Stack::Core::give_up_one(IndexList& of, Reason why) noexcept {
  if (of.empty()) return false;
  const auto held = [this](std::uint32_t index) {
    return connections[index].transfer->send.size();
  };
  std::uint32_t chosen = of.front();
  std::uint32_t next = chosen;
  for (int i = 0; i < kCompared && next != kNone; ++i) {
    if (held(next) > held(chosen)) chosen = next;
    next = connections[next].burden_link.next;
  }
  tcp::Context ctx = context();
  tcp::abort(connections[chosen], Reason::send_rst_memory, tcp::EndReason::no_resources, why, ctx);
  settle(chosen);
  return true;
}

IndexList* Stack::Core::burdens(tcp::Burden burden) noexcept {
  switch (burden) {
    case tcp::Burden::left_behind:
      return &left_behind;
    case tcp::Burden::stalled:
      return &stalled;
    case tcp::Burden::none:
      break;
  }
  return nullptr;
}

void Stack::Core::set_burden(std::uint32_t index, tcp::Burden burden) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].burden_link; };
  tcp::Connection& c = connections[index];
  if (burden == c.burden) return;
  if (IndexList* from = burdens(c.burden)) from->erase(links, index);
  if (IndexList* to = burdens(burden)) to->push_back(links, index);
  c.burden = burden;
}

void Stack::Core::note_holdings(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  note_movement(c, now);
  const bool has_gap = c.transfer && c.transfer->received.waiting() > 0;
  if (has_gap != c.gap_link.linked) {
    const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].gap_link; };
    has_gap ? gapped.push_back(links, index) : gapped.erase(links, index);
  }
  set_burden(index, burden_of(c, now));
}

void Stack::Core::forget_holdings(std::uint32_t index) noexcept {
  gapped.erase([this](std::uint32_t i) -> ListLink& { return connections[i].gap_link; }, index);
  set_burden(index, tcp::Burden::none);
}

}  // namespace bowline::inline v0
