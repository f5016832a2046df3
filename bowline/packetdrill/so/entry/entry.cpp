// What libbowline_packetdrill.so exports: packetdrill_interface_init(), and close(), getsockopt()
// and sendfile() in the C library's place.
//
// Packetdrill gives some calls to the C library though the descriptor is ours: close() of what a
// script left open, getsockopt() for its %{ }% blocks, sendfile(). So the library is also preloaded
// (LD_PRELOAD), and these functions of it pass on what is not ours. Programs that packetdrill
// starts need none of that, and do not inherit it.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include "bowline/packetdrill/so/abi.hpp"
#include "bowline/packetdrill/so/flags.hpp"
#include "bowline/packetdrill/so/session.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

using sockets::Outcome;
using Table = Session::Table;

// The session of this process. Never destroyed on the way out: packetdrill leaves by exit() while
// its second thread may still wait in it.
Session* session = nullptr;

// The C library's function of this name, behind ours.
template <class Function>
Function* next_of(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class T = int>
T finish(const Outcome& outcome) {
  if (outcome.value < 0) errno = outcome.error;
  return static_cast<T>(outcome.value);
}

bool ours(int fd) { return session != nullptr && session->owns(fd); }

// ---- socket calls: ours, or those of files and pipes that a script has opened as well ----

int do_socket(void*, int domain, int type, int protocol) {
  return finish(session->socket(domain, type, protocol));
}

int do_bind(void*, int fd, const sockaddr* address, socklen_t size) {
  return finish(session->call([=](Table& t, Time now) { return t.bind(fd, address, size, now); }));
}

int do_listen(void*, int fd, int backlog) {
  return finish(session->call([=](Table& t, Time now) { return t.listen(fd, backlog, now); }));
}

int do_accept(void*, int fd, sockaddr* address, socklen_t* size) {
  return finish(
      session->wait([=](Table& t, Time now) { return t.accept4(fd, address, size, 0, now); }));
}

int do_connect(void*, int fd, const sockaddr* address, socklen_t size) {
  return finish(
      session->wait([=](Table& t, Time now) { return t.connect(fd, address, size, now); }));
}

ssize_t do_read(void*, int fd, void* to, std::size_t size) {
  if (!ours(fd)) return ::read(fd, to, size);
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.read(fd, to, size, now); }));
}

ssize_t do_readv(void*, int fd, const iovec* to, int count) {
  if (!ours(fd)) return ::readv(fd, to, count);
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.readv(fd, to, count, now); }));
}

ssize_t do_recvfrom(void*, int fd, void* to, std::size_t size, int flags, sockaddr* from,
                    socklen_t* from_size) {
  return finish<ssize_t>(session->wait(
      [=](Table& t, Time now) { return t.recvfrom(fd, to, size, flags, from, from_size, now); }));
}

ssize_t do_recv(void* self, int fd, void* to, std::size_t size, int flags) {
  return do_recvfrom(self, fd, to, size, flags, nullptr, nullptr);
}

ssize_t do_recvmsg(void*, int fd, msghdr* message, int flags) {
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.recvmsg(fd, message, flags, now); }));
}

ssize_t do_write(void*, int fd, const void* from, std::size_t size) {
  if (!ours(fd)) return ::write(fd, from, size);
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.write(fd, from, size, now); }));
}

ssize_t do_writev(void*, int fd, const iovec* from, int count) {
  if (!ours(fd)) return ::writev(fd, from, count);
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.writev(fd, from, count, now); }));
}

ssize_t do_sendto(void*, int fd, const void* from, std::size_t size, int flags, const sockaddr* to,
                  socklen_t to_size) {
  return finish<ssize_t>(session->wait(
      [=](Table& t, Time now) { return t.sendto(fd, from, size, flags, to, to_size, now); }));
}

ssize_t do_send(void* self, int fd, const void* from, std::size_t size, int flags) {
  return do_sendto(self, fd, from, size, flags, nullptr, 0);
}

ssize_t do_sendmsg(void*, int fd, const msghdr* message, int flags) {
  return finish<ssize_t>(
      session->wait([=](Table& t, Time now) { return t.sendmsg(fd, message, flags, now); }));
}

