// The short way of a SYN that a cookie answers, while a flood lasts (RFC 4987 section 3.6).

#include "bowline/stack/core.hpp"
#include "bowline/tcp/syn_cookie.hpp"
#include "bowline/tcp/usual_syn.hpp"

namespace bowline::inline v0 {

namespace {

// Is it for us, from somebody who is neither we (LAND; the long way knows better) nor a group?
bool comes_from_afar(const tcp::UsualSyn& syn,
                     std::span<const ip::LocalAddress> addresses) noexcept {
  bool ours = false;
  for (const ip::LocalAddress& each : addresses) {
    if (!each.usable()) continue;
    if (each.cidr.address == syn.remote.address) return false;
    ours = ours || each.cidr.address == syn.local.address;
  }
  return ours && !syn.remote.address.is_loopback() &&
         !ip::is_broadcast(syn.remote.address, addresses);
}

void fill_answer(Frame& answer, Slice packet) noexcept {
  answer.append(std::move(packet));
  answer.headroom = kHeadroom;
  answer.checksum = Checksum::complete;
}

}  // namespace

bool Stack::Core::answer_flood(const Frame& frame, InterfaceId interface,
                               FloodBatch& batch) noexcept {
  const auto syn = tcp::read_usual_syn(frame);
  if (!syn || !comes_from_afar(*syn, local_addresses())) return false;
  const tcp::TupleHash hash = tcp::hash_tuple(secrets.tuple, syn->local, syn->remote);
  if (find_tuple(hash.table, syn->local, syn->remote) != kNone) return false;
  if (!is_for(flood_target, syn->local)) flood_target = find_listener(syn->local, hash.table);
  const std::uint32_t number = flood_target;
  if (number == kNone) return false;
  tcp::Listener& listener = listeners[number];
  const bool full = is_full(listener);
  const bool wanted = full ? config.tcp.syn_cookies != tcp::SynCookies::never
                           : config.tcp.syn_cookies == tcp::SynCookies::always;
  if (!wanted || listener.accept_queue.size >= listener.backlog ||
      syn->mss < config.tcp.mss_floor) {
    return false;
  }
  const bool same = batch.listener == number && batch.family == syn->remote.address.family();
  if (!same || !path_mtus.empty()) {
    batch = {number, syn->remote.address.family(),
             offer_of(listener, interface, syn->remote.address), syn_window(listener)};
  }
  const tcp::Offer& offer = batch.offer;
  if (!offer.timestamps || !offer.sack || !offer.window_scaling) return false;
  const auto cookie =
      tcp::make_syn_cookie(secrets.syn_cookie, hash.secret, syn->seq, syn->mss, now);
  if (!cookie) return false;

  const Buffer packet = pool->allocate(kHeadroom + wire::kIpv6HeaderSize + tcp::kUsualSynSize);
  if (!packet) return false;
  tcp::Negotiated agreed;
  agreed.window_scaling = true;
  agreed.snd_shift = syn->shift;
  agreed.sack = true;
  const std::uint32_t clock = tcp::timestamp_with_options(tcp::timestamp_clock(now), agreed);
  const std::uint32_t size = tcp::emit_usual_syn_ack(packet.data() + kHeadroom, *syn,
                                                     {.seq = *cookie,
                                                      .window = batch.window,
                                                      .mss = offer.mss,
                                                      .shift = offer.shift,
                                                      .ts_value = clock + hash.timestamp_offset()});
  if (full) ++listener.overflows;
  note_cookie(listener);
  note_flood(listener, syn->remote.address);
  Interface& out = interface_of(interface);
  if (out.is_ethernet()) {
    Frame answer;
    fill_answer(answer, packet.slice(kHeadroom, size));
    static_cast<void>(queue(interface, std::move(answer), Reason::send_syn_cookie, 0));
  } else if (Frame* const place = pending_place(out, Reason::send_syn_cookie, 0)) {
    fill_answer(*place, packet.slice(kHeadroom, size));
    place->id = new_frame_id();
  }
  return true;
}

// Is listener `number` surely the one for `local`? Of those that share a port none is.
bool Stack::Core::is_for(std::uint32_t number, const Endpoint& local) const noexcept {
  if (number == kNone || !listeners.live(number)) return false;
  const tcp::Listener& listener = listeners[number];
  const bool at_address = listener.local.address == local.address ||
                          listener.local.address == IpAddress::any(local.address.family());
  return listener.local.port == local.port && at_address && !listener.share_port;
}

}  // namespace bowline::inline v0
