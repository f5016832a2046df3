#pragma once

// The invariants that can be judged by looking at one state: I1 to I4, I7, I9 and I11. What must
// come to pass sooner or later (I5, I6, I8) is in completion.hpp.

#include <optional>

#include "bowline/model/world.hpp"

namespace bowline::inline v0::model {

/// The first invariant of `wanted` that the two hosts' states break; nothing: all hold.
[[nodiscard]] std::optional<Breach> judge(const HostRecord& client, const HostRecord& server,
                                          const Invariants& wanted);

/// Whether the arrival of `packet` took `before` to `after` in a way that breaks I9: a RST that
/// ended a live connection although nobody gave it up.
[[nodiscard]] std::optional<Breach> judge_arrival(const Packet& packet, const HostRecord& before,
                                                  const HostRecord& after, const HostRecord& sender,
                                                  const Invariants& wanted);

/// Has either program given a connection up, so that its peer may have to find out by itself (the
/// RST that says so may be lost)? Cancelled, reset, crashed, closed with bytes unread, or closed
/// and left FIN-WAIT-2 after its minute.
[[nodiscard]] bool gave_up(const Application& one, const Application& two);

}  // namespace bowline::inline v0::model
