#pragma once

// Where the RFC leaves a choice.
//
// A cell of the table allows every reaction that RFC 9293 (with the documents it incorporates)
// allows. Where it allows several, Bowline documents the one it takes; the conformance test holds
// the engine to that one. Each optional branch of a rule carries the Choice it stands for;
// declining the choice removes the branch.

#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// An option that the RFC gives an implementation.
enum class Choice : std::uint8_t {
  kNone,                    ///< not an option: the RFC prescribes it
  kNo5961Rst,               ///< no RFC 5961 section 3: a RST anywhere in the window resets
  kNo5961Syn,               ///< no RFC 5961 section 4: a SYN in the window resets
  kNo5961Ack,               ///< no RFC 5961 section 5: very old acknowledgments count as duplicates
  kNo1337,                  ///< a RST ends TIME-WAIT
  kRstEndsZeroWindow,       ///< RST with text at RCV.NXT of a zero window: accepted by "special
                            ///< allowance"
  kRstLostAtZeroWindow,     ///< the same, dropped by Table 6
  kHoldWhole,               ///< a segment ahead of RCV.NXT is held with its ACK field unread
  kZeroWindowAckUnread,     ///< no "special allowance" for the ACK of a segment that a zero window
                            ///< refuses
  kSynTextRefused,          ///< text and FIN on a SYN,ACK are not taken; the peer sends them again
  kRefuseNewSynInTimeWait,  ///< MAY-2 not used: a newer SYN does not end TIME-WAIT
  kOldSynInTimeWaitSilent,  ///< RFC 6191: an older SYN in TIME-WAIT is dropped silently, not
                            ///< challenged
  kDiscardTextAfterClose,   ///< SHLD-3 not followed: text after full CLOSE is acknowledged and
                            ///< thrown away
  kListenerBecomesActive,  ///< OPEN or SEND on a LISTEN connection makes it active (3.10.1, 3.10.2)
  kUserTimeoutSaysRst,  ///< a connection given up also tells the peer by RST (3.5.2: at any time)
};
using Choices = SetOf<Choice>;

/// What Bowline declines, with the place where that is documented.
inline constexpr Choices kDeclinedByBowline{
    Choice::kNo5961Rst,  // docs/architecture.md, security: RFC 5961 in full
    Choice::kNo5961Syn,
    Choice::kNo5961Ack,
    Choice::kNo1337,                 // TIME-WAIT by 6191 and 1337
    Choice::kHoldWhole,              // the ACK field of whatever lies in the window is used at once
    Choice::kDiscardTextAfterClose,  // SHLD-3 followed: data that can no longer be read gets RST
    Choice::kListenerBecomesActive,  // a listener stays one: the socket interface has no such call
    Choice::kRefuseNewSynInTimeWait,  // MAY-2 used where somebody listens
};

std::string_view name(Choice choice);

}  // namespace bowline::table
