#pragma once

// The key to the experiments: makes an Ablation that takes something out.
//
// Whoever includes this file can build a stack that breaks its promises. That is for tests, the
// model and the labs (tests/architecture/check.py holds everybody else off), and it is why the file
// is not among the installed ones.

#include <initializer_list>

#include "bowline/tcp/ablation.hpp"

namespace bowline::inline v0::tcp {

/// Takes mechanisms out of a stack that is to be made:
/// `config.tcp.ablation = tcp::AblationKey::without({tcp::Mechanism::time_wait});`
class AblationKey {
 public:
  AblationKey() = delete;
  /// Without all of `mechanisms`.
  [[nodiscard]] static constexpr Ablation without(
      std::initializer_list<Mechanism> mechanisms) noexcept {
    Ablation ablation;
    for (const Mechanism mechanism : mechanisms) {
      ablation.bits_ |= 1U << static_cast<unsigned>(mechanism);
    }
    return ablation;
  }
  /// `ablation`, and without `mechanism` too.
  [[nodiscard]] static constexpr Ablation also(Ablation ablation, Mechanism mechanism) noexcept {
    ablation.bits_ |= 1U << static_cast<unsigned>(mechanism);
    return ablation;
  }
};

}  // namespace bowline::inline v0::tcp
