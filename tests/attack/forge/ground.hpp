#pragma once

// The ground on which attacks happen: a Stack that serves, an honest client beside it, and an
// attacker who may send anything, all in virtual time and in memory.
//
// The victim has 10.0.0.1 and fd00::1 and answers on port 80: whoever sends it a byte gets a text
// and the end of the connection. The honest client, another Stack, has 10.0.0.2 and fd00::2 and
// asks for that text. Everything that the victim sends to anybody else comes back to the attacker.
// The victim's memory is counted.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/stack/stack.hpp"
#include "tests/attack/forge/forger.hpp"

namespace bowline::attack {

/// The program behind the victim's port: sends `text` bytes to whoever sends a byte, then closes.
class Greeter {
 public:
  explicit Greeter(std::uint32_t text) : text_(text) {}
  void listen(Stack& stack, const ListenOptions& options, Time now);
  /// Does what there is to do.
  void act(Stack& stack, Time now);
  [[nodiscard]] Handle listener() const { return listener_; }
  /// Connections that it holds.
  [[nodiscard]] std::size_t guests() const { return guests_.size(); }
  /// From now on it neither accepts nor reads: a program that hangs.
  void hang() { hangs_ = true; }

 private:
  struct Guest {
    Handle handle;
    std::uint32_t left = 0;  // bytes still to be written
    bool asked = false;
  };
  void accept_all(Stack& stack, Time now);
  // False: it is gone.
  bool serve(Stack& stack, Guest& guest, Time now);

  std::uint32_t text_;
  Handle listener_;
  std::vector<Guest> guests_;
  bool hangs_ = false;
};

/// What crossed the victim's interface on account of the attacker.
struct Traffic {
  std::uint64_t packets_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t packets_to_client = 0;  ///< what the attacker does not get to see
};

class Ground {
 public:
  static constexpr std::uint16_t kPort = 80;
  static constexpr std::uint16_t kClosedPort = 81;
  /// What the greeter's text is unless told otherwise, in bytes.
  static constexpr std::uint32_t kText = 3'000;

  /// A victim with `config` (but for its memory), whose attacker and client speak `family`.
  explicit Ground(Family family = Family::ipv4, StackConfig config = seeded(),
                  std::uint32_t text = kText);
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  /// The defaults, with a counted seed.
  [[nodiscard]] static StackConfig seeded();

  /// Sends `packet` to the victim and returns what the attacker gets back at this instant.
  std::vector<Bytes> hit(const Bytes& packet);
  /// The same for many in one batch.
  std::vector<Bytes> hit(std::span<const Bytes> packets);
  /// Lets time pass; returns what the attacker gets meanwhile.
  std::vector<Bytes> pass(Duration time);
  /// Does the honest client get its text within `patience`?
  [[nodiscard]] bool serves(Duration patience = 30s);
  /// How long it took the last time.
  [[nodiscard]] Duration served_in() const { return served_in_; }

  /// Opens a connection as an attacker with an address of its own does, by hand: what it may say
  /// next. Nothing when the victim does not take part.
  struct Held {
    Endpoint from;
    SeqNumber seq;  ///< the next of the attacker
    SeqNumber ack;  ///< the next of the victim
  };
  [[nodiscard]] std::optional<Held> open(const Endpoint& from, std::uint16_t window = 65'535,
                                         const wire::TcpOptions& options = {});
  /// A segment of such a connection.
  [[nodiscard]] Bytes say(const Held& held, std::uint16_t flags, std::size_t payload = 0,
                          std::uint32_t ahead = 0, std::uint16_t window = 65'535) const;

  [[nodiscard]] Endpoint service() const { return {victim_address(), kPort}; }
  [[nodiscard]] Endpoint closed() const { return {victim_address(), kClosedPort}; }
  [[nodiscard]] IpAddress victim_address() const;
  [[nodiscard]] IpAddress client_address() const;
  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] Forger& forger() { return forger_; }
  [[nodiscard]] Stack& victim() { return *victim_; }
  [[nodiscard]] Stack& client() { return *client_; }
  [[nodiscard]] Greeter& greeter() { return greeter_; }
  [[nodiscard]] testing::FailingMemory& memory() { return memory_; }
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t count(Reason reason) const { return victim_->counters()[reason]; }

  /// For `retort`: who lives, takes nothing, and never opens his window.
  [[nodiscard]] static std::optional<Bytes> keeps_shut(const Seen& answer);

  /// The connection that the honest client keeps open: made by keep_open(). Bytes go to and fro.
  [[nodiscard]] bool keep_open();
  /// The client's end of it, as the victim sees it; what a blind attacker must guess.
  [[nodiscard]] Endpoint kept() const { return kept_local_; }
  /// Is it as it was: does a byte get through in each direction?
  [[nodiscard]] bool still_open();

  /// What the attacker says to an answer, at once; nothing: no more than what hit() sends.
  std::function<std::optional<Bytes>(const Seen& answer)> retort;
  /// Is told of each packet of the attacker's (`in`) and each answer to it.
  std::function<void(bool in, const Bytes& packet)> witness;

 private:
  // Until all are silent at this instant.
  void settle();
  std::size_t carry_from_victim();
  std::size_t carry_from_client();
  void receive(std::span<const Bytes> packets);
  // To the next deadline, at most to `end`. False: nothing is due before it.
  bool step(Time end);

  Family family_;
  Forger forger_;
  testing::FailingMemory memory_;
  std::optional<Stack> victim_;
  std::optional<Stack> client_;
  Greeter greeter_;
  Time now_{1h};
  Traffic traffic_;
  std::vector<Bytes> back_;
  std::vector<Bytes> retorts_;
  Duration served_in_{};
  std::uint32_t text_;
  Handle kept_;         // the client's end
  Handle kept_server_;  // the victim's, on a listener of its own
  Endpoint kept_local_;
};

}  // namespace bowline::attack
