#pragma once

// Packets, each kept once: what is in flight is a number.

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bowline/model/choice.hpp"
#include "bowline/model/store.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::model {

/// The number of a packet.
using PacketId = std::uint32_t;

/// One packet, as a Stack made it.
struct Packet {
  std::vector<std::byte> bytes;  ///< from the IP header on
  Host from{};                   ///< whose Stack
  trace::Segment segment;        ///< its header as values
  /// Hash of all that is no sequence number: flags, window, options, data. SACK blocks count from
  /// the acknowledgment number.
  std::uint64_t rest = 0;
  bool spoilt = false;  ///< its checksum is wrong
};

/// All packets of an exploration. Any thread may call.
class Packets {
 public:
  /// The number of the packet with these bytes, sent by `from`.
  [[nodiscard]] PacketId intern(std::span<const std::byte> bytes, Host from);
  /// Packet `id`.
  [[nodiscard]] const Packet& operator[](PacketId id) const noexcept { return packets_[id]; }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, PacketId> numbers_;
  Store<Packet> packets_;
};

}  // namespace bowline::inline v0::model
