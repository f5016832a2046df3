#pragma once

// What the examples of attacks show: the first packets of each act as tcpdump prints them, what was
// answered, what the stack counted, and whether an honest client is served meanwhile.

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/attack/forge/ground.hpp"

namespace bowline::attack {

class Stage {
 public:
  /// Watches `ground` and shows the first `lines` packets of each act.
  explicit Stage(Ground& ground, std::size_t lines = 6);

  /// Begins an act: says what happens, and shows its packets.
  void act(std::string_view what);
  /// A claim of the example: prints it with "yes" or "NO". All must hold for verdict() to be 0.
  void claim(std::string_view what, bool holds);
  /// The same about the honest client: it is served now.
  void client_is_served();
  /// Ends the play: what came in and went out, what the victim holds, and each reason that it
  /// decided by, with how often. Returns the exit status.
  [[nodiscard]] int verdict();

 private:
  void show(bool in, const Bytes& packet);

  Ground& ground_;
  std::size_t most_;
  std::size_t left_ = 0;
  std::size_t hidden_ = 0;
  bool right_ = true;
};

}  // namespace bowline::attack
