#pragma once

// Control messages: what recvmsg() gave against what a script expects.

#include <sys/socket.h>

#include <cstddef>

#include "bowline/packetdrill/language/script.hpp"

namespace bowline::inline v0::packetdrill {

/// The bytes that recvmsg() is given for control messages: what those of `expected` need, so that
/// more of them show as MSG_CTRUNC, as under stock packetdrill.
[[nodiscard]] std::size_t room_for_control(const Expression* expected);

/// Compares the control messages in `got` with `expected`: [{cmsg_level=, cmsg_type=, cmsg_data=},
/// ...]; null: none. Throws Mismatch.
void check_control(const Expression* expected, const msghdr& got);

}  // namespace bowline::inline v0::packetdrill
