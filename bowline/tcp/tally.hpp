#pragma once

// What a connection counts for its user alone (Linux's TCP_INFO, RFC 4898): nothing in the engine
// reads it.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What holds a sender up that has something to send or to be acknowledged.
enum class Holdup : std::uint8_t {
  idle,         ///< nothing: there is nothing to deliver
  network,      ///< the path: what may be sent is out
  peer_window,  ///< the window that the peer offers
  send_buffer,  ///< all that the application could write is out, and it has more
};

/// Counts since the beginning.
struct Tally {
  std::uint32_t data_segments_sent = 0;      ///< packets with payload, repeated ones too
  std::uint32_t data_segments_received = 0;  ///< the same; merged ones count as one
  std::uint32_t out_of_order = 0;            ///< segments received beyond a hole
  std::uint32_t duplicate_sacks = 0;         ///< D-SACKs received (RFC 2883)
  std::uint32_t delivered = 0;               ///< packets that the peer has confirmed, once each
  std::uint32_t reorderings = 0;             ///< acknowledgments that showed one
  std::uint16_t timeouts = 0;                ///< of the retransmission timer
  std::uint16_t timeout_recoveries = 0;      ///< runs of them without progress in between
  Duration timeout_time{};      ///< how long such runs lasted, the current one left out
  Time timeout_since = kNever;  ///< since when the current run lasts
  Time data_sent_at{};          ///< the last payload; before that the end of the handshake
  Time data_received_at{};      ///< the same
  Time ack_received_at{};       ///< the last acknowledgment
  Duration busy{};              ///< with anything to deliver
  Duration by_peer_window{};    ///< of these, held up by the peer's window
  Duration by_send_buffer{};    ///< of these, by the send buffer
  Time held_since{};            ///< since when `held` is so
  Holdup held = Holdup::idle;   ///< what keeps data from going
  bool wants_room = false;      ///< the application has more to write than there was room for

  /// A run of timeouts goes on.
  void timed_out(bool first, Time now) noexcept {
    ++timeouts;
    if (!first) return;
    ++timeout_recoveries;
    timeout_since = now;
  }
  /// It is over.
  void progressed(Time now) noexcept {
    if (timeout_since == kNever) return;
    timeout_time += now - timeout_since;
    timeout_since = kNever;
  }
  /// From `now` on it is `now_held` that holds the sender up.
  void hold(Holdup now_held, Time now) noexcept {
    const Duration passed = now - held_since;
    if (held != Holdup::idle) busy += passed;
    if (held == Holdup::peer_window) by_peer_window += passed;
    if (held == Holdup::send_buffer) by_send_buffer += passed;
    held = now_held;
    held_since = now;
  }

  template <class V>
  void visit(V& v) {
    v.excluded(data_segments_sent, "a statistic");
    v.excluded(data_segments_received, "a statistic");
    v.excluded(out_of_order, "a statistic");
    v.excluded(duplicate_sacks, "a statistic");
    v.excluded(delivered, "a statistic");
    v.excluded(reorderings, "a statistic");
    v.excluded(timeouts, "a statistic");
    v.excluded(timeout_recoveries, "a statistic");
    v.excluded(timeout_time, "a statistic");
    v.excluded(timeout_since, "a statistic");
    v.excluded(data_sent_at, "a statistic");
    v.excluded(data_received_at, "a statistic");
    v.excluded(ack_received_at, "a statistic");
    v.excluded(busy, "a statistic");
    v.excluded(by_peer_window, "a statistic");
    v.excluded(by_send_buffer, "a statistic");
    v.excluded(held_since, "a statistic");
    v.excluded(held, "a statistic");
    v.excluded(wants_room, "for statistics alone");
  }
};

}  // namespace bowline::inline v0::tcp
