#include "tests/random/line_tap.hpp"

#include <array>

#include <fmt/format.h>

#include "bowline/wire/pretty.hpp"

namespace bowline::random_simulation {

void LineTap::print(const char* what, const sim::Passage& passage) {
  std::array<char, wire::kMaxPretty> room{};
  fmt::print(to_, "{:.6f} {} #{} {}>{} {} [{}]\n",
             std::chrono::duration<double>(passage.at.time_since_epoch()).count(), what,
             passage.packet, static_cast<unsigned>(passage.from), static_cast<unsigned>(passage.to),
             wire::pretty(room, passage.bytes), sim::name(passage.fate));
}

}  // namespace bowline::random_simulation