int do_fcntl(void*, int fd, int command, ...) {
  std::va_list rest;
  va_start(rest, command);
  const long argument = va_arg(rest, long);
  va_end(rest);
  if (!ours(fd)) return ::fcntl(fd, command, argument);
  return finish(
      session->call([=](Table& t, Time now) { return t.fcntl(fd, command, argument, now); }));
}

int do_ioctl(void*, int fd, unsigned long request, ...) {
  std::va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (!ours(fd)) return ::ioctl(fd, request, argument);
  return finish(
      session->call([=](Table& t, Time now) { return t.ioctl(fd, request, argument, now); }));
}

int do_close(void*, int fd) {
  if (!ours(fd)) return ::close(fd);
  return finish(session->wait([=](Table& t, Time now) { return t.close(fd, now); }));
}

int do_shutdown(void*, int fd, int how) {
  return finish(session->call([=](Table& t, Time now) { return t.shutdown(fd, how, now); }));
}

int do_getsockopt(void*, int fd, int level, int name, void* value, socklen_t* size) {
  return finish(session->call(
      [=](Table& t, Time now) { return t.getsockopt(fd, level, name, value, size, now); }));
}

int do_setsockopt(void*, int fd, int level, int name, const void* value, socklen_t size) {
  return finish(session->call(
      [=](Table& t, Time now) { return t.setsockopt(fd, level, name, value, size, now); }));
}

int do_poll(void*, pollfd* fds, nfds_t count, int timeout) {
  return finish(
      session->wait([=](Table& t, Time now) { return t.poll(fds, count, timeout, now); }));
}

int do_epoll_create(void*, int size) {
  if (size <= 0) {  // epoll_create(2): the size means nothing any more, but must be positive
    errno = EINVAL;
    return -1;
  }
  return finish(session->call([](Table& t, Time now) { return t.epoll_create1(0, now); }));
}

int do_epoll_ctl(void*, int epfd, int operation, int fd, epoll_event* event) {
  return finish(session->call(
      [=](Table& t, Time now) { return t.epoll_ctl(epfd, operation, fd, event, now); }));
}

int do_epoll_wait(void*, int epfd, epoll_event* events, int most, int timeout) {
  return finish(session->wait(
      [=](Table& t, Time now) { return t.epoll_wait(epfd, events, most, timeout, now); }));
}

int do_pipe(void*, int ends[2]) { return ::pipe(ends); }

// Between a pipe of the kernel's and a socket of ours, by way of a buffer. What a socket did not
// take is lost to the pipe: scripts have room for what they splice.
int do_splice(void* self, int from, loff_t* from_offset, int to, loff_t* to_offset,
              std::size_t size, unsigned flags) {
  if (!ours(from) && !ours(to)) {
    return static_cast<int>(::splice(from, from_offset, to, to_offset, size, flags));
  }
  if (from_offset != nullptr || to_offset != nullptr) {
    errno = ESPIPE;
    return -1;
  }
  std::array<std::byte, 65'536> buffer;
  const ssize_t got = do_read(self, from, buffer.data(), std::min(size, buffer.size()));
  if (got <= 0) return static_cast<int>(got);
  return static_cast<int>(do_write(self, to, buffer.data(), static_cast<std::size_t>(got)));
}

// From a file of the kernel's to a socket of ours.
ssize_t do_sendfile(int to, int from, off_t* offset, std::size_t size) {
  std::array<std::byte, 65'536> buffer;
  size = std::min(size, buffer.size());
  const ssize_t got = offset != nullptr ? ::pread(from, buffer.data(), size, *offset)
                                        : ::read(from, buffer.data(), size);
  if (got <= 0) return got;
  const ssize_t sent = do_write(nullptr, to, buffer.data(), static_cast<std::size_t>(got));
  if (sent > 0 && offset != nullptr) *offset += sent;
  return sent;
}

// ---- the network and the time ----

int netdev_send(void*, const void* packet, std::size_t size) {
  session->inject({static_cast<const std::byte*>(packet), size});
  return 0;
}

timeval to_timeval(Time time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
  timeval value{};
  value.tv_sec = static_cast<time_t>(micros.count() / 1'000'000);
  value.tv_usec = static_cast<suseconds_t>(micros.count() % 1'000'000);
  return value;
}

