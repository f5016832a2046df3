#pragma once

// TIME-WAIT without a connection (RFC 9293 section 3.3.2 and 3.6).
//
// Once the application has let go, all that a connection in TIME-WAIT does is to acknowledge a
// repeated FIN and to keep strays of the old incarnation out of a new one. For that a record of 96
// bytes at most is enough, and since all wait equally long, one list in the order of their end
// serves as timer.

#include <array>
#include <cstdint>

#include "bowline/base/limits.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/input/steps.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// What is left of a connection.
struct TimeWaitRecord {
  Endpoint local;
  Endpoint remote;
  SeqNumber iss;
  SeqNumber irs;
  SeqNumber snd_nxt;
  SeqNumber rcv_nxt;
  std::uint32_t rcv_wnd = 0;  ///< scaled, at most what a 16-bit field can say
  std::uint32_t ts_recent = 0;
  std::uint32_t number = 0;
  std::uint32_t previous = 0xffffffff;
  std::uint32_t next = 0xffffffff;
  std::uint8_t rcv_shift = 0;
  std::uint8_t interface = 0;
  bool timestamps = false;
  Time ends_at{};

  template <class V>
  void visit(V& v) {
    v.bases(iss, irs);
    v(local, remote, rcv_wnd, previous, next, rcv_shift, interface, timestamps, ends_at);
    v.excluded(ts_recent, "the peer's clock, whose numbers mean nothing by themselves");
    v.local(iss, snd_nxt);
    v.remote(irs, rcv_nxt);
    v.excluded(number, "a name");
  }
};
static_assert(sizeof(TimeWaitRecord) <= 96, "bounded in size (DESIGN section 4)");

/// The record in the view of the steps.
[[nodiscard]] TcbView view_of(const TimeWaitRecord& record, Duration two_msl) noexcept;

/// The ACK that it answers with; `with_timestamps`: if the connection had agreed on them.
[[nodiscard]] Reply time_wait_ack(const TimeWaitRecord& record, bool with_timestamps, Reason why,
                                  Context& context) noexcept;

/// May `segment`, a SYN, end the TIME-WAIT and open the connection anew? Yes when its timestamp or
/// else its sequence number is newer than everything of the old one (RFC 6191 section 2; MAY-2,
/// SHLD-4).
[[nodiscard]] bool may_reopen(const TcbView& tcb, const Segment& segment,
                              const Settings& settings) noexcept;

/// All records of a Stack, the one that ends first in front.
class TimeWaitQueue {
 public:
  static constexpr std::uint32_t kNone = Slab<TimeWaitRecord>::kNone;

  TimeWaitQueue(Memory& memory, const Limits& limits) noexcept
      : records_(memory, limits.time_wait) {}

  /// Adds a record that ends at `record.ends_at`. kNone when there is no room, or when so many end
  /// later that its place would have to be searched for: it then stays a connection.
  [[nodiscard]] std::uint32_t add(const TimeWaitRecord& record) noexcept;
  void remove(std::uint32_t index) noexcept;
  /// 2 MSL start anew for `index`: it ends after all others.
  void restart(std::uint32_t index, Time ends_at) noexcept;

  [[nodiscard]] TimeWaitRecord& operator[](std::uint32_t index) noexcept { return records_[index]; }
  [[nodiscard]] const TimeWaitRecord& operator[](std::uint32_t index) const noexcept {
    return records_[index];
  }
  [[nodiscard]] std::uint32_t oldest() const noexcept { return head_; }
  [[nodiscard]] Time next_deadline() const noexcept {
    return head_ == kNone ? kNever : records_[head_].ends_at;
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return records_.size(); }
  [[nodiscard]] bool full() const noexcept { return records_.size() >= records_.limit(); }
  void prefetch(std::uint32_t index) const noexcept { records_.prefetch(index); }

  template <class F>
  void for_each(F&& f) const {
    records_.for_each(f);
  }
  /// In pieces; see Slab::walk().
  template <class F>
  [[nodiscard]] std::uint32_t walk(std::uint32_t from, std::uint32_t most, F&& f) const {
    return records_.walk(from, most, f);
  }
  template <class V>
  void visit(V& v) {
    v(records_, head_, tail_);
  }

 private:
  static constexpr std::uint32_t kTooFar = 0xfffffffe;
  [[nodiscard]] std::uint32_t place_for(Time ends_at) const noexcept;
  void insert_after(std::uint32_t before, std::uint32_t index) noexcept;
  void unlink(std::uint32_t index) noexcept;

  Slab<TimeWaitRecord> records_;
  std::uint32_t head_ = kNone;
  std::uint32_t tail_ = kNone;
};

}  // namespace bowline::inline v0::tcp
