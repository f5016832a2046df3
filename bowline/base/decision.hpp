#pragma once

// Decisions: why the stack did what it did.
//
// Each drop, state change, transmission, retransmission and change of a window is one Decision with
// a reason that names its paragraph. Counters, traces, ladders, capture comments and tests all read
// these, so what the stack says of itself and what it does cannot drift apart (DESIGN section 1.4).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0 {

/// Groups of reasons.
enum class ReasonKind : std::uint8_t {
  drop,
  send,
  retransmit,
  state,
  window,
  timer,
  congestion,
  path,
  alarm,  ///< what looks like an attack was recognised
};

/// Why. One enumerator for each line of reasons.inc.
enum class Reason : std::uint16_t {
#define BOWLINE_REASON(name, kind, reference, sentence) name,
#include "bowline/base/reasons.inc"
#undef BOWLINE_REASON
};

/// The number of reasons.
inline constexpr std::size_t kReasonCount = 0
#define BOWLINE_REASON(name, kind, reference, sentence) +1
#include "bowline/base/reasons.inc"
#undef BOWLINE_REASON
    ;

/// What is known of a reason.
struct ReasonInfo {
  std::string_view name;  ///< as the enumerator: "send_syn"
  ReasonKind kind;        ///< its group
  std::string_view
      reference;              ///< "RFC 9293 3.10.1", or empty where only Bowline's own rule applies
  std::string_view sentence;  ///< for a person
};

/// The line of reasons.inc for `reason`.
[[nodiscard]] const ReasonInfo& info(Reason reason) noexcept;

/// "drop", "send", ...
[[nodiscard]] std::string_view name(ReasonKind kind) noexcept;

/// One decision. For ReasonKind::state, `from` and `to` are the states' numbers (tcp::State); for
/// the other kinds they are what the reason is about (for rto_backoff the old and new RTO in
/// microseconds, for the congestion kind the old and new cwnd in bytes) or 0.
struct Decision {
  Reason reason;                  ///< why
  FrameId frame = FrameId::none;  ///< the frame that was judged or is sent, where there is one
  Handle handle;                  ///< the socket that it concerns, where there is one
  std::uint64_t connection = 0;   ///< number of the connection, unique within the Stack; 0: none
  Time now{};                     ///< when
  std::uint32_t from = 0;         ///< the value before, of a change
  std::uint32_t to = 0;           ///< the value after
};

/// Is told every decision, in order, on the Stack's thread, inside the call that made it. Must not
/// call the Stack.
class DecisionListener {
 public:
  virtual ~DecisionListener() = default;
  /// `decision` was made just now.
  virtual void decided(const Decision& decision) noexcept = 0;
};

/// How often each reason applied since the Stack began.
class ReasonCounters {
 public:
  /// One more.
  void count(Reason reason) noexcept { ++counts_[static_cast<std::size_t>(reason)]; }
  /// How often it applied.
  [[nodiscard]] std::uint64_t operator[](Reason reason) const noexcept {
    return counts_[static_cast<std::size_t>(reason)];
  }

  template <class V>
  void visit(V& v) {
    v.excluded(counts_, "counts what was; decides nothing");
  }

 private:
  std::array<std::uint64_t, kReasonCount> counts_{};
};

/// Where decisions are made known: counts each and passes it on to the listener, if there is one.
/// Belongs to one Stack, which says before each event what time it is and which frame is judged.
class Decisions {
 public:
  /// An event begins: decisions until the next call are made at `now`, about `frame` where they
  /// name none.
  void begin(Time now, FrameId frame) noexcept {
    now_ = now;
    frame_ = frame;
  }
  /// The frame under judgement.
  [[nodiscard]] FrameId frame() const noexcept { return frame_; }
  /// A decision that concerns no connection.
  void make(Reason reason) noexcept { make(reason, frame_, 0, {}); }
  /// A decision about `connection`, whose socket is `handle` where somebody holds one.
  void make(Reason reason, FrameId frame, std::uint64_t connection, Handle handle,
            std::uint32_t from = 0, std::uint32_t to = 0) noexcept {
    counters_.count(reason);
    if (listener_ != nullptr) [[unlikely]] {
      listener_->decided({reason, frame, handle, connection, now_, from, to});
    }
  }
  /// Null: nobody.
  void set_listener(DecisionListener* listener) noexcept { listener_ = listener; }
  /// How often each applied.
  [[nodiscard]] const ReasonCounters& counters() const noexcept { return counters_; }

 private:
  ReasonCounters counters_;
  DecisionListener* listener_ = nullptr;
  Time now_{};
  FrameId frame_ = FrameId::none;
};

}  // namespace bowline::inline v0
