#pragma once

// What sockets of all types have in common: domain, type, options of SOL_SOCKET and of IP, and the
// calls that each type answers in its own way.

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "bowline/base/time.hpp"
#include "bowline/sockets/address.hpp"
#include "bowline/sockets/call.hpp"
#include "bowline/sockets/file.hpp"
#include "bowline/sockets/host.hpp"
#include "bowline/sockets/kept_options.hpp"
#include "bowline/sockets/message.hpp"
#include "bowline/sockets/option_value.hpp"

namespace bowline::inline v0::sockets {

/// No timeout: a call waits for ever.
inline constexpr Duration kForever = Duration::max();

/// What SOL_SOCKET sets and the Stack does not know. A listener's are inherited.
struct SocketSettings {
  bool reuse_address = false;
  bool reuse_port = false;
  bool broadcast = false;
  bool oob_inline = false;
  bool dont_route = false;
  bool timestamp = false;
  std::uint32_t timestamping = 0;                 ///< SO_TIMESTAMPING: kept, without effect
  std::uint64_t pacing_rate = ~std::uint64_t{0};  ///< SO_MAX_PACING_RATE: the same
  bool keep_alive = false;
  bool lingers = false;    ///< SO_LINGER is on
  Duration linger_time{};  ///< zero: close() resets
  int priority = 0;
  int mark = 0;
  int busy_poll = 0;
  int receive_low_water = 1;
  int send_buffer = 0;                               ///< as SO_SNDBUF reports it; 0: never set
  int receive_buffer = 0;                            ///< as SO_RCVBUF reports it; 0: never set
  std::pair<std::int32_t, std::uint32_t> send_time;  ///< SO_TXTIME: the same; a clock, and flags
  Duration receive_timeout = kForever;               ///< zero: never waits
  Duration send_timeout = kForever;                  ///< zero: never waits
};

/// What IPPROTO_IP and IPPROTO_IPV6 set.
struct IpSettings {
  int tos = 0;
  int ttl = -1;             ///< -1: the default, 64
  int traffic_class = 0;    ///< IPV6_TCLASS
  int unicast_hops = -1;    ///< -1: the default, 64
  int mtu_discover = 1;     ///< IP_PMTUDISC_WANT
  int mtu_discover_v6 = 1;  ///< IPV6_PMTUDISC_WANT
  bool receive_errors = false;
  bool receive_errors_v6 = false;
  bool free_bind = false;
  bool v6_only = false;
  int local_port_range = 0;         ///< IP_LOCAL_PORT_RANGE: kept, without effect
  int address_preferences = 0x500;  ///< IPV6_ADDR_PREFERENCES: the same
};

/// A socket.
class Socket : public File, public std::enable_shared_from_this<Socket> {
 public:
  /// Of `host`'s table.
  Socket(Host& host, int domain, int type, int protocol) noexcept
      : host_(host), domain_(domain), type_(type), protocol_(protocol) {}

  // ---- the calls

  /// bind(2).
  virtual Outcome bind(const sockaddr* address, socklen_t length) = 0;
  /// listen(2).
  virtual Outcome listen(int backlog) = 0;
  /// A connection that was accepted; or why not: an errno; EAGAIN: there is none yet.
  using Accepted = std::variant<std::shared_ptr<Socket>, int>;
  /// The next connection of a listener.
  virtual Accepted accept() = 0;
  /// connect(2).
  virtual Call connect(const sockaddr* address, socklen_t length) = 0;
  /// All of send(2).
  virtual Call send(Outgoing message) = 0;
  /// All of recv(2).
  virtual Call receive(Incoming message) = 0;
  /// shutdown(2).
  virtual Outcome shutdown(int how) = 0;
  /// The last descriptor is gone.
  virtual Call close() = 0;
  /// getsockname(2); nothing: not bound.
  [[nodiscard]] virtual std::optional<Endpoint> local() const = 0;
  /// getpeername(2); nothing: ENOTCONN.
  [[nodiscard]] virtual std::optional<Endpoint> remote() const = 0;
  /// ioctl(2) as far as it is the socket's matter; nothing: ENOTTY.
  virtual std::optional<Outcome> control(unsigned long request, int* value) = 0;
  /// getsockopt(2).
  Outcome get_option(int level, int option, OptionTarget to);
  /// setsockopt(2).
  Outcome set_option(int level, int option, OptionSource from);

