#pragma once

// The states that one host can come to, and what each event makes of them.
//
// A state of the whole is two states of hosts and what lies on the wire; millions of wholes are
// made of a few thousand halves. So each half is kept once, under a number (collapse compression,
// as in the SPIN model checker), and what a real Stack did to a half when something happened is
// remembered: the same event in the same state has the same outcome. A real Stack is run, on a
// clone, only where nobody has been before.
//
// Two states are the same when their Stacks have the same canonical hash with all times absolute,
// and the same initial numbers, and their programs are the same. That a Stack is deterministic, and
// that what the hash leaves out decides nothing, is what this stands on; compare() in the tests
// checks both on Stacks that were never cloned.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "bowline/model/application.hpp"
#include "bowline/model/live_host.hpp"
#include "bowline/model/packets.hpp"
#include "bowline/model/scenario.hpp"
#include "bowline/model/store.hpp"

namespace bowline::inline v0::model {

/// The number of a host's state.
using HostId = std::uint32_t;

/// What is known of a state of one host.
struct HostRecord {
  HostId parent = 0;               ///< the state that it came from first,
  HostEvent event;                 ///< by this event; its own number: it is the first state
  Application application;         ///< of its program
  std::vector<Tcb> connections;    ///< of its Stack
  std::uint64_t canonical = 0;     ///< hash of Stack and program, without the peer's numbers
  Time deadline = kNever;          ///< of the Stack
  std::uint32_t half_open = 0;     ///< entries
  std::uint64_t buffer_bytes = 0;  ///< that its pool has handed out
};

/// What an event does.
struct Outcome {
  static constexpr std::size_t kMostSent = 5;
  HostId next = 0;                         ///< the state afterwards
  std::uint8_t sent_count = 0;             ///< how many packets go out;
  bool too_many = false;                   ///< more than there is room for here
  std::array<PacketId, kMostSent> sent{};  ///< the first of them
};

/// All states of both hosts. Any thread may call, each with a Runner of its own.
class Hosts {
 public:
  /// Where a thread keeps its running Stacks.
  class Runner {
   public:
    Runner() = default;

   private:
    friend class Hosts;
    std::unordered_map<HostId, LiveHost> live_;
  };

  /// How states are told apart.
  enum class Keeping : std::uint8_t {
    merged,    ///< equal states are one, outcomes are remembered, Stacks are cloned
    separate,  ///< each step makes a state of its own, and each host's Stack just runs on
  };

  /// Of `scenario`, which must outlive it.
  explicit Hosts(const Scenario& scenario, Keeping keeping = Keeping::merged);

  /// The first state of `host`.
  [[nodiscard]] HostId first(Host host) const noexcept { return static_cast<HostId>(host); }
  /// What `event` makes of state `id` of `host`. With Keeping::separate `id` must be the host's
  /// latest.
  [[nodiscard]] Outcome step(HostId id, Host host, const HostEvent& event, Runner& runner);

  /// State `id`.
  [[nodiscard]] const HostRecord& operator[](HostId id) const noexcept { return records_[id]; }
  /// All packets that were ever sent.
  [[nodiscard]] const Packets& packets() const noexcept { return packets_; }
  /// The number of the packet with these bytes.
  [[nodiscard]] PacketId intern(std::span<const std::byte> bytes, Host from) {
    return packets_.intern(bytes, from);
  }
  /// Distinct states.
  [[nodiscard]] std::uint32_t size() const noexcept { return records_.size(); }
  /// Events that a real Stack was run for.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  /// Bytes of memory, roughly.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// With Keeping::separate: decisions of `host` go to `listener`.
  void set_listener(Host host, DecisionListener* listener, Runner& runner);

 private:
  struct Key {
    std::uint64_t stack = 0;
    std::uint64_t rest = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return static_cast<std::size_t>(key.stack ^ key.rest * 0x9e3779b97f4a7c15);
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Outcome> outcomes;
  };

  [[nodiscard]] LiveHost& live(HostId id, Host host, Runner& runner);
  [[nodiscard]] HostId intern(HostId parent, const HostEvent& event, const LiveHost& host,
                              bool is_first);
  [[nodiscard]] static Key key_of(const LiveHost& host, const HostRecord& record);

  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kMostLive = 1'500;

  const Scenario& scenario_;
  Keeping keeping_;
  Packets packets_;
  std::mutex mutex_;
  std::unordered_map<Key, HostId, KeyHash> ids_;
  Store<HostRecord> records_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> steps_ = 0;
};

}  // namespace bowline::inline v0::model
