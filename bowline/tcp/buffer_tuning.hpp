#pragma once

// How large the buffers should be: as large as the path needs, not as large as they may be.
//
// Receiving ("dynamic right-sizing", Fisk and Feng 2001; Linux's tcp_rcv_space_adjust): what the
// application takes in a round trip is what the window must hold, twice that so that a sender in
// slow start can double. The round trip is seen by the receiver: by echoed timestamps, or by how
// long it takes until a window's worth has come (which is too long while the window is not the
// limit, and so errs to the safe side: less often measured, more slowly grown). What an application
// does not take does not make its buffer grow.
//
// Sending (Linux's tcp_sndbuf_expand): twice the congestion window, one for what is in flight and
// one for what the application writes meanwhile.
//
// Both only grow: a window must not shrink (RFC 9293 SHLD-14), and memory is taken by data, not by
// limits.

#include <algorithm>
#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// The receive buffer of one connection. A value, 48 bytes.
class ReceiveTuning {
 public:
  /// The connection is established: `buffer` bytes may be held at first, `limit` at the most. The
  /// next number expected is `rcv_nxt`, `window` what was offered.
  void start(std::uint32_t buffer, std::uint32_t limit, SeqNumber rcv_nxt, std::uint32_t window,
             std::uint32_t mss, Time now) noexcept;
  /// Another limit; what there is already stays.
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }

  /// A full-sized segment echoed a timestamp of ours that is `rtt` old. Smaller ones may have
  /// waited for the application.
  void echoed(Duration rtt) noexcept;
  /// In-order data came, up to `rcv_nxt`, with `window` bytes offered beyond it. Where timestamps
  /// are on, this is not needed and does no harm.
  void arrived(SeqNumber rcv_nxt, std::uint32_t window, Time now) noexcept;

  /// The application took `bytes`. True when the buffer has grown: a window update may be due.
  bool read(std::uint32_t bytes, std::uint32_t mss, Time now) noexcept;

  /// Bytes that the receive buffer may hold.
  [[nodiscard]] std::uint32_t buffer() const noexcept { return buffer_; }
  /// The round trip as the receiver sees it; zero: not known yet.
  [[nodiscard]] Duration rtt() const noexcept { return rtt_; }

  /// start() was called: before that nothing grows.
  [[nodiscard]] bool started() const noexcept { return least_taken_ != 0; }

  template <class V>
  void visit(V& v) {
    v(buffer_, limit_, taken_, least_taken_, by_timestamps_);
    v.remote(window_end_);
    v.excluded(rtt_, "a measured time");
    v.excluded(window_begun_, "a point in time, of a measurement");
    v.excluded(since_, "a point in time, of a measurement");
  }

 private:
  Duration rtt_{};
  Time window_begun_{};  // when the window that ends at window_end_ was offered
  Time since_{};         // when counting taken_ began
  SeqNumber window_end_;
  std::uint32_t buffer_ = 0;
  std::uint32_t limit_ = 0;
  std::uint32_t taken_ = 0;        // by the application, in the round trip under way
  std::uint32_t least_taken_ = 0;  // what was taken when the buffer last grew
  bool by_timestamps_ = false;
};

/// The send buffer that a congestion window of `cwnd` bytes needs, at least `buffer`, at most
/// `limit` (or `buffer`, where that is more). `windows`: 2, or 3 for a congestion control that
/// probes with more than two (BBR). To be asked when the application could write no more, and not
/// while memory is short.
[[nodiscard]] constexpr std::uint32_t expanded_send_buffer(std::uint32_t buffer, std::uint32_t cwnd,
                                                           std::uint32_t mss, std::uint32_t limit,
                                                           std::uint32_t windows = 2) noexcept {
  const std::uint64_t initial = std::uint64_t{10} * mss;  // RFC 6928, also after a timeout
  const std::uint64_t needed = windows * std::max<std::uint64_t>(cwnd, initial);
  return std::max(buffer, static_cast<std::uint32_t>(std::min<std::uint64_t>(needed, limit)));
}

}  // namespace bowline::inline v0::tcp
