#pragma once

// A host that runs: a production Stack, its program, and the one thing that happens to it next.
//
// Whatever happens, the same follows at once: the program is served (it accepts, reads, and hears
// of errors), and what the Stack has to send goes out. Nothing here is chosen; so the same event on
// the same state gives the same state and the same packets.

#include <cstdint>
#include <optional>
#include <vector>

#include "bowline/model/application.hpp"
#include "bowline/model/choice.hpp"
#include "bowline/model/packets.hpp"
#include "bowline/model/scenario.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::model {

/// Something that happens to one host. `action` is deliver, wait, or one of the program's.
struct HostEvent {
  Action action{};         ///< what
  std::uint8_t which = 0;  ///< which socket
  PacketId packet = 0;     ///< what arrives
  Time time{};             ///< what time it has become
};

/// What is known of one connection of a Stack.
struct Tcb {
  tcp::State state{};     ///< RFC 9293 section 3.3.2
  bool orphan = false;    ///< the program has let go of it
  std::uint32_t iss = 0;  ///< our initial number
  std::uint32_t irs = 0;  ///< the peer's
  Time sent{};            ///< its last segment
  Time received{};        ///< the peer's last
};

/// A Stack and its program. One thread's.
class LiveHost {
 public:
  /// The host as it is after it was switched on. Errors: throws std::invalid_argument for a
  /// configuration that is none.
  LiveHost(const Scenario& scenario, Host side);

  /// A copy that goes on by itself. Errors: throws std::bad_alloc.
  [[nodiscard]] LiveHost clone() const;

  /// `event` happens; what is sent is appended to `sent`.
  void apply(const HostEvent& event, Packets& packets, std::vector<PacketId>& sent);

  /// The program.
  [[nodiscard]] const Application& application() const noexcept { return app_; }
  /// The Stack.
  [[nodiscard]] const Stack& stack() const noexcept { return stack_; }
  /// Its connections as they are.
  [[nodiscard]] std::vector<Tcb> connections() const;
  /// Decisions of the Stack go to `listener` from now on (null: nobody).
  void set_listener(DecisionListener* listener) noexcept;

 private:
  LiveHost(const LiveHost& like, Stack stack);

  void open_listener();
  void connect();
  void write(Socket& socket);
  void read(Socket& socket);
  void serve();
  void serve(Socket& socket);
  void fail(Socket& socket, std::error_code error);
  void crash();
  void accept();
  void note_numbers();
  void transmit(Packets& packets, std::vector<PacketId>& sent);
  [[nodiscard]] const Program& program() const noexcept;

  const Scenario* scenario_;
  Host side_;
  Stack stack_;
  Application app_;
  DecisionListener* listener_ = nullptr;
};

}  // namespace bowline::inline v0::model
