#pragma once

// The units of a network as a person writes them: "10mbit", "20ms", "1%", "64KiB", "100packets".
//
// One spelling for scenario files and for the command line. A number without its unit is refused
// wherever two units could be meant, and nothing is rounded: what cannot be said exactly in the
// unit of the type (bits per second, nanoseconds, bytes) is refused too.

#include <cstdint>
#include <optional>
#include <string_view>

#include "bowline/base/time.hpp"
#include "bowline/sim/units.hpp"

namespace bowline::inline v0::sim {

/// What parse_rate() takes, for messages.
inline constexpr std::string_view kRateForms = "a rate such as 10mbit, 2.5gbit or unlimited";
/// A number of bit, kbit, mbit or gbit (per second, powers of ten), above 0 and at most 1000gbit;
/// or "unlimited". Nothing for any other text.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text) noexcept;

/// What parse_duration() takes, for messages.
inline constexpr std::string_view kDurationForms = "a duration such as 10ms, 250us or 1.5s";
/// A number of ns, us, ms or s, or 0; at most an hour. Nothing for any other text.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text) noexcept;

/// What parse_chance() takes, for messages.
inline constexpr std::string_view kChanceForms = "a share in percent such as 1% or 0.1%";
/// A number of percent from 0% to 100%, or 0. Nothing for any other text.
[[nodiscard]] std::optional<Chance> parse_chance(std::string_view text) noexcept;

/// What parse_size() takes, for messages.
inline constexpr std::string_view kSizeForms = "a size in bytes such as 1500, 64KiB, 100kB or 1MB";
/// A number of bytes (no unit), or of kB, MB, KiB or MiB, at most 1 GiB. Nothing for any other
/// text.
[[nodiscard]] std::optional<std::uint32_t> parse_size(std::string_view text) noexcept;

/// How long a queue is, before it is known what a packet and a round trip are.
struct QueueLength {
  /// What `count` counts.
  enum class Unit : std::uint8_t {
    bytes,
    packets,      ///< of the MTU
    round_trips,  ///< the bandwidth-delay product: what the wire takes in a round trip
  };
  Unit unit = Unit::bytes;  ///< what is counted
  std::uint32_t count = 0;  ///< how many

  /// In bytes, for a wire of `rate` and `mtu` on a path that takes `round_trip` there and back. Of
  /// round trips it is at least kLeastPackets packets: one of 1 ms at 10 Mbit/s is less than one
  /// packet, and no queue at all is another experiment. An unlimited rate never queues.
  [[nodiscard]] std::uint32_t bytes(Rate rate, std::uint32_t mtu,
                                    Duration round_trip) const noexcept;
  /// The least that a queue of round trips holds.
  static constexpr std::uint32_t kLeastPackets = 16;

  friend constexpr bool operator==(const QueueLength&, const QueueLength&) noexcept = default;
};

/// What parse_queue() takes, for messages.
inline constexpr std::string_view kQueueForms =
    "a length such as 256KiB, 100packets, bdp (what the wire takes in a round trip) or 2bdp";
/// A size in bytes; a number of packets; "bdp" or a number of bdp. Above 0. Nothing for any other
/// text.
[[nodiscard]] std::optional<QueueLength> parse_queue(std::string_view text) noexcept;

}  // namespace bowline::inline v0::sim
