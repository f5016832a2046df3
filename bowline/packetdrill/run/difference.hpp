#pragma once

// What a script expects and what was sent, one under the other.

#include <optional>
#include <string>

#include "bowline/packetdrill/run/observed.hpp"

namespace bowline::inline v0::packetdrill {

/// Nothing where `sent` is what `expected` says; otherwise the names of the fields that differ, and
/// three lines: both packets aligned, and marks under what differs. The TSval is left out: it is
/// compared elsewhere, by its tolerance; what it echoes only with `echo`.
[[nodiscard]] std::optional<std::string> difference(const PacketSpec& expected,
                                                    const Observed& sent, AddressMode mode,
                                                    bool echo);

/// The two packets aligned without marks; for what is wrong beside their fields.
[[nodiscard]] std::string side_by_side(const PacketSpec& expected, const Observed& sent,
                                       AddressMode mode);

}  // namespace bowline::inline v0::packetdrill
