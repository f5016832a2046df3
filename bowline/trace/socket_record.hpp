#pragma once

// One socket as a listing knows it (REQUIREMENTS A22): what the Stack's views say, as a record that
// crosses a process boundary as one line of JSON. docs/ss.md is the format.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/stack/inspect.hpp"

namespace bowline::inline v0::trace {

/// A socket, half-open entry or TIME-WAIT record.
struct SocketRecord {
  std::string kind;                  ///< "tcp" or "udp"
  std::string state;                 ///< as the RFC spells it; "UNCONNECTED" for UDP
  std::uint64_t receive_queue = 0;   ///< bytes to read; of a listener: its accept queue
  std::uint64_t send_queue = 0;      ///< bytes not acknowledged; of a listener: that queue's limit
  std::string local;                 ///< "10.77.0.2:80", "[fd77::2]:80"
  std::string peer;                  ///< the same; "0.0.0.0:0" where there is none
  std::string timer;                 ///< the one that runs out first: "on", "persist" ...; or empty
  std::uint64_t timer_ms = 0;        ///< until then
  std::vector<std::string> options;  ///< "ts", "sack", "wscale", "orphan"
  /// All other numbers by their names, in the order of the listing.
  std::vector<std::pair<std::string, std::uint64_t>> numbers;

  /// A number; `otherwise` where the record has none of that name.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise = 0) const;
  /// Has it a number of that name?
  [[nodiscard]] bool has(std::string_view name) const;
  /// Has it that option?
  [[nodiscard]] bool has_option(std::string_view name) const;
};

/// The record of a view at `now`.
[[nodiscard]] SocketRecord socket_record(const ConnectionView& connection, Time now);
/// The record of a listener.
[[nodiscard]] SocketRecord socket_record(const ListenerView& listener);
/// The record of a UDP socket.
[[nodiscard]] SocketRecord socket_record(const UdpView& socket);

/// The record as one JSON object, without a line break.
[[nodiscard]] std::string to_json(const SocketRecord& record);

}  // namespace bowline::inline v0::trace
