#pragma once

// The connections that are being observed, by their two ends; a bounded number of them.
//
// When there is no room the one that has been quiet longest is finished early. Handshakes that have
// not finished stand in a line of their own and may take half of the room, so that a flood of them
// pushes out its own kind.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "bowline/explain/connection.hpp"

namespace bowline::inline v0::explain {

/// Observes each segment in its connection.
class ConnectionTable {
 public:
  /// Takes a connection that is finished; `early` when it was for want of room.
  using Done = std::function<void(std::unique_ptr<Connection>, bool early)>;

  /// `chosen`: the number of a connection whose ladder is to be kept whole (0: none).
  ConnectionTable(const WatchSettings& settings, std::uint64_t chosen, Done done);

  /// Observes `seen` and gives its connection, which is valid until the next call.
  const Connection* observe(const Observed& seen);
  /// Hands an ICMP error to the connection that it is about.
  void icmp(std::uint64_t packet, const wire::IcmpMessage& message, const IpAddress& from);
  /// Finishes all that are left, in the order of their numbers.
  void finish();

 private:
  struct Hash {
    std::size_t operator()(const trace::Ends& ends) const noexcept;
  };
  struct Entry {
    std::unique_ptr<Connection> connection;
    std::list<trace::Ends>::iterator place;
    bool opening = true;  // stands in the line of handshakes
  };
  using Table = std::unordered_map<trace::Ends, Entry, Hash>;

  Connection& begin(const trace::Ends& ends, const Observed& first);
  void make_room();
  void evict(std::list<trace::Ends>& line);
  void retire(Table::iterator entry, bool early);
  void touch(Entry& entry);

  WatchSettings settings_;
  std::uint64_t chosen_;
  Done done_;
  Table table_;
  std::list<trace::Ends> opening_;  // the one that was quiet longest in front
  std::list<trace::Ends> settled_;
  std::uint64_t count_ = 0;
};

}  // namespace bowline::inline v0::explain
