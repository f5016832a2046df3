#pragma once

// A flow as a capture at its sender shows it: what tcptrace makes of one, kept while it runs.
//
// Everything here is read off the packets (segments as they leave, acknowledgments as they come
// in), not asked of the Stack, so that it also tells when the Stack is mistaken about itself. The
// congestion window alone is the Stack's own word.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/scenario/thinned.hpp"
#include "bowline/stack/inspect.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::scenario {

/// Data that left the sender: a vertical bar from its first byte to behind its last, in bytes of
/// the stream.
struct Bar {
  Time at{};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  /// Neighbours in the stream become one bar.
  void merge(const Bar& later) noexcept {
    begin = std::min(begin, later.begin);
    end = std::max(end, later.end);
  }
};

/// An acknowledgment that reached the sender.
struct AckPoint {
  Time at{};
  std::uint64_t ack = 0;     ///< the stream's next byte that the receiver expects
  std::uint64_t window = 0;  ///< the right edge of what it offers

  void merge(const AckPoint& later) noexcept { *this = later; }
};

/// A SACK block that reached the sender.
struct SackBar {
  Time at{};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  void merge(const SackBar& later) noexcept { *this = later; }
};

/// The sender's state after an acknowledgment.
struct CwndPoint {
  Time at{};
  std::uint32_t cwnd = 0;
  std::uint32_t in_flight = 0;

  void merge(const CwndPoint& later) noexcept { *this = later; }
};

/// A round trip, seen on the packets.
struct RttPoint {
  Time at{};
  Duration rtt{};

  void merge(const RttPoint& later) noexcept { *this = later; }
};

/// The record of one direction of one connection.
class FlowTrace {
 public:
  /// Each series has at most `most` entries.
  explicit FlowTrace(std::size_t most)
      : bars_(most), acks_(most), sacks_(most / 2), cwnd_(most), rtts_(most), most_repeats_(most) {}

  /// `segment` left the sender.
  void sent(const trace::Segment& segment, Time now);
  /// `segment` reached the sender.
  void arrived(const trace::Segment& segment, Time now);
  /// What the sender's Stack says of the connection.
  void state(const ConnectionView& view, Time now);

  [[nodiscard]] const Thinned<Bar>& bars() const noexcept { return bars_; }  ///< New data.
  [[nodiscard]] const std::vector<Bar>& repeats() const noexcept { return repeats_; }  ///< Again.
  [[nodiscard]] const Thinned<AckPoint>& acks() const noexcept { return acks_; }
  [[nodiscard]] const Thinned<SackBar>& sacks() const noexcept { return sacks_; }
  [[nodiscard]] const Thinned<CwndPoint>& cwnd() const noexcept { return cwnd_; }
  [[nodiscard]] const Thinned<RttPoint>& rtts() const noexcept { return rtts_; }

  [[nodiscard]] std::uint64_t segments() const noexcept { return segments_; }  ///< With data.
  [[nodiscard]] std::uint64_t retransmissions() const noexcept { return retransmissions_; }
  [[nodiscard]] std::uint64_t retransmitted_bytes() const noexcept { return retransmitted_bytes_; }
  [[nodiscard]] std::uint32_t cwnd_max() const noexcept { return cwnd_max_; }
  [[nodiscard]] Duration rtt_min() const noexcept { return rtt_min_; }  ///< 0: no sample
  [[nodiscard]] Duration rtt_max() const noexcept { return rtt_max_; }
  [[nodiscard]] Duration rtt_mean() const noexcept {
    return rtts_.count() == 0 ? Duration{} : rtt_sum_ / static_cast<Duration::rep>(rtts_.count());
  }

 private:
  struct Timed {  // a segment of new data whose acknowledgment will be a sample
    std::uint64_t end;
    Time at;
    bool again;
  };
  [[nodiscard]] std::uint64_t place(SeqNumber number) const noexcept;
  void sample(std::uint64_t ack, Time now);

  Thinned<Bar> bars_;
  Thinned<AckPoint> acks_;
  Thinned<SackBar> sacks_;
  Thinned<CwndPoint> cwnd_;
  Thinned<RttPoint> rtts_;
  std::vector<Bar> repeats_;
  std::size_t most_repeats_;
  std::optional<SeqNumber> first_;  // of the stream: the number after the SYN
  std::uint64_t next_ = 0;          // behind the highest byte sent
  std::uint8_t shift_ = 0;          // of the receiver's window
  bool peer_scales_ = false;
  bool we_scale_ = false;
  std::deque<Timed> timed_;
  std::uint64_t segments_ = 0;
  std::uint64_t retransmissions_ = 0;
  std::uint64_t retransmitted_bytes_ = 0;
  std::uint32_t cwnd_max_ = 0;
  Duration rtt_min_{};
  Duration rtt_max_{};
  Duration rtt_sum_{};
};

}  // namespace bowline::inline v0::scenario
