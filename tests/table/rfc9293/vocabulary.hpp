#pragma once

// The words in which the event table is written.
//
// RFC 9293 section 3.10 says what a TCP endpoint does when something happens: a user calls, a
// segment arrives, a timer expires. To state that section as data one needs names for every
// condition its text distinguishes, and only for those. A sequence number, for instance, matters
// through where it lies relative to the receive window; so a segment here has no sequence number
// but a *class* of one, and so for the acknowledgment number. The names follow the RFC: where its
// text says "SND.UNA < SEG.ACK =< SND.NXT", the classes below split exactly at SND.UNA and SND.NXT.
//
// Nothing in this folder's table (everything except the harness) knows the engine: it depends on
// the standard library alone and was written from the RFC's text.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace bowline::table {

/// A set of values of a small enum with consecutive values from 0 (at most 32).
template <typename E>
class SetOf {
 public:
  constexpr SetOf() = default;
  constexpr SetOf(E only)
      : bits_(bit(only)) {}  // NOLINT: a single value reads as a set in the rules
  constexpr SetOf(std::initializer_list<E> members) {
    for (E member : members) bits_ |= bit(member);
  }
  /// The set with these bits, bit i standing for the value i.
  static constexpr SetOf from_bits(std::uint32_t bits) {
    SetOf set;
    set.bits_ = bits;
    return set;
  }
  /// All values: what a rule that does not care writes by leaving the field out.
  static constexpr SetOf any() { return from_bits(~std::uint32_t{0}); }