int netdev_receive(void*, void* packet, std::size_t* size, long long* time_usecs) {
  const auto sent = session->next_packet();
  if (!sent) {
    *size = 0;
    *time_usecs = 0;
    return 0;
  }
  *size = std::min(*size, sent->bytes.size());
  std::memcpy(packet, sent->bytes.data(), *size);
  const timeval at = to_timeval(sent->at);
  *time_usecs = static_cast<long long>(at.tv_sec) * 1'000'000 + at.tv_usec;
  return 0;
}

int do_usleep(void*, useconds_t microseconds) {
  session->sleep(std::chrono::microseconds(microseconds));
  return 0;
}

int do_gettimeofday(void*, timeval* now, struct timezone*) {
  *now = to_timeval(session->look_at_clock());
  return 0;
}

// The connections end with the process, as they do when packetdrill leaves without calling this.
void do_free(void*) {}

constexpr FunctionTable kTable{
    .userdata = nullptr,
    .free = do_free,
    .socket = do_socket,
    .bind = do_bind,
    .listen = do_listen,
    .accept = do_accept,
    .connect = do_connect,
    .read = do_read,
    .readv = do_readv,
    .recv = do_recv,
    .recvfrom = do_recvfrom,
    .recvmsg = do_recvmsg,
    .write = do_write,
    .writev = do_writev,
    .send = do_send,
    .sendto = do_sendto,
    .sendmsg = do_sendmsg,
    .fcntl = do_fcntl,
    .ioctl = do_ioctl,
    .close = do_close,
    .shutdown = do_shutdown,
    .getsockopt = do_getsockopt,
    .setsockopt = do_setsockopt,
    .poll = do_poll,
    .netdev_send = netdev_send,
    .netdev_receive = netdev_receive,
    .usleep = do_usleep,
    .gettimeofday = do_gettimeofday,
    .epoll_create = do_epoll_create,
    .epoll_ctl = do_epoll_ctl,
    .epoll_wait = do_epoll_wait,
    .pipe = do_pipe,
    .splice = do_splice,
};

// Packetdrill asks for no result of its call, so what is wrong ends the process.
[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "libbowline_packetdrill.so: %s\n", why.c_str());
  std::exit(1);
}

void start(const char* flags) {
  const auto network = parse_flags(flags != nullptr ? flags : "");
  if (!network) give_up(network.error());
  const char* file = std::getenv("PD_SYSCTL_FILE");
  delete std::exchange(session, nullptr);
  session = new Session(*network, file != nullptr ? file : "");
}

}  // namespace
}  // namespace bowline::inline v0::packetdrill

namespace pd = bowline::packetdrill;

extern "C" {

/// Fills `table` with a new stack under test, whose network `flags` (may be null) describes.
__attribute__((visibility("default"))) void packetdrill_interface_init(const char* flags,
                                                                       pd::FunctionTable* table) {
  ::unsetenv("LD_PRELOAD");
  try {
    pd::start(flags);
  } catch (const std::exception& error) {
    pd::give_up(error.what());
  }
  *table = pd::kTable;
}

/// close(2), for our descriptors too.
__attribute__((visibility("default"))) int close(int fd) {
  if (pd::ours(fd)) return pd::do_close(nullptr, fd);
  static auto* const next = pd::next_of<int(int)>("close");
  return next(fd);
}

/// getsockopt(2), for our descriptors too.
__attribute__((visibility("default"))) int getsockopt(int fd, int level, int name,
                                                      void* __restrict value,
                                                      socklen_t* __restrict size) noexcept {
  if (pd::ours(fd)) return pd::do_getsockopt(nullptr, fd, level, name, value, size);
  static auto* const next = pd::next_of<int(int, int, int, void*, socklen_t*)>("getsockopt");
  return next(fd, level, name, value, size);
}

/// sendfile(2), to our descriptors too.
__attribute__((visibility("default"))) ssize_t sendfile(int to, int from, off_t* offset,
                                                        std::size_t size) noexcept {
  if (pd::ours(to)) return pd::do_sendfile(to, from, offset, size);
  static auto* const next = pd::next_of<ssize_t(int, int, off_t*, std::size_t)>("sendfile");
  return next(to, from, offset, size);
}
}
