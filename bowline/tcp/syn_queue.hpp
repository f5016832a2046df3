#pragma once

// Half-open entries: what a listener remembers of a SYN that it has answered (RFC 9293
// section 3.10.7.2, RFC 4987).
//
// Anybody can make us hold one, so it is 64 bytes, bounded in number, and no connection: buffers,
// timers of its own and a TCB come only with the third segment. The repeats of the SYN-ACK need no
// timer per entry either: entries that wait equally long stand in one list in the order in which
// they will be due.

#include <algorithm>
#include <array>
#include <cstdint>

#include "bowline/base/limits.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/acc_ecn.hpp"
#include "bowline/tcp/context.hpp"
#include "bowline/tcp/input/steps.hpp"
#include "bowline/tcp/options.hpp"
#include "bowline/tcp/segment.hpp"

namespace bowline::inline v0::tcp {

/// A SYN-RECEIVED connection of a listener. Its local address is a number, by which the Stack knows
/// its own.
struct SynEntry {
  std::array<std::byte, 16> remote_address{};
  std::uint32_t listener = 0;
  SeqNumber iss;
  SeqNumber irs;
  std::uint32_t ts_recent = 0;
  std::uint32_t sent_at =
      0;  ///< microseconds, modulo 2^32: an entry lives for minutes, a lap lasts 71
  std::uint32_t previous = 0xffffffff;
  std::uint32_t next = 0xffffffff;
  std::uint32_t number = 0;
  std::uint16_t remote_port = 0;
  std::uint16_t local_port = 0;
  std::uint16_t local_address = 0;
  std::uint16_t peer_mss = 0;
  std::uint8_t retries = 0;
  std::uint8_t interface = 0;
  std::uint8_t snd_shift : 4 = 0;
  bool ipv6 : 1 = false;
  bool window_scaling : 1 = false;
  bool timestamps : 1 = false;
  bool sack : 1 = false;
  std::uint8_t rcv_shift : 4 = 0;
  FeedbackMode feedback : 2 = FeedbackMode::none;  ///< of ECN, that we agreed to
  IpEcn syn_ecn : 2 = IpEcn::not_ect;              ///< how the SYN arrived (RFC 9768 table 2)
  bool fell_back : 1 = false;      ///< the SYN came again without asking for ECN (RFC 9768 3.1.5)
  bool out_of_window : 1 = false;  ///< a segment out of its window, since the SYN-ACK was sent last
  bool give_cookie : 1 = false;    ///< for Fast Open (RFC 7413): in the first SYN-ACK
  bool cookie_experimental : 1 = false;  ///< in the option in which it was asked for
  bool answered : 1 = false;             ///< the peer's ACK came, and waits for data (defer_accept)

  [[nodiscard]] Endpoint remote() const noexcept {
    return {ipv6 ? IpAddress::v6(remote_address) : mapped(), remote_port};
  }

  template <class V>
  void visit(V& v) {
    auto bits = static_cast<std::uint32_t>(
        snd_shift | ipv6 << 4 | window_scaling << 5 | timestamps << 6 | sack << 7 | rcv_shift << 8 |
        static_cast<int>(feedback) << 12 | static_cast<int>(syn_ecn) << 14 | fell_back << 16 |
        give_cookie << 17 | cookie_experimental << 18 | answered << 19 | out_of_window << 20);
    v.bases(iss, irs);
    v(remote_address, listener, previous, next, remote_port, local_port, local_address, peer_mss,
      retries, interface, bits);
    v.local(iss);
    v.remote(irs);
    v.excluded(sent_at, "a tick of the clock; the Stack hashes the time that it stands for");
    v.excluded(ts_recent, "the peer's clock, whose numbers mean nothing by themselves");
    v.excluded(number, "a name");
    if constexpr (V::loading) {
      snd_shift = bits & 15U;
      ipv6 = (bits >> 4 & 1U) != 0;
      window_scaling = (bits >> 5 & 1U) != 0;
      timestamps = (bits >> 6 & 1U) != 0;
      sack = (bits >> 7 & 1U) != 0;
      rcv_shift = bits >> 8 & 15U;
      feedback = static_cast<FeedbackMode>(bits >> 12 & 3U);
      syn_ecn = static_cast<IpEcn>(bits >> 14 & 3U);
      fell_back = (bits >> 16 & 1U) != 0;
      answered = (bits >> 19 & 1U) != 0;
      give_cookie = (bits >> 17 & 1U) != 0;
      cookie_experimental = (bits >> 18 & 1U) != 0;
      out_of_window = (bits >> 20 & 1U) != 0;
    }
  }

 private:
  [[nodiscard]] IpAddress mapped() const noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 12; i < 16; ++i) {
      value = value << 8 | std::to_integer<std::uint32_t>(remote_address[i]);
    }
    return IpAddress::v4(value);
  }
};
static_assert(sizeof(SynEntry) <= 64, "what an unproven peer can make us hold (DESIGN section 8)");

