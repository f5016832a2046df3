#pragma once

// The send buffer as Linux sees it: a row of packets, not of bytes (Settings::packet_queue).
//
// tcp_sendmsg_locked() cuts what is written into packets of up to 64 KiB before anything is sent.
// Three things that a peer or an application can see hang on where these packets end: which
// segments have PSH (the last of a write, the last of a frame of several), what one frame holds (no
// more than one packet), and how much may be written (memory is counted by packets: their bytes and
// what keeping them takes, tcp/packet_sending.hpp). So they are modelled, as lengths over the
// SendBuffer that holds the bytes.
//
// Here are the packets that wait. Those that are out are the ranges of SentRanges: one for each
// frame, split where an acknowledgment or a SACK block ends, as Linux's retransmission queue is.

#include <algorithm>
#include <cstdint>

#include "bowline/base/ring.hpp"

namespace bowline::inline v0::tcp {

/// A packet that waits to be sent: some bytes that follow those of the one before.
struct QueuedPacket {
  std::uint32_t length = 0;  ///< bytes
  bool pushed = false;       ///< its last segment has PSH
  bool record_end = false;   ///< nothing is added to it, full or not (MSG_EOR)

  template <class V>
  void visit(V& v) {
    v(length, pushed, record_end);
  }
};

/// The packets that wait, in order.
class PacketQueue {
 public:
  explicit PacketQueue(Memory& memory) noexcept : packets_(memory) {}

  [[nodiscard]] bool empty() const noexcept { return packets_.empty(); }
  /// How many.
  [[nodiscard]] std::uint32_t size() const noexcept { return packets_.size(); }
  /// The next to be sent; only when there is one.
  [[nodiscard]] const QueuedPacket& front() const noexcept { return packets_.front(); }
  /// How many bytes the last takes until it holds `goal`; 0: there is none that takes any.
  [[nodiscard]] std::uint32_t room(std::uint32_t goal) const noexcept {
    if (packets_.empty() || packets_.back().record_end) return 0;
    return packets_.back().length < goal ? goal - packets_.back().length : 0;
  }
  /// Begins another, empty one. False when memory ran out.
  [[nodiscard]] bool open() noexcept { return packets_.push_back({}); }
  /// Makes sure that the next `count` calls of open() succeed. False when memory ran out.
  [[nodiscard]] bool reserve(std::uint32_t count) noexcept { return packets_.reserve_more(count); }
  /// Takes back an open() that nothing was added to.
  void drop_empty() noexcept {
    if (!packets_.empty() && packets_.back().length == 0) packets_.erase(packets_.size() - 1);
  }
  /// `bytes` more are in the last. `first` of a write: what was pushed before is not the end.
  void added(std::uint32_t bytes, bool first) noexcept {
    QueuedPacket& last = packets_.back();
    if (first) last.pushed = false;
    last.length += bytes;
    unpushed_ += bytes;
  }
  /// The last, if one waits, ends with PSH (tcp_mark_push()).
  void push() noexcept {
    if (packets_.empty()) return;
    packets_.back().pushed = true;
    unpushed_ = 0;
  }
  /// So does the first: it goes though it is not full (tcp_write_wakeup()).
  void push_first() noexcept {
    if (!packets_.empty()) packets_.front().pushed = true;
  }
  /// The last ends a record.
  void end_record() noexcept {
    if (!packets_.empty()) packets_.back().record_end = true;
  }
  /// Bytes that were added since something was pushed.
  [[nodiscard]] std::uint32_t unpushed() const noexcept { return unpushed_; }
  /// Do the first `bytes` end where a packet ends that is pushed?
  [[nodiscard]] bool pushed_at(std::uint32_t bytes) const noexcept {
    for (std::uint32_t i = 0; i < packets_.size() && packets_[i].length <= bytes; ++i) {
      bytes -= packets_[i].length;
      if (bytes == 0) return packets_[i].pushed;
    }
    return false;
  }
  /// The first `bytes` wait no longer.
  void sent(std::uint32_t bytes) noexcept {
    while (bytes > 0 && !packets_.empty()) {
      QueuedPacket& first = packets_.front();
      const std::uint32_t count = std::min(bytes, first.length);
      first.length -= count;
      bytes -= count;
      if (first.length == 0) packets_.pop_front();
    }
  }
  /// None waits any more.
  void clear() noexcept { packets_.clear(); }

  template <class V>
  void visit(V& v) {
    v(packets_, unpushed_);
  }

 private:
  Ring<QueuedPacket> packets_;
  std::uint32_t unpushed_ = 0;
};

}  // namespace bowline::inline v0::tcp
