#pragma once

// A flow: what a gateway remembers of one connection.
//
// The client's numbers cross unchanged: the SYN to the server carries the client's own initial
// number. The server's do not, because the client was told a cookie before the server was asked:
// `seq_shift` lies between the two numberings. Everything here is in each end's own numbering.

#include <algorithm>
#include <cstdint>

#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::gateway {

/// How far a connection has come, as far as a gateway needs to know.
enum class FlowState : std::uint8_t {
  opening,      ///< the client has echoed a cookie; the server has not answered yet
  outward,      ///< a server's own SYN has gone out; nobody has answered yet
  established,  ///< both have
  closing,      ///< one side has sent its FIN
  time_wait,    ///< both have, and both FINs are acknowledged
  reset,        ///< a RST has passed, with the number that its receiver expects
};
/// How many states there are.
inline constexpr std::size_t kFlowStates = 6;

/// One end of a flow. Its own numbers are those that it sends.
struct FlowEnd {
  SeqNumber next;   ///< after the last of its own numbers that has passed (the RFC's SND.NXT)
  SeqNumber acked;  ///< of the other end's numbers: the next that it expects (its RCV.NXT)
  std::uint32_t window = 0;  ///< how many of them, from there on, it takes
  /// Up to where it ever said that it takes them. It does not retreat with a window that shrinks:
  /// what was sent before that was heard of is still on its way (RFC 9293 section 3.8.6).
  SeqNumber edge;
  std::uint32_t largest_window = 0;  ///< that it ever said (RFC 5961 section 5.2: MAX.SND.WND)
  std::uint32_t timestamp = 0;       ///< the TSval that it said last
  std::uint8_t shift = 0;            ///< by which its windows are meant to be shifted
  std::uint8_t read_shift = 0;       ///< by which the other end, as it was told, does shift them
  bool finished = false;             ///< its FIN has passed; `next` counts it

  /// With its first window: it expects `number` of the other end and takes `bytes` from there on.
  void begin(SeqNumber number, std::uint32_t bytes) noexcept {
    acked = number;
    window = largest_window = bytes;
    edge = number + bytes;
  }
  /// It has said so, in an ACK that counts; one that was overtaken tells no more than how far its
  /// window reached.
  void acknowledge(SeqNumber number, std::uint32_t bytes) noexcept {
    edge = latest(edge, number + bytes);
    largest_window = std::max(largest_window, bytes);
    if (before(number, acked)) return;
    acked = number;
    window = bytes;
  }

  template <class V>
  void visit(V& v) {
    v(next, acked, window, edge, largest_window, timestamp, shift, read_shift, finished);
  }
};

/// One connection through a gateway.
struct Flow {
  static constexpr std::uint32_t kNone = 0xffffffff;

  Endpoint outside_end;  ///< who is outside
  Endpoint inside_end;   ///< who is inside
  FlowEnd outside;
  FlowEnd inside;
  FlowState state = FlowState::opening;
  /// Was it opened by a cookie? A server's own connection passes as it is.
  bool translated = false;
  bool scaling = false;           ///< the client was promised window scaling (RFC 7323)
  bool timestamps = false;        ///< the client was promised timestamps (RFC 7323)
  bool sack = false;              ///< the client was promised SACK (RFC 2018)
  bool inside_sack = false;       ///< and the server has it too
  std::uint8_t attempts = 0;      ///< SYNs sent to the server beyond the first
  std::uint16_t mss = 0;          ///< what the client takes
  Side reset_by = Side::outside;  ///< in state reset: who said so
  SeqNumber cookie;               ///< what the client was told as initial number
  SeqNumber initial;              ///< the server's own
  std::uint32_t seq_shift = 0;    ///< from the server's numbers to those the client sees
  std::uint32_t time_shift = 0;   ///< from the server's timestamps to those the client sees
  std::uint32_t source = kNone;   ///< the source that it counts for; kNone: no limit holds
  std::uint64_t number = 0;       ///< by which decisions name it, from 1
  Time last{};                    ///< when a packet of it passed
  Time next_challenge{};          ///< from when on a SYN from outside is answered by an ACK again
  ListLink link;                  ///< in the list of those that wait equally long

  [[nodiscard]] FlowEnd& end(Side side) noexcept {
    return side == Side::outside ? outside : inside;
  }

  template <class V>
  void visit(V& v) {
    v(outside_end, inside_end, outside, inside, state, translated, scaling, timestamps, sack,
      inside_sack, attempts, mss, reset_by, cookie, initial, seq_shift, time_shift, source, number,
      last, next_challenge, link);
  }
};

}  // namespace bowline::inline v0::gateway