  constexpr bool contains(E e) const { return (bits_ & bit(e)) != 0; }
  constexpr bool contains_all(SetOf other) const { return (bits_ & other.bits_) == other.bits_; }
  constexpr bool meets(SetOf other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  friend constexpr SetOf operator|(SetOf a, SetOf b) { return from_bits(a.bits_ | b.bits_); }
  friend constexpr SetOf operator&(SetOf a, SetOf b) { return from_bits(a.bits_ & b.bits_); }
  friend constexpr bool operator==(SetOf a, SetOf b) = default;

 private:
  static constexpr std::uint32_t bit(E e) { return std::uint32_t{1} << static_cast<unsigned>(e); }
  std::uint32_t bits_ = 0;
};

/// The states of RFC 9293 section 3.3.2.
enum class State : std::uint8_t {
  kClosed,
  kListen,
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
};
inline constexpr std::size_t kStateCount = 11;
using States = SetOf<State>;

/// The states whose rules are in 3.10.7.4, "Other States".
inline constexpr States kOtherStates{State::kSynReceived, State::kEstablished, State::kFinWait1,
                                     State::kFinWait2,    State::kCloseWait,   State::kClosing,
                                     State::kLastAck,     State::kTimeWait};
/// The synchronized states (3.5.2, group 3).
inline constexpr States kSynchronized{State::kEstablished, State::kFinWait1, State::kFinWait2,
                                      State::kCloseWait,   State::kClosing,  State::kLastAck,
                                      State::kTimeWait};
/// The states in which the peer may still send text (no FIN of it has been taken).
inline constexpr States kReceiving{State::kEstablished, State::kFinWait1, State::kFinWait2};
/// The states after the peer's FIN.
inline constexpr States kAfterPeerFin{State::kCloseWait, State::kClosing, State::kLastAck,
                                      State::kTimeWait};

/// The control bits that section 3.10 looks at. (PSH is set by the generator whenever there is
/// text.)
enum class Flag : std::uint8_t { kSyn, kAck, kFin, kRst, kUrg };
inline constexpr std::uint32_t kFlagCombinations = 32;
using Flags = SetOf<Flag>;

/// Where SEG.SEQ lies. The first two are for the states that have no receive window yet.
enum class Seq : std::uint8_t {
  kArbitrary,      ///< some number in the middle of the space
  kBeforeWrap,     ///< 2^32 - 1: SEG.SEQ + SEG.LEN wraps
  kExact,          ///< SEG.SEQ = RCV.NXT
  kAhead,          ///< RCV.NXT < SEG.SEQ, and all of the segment inside the window
  kLastInWindow,   ///< SEG.SEQ = RCV.NXT + RCV.WND - 1: whatever follows the first number is beyond
  kFirstBeyond,    ///< SEG.SEQ = RCV.NXT + RCV.WND (one more when the window is zero)
  kFarBeyond,      ///< SEG.SEQ = RCV.NXT + 2^30
  kStraddlesLeft,  ///< SEG.SEQ < RCV.NXT < SEG.SEQ + SEG.LEN: old in front, new behind
  kOldAdjacent,  ///< ends just before RCV.NXT: a repeated segment; SEG.SEQ = RCV.NXT - max(SEG.LEN,
                 ///< 1)
  kOldFar,       ///< wholly old, 2^30 before RCV.NXT
};
inline constexpr std::size_t kSeqCount = 10;
using Seqs = SetOf<Seq>;

/// What begins at RCV.NXT once the old part in front is trimmed off, or needs no comparison.
inline constexpr Seqs kInOrder{Seq::kArbitrary, Seq::kBeforeWrap, Seq::kExact, Seq::kStraddlesLeft};
/// In the window, but not at its left edge.
inline constexpr Seqs kOutOfOrder{Seq::kAhead, Seq::kLastInWindow};

/// Where SEG.ACK lies. Classes that coincide in a situation (nothing outstanding: SND.UNA =
/// SND.NXT) are listed there only once, as kUna.
enum class Ack : std::uint8_t {
  kAbsent,         ///< the ACK bit is off
  kZero,           ///< CLOSED and LISTEN: SEG.ACK = 0
  kArbitrary,      ///< CLOSED and LISTEN: some number
  kTooOld,         ///< SEG.ACK = SND.UNA - MAX.SND.WND - 1 (5961 section 5)
  kOldestAllowed,  ///< SEG.ACK = SND.UNA - MAX.SND.WND
  kOld,            ///< SEG.ACK = SND.UNA - 1
  kUna,            ///< SEG.ACK = SND.UNA: a duplicate
  kPartial,        ///< SND.UNA < SEG.ACK < SND.NXT, inside our text
  kAllButFin,      ///< all our text, not the FIN behind it
  kNxt,        ///< SEG.ACK = SND.NXT: everything, and with it our SYN or FIN if that is outstanding
  kBeyond,     ///< SEG.ACK = SND.NXT + 1: something not yet sent
  kFarBeyond,  ///< SEG.ACK = SND.NXT + 2^30
};
inline constexpr std::size_t kAckCount = 12;
using Acks = SetOf<Ack>;

/// SND.UNA < SEG.ACK =< SND.NXT: acknowledges something new.
inline constexpr Acks kNewAck{Ack::kPartial, Ack::kAllButFin, Ack::kNxt};
/// SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.UNA.
inline constexpr Acks kDuplicateAck{Ack::kOldestAllowed, Ack::kOld, Ack::kUna};
/// SEG.ACK > SND.NXT.
inline constexpr Acks kUnsentAck{Ack::kBeyond, Ack::kFarBeyond};

/// The timestamp (RFC 7323) of a SYN that meets TIME-WAIT, against the old connection's (RFC 6191).
/// Looked at nowhere else in section 3.10.
enum class Stamp : std::uint8_t {
  kAbsent,  ///< the SYN has none
  kFirst,   ///< it has one; the old connection used none
  kOlder,   ///< less than the last one that the old connection saw
  kEqual,   ///< that one
  kNewer,   ///< greater
};
inline constexpr std::size_t kStampCount = 5;
using Stamps = SetOf<Stamp>;

/// Does the segment carry text (data)?
enum class Text : std::uint8_t { kNone, kSome };
using Texts = SetOf<Text>;

/// Who opened: an active OPEN (SYN-SENT before), or a passive one (LISTEN before; the listener is
/// still there). kNone in CLOSED and LISTEN.
enum class Origin : std::uint8_t { kNone, kActive, kPassive };
using Origins = SetOf<Origin>;

/// RCV.WND.
enum class Window : std::uint8_t { kOpen, kZero };
using Windows = SetOf<Window>;

/// Is there still a user? Gone: full CLOSE was called (3.6.1 MAY-1, "half-duplex" close).
enum class User : std::uint8_t { kPresent, kGone };
using Users = SetOf<User>;

/// The user calls of 3.10.1 to 3.10.6. CLOSE comes as the RFC's own (one direction, "shutdown" of
/// the socket interface) and as the full close of MAY-1; RECEIVE and full CLOSE with and without
/// text on hand.
enum class Call : std::uint8_t {
  kOpenActive,
  kOpenPassive,
  kSend,
  kReceive,
  kReceiveTextOnHand,
  kCloseSending,
  kCloseFully,
  kCloseFullyUnread,
  kAbort,
  kStatus,
};
inline constexpr std::size_t kCallCount = 10;
using Calls = SetOf<Call>;

/// The timers: 3.10.8 names the first three; delayed ACK is 3.8.6.3, the zero-window probe 3.8.6.1,
/// keep-alive 3.8.4 (asked for by the user, and not asked for).
enum class Timer : std::uint8_t {
  kUser,
  kRetransmission,
  kTimeWait,
  kDelayedAck,
  kZeroWindowProbe,
  kKeepAlive,
  kKeepAliveNotAsked,
};
inline constexpr std::size_t kTimerCount = 7;
using Timers = SetOf<Timer>;

/// A situation: a state, plus what else of the connection's past the RFC's text asks about.
struct Situation {
  std::string_view name;
  State state;
  Origin origin = Origin::kNone;
  Window window = Window::kOpen;
  User user = User::kPresent;
  /// What we have sent and not seen acknowledged.
  bool text_unacked = false;
  bool fin_unacked = false;
  /// The connection used timestamps. Such a situation has cells for SYNs alone.
  bool timestamps = false;
  /// CLOSE came in SYN-RECEIVED (3.10.4): our SYN is outstanding as well as our FIN.
  bool syn_unacked = false;
};

/// All situations; a cell of the table is a situation and an event.
inline constexpr std::array kSituations{
    Situation{"CLOSED", State::kClosed},
    Situation{"LISTEN", State::kListen},
    Situation{"SYN-SENT", State::kSynSent, Origin::kActive},
    Situation{"SYN-RECEIVED (active)", State::kSynReceived, Origin::kActive},
    Situation{"SYN-RECEIVED (passive)", State::kSynReceived, Origin::kPassive},
    Situation{"ESTABLISHED", State::kEstablished, Origin::kActive, Window::kOpen, User::kPresent,
              true},
    Situation{"ESTABLISHED (passive)", State::kEstablished, Origin::kPassive, Window::kOpen,
              User::kPresent, true},
    Situation{"ESTABLISHED (zero window)", State::kEstablished, Origin::kActive, Window::kZero,
              User::kPresent, true},
    Situation{"FIN-WAIT-1", State::kFinWait1, Origin::kActive, Window::kOpen, User::kPresent, true,
              true},
    Situation{.name = "FIN-WAIT-1 (from SYN-RECEIVED)",
              .state = State::kFinWait1,
              .origin = Origin::kActive,
              .fin_unacked = true,
              .syn_unacked = true},
    Situation{"FIN-WAIT-1 (zero window)", State::kFinWait1, Origin::kActive, Window::kZero,
              User::kPresent, true, true},
    Situation{"FIN-WAIT-1 (user gone)", State::kFinWait1, Origin::kActive, Window::kOpen,
              User::kGone, true, true},
    Situation{"FIN-WAIT-2", State::kFinWait2, Origin::kActive},
    Situation{"FIN-WAIT-2 (zero window)", State::kFinWait2, Origin::kActive, Window::kZero},
    Situation{"FIN-WAIT-2 (user gone)", State::kFinWait2, Origin::kActive, Window::kOpen,
              User::kGone},
    Situation{"CLOSE-WAIT", State::kCloseWait, Origin::kActive, Window::kOpen, User::kPresent,
              true},
    Situation{"CLOSING", State::kClosing, Origin::kActive, Window::kOpen, User::kPresent, true,
              true},
    Situation{"CLOSING (user gone)", State::kClosing, Origin::kActive, Window::kOpen, User::kGone,
              true, true},
    Situation{"LAST-ACK", State::kLastAck, Origin::kActive, Window::kOpen, User::kPresent, true,
              true},
    Situation{"LAST-ACK (user gone)", State::kLastAck, Origin::kPassive, Window::kOpen, User::kGone,
              true, true},
    Situation{"TIME-WAIT", State::kTimeWait, Origin::kActive},
    Situation{"TIME-WAIT (passive)", State::kTimeWait, Origin::kPassive},
    Situation{"TIME-WAIT (user gone)", State::kTimeWait, Origin::kActive, Window::kOpen,
              User::kGone},
    Situation{"TIME-WAIT (passive, user gone)", State::kTimeWait, Origin::kPassive, Window::kOpen,
              User::kGone},
    Situation{"TIME-WAIT (passive, timestamps)", State::kTimeWait, Origin::kPassive, Window::kOpen,
              User::kPresent, false, false, true},
};

/// An arriving segment, by classes.
struct Segment {
  Flags flags;
  Seq seq = Seq::kArbitrary;
  Ack ack = Ack::kAbsent;
  Text text = Text::kNone;
  Stamp stamp = Stamp::kAbsent;
};

/// A SYN that asks for a new connection: without ACK and RST.
constexpr bool is_pure_syn(Flags flags) {
  return flags.contains(Flag::kSyn) && !flags.contains(Flag::kAck) && !flags.contains(Flag::kRst);
}

/// SEG.LEN without its text: SYN and FIN occupy one sequence number each (3.4).
constexpr int control_length(Flags flags) {
  return (flags.contains(Flag::kSyn) ? 1 : 0) + (flags.contains(Flag::kFin) ? 1 : 0);
}
/// SEG.LEN > 0?
constexpr bool occupies_sequence_space(const Segment& segment) {
  return segment.text == Text::kSome || control_length(segment.flags) > 0;
}

enum class EventKind : std::uint8_t { kCall, kSegment, kTimer };

/// Something that happens to a connection.
struct Event {
  EventKind kind = EventKind::kSegment;
  Segment segment{};
  Call call = Call::kStatus;
  Timer timer = Timer::kUser;
};

/// One cell of the table.
struct Cell {
  std::size_t situation = 0;  ///< index into kSituations
  Event event{};
};

/// The acknowledgment classes that exist in a situation (with kAbsent).
Acks ack_classes(const Situation& situation);
/// The sequence classes that exist in a situation for a segment with these flags and text.
Seqs seq_classes(const Situation& situation, Flags flags, Text text);
/// The timestamp classes that a segment with these flags has cells for.
Stamps stamp_classes(const Situation& situation, Flags flags);
/// The calls and timers that the table has cells for in a situation.
Calls calls_in(const Situation& situation);

std::string_view name(State state);
std::string_view name(Seq seq);
std::string_view name(Ack ack);
std::string_view name(Stamp stamp);
std::string_view name(Call call);
std::string_view name(Timer timer);
/// "SYN|ACK", "none".
std::string name(Flags flags);
/// "ESTABLISHED: ACK|FIN seq=exact ack=partial text".
std::string name(const Cell& cell);

}  // namespace bowline::table
