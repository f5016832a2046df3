#pragma once

// One line for one packet, as tcpdump 4.99 prints it with -n -t -S: numbers absolute, nothing
// looked up. Into the caller's memory, so that even a failing allocator can be talked about.

#include <cstddef>
#include <span>
#include <string_view>

namespace bowline::inline v0::wire {

/// Long enough for any packet's line.
inline constexpr std::size_t kMaxPretty = 512;

/// Writes the line for the IP packet that starts with `packet` to `to` and returns it: a view on
/// `to`, cut where `to` ends. What cannot be parsed is printed as far as it goes, with the reason.
/// `size` is the packet's size in bytes when `packet` is only its first part; 0: `packet` is all of
/// it.
///
///     IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 65535, options [mss 1460], length 0
std::string_view pretty(std::span<char> to, std::span<const std::byte> packet,
                        std::size_t size = 0) noexcept;

/// The line for an ARP packet, in the same manner:
///
///     ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
std::string_view pretty_arp(std::span<char> to, std::span<const std::byte> packet) noexcept;

/// What a message of neighbour discovery (from its type on, all of it) says, for the line of the
/// packet that it is in: "neighbor solicitation, who has fd00::2".
std::string_view pretty_ndp(std::span<char> to, std::span<const std::byte> message) noexcept;

}  // namespace bowline::inline v0::wire
