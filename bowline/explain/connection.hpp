#pragma once

// A connection watched from outside.
//
// The observer reads what passes and keeps of it what the rules need: both ends (end.hpp), the
// first and last segments for the ladder, and what was found. Which rules there are is told by
// check/checks.hpp; this class only sequences them, as tcp/input does the steps of RFC 9293 section
// 3.10.7.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "bowline/explain/bounds.hpp"
#include "bowline/explain/end.hpp"
#include "bowline/explain/finding.hpp"
#include "bowline/explain/observed.hpp"
#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::explain {

/// How a connection stood when the capture, or the observation, was over.
enum class Ending : std::uint8_t {
  open,         ///< still there
  half_closed,  ///< one end has finished
  closed,       ///< both have, and both know it
  closing,      ///< both have; an acknowledgment is missing
  reset,        ///< ended by a RST
  refused,      ///< the SYN was answered by a RST
  unanswered,   ///< the SYN was not answered
  half_open,    ///< the SYN-ACK was not answered
  broken_off,   ///< the SYN-ACK was answered by a RST
  unreachable,  ///< the SYN was answered by an ICMP error
  probe,        ///< no connection: one segment that belongs to none, and its answer
  backscatter,  ///< an answer to a segment that is not in the capture
};
/// "closed", "half-open entry": as the glossary has it.
[[nodiscard]] std::string_view to_text(Ending ending) noexcept;

/// A segment as the ladder keeps it.
struct Rung {
  std::uint64_t packet = 0;
  Time time{};
  trace::Side side{};
  SeqNumber seq;
  SeqNumber ack;
  std::uint32_t length = 0;
  std::uint16_t flags = 0;
  std::uint16_t window = 0;
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  bool sack_permitted = false;
  bool again = false;
  bool lost = false;     ///< it did not arrive, as a later one shows
  bool ignored = false;  ///< the receiver must pass over it: outside the window, damaged
  std::optional<Rule> rule;
  std::string comment;  ///< those of the capture, together

  [[nodiscard]] SeqNumber end() const noexcept;
};

/// How a connection is watched.
struct WatchSettings {
  Bounds bounds;
  bool absolute = false;  ///< numbers in sentences as they stand in the header
};

/// One connection.
class Connection {
 public:
  /// `number` counts connections from 1. The sender of the first segment stands on the left; a
  /// SYN-ACK stands on the right.
  Connection(std::uint64_t number, const Observed& first, const WatchSettings& settings);

  /// Reads one segment between its ends.
  void observe(const Observed& seen);
  /// Nothing more will come: judges what remained open.
  void finish();
  /// An ICMP error about one of its segments.
  void icmp(std::uint64_t packet, const wire::IcmpMessage& message, const IpAddress& from);
  /// It has the ends of an earlier connection that ended `after` ago with `closer` in TIME-WAIT.
  void follows(std::uint64_t earlier, std::uint64_t packet, Duration after, bool time_wait);

  /// Does `segment`, which has these ends, begin another connection than this one?
  [[nodiscard]] bool is_succeeded_by(const trace::Segment& segment, Time now) const;
  /// A SYN amid this connection turned out to begin another: the segment, once its answer proves
  /// it.
  [[nodiscard]] const std::optional<Observed>& late_syn() const noexcept { return late_syn_; }
  [[nodiscard]] bool answers_late_syn(const trace::Segment& segment) const noexcept;

  /// Has the handshake been completed, or was it under way before?
  [[nodiscard]] bool established() const noexcept { return established_; }
  [[nodiscard]] bool over() const noexcept;
  [[nodiscard]] Ending ending() const noexcept;
  [[nodiscard]] std::string ending_text() const;
  /// May it be a scanner's probe or part of a flood: no data, and no orderly life?
  [[nodiscard]] bool is_probe_like() const noexcept;
  /// The flags of its first segment.
  [[nodiscard]] std::uint16_t first_flags() const noexcept {
    return first_.empty() ? std::uint16_t{0} : first_.front().flags;
  }
  /// Forgets what only further segments would need.
  void shed();

