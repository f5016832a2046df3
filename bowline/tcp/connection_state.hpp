#pragma once

// The state of a connection, listed once: for clone, record and the canonical hash
// (base/visit.hpp).

#include "bowline/tcp/connection.hpp"

namespace bowline::inline v0::tcp {

template <class V>
void Connection::visit(V& v) {
  v.bases(iss, irs);
  v.local(iss, snd_una, snd_nxt, send_front);
  v.remote(irs, rcv_nxt, rcv_edge, last_ack_sent);
  // A number that nothing has set yet is no place in a numbering: hashed, it would tell the ISNs.
  // The flags that say whether it is set are hashed below.
  const auto is_set = [](bool set) { return !V::hashing || set; };
  if (is_set(state != State::syn_sent)) {
    v.local(snd_wl2);
    v.remote(snd_wl1);
  }
  if (is_set(urgent_send)) v.local(snd_up);
  if (is_set(small_outstanding())) v.local(snd_small);
  if (is_set(urgent_received)) v.remote(rcv_up);
  if (is_set(peer_fin_pending)) v.remote(fin_seq_peer);
  if (is_set(transfer && transfer->received.waiting() > 0)) v.remote(latest_out_of_order);
  if (is_set(dsack_left != dsack_right)) v.remote(dsack_left, dsack_right);
  v(local, remote, snd_wnd, state, interface, snd_shift, rcv_shift, snd_mss, timestamps, sack,
    ack_now, fin_queued, fin_sent, fin_received, unacked_bytes, options, timers, rtt, congestion,
    validation, ecn);
  v(output_link, ready_link, queue_link);
  v.excluded(wheel, "its place is moved late; the timers say when something happens");
  v(handle, tuned_send_buffer, tuned_receive_buffer, max_snd_wnd, listener, outstanding_since,
    path_search, path_mtu, peer_mss, rcv_mss, seen_mss, dup_acks, retransmits, probes, passive,
    orphan, read_closed, window_scaling, syn_lost, peer_fin_pending, urgent_send, urgent_received,
    urgent_news, probe_due, override_due, keepalive_due, cold, error_told, touched, in_table, waits,
    next_hop, announced_readable, has_soft_error, ready_mask, extra_acks, ended, soft_error,
    ack_reason, loss_reason, deficit, fast_open, syn_data_acked, syn_data_room, fast_open_listener,
    more_coming);
  v.excluded(gap_link, "exploration has memory enough, and nobody looks where it stands");
  v.excluded(burden_link, "as gap_link");
  v.excluded(burden, "as gap_link");
  v.excluded(moved_at, "as gap_link");
  v.excluded(moves_on, "as gap_link");
  v.excluded(counted, "counts of sources, of which exploration stays below the bounds");
  v(suspicion);
  v.excluded(room_due, "as quick_acks");
  v.excluded(ts_recent, "timestamps are off in the exploration");
  v.excluded(ts_offset, "as ts_recent");
  v.excluded(ts_recent_at, "as ts_recent");
  v.excluded(last_received_at,
             "read by keepalive, idle restart and cold ACKs, which have deadlines of their own");
  v.excluded(last_sent_at, "as last_received_at");
  v.excluded(last_payload_at, "as last_received_at");
  v.excluded(quick_acks, "Profile::linux alone, and exploration runs the RFC's");
  v.excluded(answers, "as quick_acks");
  v.excluded(most_in_flight, "as quick_acks");
  v.excluded(most_in_flight_at, "as quick_acks");
  v.excluded(reordering, "as quick_acks");
  v.excluded(window_filled, "as quick_acks");
  v.excluded(offers, "as quick_acks");
  v.excluded(refused, "as quick_acks");
  v.excluded(last_data_at, "as last_received_at: tells whether an answer came soon");
  v.excluded(next_hop_generation, "tells whether next_hop is the same neighbour still");
  v.excluded(progress, "only tells whether SND.UNA has moved since");
  v.excluded(challenge_window,
             "the challenge limit counts within a second; exploration runs below it");
  v.excluded(challenge_acks, "as challenge_window");
  v.excluded(number, "a name");
  v.excluded(hash, "depends on the key of the table");
  v.excluded(retransmissions, "a statistic");
  v.excluded(delivered, "a count since the beginning");
  v.excluded(bytes_sent, "a statistic");
  v.excluded(bytes_received, "a statistic");
  v.excluded(bytes_retransmitted, "a statistic");
  v.excluded(segments_sent, "a statistic");
  v.excluded(segments_received, "a statistic");
  v(tally);

  bool accurate = static_cast<bool>(acc_ecn);
  v(accurate);
  if constexpr (V::loading) {
    acc_ecn.reset();
    if (accurate && !acc_ecn.ensure(v.pool().memory())) return v.fail();
  }
  if (acc_ecn) v(*acc_ecn);

  bool governed_by_bbr = static_cast<bool>(bbr);
  v(governed_by_bbr);
  if constexpr (V::loading) {
    bbr.reset();
    if (governed_by_bbr && !bbr.ensure(v.pool().memory())) return v.fail();
    if (governed_by_bbr != congestion.is_bbr()) return v.fail();
  }
  if (bbr) v(*bbr);

  bool there = static_cast<bool>(transfer);
  v(there);
  if constexpr (V::loading) {
    // Limits are configuration: the Stack sets them after loading.
    Limits unlimited;
    unlimited.sent_ranges = unlimited.reassembly_ranges = unlimited.reassembly_bytes = 0x7fffffff;
    transfer.reset();
    if (there && !transfer.ensure(v.pool().memory(), v.pool().memory(), unlimited, nullptr, 0))
      return v.fail();
  }
  if (transfer) v(*transfer);
}

}  // namespace bowline::inline v0::tcp
