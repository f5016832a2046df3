#pragma once

// Listeners and the setting tcp_fastopen.

#include "bowline/base/time.hpp"
#include "bowline/packetdrill/sysctl.hpp"
#include "bowline/sockets/socket_table.hpp"

namespace bowline::inline v0::packetdrill {

/// Before listen(fd, backlog): where `sysctls` say so (0x2 and 0x400 of tcp_fastopen), a listener
/// that nobody asked to take part in Fast Open does, with its backlog for the queue.
void take_part_in_fast_open(sockets::SocketTable& table, const Sysctls& sysctls, int fd,
                            int backlog, Time now);

}  // namespace bowline::inline v0::packetdrill
