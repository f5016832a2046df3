#pragma once

// The rule language.
//
// A rule is one sentence of section 3.10: *when* (a condition, as sets of classes: a field left out
// means "any"), *then* (one branch, or several where the RFC leaves a choice). A step of the RFC
// ("First, check sequence number") is a list of rules, of which exactly one must apply to every
// cell that reaches the step; the self-check demands that, so that no rule hides another, nothing
// is left undefined, and each line can be read by itself. A procedure is the list of steps for a
// state, in the RFC's order. Expanding a cell means walking the procedure: a branch adds its
// effects to the outcome, may change the state (later steps see the new one, as the RFC's text
// does), and goes on to the next step or stops.

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "tests/table/rfc9293/choice.hpp"
#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// Table 6 of 3.10.7.4, evaluated for the cell: does the segment pass the acceptability test?
enum class Acceptable : std::uint8_t { kNo, kYes };
using Acceptables = SetOf<Acceptable>;

/// What is sent in answer. The forms are the RFC's; SND and RCV variables are those after the
/// event.
enum class Reply : std::uint8_t {
  kSilence,
  kAck,        ///< <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, no text
  kSyn,        ///< <SEQ=ISS><CTL=SYN>
  kSynAck,     ///< <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
  kRstSegAck,  ///< <SEQ=SEG.ACK><CTL=RST>
  kRstZero,    ///< <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
  kRstSndNxt,  ///< <SEQ=SND.NXT><CTL=RST> (it may carry a correct ACK)
  kText,       ///< new text at SND.NXT, with <ACK=RCV.NXT>
  kFin,        ///< FIN at SND.NXT, with <ACK=RCV.NXT>
  kFront,      ///< what starts at SND.UNA once more: the front of the retransmission queue
  kProbe,      ///< at least one octet of text although the window is zero (3.8.6.1)
  kKeepAlive,  ///< <SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>, no text or one octet (3.8.4)
};
using Replies = SetOf<Reply>;

/// What the user is told beyond the result of a call.
enum class Signal : std::uint8_t {
  kNothing,
  kReset,     ///< "connection reset"
  kRefused,   ///< "connection refused"
  kTimedOut,  ///< "connection aborted due to user timeout"
};
using Signals = SetOf<Signal>;

/// The result of a user call.
enum class Result : std::uint8_t {
  kOk,
  kQueued,             ///< accepted, to be done later; for RECEIVE: nothing there yet
  kText,               ///< RECEIVE returned text
  kEndOfText,          ///< RECEIVE: "error: connection closing", the peer has closed
  kClosing,            ///< "error: connection closing"
  kNoConnection,       ///< "error: connection does not exist"
  kExists,             ///< "error: connection already exists"
  kRemoteUnspecified,  ///< "error: remote socket unspecified"
  kNoRoom,             ///< "error: insufficient resources": no room to queue a RECEIVE
};
using Results = SetOf<Result>;

/// A change of SND.UNA, SND.WND.
enum class Sender : std::uint8_t { kSame, kTaken, kAny };
/// How far RCV.NXT goes, in the order of how far.
enum class Receiver : std::uint8_t { kSame, kOverSyn, kOverText, kOverFin, kAny };

/// The condition of a rule. Every field is a set; left out it is "any".
struct When {
  States in = States::any();
  Flags with = {};     ///< all of these are set
  Flags without = {};  ///< none of these is set
  Seqs seq = Seqs::any();
  Acks ack = Acks::any();
  Texts text = Texts::any();
  Stamps stamp = Stamps::any();
  Origins origin = Origins::any();
  Windows window = Windows::any();
  Users user = Users::any();
  Acceptables acceptable = Acceptables::any();
  Calls call = Calls::any();
  Timers timer = Timers::any();
};

/// What a branch adds to the outcome. A field left out adds nothing.
struct Effect {
  std::optional<State> next = std::nullopt;
  /// Any one of these; several steps that answer intersect (one acknowledgment serves all of them).
  Replies reply = {};
  /// An acknowledgment is owed: if not in the answer, then within 0.5 s (3.8.6.3, MUST-40).
  bool ack_owed = false;
  Sender una = Sender::kSame;
  Sender send_window = Sender::kSame;
  Receiver rcv_nxt = Receiver::kSame;
  bool delivers_text = false;  ///< the part of the text at and after RCV.NXT can be read
  bool end_of_text = false;    ///< "connection closing": after the text, RECEIVE reports the end
  bool urgent = false;         ///< the user is told of urgent data
  Signals signal = {};         ///< one of these; none given: nothing
  Results result = {};         ///< calls: one of these
  bool restarts_time_wait = false;
};

/// What follows a branch.
enum class Then : std::uint8_t {
  kStop,     ///< "... and return"
  kGoOn,     ///< the next step
  kToSixth,  ///< "continue processing at the sixth step under Section 3.10.7.4" (from SYN-SENT)
};

/// One allowed reaction.
struct Branch {
  Then then = Then::kStop;
  Effect effect{};
  Choice choice = Choice::kNone;
};

/// One to four branches.
class Branches {
 public:
  constexpr Branches(std::initializer_list<Branch> branches) : count_(branches.size()) {
    std::size_t i = 0;
    for (const Branch& branch : branches) items_[i++] = branch;
  }
  constexpr const Branch* begin() const { return items_.data(); }
  constexpr const Branch* end() const { return items_.data() + count_; }
  constexpr std::size_t size() const { return count_; }

 private:
  std::array<Branch, 4> items_{};
  std::size_t count_ = 0;
};

/// One sentence of section 3.10.
struct Rule {
  std::string_view name;
  std::string_view paragraph;  ///< where it stands
  std::string_view says;       ///< what it says, in short
  When when{};
  /// The rule for all cells that no other rule of its step speaks of ("Otherwise, ..."); `when`
  /// still holds.
  bool otherwise = false;
  Branches branches;
};

/// One numbered step of a procedure.
struct Step {
  std::string_view title;
  std::span<const Rule> rules;
};

constexpr Branch stop(Effect effect = {}, Choice choice = Choice::kNone) {
  return {Then::kStop, effect, choice};
}
constexpr Branch go_on(Effect effect = {}, Choice choice = Choice::kNone) {
  return {Then::kGoOn, effect, choice};
}
constexpr Branch to_sixth(Effect effect = {}, Choice choice = Choice::kNone) {
  return {Then::kToSixth, effect, choice};
}

/// The procedures, one per subsection of 3.10; each is stated in a file of its own.
std::span<const Step> user_calls();           // 3.10.1 to 3.10.6
std::span<const Step> segment_in_closed();    // 3.10.7.1
std::span<const Step> segment_in_listen();    // 3.10.7.2
std::span<const Step> segment_in_syn_sent();  // 3.10.7.3
std::span<const Step> segment_elsewhere();    // 3.10.7.4
std::span<const Step> timeouts();             // 3.10.8
/// Which step of segment_elsewhere() is the sixth, where SYN-SENT joins.
std::size_t sixth_step();

/// Table 6: Segment Acceptability Tests.
Acceptable acceptable(const Situation& situation, const Segment& segment);

std::string_view name(Reply reply);
std::string_view name(Signal signal);
std::string_view name(Result result);

}  // namespace bowline::table
