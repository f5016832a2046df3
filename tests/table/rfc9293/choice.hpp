#pragma once

// Where the RFC leaves a choice, and where Bowline leaves the RFC.
//
// A cell of the table allows every reaction that RFC 9293 (with the documents it incorporates)
// allows. Where it allows several, Bowline documents the one it takes; the conformance test holds
// the engine to that one. Each optional branch of a rule carries the Choice it stands for;
// declining the choice removes the branch.
//
// In very few places Bowline does on purpose what the text does not say. Those are choices as well,
// so that the table stays the RFC's, and the report names every cell in which one was taken.

#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// An option of an implementation.
enum class Choice : std::uint8_t {
  kNone,                    ///< not an option: the RFC prescribes it
  kNo5961Rst,               ///< no RFC 5961 section 3: a RST anywhere in the window resets
  kNo5961Syn,               ///< no RFC 5961 section 4: a SYN in the window resets
  kNo5961Ack,               ///< no RFC 5961 section 5: old acknowledgments count as duplicates
  kHardCodedMaxSndWnd,      ///< MAX.SND.WND is the largest possible window (5961 section 5.2)
  kNo1337,                  ///< a RST ends TIME-WAIT
  kRstEndsZeroWindow,       ///< "special allowance": RST with text at the edge of a zero window
  kRstLostAtZeroWindow,     ///< the same, dropped by Table 6
  kHoldWhole,               ///< a segment ahead of RCV.NXT is held with its ACK field unread
  kZeroWindowAckUnread,     ///< no "special allowance" for the ACK of what a zero window refuses
  kSynTextRefused,          ///< text and FIN on a SYN,ACK are not taken; the peer sends them again
  kRefuseNewSynInTimeWait,  ///< MAY-2 not used: a newer SYN does not end TIME-WAIT
  kDiscardTextAfterClose,   ///< SHLD-3 not followed: text after full CLOSE is thrown away
  kListenerBecomesActive,   ///< OPEN or SEND in LISTEN makes it active (3.10.1, 3.10.2)
  kUserTimeoutSaysRst,      ///< a connection given up also tells the peer by RST (3.5.2)
  kSynFinRefused,           ///< a SYN that carries a FIN opens nothing
  kFinNeedsNoRoom,          ///< a FIN at the edge of a zero window is taken
};
inline constexpr std::size_t kChoiceCount = 17;
using Choices = SetOf<Choice>;

/// What Bowline declines, with the reason.
inline constexpr Choices kDeclinedByBowline{
    Choice::kNo5961Rst,  // RFC 5961 in full
    Choice::kNo5961Syn,
    Choice::kNo5961Ack,
    Choice::kNo1337,                  // TIME-WAIT by 6191 and 1337
    Choice::kHoldWhole,               // the ACK of whatever lies in the window is used at once
    Choice::kDiscardTextAfterClose,   // SHLD-3: data that can no longer be read gets RST
    Choice::kListenerBecomesActive,   // a listener stays one: the socket interface has no such call
    Choice::kRefuseNewSynInTimeWait,  // MAY-2 is used where somebody listens
};

/// Where Bowline leaves the text of the RFC on purpose.
inline constexpr Choices kOutsideTheText{
    // The text would queue the FIN and answer the SYN. Nobody opens and ends at once but a scanner;
    // DESIGN section 8: illegal combinations are counted and dropped.
    Choice::kSynFinRefused,
    // Table 6 counts the FIN as something that needs window. It needs no buffer, and a peer whose
    // user has finished need not be kept waiting for ours to read.
    Choice::kFinNeedsNoRoom,
};

std::string_view name(Choice choice);

}  // namespace bowline::table
