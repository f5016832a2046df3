#pragma once

// Congestion control: events in, a window out (RFC 5681).
//
// The events are batched and speak of bytes and times, never of ranges or segments: what was
// acknowledged, that something was lost, that a timeout came, that the connection was idle. A
// std::variant of the built-ins holds the state inline, in 32 bytes at most; what is larger keeps
// its state in the cold block. BBR does: it works from a model of the path instead of reacting to
// losses, the reactions here are not its own, and all it uses of this is the window (bbr_flow.hpp).

#include <algorithm>
#include <cstdint>
#include <variant>

#include "bowline/base/time.hpp"
#include "bowline/tcp/ack_event.hpp"
#include "bowline/tcp/classic_hystart.hpp"
#include "bowline/tcp/cubic.hpp"
#include "bowline/tcp/hystart.hpp"
#include "bowline/tcp/packet_cubic.hpp"
#include "bowline/tcp/settings.hpp"

namespace bowline::inline v0::tcp {

/// Reno: slow start, congestion avoidance, half after a loss (RFC 5681 section 3.1), counting bytes
/// (RFC 3465).
class Reno {
 public:
  /// Congestion avoidance: one segment for each window acknowledged.
  void acked(const AckEvent& event, std::uint32_t mss, std::uint32_t& cwnd) noexcept;
  /// The slow-start threshold after a loss with `in_flight` bytes under way (RFC 5681 equation 4).
  [[nodiscard]] std::uint32_t lost(std::uint32_t /*cwnd*/, std::uint32_t in_flight,
                                   std::uint32_t mss) noexcept {
    counted_ = 0;
    return std::max(in_flight / 2, 2 * mss);
  }
  void timed_out() noexcept { counted_ = 0; }  ///< Slow start follows.
  void restart() noexcept { counted_ = 0; }    ///< The connection was idle.
  template <class V>
  void visit(V& v) {
    v(counted_);
  }

 private:
  // bytes acknowledged towards the next increase in congestion avoidance
  std::uint32_t counted_ = 0;
};

/// The ssthresh of a connection that has not lost anything yet.
inline constexpr std::uint32_t kNoThreshold = 0x7fffffff;

/// Holds the place of BBR, whose state stands elsewhere, and which has no slow-start threshold.
struct BbrElsewhere {
  [[nodiscard]] static std::uint32_t lost(std::uint32_t, std::uint32_t, std::uint32_t) noexcept {
    return kNoThreshold;
  }
  void timed_out() noexcept {}
  void restart() noexcept {}
  template <class V>
  void visit(V&) {}
};

/// The window of one connection and whoever governs it.
class CongestionControl {
 public:
  /// From start() on the window is one of whole packets, and CUBIC is Linux's
  /// (Settings::count_packets).
  void count_packets(bool packets) noexcept { packets_ = packets; }
  /// Starts with the initial window of RFC 6928 (`segments` full ones), when SND.NXT is `snd_nxt`.
  void start(std::uint32_t mss, std::uint32_t segments, CongestionAlgorithm algorithm,
             HyStartForm hystart, SeqNumber snd_nxt) noexcept;
  void set_mss(std::uint32_t mss) noexcept { mss_ = mss; }
  /// Another one governs from now on. It goes on with the window as it is, and where BBR governed
  /// before, without slow start: the model knew how much the path takes.
  void change(CongestionAlgorithm algorithm) noexcept;
  /// BBR's word: the events below change nothing where it governs.
  void set_cwnd(std::uint32_t cwnd) noexcept { cwnd_ = cwnd; }
  /// Data was acknowledged outside recovery.
  void acked(const AckEvent& event) noexcept;
  /// A loss, or an ECN mark: lowers ssthresh; recovery sets the window meanwhile.
  void lost(std::uint32_t in_flight) noexcept;
  /// Recovery is over, or there is nothing to recover: the window is the threshold.
  void recovered() noexcept {
    if (!is_bbr()) cwnd_ = ssthresh_;
  }
  /// The retransmission timer expired (RFC 5681 section 3.1), and `left` bytes are held to be in
  /// the network still: one segment may be sent. `first`: for data that was not retransmitted by it
  /// before (only then does ssthresh change).
  void timed_out(std::uint32_t in_flight, std::uint32_t left, bool first) noexcept;
  /// Data goes out at `now` after nothing was in the network for `idle`.
  void resumed(Time now, Duration idle) noexcept {
    if (PacketCubic* const cubic = std::get_if<PacketCubic>(&algorithm_)) cubic->resumed(now, idle);
  }
  /// The reductions since `before` was the state were for nothing.
  void undo(const CongestionControl& before) noexcept;
  /// The connection was idle for longer than an RTO (RFC 5681 section 4.1).
  void idle(std::uint32_t restart_segments) noexcept;
  /// The connection was idle for so many RTOs: the window is halved for each, down to
  /// `restart_segments` (RFC 2861, Linux's tcp_cwnd_restart()).
  void idle_for(unsigned timeouts, std::uint32_t restart_segments) noexcept;
  /// What of the window was not in use is gone: it is `cwnd` at most (RFC 7661 section 4.4.1).
  void limit(std::uint32_t cwnd) noexcept {
    if (!is_bbr()) cwnd_ = std::min(cwnd_, std::max(cwnd, mss_));
  }
  /// The window has not been used for long: half of it, but not below `restart_segments` (RFC 7661
  /// section 4.4.3).
  void unused(std::uint32_t restart_segments) noexcept;
  /// A SYN or SYN-ACK was lost: the initial window is one segment (RFC 5681 section 3.1).
  void handshake_lost() noexcept { cwnd_ = mss_; }