/// The entry in the view of the steps. `window`: what we announced in the SYN-ACK.
[[nodiscard]] TcbView view_of(const SynEntry& entry, std::uint32_t window) noexcept;

/// When the SYN-ACK of `entry` was sent last (rounded up to a microsecond), seen from `now`.
[[nodiscard]] Time sent_time(const SynEntry& entry, Time now) noexcept;

/// What the two SYNs agreed on. AccECN is given up when the SYN-ACK is repeated for the second time
/// (RFC 9768 section 3.1.4.2).
[[nodiscard]] Negotiated agreed(const SynEntry& entry) noexcept;

/// How many quarters of a queue for `backlog` entries are taken by `half_open` of them. A few
/// entries are no flood, however short the queue.
[[nodiscard]] constexpr std::uint64_t quarters_full(std::uint32_t half_open,
                                                    std::uint32_t backlog) noexcept {
  constexpr std::uint32_t kFew = 8;
  return std::uint64_t{4} * half_open / std::max(backlog, kFew);
}

/// Is it half full, so that its entries get less time?
[[nodiscard]] constexpr bool is_crowded(std::uint32_t half_open, std::uint32_t backlog) noexcept {
  return quarters_full(half_open, backlog) >= 2;
}

/// How often the SYN-ACK of an entry is repeated before it goes, in a queue that holds `half_open`
/// of `backlog` entries: the fuller it is, the less time is given (RFC 4987 section 3.3). From the
/// half on one repeat, with three quarters none.
[[nodiscard]] constexpr std::uint8_t syn_ack_repeats(const Settings& settings,
                                                     std::uint32_t half_open,
                                                     std::uint32_t backlog) noexcept {
  if (!is_crowded(half_open, backlog)) return settings.syn_ack_retries;
  const bool repeats = quarters_full(half_open, backlog) == 2;
  return std::min<std::uint8_t>(settings.syn_ack_retries, repeats ? 1 : 0);
}

/// The SYN-ACK of `entry`, for the first time or again (`why`). `offer` is what we can do; only
/// what the peer's SYN had, too, is answered. A cookie, if it asked for one, is made with
/// `cookie_key`.
[[nodiscard]] Reply syn_ack(const SynEntry& entry, const Endpoint& local, const Offer& offer,
                            std::uint16_t window, const SipKey& cookie_key, Reason why,
                            Context& context) noexcept;

/// All half-open entries of a Stack, and when their SYN-ACKs are due again.
class SynQueue {
 public:
  static constexpr std::uint32_t kNone = Slab<SynEntry>::kNone;
  /// More repeats than this are not distinguished.
  static constexpr std::uint8_t kMostRetries = 15;

  SynQueue(Memory& memory, const Limits& limits) noexcept : entries_(memory, limits.half_open) {
    waiting_.fill({});
  }

  /// Adds `entry`, whose SYN-ACK is sent at `now`. kNone when the queue is full.
  [[nodiscard]] std::uint32_t add(const SynEntry& entry, Time now) noexcept;
  void remove(std::uint32_t index) noexcept;
  [[nodiscard]] SynEntry& operator[](std::uint32_t index) noexcept { return entries_[index]; }
  [[nodiscard]] const SynEntry& operator[](std::uint32_t index) const noexcept {
    return entries_[index];
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool full() const noexcept { return entries_.size() >= entries_.limit(); }
  void prefetch(std::uint32_t index) const noexcept { entries_.prefetch(index); }

  /// When the first entry is due; kNever when there is none.
  [[nodiscard]] Time next_deadline(const Settings& settings, Time now) const noexcept;
  /// An entry that is due at `now`, kNone when none is. The caller removes it or calls
  /// sent_again().
  [[nodiscard]] std::uint32_t due(const Settings& settings, Time now) const noexcept;
  /// The SYN-ACK of `index` was repeated by its timer.
  void sent_again(std::uint32_t index, Time now) noexcept;

  /// Calls `f(index, entry)` for each; `f` may remove the entry that it is given.
  template <class F>
  void for_each(F&& f) {
    entries_.for_each(f);
  }
  template <class F>
  void for_each(F&& f) const {
    entries_.for_each(f);
  }
  /// In pieces; see Slab::walk().
  template <class F>
  [[nodiscard]] std::uint32_t walk(std::uint32_t from, std::uint32_t most, F&& f) const {
    return entries_.walk(from, most, f);
  }
  template <class V>
  void visit(V& v) {
    v(entries_);
    for (Waiting& list : waiting_) v(list.head, list.tail);
  }

 private:
  struct Waiting {  // entries with equally many repeats, the one due first in front
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
  };

  void append(std::uint32_t index, Time now) noexcept;
  void unlink(std::uint32_t index) noexcept;
  [[nodiscard]] Time deadline_of(std::uint32_t index, const Settings& settings,
                                 Time now) const noexcept;

  Slab<SynEntry> entries_;
  std::array<Waiting, kMostRetries + 1> waiting_;
};

}  // namespace bowline::inline v0::tcp
