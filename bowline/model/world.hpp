#pragma once

// A state of the whole: two hosts, what lies on the wire, and how much of the wire's evil is used
// up. Small and flat, since millions of them wait in the frontier.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/model/choice.hpp"
#include "bowline/model/hosts.hpp"
#include "bowline/model/scenario.hpp"

namespace bowline::inline v0::model {

/// A packet on its way.
struct Flight {
  PacketId packet = 0;     ///< which
  std::uint32_t born = 0;  ///< milliseconds since the hosts began
};

/// The state of the whole.
struct World {
  static constexpr std::size_t kFlights = 8;

  std::array<HostId, 2> hosts{};         ///< by Host
  std::array<std::uint8_t, 2> queued{};  ///< packets in order towards each host
  std::uint8_t strays = 0;               ///< packets in no order
  std::uint8_t losses = 0;               ///< of Faults, used up so far
  std::uint8_t duplicates = 0;           ///< likewise
  std::uint8_t delays = 0;               ///< strays, likewise
  std::uint8_t changes = 0;              ///< likewise
  /// Those towards the client, those towards the server, the strays.
  std::array<Flight, kFlights> flights{};

  /// How many packets are on their way.
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return std::size_t{queued[0]} + queued[1] + strays;
  }
  /// Where the packets towards `host` begin among the flights.
  [[nodiscard]] std::size_t queue_begin(Host host) const noexcept {
    return host == Host::client ? 0 : queued[0];
  }
  /// Where the strays begin.
  [[nodiscard]] std::size_t strays_begin() const noexcept {
    return std::size_t{queued[0]} + queued[1];
  }
};

/// An invariant that does not hold, and how.
struct Breach {
  Invariant invariant{};  ///< which
  std::string what;       ///< one sentence
};

/// What a choice led to.
struct Step {
  bool cut = false;              ///< more in flight than a World holds: not gone into
  std::optional<Breach> breach;  ///< an invariant that was broken on the way
};

/// The rules by which worlds follow each other. Any thread may have its own over the same Hosts.
class Rules {
 public:
  /// Over `hosts`, of `scenario`; both must outlive it.
  Rules(const Scenario& scenario, Hosts& hosts) noexcept : scenario_(scenario), hosts_(hosts) {}

  /// The world at first.
  [[nodiscard]] World first() const noexcept;
  /// Everything that may happen next is put into `choices`.
  void choices(const World& world, std::vector<Choice>& choices) const;
  /// `choice` happens to `world`.
  Step take(World& world, const Choice& choice);
  /// What a fair network and patient programs do next; nothing: all is over.
  [[nodiscard]] std::optional<Choice> fair_choice(const World& world) const;
  /// The time in `world`.
  [[nodiscard]] Time now(const World& world) const noexcept;
  /// The canonical hash: times relative to now, sequence numbers to their ISNs. `with_faults`: what
  /// is used up of them counts, too.
  [[nodiscard]] std::uint64_t hash(const World& world, bool with_faults) const;
  /// The host states.
  [[nodiscard]] const Hosts& hosts() const noexcept { return hosts_; }
  /// The state of `host` in `world`.
  [[nodiscard]] const HostRecord& record(const World& world, Host host) const noexcept {
    return hosts_[world.hosts[static_cast<std::size_t>(host)]];
  }
  /// Its running Stacks, for whoever looks at them.
  [[nodiscard]] Hosts::Runner& runner() noexcept { return runner_; }

 private:
  [[nodiscard]] const Program& program(Host host) const noexcept {
    return host == Host::client ? scenario_.client_program : scenario_.server_program;
  }
  void program_choices(const World& world, Host host, std::vector<Choice>& choices) const;
  void happen(World& world, Host host, const HostEvent& event, Step& step);
  void wait(World& world, Duration time, Step& step);
  [[nodiscard]] PacketId changed(PacketId packet) const;
  void tick(World& world, Host host, Step& step);
  [[nodiscard]] Time deadline(const World& world) const noexcept;
  [[nodiscard]] std::uint32_t milliseconds(const World& world) const noexcept;

  const Scenario& scenario_;
  Hosts& hosts_;
  Hosts::Runner runner_;
};

}  // namespace bowline::inline v0::model