  /// Bytes that may be in the network.
  [[nodiscard]] std::uint32_t cwnd() const noexcept { return cwnd_; }
  /// Bytes; practically infinite before the first loss.
  [[nodiscard]] std::uint32_t ssthresh() const noexcept { return ssthresh_; }
  [[nodiscard]] bool in_slow_start() const noexcept { return cwnd_ < ssthresh_; }
  /// Who governs.
  [[nodiscard]] CongestionAlgorithm algorithm() const noexcept {
    if (std::holds_alternative<PacketCubic>(algorithm_)) return CongestionAlgorithm::cubic;
    return static_cast<CongestionAlgorithm>(algorithm_.index());
  }
  [[nodiscard]] bool is_bbr() const noexcept { return algorithm() == CongestionAlgorithm::bbr; }

  template <class V>
  void visit(V& v) {
    v(cwnd_, ssthresh_, mss_);
    bool classic = std::holds_alternative<ClassicHyStart>(hystart_);
    v(classic);
    if constexpr (V::loading) choose(classic ? HyStartForm::classic : HyStartForm::plus_plus);
    std::visit([&v](auto& hystart) { v(hystart); }, hystart_);
    v(packets_);
    auto chosen = static_cast<std::uint8_t>(algorithm());
    v(chosen);
    if constexpr (V::loading) {
      if (chosen > static_cast<std::uint8_t>(CongestionAlgorithm::bbr)) return v.fail();
      choose(static_cast<CongestionAlgorithm>(chosen));
    }
    std::visit([&v](auto& algorithm) { v(algorithm); }, algorithm_);
  }

 private:
  // In CongestionAlgorithm's order, and what stands for CUBIC where packets are counted.
  using Algorithm = std::variant<Reno, Cubic, BbrElsewhere, PacketCubic>;
  static_assert(sizeof(Algorithm) <= 32, "larger state belongs into the cold block");
  void choose(CongestionAlgorithm algorithm) noexcept;
  void choose(HyStartForm hystart) noexcept;
  void slow_start(const AckEvent& event) noexcept;
  void avoid_congestion(const AckEvent& event) noexcept;
  // The window shrinks to `cwnd`, if it is larger, for not having been used.
  void give_up_unused(std::uint32_t cwnd) noexcept;

  std::uint32_t cwnd_ = 0;
  std::uint32_t ssthresh_ = kNoThreshold;
  std::uint32_t mss_ = 0;
  bool packets_ = false;
  Algorithm algorithm_;
  std::variant<HyStart, ClassicHyStart> hystart_;
};

}  // namespace bowline::inline v0::tcp
