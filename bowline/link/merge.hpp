#pragma once

// Merging: wire packets become a large segment again.
//
// The counterpart of segment.hpp, as a network card does it on receipt (GRO): neighbours of one
// connection that differ in nothing but what cutting makes them differ in are joined, so that
// whoever receives pays once for several. Cutting the joined segment gives the same packets again;
// what that would not be true of stays as it is. A packet is looked at before it is joined: one
// whose checksum is wrong must not get a right one.

#include <cstddef>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"

namespace bowline::inline v0 {

/// Joins neighbours among `frames`: IP packets (no Ethernet header) whose checksums are complete,
/// as from a wire. The results stand at the front, in the same order; returns how many they are,
/// the rest is empty. A joined frame has gso_size and Checksum::partial, shares its payload with
/// the packets and its headers lie in memory from `pool` (without memory nothing is joined). A
/// frame has few pieces, so at most seven packets become one.
[[nodiscard]] std::size_t merge_neighbours(std::span<Frame> frames, BufferPool& pool) noexcept;

}  // namespace bowline::inline v0
