#pragma once

// Actors: applications that can be copied.
//
// A program in the simulator is usually a coroutine over the Asio layer, and a coroutine's frame
// cannot be copied. An Actor keeps what it knows in members instead, so a simulation of actors can
// be forked in the middle of a run and continued twice (DESIGN section 6).

#include <memory>
#include <span>

#include "bowline/base/time.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::sim {

/// An application on a host, as a value. It must not hold references to anything that is simulated.
class Actor {
 public:
  virtual ~Actor() = default;

  /// Called once at the start (with nothing ready), whenever sockets of the host have become ready
  /// (`ready`: all of them since the last call, other actors' too), and at the time it returned
  /// last. Returns when it wants to be called at the latest; kNever: only for sockets.
  [[nodiscard]] virtual Time act(Stack& stack, std::span<const Ready> ready, Time now) = 0;

  /// A copy that goes on by itself.
  [[nodiscard]] virtual std::unique_ptr<Actor> clone() const = 0;
};

/// Saves an actor from writing clone(): `class Echo : public CopyableActor<Echo>`.
template <class Derived>
class CopyableActor : public Actor {
 public:
  [[nodiscard]] std::unique_ptr<Actor> clone() const final {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

}  // namespace bowline::inline v0::sim
