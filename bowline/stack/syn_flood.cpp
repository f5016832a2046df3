// The short way of a SYN that a cookie answers, while a flood lasts (RFC 4987 section 3.6).

#include "bowline/stack/core.hpp"
#include "bowline/tcp/syn_cookie.hpp"
#include "bowline/tcp/usual_syn.hpp"

namespace bowline::inline v0 {

namespace {

// Is it somebody who is neither we (LAND; the long way knows better) nor a group?
bool is_from_afar(const IpAddress& address, std::span<const ip::LocalAddress> addresses) noexcept {
  return !address.is_loopback() && !ip::is_broadcast(address, addresses) &&
         ip::find_local(address, addresses) == addresses.size();
}

// Makes `frame` one that is sent. The answer is as long as the SYN: where nobody else holds the
// SYN's bytes, and no header has to go in front of them, it takes their place.
bool make_room(Frame& frame, bool framed, BufferPool& pool) noexcept {
  FrameDescription answer;
  answer.piece_count = 1;
  answer.size = frame.size;
  answer.checksum = Checksum::complete;
  if (framed || frame.pieces[0].references() != 1) {
    const Buffer fresh = pool.allocate(kHeadroom + frame.size);
    if (!fresh) return false;
    frame.pieces[0] = fresh.slice(kHeadroom, frame.size);
    answer.headroom = kHeadroom;
  }
  frame.description() = answer;
  return true;
}

}  // namespace

void Stack::Core::prepare_flood(const tcp::UsualSyn& syn, std::uint64_t hash, InterfaceId interface,
                                FloodBatch& batch) noexcept {
  batch.local = syn.local;
  batch.listener = kNone;
  const auto ours = local_addresses();
  if (ip::find_local(syn.local.address, ours) == ours.size()) return;
  const std::uint32_t number = find_listener(syn.local, hash);
  if (number == kNone) return;
  const tcp::Listener& listener = listeners[number];
  const tcp::Offer offer = offer_of(listener, interface, syn.remote.address);
  if (!offer.timestamps || !offer.sack || !offer.window_scaling) return;
  batch.listener = number;
  batch.answer = tcp::UsualSynAck(
      syn.local, {.window = syn_window(listener), .mss = offer.mss, .shift = offer.shift});
}

bool Stack::Core::answer_flood(Frame& frame, InterfaceId interface, FloodBatch& batch) noexcept {
  const auto syn = tcp::read_usual_syn(frame);
  if (!syn || syn->mss < config.tcp.mss_floor) return false;
  if (!is_from_afar(syn->remote.address, local_addresses())) return false;
  if (path_mtus.knows(syn->remote.address, now)) return false;  // it gets an MSS of its own
  const tcp::TupleHash hash = tcp::hash_tuple(secrets.tuple, syn->local, syn->remote);
  if (find_tuple(hash.table, syn->local, syn->remote) != kNone) return false;
  // Of listeners that share a port each tuple has its own.
  const bool own = batch.listener != kNone && listeners[batch.listener].share_port;
  if (syn->local != batch.local || own) prepare_flood(*syn, hash.table, interface, batch);
  if (batch.listener == kNone) return false;
  tcp::Listener& listener = listeners[batch.listener];
  const bool full = is_full(listener);
  const bool wanted = full ? config.tcp.syn_cookies != tcp::SynCookies::never
                           : config.tcp.syn_cookies == tcp::SynCookies::always;
  if (!wanted || listener.accept_queue.size >= listener.backlog) return false;
  const auto cookie = tcp::make_syn_cookie(cookie_secrets, hash.secret, syn->seq, syn->mss, now);
  if (!cookie) return false;

  Interface& out = interface_of(interface);
  if (!make_room(frame, out.is_ethernet(), *pool)) return false;
  tcp::Negotiated agreed;
  agreed.window_scaling = true;
  agreed.snd_shift = syn->shift;
  agreed.sack = true;
  const std::uint32_t clock = tcp::timestamp_with_options(tcp::timestamp_clock(now), agreed);
  batch.answer.write(const_cast<std::byte*>(frame.pieces[0].data()), *syn, *cookie,
                     clock + hash.timestamp_offset());
  if (full) ++listener.overflows;
  note_cookie(listener);
  note_flood(listener, syn->remote.address);
  if (out.is_ethernet()) {
    static_cast<void>(queue(interface, std::move(frame), Reason::send_syn_cookie, 0));
  } else {
    frame.id = new_frame_id();
    static_cast<void>(push_pending(out, std::move(frame), Reason::send_syn_cookie, 0));
  }
  return true;
}

}  // namespace bowline::inline v0
