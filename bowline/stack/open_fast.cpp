// Fast Open at a listener (RFC 7413 section 4.2.2): a SYN with a valid cookie is a connection at
// once.

#include "bowline/tcp/fast_open.hpp"

#include <utility>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0 {

tcp::FastOpenKeys Stack::Core::fast_open_keys(const tcp::Listener& listener) const noexcept {
  if (!listener.fast_open_key) return tcp::FastOpenKeys::of(config.tcp, secrets);
  return {*listener.fast_open_key, listener.fast_open_previous_key};
}

bool Stack::Core::open_fast(std::uint32_t number, const tcp::Segment& syn,
                            const tcp::Negotiated& agreed, SeqNumber iss,
                            bool give_cookie) noexcept {
  tcp::Listener& listener = listeners[number];
  // Section 5.1: beyond it the handshake is waited for, which costs a round trip and nothing else.
  if (listener.fast_open_pending >= listener.options.fast_open_backlog) {
    ++listener.overflows;
    decisions.make(Reason::fast_open_queue_full);
    return false;
  }
  const std::uint32_t fresh = new_passive_connection(listener, syn, syn.interface);
  if (fresh == kNone) return false;
  tcp::Connection& c = connections[fresh];
  tcp::Context ctx = context();
  c.iss = c.snd_una = c.snd_nxt = c.snd_small = iss;
  c.send_front = iss + 1;
  if (!tcp::ensure_transfer(c, ctx) || !tuples.insert(c.hash, tagged(Kind::connection, fresh))) {
    decisions.make(Reason::no_memory);
    destroy(fresh);
    return false;
  }
  c.in_table = true;
  c.number = next_number++;
  c.listener = number;
  c.fast_open = tcp::FastOpenRole::accepted;
  c.fast_open_listener = listener.handle;
  if (give_cookie) {
    c.transfer->cookie =
        tcp::fast_open_cookie(fast_open_keys(listener).key, syn.remote.address, syn.local.address);
    c.transfer->cookie.experimental = syn.options.fast_open->experimental;
  }
  c.state = tcp::State::syn_received;
  c.irs = syn.seq;
  c.rcv_nxt = c.last_ack_sent = syn.seq + 1;
  c.rcv_edge = c.rcv_nxt + syn_window(listener);
  c.snd_wnd = c.max_snd_wnd = syn.window;
  c.snd_wl1 = syn.seq;
  c.snd_wl2 = iss;
  c.ts_offset = tcp::timestamp_offset(secrets.tuple, c.local, c.remote);
  if (agreed.timestamps) c.ts_recent = syn.options.timestamps->value;
  c.ts_recent_at = now;
  // Of ECN no more than RFC 3168 knows: the counters of RFC 9768 begin with the handshake's end.
  tcp::Negotiated taken = agreed;
  if (tcp::answer_to_syn(config.tcp.ecn, syn.flags) != tcp::FeedbackMode::none) {
    taken.feedback = tcp::FeedbackMode::classic;
  }
  tcp::adopt(c, taken, ctx);
  tcp::decide(c, Reason::state_fast_open, ctx, static_cast<std::uint32_t>(tcp::State::listen),
              static_cast<std::uint32_t>(tcp::State::syn_received));

  ++listener.fast_open_pending;
  queue_for_accept(fresh);
  static_cast<void>(tcp::process_text(c, syn, ctx));
  c.syn_data_acked = c.rcv_nxt != syn.seq + 1;
  settle(fresh);
  return true;
}

void Stack::Core::settle_fast_open(tcp::Connection& c) noexcept {
  if (c.state != tcp::State::closed && c.syn_outstanding()) return;
  const Handle handle = std::exchange(c.fast_open_listener, Handle{});
  tcp::Listener* listener = listeners.find(handle.index, handle.generation);
  if (listener != nullptr) --listener->fast_open_pending;
}

}  // namespace bowline::inline v0
