#pragma once

// One end of a connection, as far as its segments tell: what RFC 9293 section 3.3.1 calls send and
// receive variables, seen from outside.
//
// snd.nxt is past the highest number that was seen, not the highest that was sent; snd.una is what
// the other end has acknowledged. All numbers may be missing, because a capture may begin anywhere.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/trace/state_inference.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::explain {

/// What an end offered in its SYN.
struct Offer {
  bool known = false;  ///< its SYN was seen with its options
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  bool sack = false;
  bool timestamps = false;
  bool ecn = false;
  bool acc_ecn = false;
};

/// A segment that took up sequence numbers, until it is acknowledged.
struct Sent {
  SeqNumber seq;
  std::uint32_t numbers = 0;
  Time first{};  ///< when it was sent
  Time last{};   ///< when it was sent again, else as `first`
  std::uint64_t packet = 0;
  std::uint64_t hash = 0;                        ///< of its data; 0: not known
  std::optional<std::uint32_t> timestamp;        ///< of the first
  std::optional<std::uint32_t> again_timestamp;  ///< of the last repeat
  std::uint16_t times = 1;

  [[nodiscard]] SeqNumber end() const noexcept { return seq + numbers; }
};

/// Numbers that were passed over and have not been seen since.
struct Hole {
  SeqNumber begin;
  SeqNumber end;
  Time since{};
  std::optional<std::uint32_t> timestamp;  ///< of the segment that passed them over
};

/// A shut window, from the segment that shut it on.
struct ShutWindow {
  Time since{};
  std::uint64_t packet = 0;
  std::uint32_t probes = 0;
};

/// The state of one end: inferred by trace::StateInference from its first segment on.
class StateTracker {
 public:
  /// The end sent `segment`.
  void sent(const trace::Segment& segment) {
    if (!inference_) {
      inference_.emplace(start(segment));
      if (waiting_) inference_->arrived(*waiting_);
      waiting_.reset();
    }
    inference_->sent(segment);
  }
  /// `segment` came to it. Until it says something itself nothing is known of it.
  void arrived(const trace::Segment& segment) {
    if (inference_) {
      inference_->arrived(segment);
    } else if (!waiting_ || segment.has(wire::kSyn)) {
      waiting_ = segment;
    }
  }
  /// Nothing while the end has not been heard.
  [[nodiscard]] std::optional<tcp::State> state() const noexcept {
    return inference_ ? inference_->state() : std::nullopt;
  }

 private:
  static std::optional<tcp::State> start(const trace::Segment& first) noexcept {
    if (first.has(wire::kSyn)) {
      return first.has(wire::kAck) ? tcp::State::listen : tcp::State::closed;
    }
    return first.has(wire::kRst) ? tcp::State::closed : tcp::State::established;
  }

  std::optional<trace::StateInference> inference_;
  std::optional<trace::Segment> waiting_;
};

/// What was counted of one end's segments.
struct EndCounters {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;      ///< of data, repeats included
  std::uint64_t new_bytes = 0;  ///< of data, each number once
  std::uint64_t again_segments = 0;
  std::uint64_t again_bytes = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t duplicate_acks = 0;
  std::uint64_t zero_windows = 0;
  std::uint64_t checksums_right = 0;
  std::uint64_t checksums_wrong = 0;
  std::uint64_t missed_bytes = 0;  ///< acknowledged, and not in the capture
  std::uint32_t largest = 0;       ///< most bytes of data in one segment
};

/// Round trips from data to its acknowledgment.
struct RoundTrips {
  std::uint64_t count = 0;
  Duration least{};
  Duration most{};
  Duration sum{};
  void add(Duration sample) noexcept {
    least = count == 0 ? sample : std::min(least, sample);
    most = std::max(most, sample);
    sum += sample;
    ++count;
  }
};

/// One end.
struct End {
  Endpoint endpoint;
  EndCounters counters;
  RoundTrips round_trips;
  StateTracker state;

  // As a sender.
  std::optional<SeqNumber> isn;  ///< of its SYN
  std::optional<SeqNumber>
      start;  ///< what its numbers are counted from: the ISN, or one before the first
  std::optional<SeqNumber> snd_nxt;
  std::optional<SeqNumber> fin;  ///< the number of its FIN
  Offer offer;
  bool opened = false;  ///< sent a SYN without ACK
  std::uint32_t syns = 0;
  Time first_syn{};
  Time last_syn{};
  std::deque<Sent> sent;
  std::vector<Hole> holes;
  std::optional<std::uint32_t> timestamp;  ///< the last one of a segment in order
  std::uint32_t timeouts_in_a_row = 0;     ///< since anything was acknowledged
  std::uint32_t keepalives_unanswered = 0;
  bool reset = false;

  // As a receiver.
  std::optional<SeqNumber> ack;  ///< the highest it has sent: its rcv.nxt
  std::optional<SeqNumber> last_ack;
  std::optional<std::uint32_t> window;  ///< scaled; nothing while the scale is not known
  std::uint16_t window_field = 0;
  std::optional<SeqNumber> right_edge;  ///< the furthest that it has offered
  SeqNumber edge_ack;                   ///< of the segment that offered it
  std::optional<std::uint32_t> edge_timestamp;
  std::optional<SeqNumber> sacked_to;  ///< the highest number in its SACK blocks since `ack` moved
  std::uint32_t duplicate_acks = 0;    ///< in a row
  std::optional<ShutWindow> shut;
  /// It acknowledged this much, and the other end was not seen to send it: the capture's fault or
  /// its own, as the other end's next segment will tell.
  std::optional<SeqNumber> ack_beyond;
  std::uint64_t ack_beyond_packet = 0;
};

}  // namespace bowline::inline v0::explain
