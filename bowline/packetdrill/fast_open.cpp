#include "bowline/packetdrill/fast_open.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace bowline::inline v0::packetdrill {

void take_part_in_fast_open(sockets::SocketTable& table, const Sysctls& sysctls, int fd,
                            int backlog, Time now) {
  constexpr std::int64_t kServer = 0x2;
  constexpr std::int64_t kEveryListener = 0x400;
  const std::int64_t bits = sysctls.number("net.ipv4.tcp_fastopen").value_or(0);
  if ((bits & kServer) == 0 || (bits & kEveryListener) == 0 || backlog <= 0) return;
  int queue = 0;
  socklen_t size = sizeof queue;
  const auto asked = table.getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, &size, now);
  if (asked.value != 0 || queue != 0) return;
  static_cast<void>(table.setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof backlog, now));
}

}  // namespace bowline::inline v0::packetdrill
