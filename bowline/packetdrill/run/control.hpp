#pragma once

// Control messages: what recvmsg() gave against what a script expects.

#include <sys/socket.h>

#include "bowline/packetdrill/language/script.hpp"

namespace bowline::inline v0::packetdrill {

/// Compares the control messages in `got` with `expected`: [{cmsg_level=, cmsg_type=, cmsg_data=},
/// ...]; null: none. Throws Mismatch.
void check_control(const Expression* expected, const msghdr& got);

}  // namespace bowline::inline v0::packetdrill
