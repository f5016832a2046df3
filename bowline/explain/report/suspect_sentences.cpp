#include "bowline/explain/report/suspect_sentences.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bowline/explain/check/checks.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using check::duration_text;

double per_second(double count, Duration time) {
  return count / std::max(std::chrono::duration<double>(time).count(), 1e-3);
}

std::string sentence(const Scan& scan) {
  std::string text = fmt::format(
      "{} scan: {} tried {} ports of {} in {} ({:.0f} a second), from packet {} on: {} open",
      to_text(scan.kind), trace::to_text(scan.source), scan.ports, trace::to_text(scan.target),
      duration_text(scan.last - scan.first), per_second(scan.ports, scan.last - scan.first),
      scan.first_packet, scan.open);
  if (!scan.open_ports.empty()) {
    text += fmt::format(" ({}{})", fmt::join(scan.open_ports, ", "),
                        scan.open > scan.open_ports.size() ? " ..." : "");
  }
  if (scan.kind == ProbeKind::ack) {
    return text + fmt::format(
                      ", {} reachable (RST), {} filtered (no answer): open and closed ports answer "
                      "a stray ACK by RST [RFC 9293 3.10.7.1, 3.10.7.2]",
                      scan.closed, scan.silent);
  }
  const bool by_silence =
      scan.kind == ProbeKind::fin || scan.kind == ProbeKind::null || scan.kind == ProbeKind::xmas;
  return text + fmt::format(", {} closed (RST), {} {} (no answer): {}", scan.closed, scan.silent,
                            by_silence ? "open or filtered" : "filtered",
                            by_silence
                                ? "a listener drops such a segment without a word, a closed port "
                                  "answers by RST [RFC 9293 3.10.7.1, 3.10.7.2]"
                                : "a closed port answers by RST [RFC 9293 3.10.7.1]");
}

std::string sentence(const Flood& flood) {
  return fmt::format(
      "SYN flood: {} handshakes at {} were begun and not completed, in {} ({:.0f} a second), from "
      "{}, from "
      "packet {} on [RFC 4987 2]",
      flood.attempts, trace::to_text(flood.target), duration_text(flood.last - flood.first),
      per_second(static_cast<double>(flood.attempts), flood.last - flood.first),
      flood.sources < 1.5 ? "one source"
                          : fmt::format("about {:.0f} different sources", flood.sources),
      flood.first_packet);
}

std::string sentence(const BlindResets& guess) {
  return fmt::format(
      "Blind reset attempt: {} resets with numbers that are not the next one, on connection {} ({} "
      "and "
      "{}), from packet {} on: whoever sends them does not see the connection and guesses [RFC "
      "5961 3]",
      guess.attempts, guess.connection, trace::to_text(guess.left), trace::to_text(guess.right),
      guess.first_packet);
}

std::string sentence(const OptimisticAcks& lies) {
  return fmt::format(
      "Optimistic ACKs: {} acknowledged {} times what {} had never sent, on connection {}, from "
      "packet {} on: to be sent more than the path takes, or the capture lacks packets [RFC 9293 "
      "3.10.7.4 fifth]",
      trace::to_text(lies.liar), lies.attempts, trace::to_text(lies.peer), lies.connection,
      lies.first_packet);
}

}  // namespace

std::vector<std::string> suspect_sentences(const Explanation& explanation) {
  std::vector<std::string> sentences;
  for (const Scan& each : explanation.scans) sentences.push_back(sentence(each));
  for (const Flood& each : explanation.floods) sentences.push_back(sentence(each));
  for (const BlindResets& each : explanation.blind_resets) sentences.push_back(sentence(each));
  for (const OptimisticAcks& each : explanation.optimistic_acks) {
    sentences.push_back(sentence(each));
  }
  return sentences;
}

}  // namespace bowline::inline v0::explain