  // ---- what the table and epoll ask

  /// What poll_ready() said of it: becomes news.
  virtual void hear(std::uint8_t readiness) = 0;
  /// The Stack's socket; names nothing when there is none.
  [[nodiscard]] virtual Handle handle() const noexcept = 0;
  [[nodiscard]] int domain() const noexcept { return domain_; }  ///< AF_INET or AF_INET6
  [[nodiscard]] int type() const noexcept { return type_; }      ///< SOCK_STREAM or SOCK_DGRAM
  /// Does receiving with `flags` count bytes and write none? A stream's MSG_TRUNC does.
  [[nodiscard]] bool discards(int flags) const noexcept {
    return type_ == SOCK_STREAM && (flags & (MSG_TRUNC | MSG_OOB)) == MSG_TRUNC;
  }
  [[nodiscard]] const SocketSettings& settings() const noexcept { return settings_; }  ///< its own

 protected:
  /// The error that waits, and none from then on (SO_ERROR); 0: none.
  virtual int take_error() = 0;
  /// Does it listen?
  [[nodiscard]] virtual bool listening() const noexcept { return false; }
  /// settings_ or ip_ have changed: what the Stack knows of them is to follow. Returns an errno.
  virtual int apply() = 0;
  /// Options that belong to the type alone.
  virtual Outcome get_transport_option(int level, int option, OptionTarget to) = 0;
  virtual Outcome set_transport_option(int level, int option, OptionSource from) = 0;
  /// SO_SNDBUF and SO_RCVBUF where nothing was set.
  [[nodiscard]] virtual int current_send_buffer() const = 0;
  [[nodiscard]] virtual int current_receive_buffer() const = 0;
  /// What SO_MEMINFO tells of the queues.
  struct Queues {
    std::uint32_t received = 0;  ///< bytes that wait to be read
    std::uint32_t to_send = 0;   ///< bytes that wait for the peer
    std::uint32_t dropped = 0;   ///< packets for which there was no room
  };
  [[nodiscard]] virtual Queues queues() const = 0;
  /// The largest packet on the way to the peer; 0: not connected.
  [[nodiscard]] virtual int path_mtu() const = 0;
  /// Is it bound?
  [[nodiscard]] bool has_port() const { return local().has_value() && local()->port != 0; }

  /// May a call with `flags` wait?
  [[nodiscard]] bool may_wait(int flags) const noexcept {
    return !nonblocking() && (flags & MSG_DONTWAIT) == 0;
  }
  /// A call of this socket that waits for `timeout` at the most; with `flags` MSG_DONTWAIT, or a
  /// descriptor that does not block, not at all.
  template <class Step>
  [[nodiscard]] Call attempt(Step step, Duration timeout, int flags = 0) {
    return until(may_wait(flags) ? saturating_add(host_.now, timeout) : host_.now, std::move(step));
  }
  /// A call of this socket that waits until then at the most.
  template <class Step>
  [[nodiscard]] Call until(Time end, Step step) {
    return {[self = shared_from_this(), step = std::move(step)](Time now, bool may_wait) mutable {
              self->host_.now = now;
              return std::optional<Outcome>(step(may_wait));
            },
            host_.now, end};
  }

  Host& host_;
  SocketSettings settings_;
  IpSettings ip_;
  KeptOptions kept_;

 private:
  Outcome get_socket_option(int option, OptionTarget to);
  Outcome set_socket_option(int option, OptionSource from);
  void lock_buffers(unsigned locks);
  [[nodiscard]] bool keeps_options_of(int level) const noexcept;
  Outcome get_ip_option(int option, OptionTarget to);
  Outcome set_ip_option(int option, OptionSource from);
  Outcome get_ipv6_option(int option, OptionTarget to);
  Outcome set_ipv6_option(int option, OptionSource from);

  int domain_;
  int type_;
  int protocol_;
};

}  // namespace bowline::inline v0::sockets
