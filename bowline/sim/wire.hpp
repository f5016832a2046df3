#pragma once

// A wire: what happens to packets between two nodes, as a description.
//
// `Wire` describes one direction, in the order in which a packet meets it: the queue in front of
// the transmitter, the transmitter's rate, then the distance with its accidents. Only wire packets
// travel (the sender has cut its large segments and filled in the checksums before), so that one
// percent of loss is one percent of packets, and a flipped bit is there to be detected. A `Pipe`
// (sim/pipe.hpp) is a wire in use.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/sim/codel.hpp"
#include "bowline/sim/units.hpp"

namespace bowline::inline v0::sim {

/// Loss in bursts, after Gilbert and Elliott: the wire is in a good or a bad state, changes between
/// them before each packet, and loses packets in each with that state's chance. The bad state lasts
/// 1 / leave packets on average and takes enter / (enter + leave) of all. Default: never.
///
///     .bursts = GilbertElliott{.enter = 0.5_percent, .leave = 25_percent}
struct GilbertElliott {
  Chance enter{};                     ///< from good to bad (p)
  Chance leave{.probability = 1};     ///< from bad to good (r)
  Chance loss_good{};                 ///< in the good state (1 - k)
  Chance loss_bad{.probability = 1};  ///< in the bad state (1 - h)
  friend constexpr bool operator==(const GilbertElliott&, const GilbertElliott&) = default;
};

/// A time during which a wire is cut. A packet that would be on it then is lost, wherever it is;
/// the queue goes on emptying into the void, as a transmitter's does whose cable is pulled.
struct Cut {
  Time from{};   ///< the first instant without the wire
  Time until{};  ///< the first with it again
  friend constexpr bool operator==(const Cut&, const Cut&) = default;
};

/// One direction of a wire: `Wire{.rate = 10_mbps, .delay = 20ms, .loss = 1_percent}`.
struct Wire {
  Rate rate{};                 ///< of the transmitter
  Duration delay{};            ///< from the last bit sent to the packet's arrival
  Duration jitter{};           ///< added to the delay, evenly from 0 to this; keeps the order
  Chance loss{};               ///< of each packet, by itself
  GilbertElliott bursts{};     ///< loss in bursts, beside the other
  Chance reorder{};            ///< that a packet is held back, so that later ones overtake it
  Duration reorder_by = 5ms;   ///< for how long
  Chance duplicate{};          ///< that a packet arrives a second time
  Duration duplicate_after{};  ///< how long after the first
  Chance corrupt{};            ///< that one bit of the packet is flipped
  std::uint32_t mtu = 1500;    ///< the largest IP packet, in bytes; a larger one is lost
  /// Bytes that wait for the transmitter, the packet that it sends right now among them; what finds
  /// no room is lost (drop-tail). An idle transmitter takes a packet of any size.
  std::uint32_t queue = 256_KiB;
  /// Beside the queue's limit, manages it by the time that packets spend in it (RFC 8289).
  std::optional<Codel> codel{};
  /// Marks a packet "congestion experienced" (RFC 3168) that finds more bytes than this in the
  /// queue, if its sender can do ECN; others pass. 0: never. What a DCTCP switch does (RFC
  /// 8257 3.1).
  std::uint32_t mark_above = 0;
  std::vector<Cut> cuts{};  ///< when it is cut
};

/// What became of a packet.
enum class Fate : std::uint8_t {
  passed,      ///< nothing happened to it
  marked,      ///< congestion experienced: by the threshold or by CoDel
  reordered,   ///< held back
  duplicated,  ///< it arrives twice
  corrupted,   ///< a bit was flipped
  queued,      ///< waits in a managed queue: what becomes of it shows when it leaves that
  lost,        ///< by the wire's loss
  cut,         ///< by the wire's being cut
  queue_full,  ///< the transmitter's queue had no room
  dropped,     ///< CoDel took it out of the queue
  too_big,     ///< larger than the MTU
};

/// "passed", "reordered", ...
[[nodiscard]] std::string_view name(Fate fate) noexcept;

/// May a packet with this fate arrive?
[[nodiscard]] constexpr bool arrives(Fate fate) noexcept { return fate < Fate::lost; }

}  // namespace bowline::inline v0::sim