  // What the rules read and change; see check/checks.hpp.
  [[nodiscard]] End& end(trace::Side side) noexcept { return ends_[index(side)]; }
  [[nodiscard]] const End& end(trace::Side side) const noexcept { return ends_[index(side)]; }
  [[nodiscard]] trace::Side side_of(const trace::Segment& segment) const noexcept {
    return segment.source == ends_[0].endpoint ? trace::Side::left : trace::Side::right;
  }
  [[nodiscard]] Findings& findings() noexcept { return findings_; }
  [[nodiscard]] const Findings& findings() const noexcept { return findings_; }
  /// A number of `side`'s stream as it is printed.
  [[nodiscard]] std::uint32_t shown(trace::Side side, SeqNumber number) const noexcept;
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const WatchSettings& settings() const noexcept { return settings_; }
  /// The rung of the segment that is being observed.
  [[nodiscard]] Rung& rung() noexcept { return current_; }
  /// Marks the last segment that carried `seq` as lost, as far as the ladder still has it.
  void mark_lost(trace::Side side, SeqNumber seq);
  void set_established() noexcept { established_ = true; }
  void set_late_syn(const Observed& seen) { late_syn_ = seen; }

  [[nodiscard]] std::uint64_t first_packet() const noexcept { return first_packet_; }
  [[nodiscard]] std::uint64_t last_packet() const noexcept { return last_packet_; }
  [[nodiscard]] Time first_time() const noexcept { return first_time_; }
  [[nodiscard]] Time last_time() const noexcept { return last_time_; }
  /// From the opener's SYN to the ACK that completed the handshake; nothing where not all was seen.
  [[nodiscard]] std::optional<Duration> handshake_time() const noexcept;
  void set_handshake_acked(const Observed& seen) noexcept {
    if (handshake_acked_) return;
    handshake_acked_ = seen.time;
    third_segment_ = seen.number;
  }
  /// The packet that completed the handshake; 0 where it was not seen.
  [[nodiscard]] std::uint64_t third_segment() const noexcept { return third_segment_; }
  [[nodiscard]] std::optional<trace::Side> opener() const noexcept;
  [[nodiscard]] std::optional<trace::Side> first_fin() const noexcept { return first_fin_; }
  void set_first_fin(trace::Side side) noexcept {
    if (!first_fin_) first_fin_ = side;
  }
  [[nodiscard]] std::optional<trace::Side> resetter() const noexcept { return resetter_; }
  void set_reset(trace::Side side, Rule cause) noexcept {
    if (!resetter_) {
      resetter_ = side;
      reset_cause_ = cause;
    }
  }
  /// The ladder: what was kept, and how many were left out between.
  [[nodiscard]] trace::Ladder ladder() const;
  /// The last segment before the one that is being observed.
  [[nodiscard]] const std::optional<Rung>& previous() const noexcept { return previous_; }

 private:
  static std::size_t index(trace::Side side) noexcept { return side == trace::Side::left ? 0 : 1; }
  bool judge(const Observed& seen, trace::Side side);
  bool passes_checksum(const Observed& seen, trace::Side side);
  void keep_rung();
  void judge_capture();
  void judge_direction();
  void judge_opening();
  [[nodiscard]] bool half_open_probe() const noexcept;

  std::uint64_t number_;
  WatchSettings settings_;
  std::array<End, 2> ends_;
  Findings findings_;
  Rung current_;
  std::optional<Rung> previous_;
  std::vector<Rung> first_;
  std::deque<Rung> last_;
  std::uint64_t left_out_ = 0;
  std::uint64_t first_packet_;
  std::uint64_t last_packet_;
  Time first_time_;
  Time last_time_;
  std::optional<Time> handshake_acked_;
  std::uint64_t third_segment_ = 0;
  std::optional<trace::Side> first_fin_;
  std::optional<trace::Side> resetter_;
  std::optional<Rule> reset_cause_;
  std::optional<Observed> late_syn_;
  bool established_ = false;
  bool unreachable_ = false;
};

}  // namespace bowline::inline v0::explain
