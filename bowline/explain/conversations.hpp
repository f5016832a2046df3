#pragma once

// What is not TCP, a line for each conversation: UDP by its two ends, ICMP and other protocols by
// their two addresses.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "bowline/explain/bounds.hpp"
#include "bowline/explain/decode.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::explain {

/// Packets of one protocol between two ends.
struct Conversation {
  std::uint8_t protocol = 0;
  Endpoint left;  ///< whoever sent first; the port is 0 where there is none
  Endpoint right;
  std::uint64_t packets_right = 0;  ///< from left to right
  std::uint64_t packets_left = 0;
  std::uint64_t bytes_right = 0;  ///< behind the transport header
  std::uint64_t bytes_left = 0;
  std::uint64_t errors = 0;  ///< ICMP errors about it, or sent in it
  std::uint64_t first_packet = 0;
  Time first{};
  Time last{};
};

/// "UDP", "ICMP", "protocol 47".
[[nodiscard]] std::string protocol_name(std::uint8_t protocol);

/// Counts them, as many as there is room for.
class Conversations {
 public:
  explicit Conversations(const Bounds& bounds) : most_(bounds.conversations) {}

  /// Adds a packet that is no TCP.
  void add(std::uint64_t number, Time time, const Decoded& packet);
  /// In the order in which they began.
  [[nodiscard]] std::vector<Conversation> list() const;
  /// Packets of conversations that there was no room for.
  [[nodiscard]] std::uint64_t uncounted() const noexcept { return uncounted_; }

 private:
  using Key = std::tuple<std::uint8_t, Endpoint, Endpoint>;
  Conversation* find(std::uint8_t protocol, const Endpoint& source, const Endpoint& destination,
                     bool make);

  std::size_t most_;
  std::map<Key, Conversation> table_;
  std::uint64_t uncounted_ = 0;
};

}  // namespace bowline::inline v0::explain
