#pragma once

// Congestion control: events in, a window out (RFC 5681).
//
// The events are batched and speak of bytes and times, never of ranges or segments: what was
// acknowledged, that something was lost, that a timeout came, that the connection was idle. A
// std::variant of the built-ins holds the state inline, in 32 bytes at most; what is larger keeps
// its state in the cold block.

#include <algorithm>
#include <cstdint>
#include <variant>

#include "bowline/base/time.hpp"
#include "bowline/tcp/settings.hpp"

namespace bowline::inline v0::tcp {

/// What an acknowledgment brought, batched.
struct AckEvent {
  Time now{};
  std::uint32_t acked = 0;      ///< bytes newly delivered
  std::uint32_t in_flight = 0;  ///< bytes in the network before it came
  bool cwnd_limited = false;    ///< the congestion window, and nothing else, held data back
};

/// Reno: slow start, congestion avoidance, half after a loss (RFC 5681 section 3.1), counting bytes
/// (RFC 3465).
class Reno {
 public:
  void acked(const AckEvent& event, std::uint32_t mss, std::uint32_t& cwnd,
             std::uint32_t ssthresh) noexcept;
  /// The slow-start threshold after a loss with `in_flight` bytes under way (RFC 5681 equation 4).
  [[nodiscard]] static std::uint32_t ssthresh_after_loss(std::uint32_t in_flight,
                                                         std::uint32_t mss) noexcept {
    return std::max(in_flight / 2, 2 * mss);
  }
  template <class V>
  void visit(V& v) {
    v(counted_);
  }

 private:
  std::uint32_t counted_ =
      0;  // bytes acknowledged towards the next increase in congestion avoidance
};

/// The window of one connection and whoever governs it.
class CongestionControl {
 public:
  /// Starts with the initial window of RFC 6928 (`segments` full ones).
  void start(std::uint32_t mss, std::uint32_t segments) noexcept {
    mss_ = mss;
    cwnd_ = mss * segments;
  }
  void set_mss(std::uint32_t mss) noexcept { mss_ = mss; }
  /// Data was acknowledged outside recovery.
  void acked(const AckEvent& event) noexcept;
  /// A loss was found by duplicate ACKs: lowers ssthresh; recovery sets the window meanwhile.
  void lost(std::uint32_t in_flight) noexcept;
  /// Recovery is over.
  void recovered() noexcept { cwnd_ = ssthresh_; }
  /// The retransmission timer expired (RFC 5681 section 3.1): one segment. `first`: for data that
  /// was not retransmitted by it before (only then does ssthresh change).
  void timed_out(std::uint32_t in_flight, bool first) noexcept;
  /// The connection was idle for longer than an RTO (RFC 5681 section 4.1).
  void idle(std::uint32_t restart_segments) noexcept {
    cwnd_ = std::min(cwnd_, mss_ * restart_segments);
  }
  /// A SYN or SYN-ACK was lost: the initial window is one segment (RFC 5681 section 3.1).
  void handshake_lost() noexcept { cwnd_ = mss_; }

  /// Bytes that may be in the network.
  [[nodiscard]] std::uint32_t cwnd() const noexcept { return cwnd_; }
  /// Bytes; practically infinite before the first loss.
  [[nodiscard]] std::uint32_t ssthresh() const noexcept { return ssthresh_; }

  template <class V>
  void visit(V& v) {
    v(cwnd_, ssthresh_, mss_);
    std::visit([&v](auto& algorithm) { v(algorithm); }, algorithm_);
  }

 private:
  std::uint32_t cwnd_ = 0;
  std::uint32_t ssthresh_ = 0x7fffffff;
  std::uint32_t mss_ = 0;
  std::variant<Reno> algorithm_;
};
static_assert(sizeof(std::variant<Reno>) <= 32, "larger state belongs into the cold block");

}  // namespace bowline::inline v0::tcp
