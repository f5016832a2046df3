#pragma once

// Who decides what happens to packets, and when applications act, where more than one thing could
// happen.
//
// A told experiment has a script; a search tries one decision after the other. Both are Directors,
// so that a counterexample that was found is run by the same code as one that was thought of.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "bowline/base/time.hpp"
#include "bowline/lab/text.hpp"
#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::lab {

/// The client stands left, the server right.
using trace::Side;

/// What the network does to one packet.
struct Accident {
  /// Its kind.
  enum class Kind : std::uint8_t { none, lose, delay, duplicate, corrupt };
  Kind kind = Kind::none;  ///< nothing, by default
  Duration by{};           ///< delay: by so much; duplicate: the copy comes so much later
  std::uint32_t byte = 0;  ///< corrupt: a bit of this byte of the payload is flipped

  friend bool operator==(const Accident&, const Accident&) = default;
};

/// It is lost.
inline constexpr Accident kLost{Accident::Kind::lose, {}, 0};
/// It comes later by `by`.
[[nodiscard]] constexpr Accident delayed(Duration by) { return {Accident::Kind::delay, by, 0}; }
/// It comes, and `by` later once more.
[[nodiscard]] constexpr Accident repeated(Duration by) {
  return {Accident::Kind::duplicate, by, 0};
}

/// A packet that is about to cross.
struct Crossing {
  Time at{};                 ///< when it was sent
  Side from = Side::left;    ///< by whom
  std::uint32_t number = 0;  ///< counts that side's packets, from 1
  bool datagram = false;     ///< UDP: of `segment` only the ends and the length mean anything
  trace::Segment segment;    ///< what it is

  /// Are all of these TCP flags set, and is it TCP?
  [[nodiscard]] bool has(std::uint16_t flags) const { return !datagram && segment.has(flags); }
};

/// Decides.
class Director {
 public:
  virtual ~Director() = default;
  /// What happens to `packet`.
  virtual Accident fate(const Crossing& packet) = 0;
  /// Which of `options` courses the scenario takes; the first is the ordinary one.
  virtual std::size_t choose(const Text& what, std::size_t options) {
    static_cast<void>(what);
    static_cast<void>(options);
    return 0;
  }
};

/// A director with a script: a function of the packet.
class Script final : public Director {
 public:
  /// Nothing happens to any packet.
  Script() = default;
  /// `fate` decides.
  explicit Script(std::function<Accident(const Crossing&)> fate) : fate_(std::move(fate)) {}
  Accident fate(const Crossing& packet) override { return fate_ ? fate_(packet) : Accident{}; }

 private:
  std::function<Accident(const Crossing&)> fate_;
};

}  // namespace bowline::inline v0::lab
