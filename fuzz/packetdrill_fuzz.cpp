// Packetdrill scripts: whatever the text, it is a script or has one place where it is none; and a
// script runs to an end. Nothing of it may make the reader or the interpreter crash.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bowline/packetdrill/language/parser.hpp"
#include "bowline/packetdrill/run/interpreter.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

// Buffers and virtual time cost real time here.
constexpr std::size_t kMaxText = 4'096;

void check(std::string_view text) {
  if (text.size() > kMaxText) return;
  const auto script = packetdrill::parse_script(text);
  if (!script) {
    require(!script.error().message.empty());
    require(script.error().position.line >= 1 && script.error().position.column >= 1);
    return;
  }
  require(!script->events.empty());
  const auto config = packetdrill::make_config(*script, {});
  if (!config) return;
  const packetdrill::Verdict verdict = packetdrill::run_script(*script, *config);
  require(verdict.passed == verdict.message.empty());
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
