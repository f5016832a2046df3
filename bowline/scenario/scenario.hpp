#pragma once

// A scenario: hosts, wires between them, and what the hosts do, as values.
//
// It is what a scenario file says once it is read (reader.hpp), checked so far that a Run can be
// made of it. Nothing here depends on the file's syntax.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/sim/router.hpp"
#include "bowline/sim/wire.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::scenario {

/// The most of each thing that a scenario may have: it is for looking at, and every flow keeps a
/// trace.
inline constexpr std::size_t kMostHosts = 256;
inline constexpr std::size_t kMostWires = 256;
inline constexpr std::size_t kMostFlows = 1'000;
inline constexpr std::size_t kMostChanges = 1'000;

/// A host.
struct HostPlan {
  std::string name;           ///< unique in the scenario
  tcp::Settings tcp;          ///< of its Stack
  tcp::SocketOptions socket;  ///< of each of its sockets
  bool offload = true;        ///< the Stack hands out large segments, the host cuts them
};

/// A node that passes packets on.
struct RouterPlan {
  std::string name;        ///< unique, among the hosts too
  sim::RouterOptions how;  ///< with a middlebox: a firewall or NAT
};

/// A wire between two nodes. Nodes are counted through: the hosts, then the routers.
struct WirePlan {
  std::string name;   ///< "client-server" unless the file gives another
  std::size_t a = 0;  ///< index of a node
  std::size_t b = 0;  ///< index of the other
  sim::Wire there;    ///< from a to b
  sim::Wire back;     ///< from b to a
};

/// A wire on a flow's way.
struct Hop {
  std::size_t wire = 0;  ///< index of the wire
  bool back = false;     ///< against its direction: from b to a
};

/// From some moment on a wire is like this.
struct ChangePlan {
  Time at{};
  std::size_t wire = 0;  ///< index of the wire
  sim::Wire there;
  sim::Wire back;
};

/// What a flow does.
enum class FlowKind : std::uint8_t {
  bulk,     ///< one stream from `from` to `to`, then the end of it; an answer if there is one
  request,  ///< requests and responses in turn on one connection
};

/// How a flow is to end. A run in which one ends otherwise has failed.
enum class Expectation : std::uint8_t {
  done,        ///< everything arrives, both ends close
  failed,      ///< an application gets an error
  unfinished,  ///< neither, by the end of the scenario
};

/// A connection with an application at each end.
struct FlowPlan {
  std::string name;  ///< unique
  FlowKind kind = FlowKind::bulk;
  std::size_t from = 0;               ///< index of the host that opens
  std::size_t to = 0;                 ///< index of the host that listens
  std::vector<Hop> path;              ///< the way from `from` to `to`
  Time start{};                       ///< when it is opened
  std::optional<std::uint64_t> size;  ///< bulk: bytes; nothing: for as long as `duration`
  std::optional<Duration> duration;   ///< bulk: writes no more after that
  std::uint64_t answer = 0;           ///< bulk: bytes that `to` sends after the end of the stream
  std::uint64_t request = 0;          ///< request: bytes of each
  std::uint64_t response = 0;         ///< request: bytes of each
  std::uint32_t repeat = 1;           ///< request: how often
  Duration pause{};                   ///< request: between a response and the next request
  Expectation expect = Expectation::done;  ///< how it is to end
  /// Of both its sockets; nothing: as each host's.
  std::optional<tcp::CongestionAlgorithm> congestion{};

  /// Does the bulk of the bytes go from `from` to `to`? That direction's graph is drawn.
  [[nodiscard]] bool forward() const noexcept {
    return kind == FlowKind::bulk || request >= response;
  }
};

struct Scenario;
/// The shortest way from node `from` to node `to` over routers, the earlier wires first among
/// equals; empty: there is none, or they are the same.
[[nodiscard]] std::vector<Hop> find_path(const Scenario& scenario, std::size_t from,
                                         std::size_t to);

/// The whole.
struct Scenario {
  std::string name;              ///< the file's, without folder and ending
  std::string title;             ///< one line of the author's, may be empty
  std::uint64_t seed = 1;        ///< of all that is random
  Duration duration = 60s;       ///< the run ends then, or when all flows are done
  Family family = Family::ipv4;  ///< of all addresses
  std::vector<HostPlan> hosts;
  std::vector<RouterPlan> routers;
  std::vector<WirePlan> wires;
  std::vector<ChangePlan> changes;  ///< in the order of time
  std::vector<FlowPlan> flows;

  /// The name of a node.
  [[nodiscard]] const std::string& node_name(std::size_t node) const {
    return node < hosts.size() ? hosts[node].name : routers.at(node - hosts.size()).name;
  }
};

}  // namespace bowline::inline v0::scenario
