#pragma once

// How each call of a script is made; the bodies are in calls_*.cpp, one file for each kind.

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/run/arguments.hpp"
#include "bowline/packetdrill/run/calls.hpp"

namespace bowline::inline v0::packetdrill {

/// Makes one call now.
class CallMaker {
 public:
  /// The call that `spec` describes; both must outlive what make() returns.
  CallMaker(Session& session, const CallSpec& spec)
      : session_(session),
        spec_(spec),
        table_(session.world().sockets()),
        now_(session.world().now()) {}

  /// Makes it. Throws Mismatch.
  [[nodiscard]] MadeCall make();

 private:
  using Buffer = std::vector<std::byte>;
  struct Entry {
    std::string_view name;
    std::size_t least;
    std::size_t most;
    MadeCall (CallMaker::*make)(const Arguments&);
  };
  struct Scattered {
    std::vector<Buffer> buffers;
    std::vector<iovec> iov;
  };
  static const Entry kEntries[];

  [[nodiscard]] int fd(const Arguments& arguments, std::size_t index = 0) const {
    return session_.live_fd(number_of(arguments[index], "a descriptor"));
  }
  // The script's address, or `ours` where it says `...`.
  [[nodiscard]] SocketAddress address(const Arguments& arguments, std::size_t index,
                                      const IpAddress& ours, std::uint16_t port) const;
  // A call that opens a connection is about to be made on `live`.
  void begin_connecting(int live, const SocketAddress& to) const;
  [[nodiscard]] static std::shared_ptr<Buffer> buffer(const Arguments& arguments,
                                                      std::size_t size_index) {
    return std::make_shared<Buffer>(arguments.size_of_buffer(size_index));
  }
  [[nodiscard]] static std::shared_ptr<Scattered> scattered(const Arguments& arguments);
  // Keeps `thing` as long as the call.
  template <class T>
  static std::function<void(const sockets::Outcome&)> keep(std::shared_ptr<T> thing) {
    return [thing](const sockets::Outcome&) {};
  }

  MadeCall socket(const Arguments& arguments);
  MadeCall bind(const Arguments& arguments);
  MadeCall listen(const Arguments& arguments);
  MadeCall accept(const Arguments& arguments);
  MadeCall connect(const Arguments& arguments);
  MadeCall getsockname(const Arguments& arguments);
  MadeCall getpeername(const Arguments& arguments);
  MadeCall read(const Arguments& arguments);
  MadeCall readv(const Arguments& arguments);
  MadeCall recv(const Arguments& arguments);
  MadeCall recvmsg(const Arguments& arguments);
  MadeCall write(const Arguments& arguments);
  MadeCall writev(const Arguments& arguments);
  MadeCall send(const Arguments& arguments);
  MadeCall sendto(const Arguments& arguments);
  MadeCall sendmsg(const Arguments& arguments);
  MadeCall close(const Arguments& arguments);
  MadeCall shutdown(const Arguments& arguments);
  MadeCall getsockopt(const Arguments& arguments);
  MadeCall setsockopt(const Arguments& arguments);
  MadeCall fcntl(const Arguments& arguments);
  MadeCall ioctl(const Arguments& arguments);
  MadeCall poll(const Arguments& arguments);
  MadeCall epoll_create(const Arguments& arguments);
  MadeCall epoll_ctl(const Arguments& arguments);
  MadeCall epoll_wait(const Arguments& arguments);
  MadeCall open(const Arguments& arguments);
  MadeCall pipe(const Arguments& arguments);
  MadeCall splice(const Arguments& arguments);
  MadeCall sendfile(const Arguments& arguments);
  MadeCall cap_set(const Arguments& arguments);
  MadeCall name(const Arguments& arguments, bool peer);
  // Zeros from one descriptor to another, at most one of them a socket's.
  MadeCall move(int from, int to, std::size_t size);

  Session& session_;
  const CallSpec& spec_;
  sockets::SocketTable& table_;
  Time now_;
};

}  // namespace bowline::inline v0::packetdrill
