// How replies, signals, results and choices are printed in the report and in failures.

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {

std::string_view name(Reply reply) {
  constexpr std::array<std::string_view, 12> kNames{"silence",
                                                    "ACK",
                                                    "SYN",
                                                    "SYN,ACK",
                                                    "RST seq=SEG.ACK",
                                                    "RST,ACK seq=0 ack=SEG.SEQ+SEG.LEN",
                                                    "RST seq=SND.NXT",
                                                    "text",
                                                    "FIN",
                                                    "front of the retransmission queue",
                                                    "zero-window probe",
                                                    "keep-alive"};
  return kNames[static_cast<std::size_t>(reply)];
}

std::string_view name(Signal signal) {
  constexpr std::array<std::string_view, 4> kNames{"nothing", "connection reset",
                                                   "connection refused", "timed out"};
  return kNames[static_cast<std::size_t>(signal)];
}

std::string_view name(Result result) {
  constexpr std::array<std::string_view, 9> kNames{"ok",
                                                   "queued",
                                                   "text",
                                                   "end of text",
                                                   "error: closing",
                                                   "error: no connection",
                                                   "error: exists",
                                                   "error: remote unspecified",
                                                   "error: no room to queue"};
  return kNames[static_cast<std::size_t>(result)];
}

std::string_view name(Choice choice) {
  constexpr std::array<std::string_view, kChoiceCount> kNames{
      "prescribed",
      "no RFC 5961 section 3",
      "no RFC 5961 section 4",
      "no RFC 5961 section 5",
      "MAX.SND.WND is the largest possible window",
      "no RFC 1337",
      "RST with text taken at a zero window",
      "RST with text lost at a zero window",
      "segment ahead held whole",
      "ACK unread at a zero window",
      "text on SYN,ACK refused",
      "newer SYN refused in TIME-WAIT",
      "text after close discarded",
      "listener becomes active",
      "RST when given up",
      "SYN with FIN opens nothing",
      "FIN taken at a zero window"};
  return kNames[static_cast<std::size_t>(choice)];
}

}  // namespace bowline::table
