#pragma once

// One turn of a Stack: what every driver repeats, written once.
//
//     receive what arrived, let timers run, let the application work, transmit what is to go out,
//
// and then wait until a link is ready or the deadline has come. How to wait is the only thing in
// which drivers differ: poll(2) in PollDriver, a reactor in the Asio service, a jump of the clock
// in VirtualDriver. So a Turn does no waiting and knows no clock; it says what it would wait for.

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "bowline/base/frame.hpp"
#include "bowline/base/result.hpp"
#include "bowline/base/time.hpp"
#include "bowline/link/link.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::driver {

/// What a driver calls in each turn between input and output: works on what Stack::poll_ready()
/// names and returns when it wants to be called again though nothing has happened (kNever: only
/// then). May be empty.
using Application = std::function<Time(Stack& stack, Time now)>;

/// The turns of one Stack and its links, on their one thread. Owns neither and keeps no state of
/// the protocol; both must outlive it and must not be moved.
class Turn {
 public:
  /// Frames taken from a link at a time. Enough to share the cost of a batch, and few enough that
  /// their bytes are still in the cache when the application reads them.
  static constexpr std::size_t kMaxBatch = 32;

  /// Turns of `stack`. `batch` frames (1 to kMaxBatch) come in at a time; scripts and simulations
  /// use 1.
  explicit Turn(Stack& stack, std::size_t batch = kMaxBatch);

  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Makes `link` an interface of the Stack. Errors: as Stack::add_interface().
  Result<InterfaceId> add_link(Link& link);

  /// The first half of a turn: at most one batch from each link (and its MTU, if that is another
  /// now), then the timers that are due. True when something may have changed for an application (a
  /// frame came or a deadline had passed).
  bool input(Time now);
  /// The second half: offers each link what is to go out, until nothing is left or the link is
  /// full.
  void output(Time now);
  /// A whole turn, with `application` (unless empty) in its middle.
  void step(const Application& application, Time now);

  /// When the next turn is due though no descriptor becomes ready: kNever if not at all, and not
  /// later than any `now` so far when there is work left that needs no waiting.
  [[nodiscard]] Time next_deadline() const noexcept;

  /// What to wait for on a link's descriptor.
  struct Wait {
    int descriptor = -1;    ///< of the link
    bool readable = false;  ///< always worth waiting for
    bool writable = false;  ///< the link was full
  };
  /// One for each link that has a descriptor; valid until the next call.
  [[nodiscard]] std::span<const Wait> waits();

  [[nodiscard]] Stack& stack() const noexcept { return stack_; }  ///< Whose turns they are.

 private:
  struct Port {
    InterfaceId interface;
    Link* link;
    std::uint32_t mtu;  // as the Stack knows it
    bool more = false;  // the last batch was full
  };

  void follow_mtu(Port& port);

  Stack& stack_;
  std::size_t batch_;
  std::vector<Port> ports_;
  std::vector<Wait> waits_;
  Time application_at_ = kNever;
  std::array<Frame, kMaxBatch> frames_;
};

}  // namespace bowline::inline v0::driver
