#pragma once

// One end of a random connection: writes and reads as its plan says, checks every byte, and tells
// how it ended. Unlike sim/testing's talker it may also misbehave (abort, close early), and bear it
// that the other end does.

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "bowline/base/random.hpp"
#include "bowline/sim/actor.hpp"

namespace bowline::random_simulation {

class End;

/// What an end does.
struct EndPlan {
  std::optional<Endpoint> connect;  ///< given: opens to there; else listens at `local`
  Endpoint local;                   ///< where it listens, or from where it opens (port 0: any)
  Time start{};                     ///< when it opens
  tcp::SocketOptions socket;
  std::uint64_t send_key = 0;  ///< of the stream that it sends
  std::uint64_t send_bytes = 0;
  std::uint64_t receive_key = 0;  ///< of the stream that it expects
  std::uint64_t receive_bytes = 0;
  std::uint32_t largest_write = 1;  ///< each write is 1 to so many bytes
  std::uint32_t largest_read = 1;   ///< each read asks for 1 to so many
  Duration write_pause{};           ///< between two writes
  Duration read_pause{};            ///< between two reads
  bool answer_last = false;         ///< sends nothing until the peer has finished
  std::uint64_t abort_after = 0;    ///< resets the connection after so many bytes in or out; 0: not
  bool close_early = false;         ///< closes as soon as everything is written, reads no more
  Duration nap{};                   ///< halfway through its writing it does nothing for so long
  /// Shares its addresses with others, one after the other: until they are free again, and while
  /// nobody listens there, it tries once a second.
  bool shares_addresses = false;
  const End* after = nullptr;  ///< whose turn is before; a simulation with it cannot be forked
};

/// How it went.
enum class Outcome : std::uint8_t {
  waiting,   ///< not open yet
  open,      ///< under way
  finished,  ///< both streams whole, closed
  left,      ///< by its own plan: aborted or closed early
  failed,    ///< the connection ended with error()
  wrong,     ///< what must never happen: see what()
};

/// An end.
class End final : public sim::CopyableActor<End> {
 public:
  End(const EndPlan& plan, Random random) : plan_(plan), random_(random) {}

  Time act(Stack& stack, std::span<const Ready> ready, Time now) override;

  [[nodiscard]] const EndPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }
  [[nodiscard]] bool is_over() const noexcept {
    return outcome_ != Outcome::waiting && outcome_ != Outcome::open;
  }
  [[nodiscard]] std::error_code error() const noexcept { return error_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  /// One line about it.
  [[nodiscard]] std::string describe() const;
  /// Nothing more will come: gives up what it holds.
  void leave(Stack& stack, Time now);

 private:
  void open(Stack& stack, Time now);
  [[nodiscard]] bool try_later(std::error_code error, Time now);
  void accept(Stack& stack, Time now);
  void read(Stack& stack, Time now);
  void write(Stack& stack, Time now);
  void misbehave(Stack& stack, Time now);
  void end(Stack& stack, Outcome outcome, Time now);
  void fail(Stack& stack, std::error_code error, Time now);
  void wrong(Stack& stack, std::string what, Time now);

  EndPlan plan_;
  Random random_;
  Handle listener_;
  Handle socket_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Time next_write_ = Time::min();
  Time next_read_ = Time::min();
  Time next_open_ = Time::min();
  bool napped_ = false;
  bool finished_sending_ = false;
  bool peer_finished_ = false;
  Outcome outcome_ = Outcome::waiting;
  std::error_code error_;
  std::string what_;
};

}  // namespace bowline::random_simulation
