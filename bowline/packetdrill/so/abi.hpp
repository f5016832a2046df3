#pragma once

// The door through which stock packetdrill enters a stack: one function that fills a table of
// functions.
//
// The order of the members and their types are a binary interface that packetdrill fixed; this is
// our own statement of it. Every member must be filled, since packetdrill calls without looking.
// The first argument of each function is `userdata`. Socket calls return and set errno as POSIX
// says.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace bowline::inline v0::packetdrill {

/// What a library under test gives to packetdrill.
struct FunctionTable {
  void* userdata;                ///< handed back with each call
  void (*free)(void* userdata);  ///< the test is over
  int (*socket)(void* userdata, int domain, int type, int protocol);                ///< socket(2)
  int (*bind)(void* userdata, int fd, const sockaddr* address, socklen_t size);     ///< bind(2)
  int (*listen)(void* userdata, int fd, int backlog);                               ///< listen(2)
  int (*accept)(void* userdata, int fd, sockaddr* address, socklen_t* size);        ///< accept(2)
  int (*connect)(void* userdata, int fd, const sockaddr* address, socklen_t size);  ///< connect(2)
  ssize_t (*read)(void* userdata, int fd, void* to, std::size_t size);              ///< read(2)
  ssize_t (*readv)(void* userdata, int fd, const iovec* to, int count);             ///< readv(2)
  ssize_t (*recv)(void* userdata, int fd, void* to, std::size_t size, int flags);   ///< recv(2)
  /// recvfrom(2)
  ssize_t (*recvfrom)(void* userdata, int fd, void* to, std::size_t size, int flags, sockaddr* from,
                      socklen_t* from_size);
  ssize_t (*recvmsg)(void* userdata, int fd, msghdr* message, int flags);        ///< recvmsg(2)
  ssize_t (*write)(void* userdata, int fd, const void* from, std::size_t size);  ///< write(2)
  ssize_t (*writev)(void* userdata, int fd, const iovec* from, int count);       ///< writev(2)
  ssize_t (*send)(void* userdata, int fd, const void* from, std::size_t size,
                  int flags);  ///< send(2)
  /// sendto(2)
  ssize_t (*sendto)(void* userdata, int fd, const void* from, std::size_t size, int flags,
                    const sockaddr* to, socklen_t to_size);
  ssize_t (*sendmsg)(void* userdata, int fd, const msghdr* message, int flags);  ///< sendmsg(2)
  int (*fcntl)(void* userdata, int fd, int command, ...);                        ///< fcntl(2)
  int (*ioctl)(void* userdata, int fd, unsigned long request, ...);              ///< ioctl(2)
  int (*close)(void* userdata, int fd);                                          ///< close(2)
  int (*shutdown)(void* userdata, int fd, int how);                              ///< shutdown(2)
  /// getsockopt(2)
  int (*getsockopt)(void* userdata, int fd, int level, int name, void* value, socklen_t* size);
  /// setsockopt(2)
  int (*setsockopt)(void* userdata, int fd, int level, int name, const void* value, socklen_t size);
  int (*poll)(void* userdata, pollfd* fds, nfds_t count, int timeout);  ///< poll(2)
  /// A raw IP packet from the network to the stack. 0, or -1.
  int (*netdev_send)(void* userdata, const void* packet, std::size_t size);
  /// The next packet that leaves the stack: `*size` is the room in front, the packet's size behind
  /// the call; `*time_usecs` is when it left, on the clock of gettimeofday. 0 with a size of 0:
  /// nothing will come; anything else than 0: ask again.
  int (*netdev_receive)(void* userdata, void* packet, std::size_t* size, long long* time_usecs);
  int (*usleep)(void* userdata, useconds_t microseconds);                    ///< usleep(3)
  int (*gettimeofday)(void* userdata, timeval* now, struct timezone* zone);  ///< gettimeofday(2)
  int (*epoll_create)(void* userdata, int size);                             ///< epoll_create(2)
  int (*epoll_ctl)(void* userdata, int epfd, int operation, int fd,
                   epoll_event* event);  ///< epoll_ctl(2)
  /// epoll_wait(2)
  int (*epoll_wait)(void* userdata, int epfd, epoll_event* events, int most, int timeout);
  int (*pipe)(void* userdata, int ends[2]);  ///< pipe(2)
  /// splice(2)
  int (*splice)(void* userdata, int from, loff_t* from_offset, int to, loff_t* to_offset,
                std::size_t size, unsigned flags);
};

}  // namespace bowline::inline v0::packetdrill
