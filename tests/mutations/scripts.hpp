#pragma once

// The project's own scripts, and ways to make them wrong.

#include <string>
#include <string_view>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/packetdrill/language/script.hpp"

namespace bowline::packetdrill::mutations {

/// A script of tests/scripts.
struct Source {
  std::string name;  ///< its path there
  std::string text;  ///< as it stands in the file
};

/// All of them, in order of their names.
[[nodiscard]] const std::vector<Source>& sources();

/// `text` with one to three characters, words or lines deleted, doubled, swapped or replaced.
[[nodiscard]] std::string scrambled(std::string text, Random& random);

/// One thing that a script expects.
enum class Expectation {
  result,    ///< of a call
  error,     ///< errno of a call
  value,     ///< what getsockopt() or ioctl() gives
  revents,   ///< what poll() reports
  time,      ///< of an outbound packet
  flags,     ///< of an outbound segment, and so on
  sequence,  ///< number
  length,    ///< of the data
  ack,       ///< number
  window,    ///< where the script gives one
  urgent,    ///< pointer
  options,   ///< of TCP, other than timestamps
  ecn,       ///< bits of the IP header, where the script gives them
  code,      ///< a number that code compares with ==
};

/// "result", "error", ...
[[nodiscard]] std::string_view name(Expectation what) noexcept;

/// The expectations of kind `what` in `script` that change() can make wrong: how many.
[[nodiscard]] std::size_t count(const Script& script, Expectation what);
/// Makes number `index` of them wrong: whatever a stack does that fulfilled it does not fulfil it
/// any more.
void change(Script& script, Expectation what, std::size_t index);

}  // namespace bowline::packetdrill::mutations
