// bind, listen, accept, connect of a stream socket.

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bowline/sockets/stream_socket.hpp"

namespace bowline::inline v0::sockets {

// ---- bind

Outcome StreamSocket::bind(const sockaddr* address, socklen_t length) {
  auto wanted = read_address(domain(), address, length);
  if (!wanted) {
    // An address of AF_UNSPEC that is all zero is taken for 0.0.0.0, as it always was.
    const auto family = family_of(address, length);
    if (domain() != AF_INET || wanted.error() != EAFNOSUPPORT || !family || *family != AF_UNSPEC) {
      return failed(wanted.error());
    }
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    if (in.sin_addr.s_addr != INADDR_ANY) return failed(EAFNOSUPPORT);
    wanted = Endpoint{IpAddress::any(Family::ipv4), ntohs(in.sin_port)};
  }
  const bool mapped = domain() == AF_INET6 && wanted->address.is_v4();
  if (mapped && ip_.v6_only) return failed(EINVAL);
  if (domain() == AF_INET6 && wanted->address.is_multicast()) return failed(EINVAL);
  if (!wanted->address.is_unspecified() && !ip_.free_bind) {
    if (const Status able = host_.stack.can_bind({wanted->address, 0}); !able) {
      return failed(EADDRNOTAVAIL);
    }
  }
  // When a connection is over, a port that bind() did not name is free again.
  if (handle_ && claimed_ && !port_bound_ && state() == TCP_CLOSE) unclaim();
  if (state() != TCP_CLOSE || claimed_) return failed(EINVAL);
  if (const int error = claim(*wanted)) return failed(error);
  address_bound_ = !wanted->address.is_unspecified();
  port_bound_ = wanted->port != 0;
  return returned(0);
}

// Takes the port, or any that is free. Returns an errno.
int StreamSocket::claim(Endpoint local) {
  claim_.local = local;
  claim_.dual = domain() == AF_INET6 && !ip_.v6_only && !local.address.is_v4() &&
                local.address.is_unspecified();
  claim_.reuse_address = settings_.reuse_address;
  claim_.reuse_port = settings_.reuse_port;
  claim_.listening = false;
  constexpr int kAttempts = 64;
  for (int i = 0; i < kAttempts; ++i) {
    if (local.port == 0) {
      const auto port = host_.stack.pick_port(local.address);
      if (!port) return EADDRINUSE;
      claim_.local.port = *port;
      if (host_.ports.taken(*port)) continue;
    }
    if (host_.ports.conflict(claim_) || in_use_by_connection(claim_.local)) return EADDRINUSE;
    host_.ports.enter(claim_);
    claimed_ = true;
    return 0;
  }
  return EADDRINUSE;
}

void StreamSocket::unclaim() {
  if (claimed_) host_.ports.leave(claim_);
  claimed_ = address_bound_ = port_bound_ = false;
}

// Connections whose socket is closed (their FIN is under way, or they are in TIME-WAIT) keep the
// port from everybody who does not say SO_REUSEADDR. This looks at each connection: bind() without
// the option is the one call here whose cost grows with their number.
bool StreamSocket::in_use_by_connection(const Endpoint& local) const {
  if (settings_.reuse_address || settings_.reuse_port) return false;
  struct Search {
    Endpoint local;
    bool dual;
    bool found;
  } search{local, claim_.dual, false};
  host_.stack.for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& wanted = *static_cast<Search*>(context);
        if (view.local.port != wanted.local.port || view.state == tcp::State::closed) return;
        const bool covers =
            wanted.local.address.is_unspecified() &&
            (wanted.dual || wanted.local.address.family() == view.local.address.family());
        if (covers || view.local.address == wanted.local.address) wanted.found = true;
      },
      &search);
  return search.found;
}

// ---- listen, accept

Outcome StreamSocket::listen(int backlog) {
  if (phase_ != Phase::unconnected) return failed(EINVAL);
  // The comparison is one of unsigned numbers, in Linux too: negative ones mean the most.
  backlog_ = std::min(static_cast<std::uint32_t>(backlog), host_.limits.somaxconn);
  // "Enable TFO without the socket option, if the backlog is to be its queue" (inet_listen()).
  const tcp::FastOpenSettings& fast_open = host_.stack.config().tcp.fast_open;
  if (fast_open.server && fast_open.every_listener && stream_.fast_open == 0) {
    stream_.fast_open = static_cast<int>(backlog_);
  }
  if (listening()) {
    const int error = listen_again();
    return error == 0 ? returned(0) : failed(error);
  }
  if (state() != TCP_CLOSE) return failed(EINVAL);
  if (!claimed_) {
    if (const int error = claim({any_of(domain()), 0})) return failed(error);
  }
  claim_.listening = true;
  if (host_.ports.conflict(claim_)) {
    claim_.listening = false;
    return failed(EADDRINUSE);
  }
  if (handle_) give_up_handles();  // of a connection that is over

  auto opened = host_.stack.listen(listen_options(claim_.local.address.family()), host_.now);
  if (opened && claim_.dual) {
    const auto second = host_.stack.listen(listen_options(Family::ipv4), host_.now);
    if (second) {
      second_ = *second;
      host_.own(second_, *this);
    } else {
      static_cast<void>(host_.stack.close(*opened, host_.now));
      opened = fail(second.error());
    }
  }
  if (!opened) {
    claim_.listening = false;
    return failed(opened.error());
  }
  handle_ = *opened;
  host_.own(handle_, *this);
  shut_ = 0;
  return returned(0);
}

ListenOptions StreamSocket::listen_options(Family family) const {
  ListenOptions options;
  options.local = claim_.local;
  if (family != claim_.local.address.family()) options.local.address = IpAddress::any(family);
  options.backlog = backlog_ + 1;  // Linux's queue is full when it holds more than the backlog
  options.share_port = settings_.reuse_port;
  options.fast_open_key = stream_.fast_open_key;
  options.fast_open_previous_key = stream_.fast_open_backup_key;
  options.socket = engine_options(family);
  return options;
}

// What listen() and TCP_FASTOPEN_KEY change of a listener. Returns an errno.
int StreamSocket::listen_again() {
  const Family family = claim_.local.address.family();
  Status changed = host_.stack.listen_again(handle_, listen_options(family), host_.now);
  if (changed && second_) {
    changed = host_.stack.listen_again(second_, listen_options(Family::ipv4), host_.now);
  }
  return changed ? 0 : changed.error().value();
}

Socket::Accepted StreamSocket::accept() {
  if (!listening()) return EINVAL;
  auto connection = host_.stack.accept(handle_, host_.now);
  if (!connection && second_) connection = host_.stack.accept(second_, host_.now);
  if (!connection) return connection.error().value();
  return adopt(*connection);
}

// A connection that a listener has made: with the listener's settings and a claim to its port.
std::shared_ptr<StreamSocket> StreamSocket::adopt(Handle connection) const {
  auto socket = std::make_shared<StreamSocket>(host_, domain());
  socket->settings_ = settings_;
  socket->ip_ = ip_;
  socket->kept_ = kept_;
  socket->tcp_ = tcp_;
  socket->stream_ = stream_;
  socket->handle_ = connection;
  socket->phase_ = Phase::connected;
  if (const auto local = host_.stack.local_endpoint(connection)) socket->claim_.local = *local;
  socket->claim_.reuse_address = settings_.reuse_address;
  socket->claim_.reuse_port = settings_.reuse_port;
  host_.ports.enter(socket->claim_);
  socket->claimed_ = true;
  host_.own(connection, *socket);
  return socket;
}

// ---- connect

// __inet_stream_connect()
Call StreamSocket::connect(const sockaddr* address, socklen_t length) {
  const auto family = family_of(address, length);
  if (!family) return failed(family.error());
  if (*family == AF_UNSPEC) {
    disconnect();
    return returned(0);
  }
  int progress = EALREADY;
  switch (phase_) {
    case Phase::connected:
      return failed(EISCONN);
    case Phase::connecting:
      if (deferred_) return failed(EISCONN);
      break;
    case Phase::unconnected: {
      if (state() != TCP_CLOSE) return failed(EISCONN);
      const auto remote = read_address(domain(), address, length);
      if (!remote) return failed(remote.error());
      // With a cookie at hand the SYN waits for the first write, and takes it along.
      if (stream_.fast_open_connect && fast_open_room(*remote) > 0) {
        deferred_ = *remote;
        phase_ = Phase::connecting;
        return returned(0);
      }
      // Both say that there will be data soon (tcp_rcv_synsent_state_process()).
      tcp_.data_follows = stream_.defer_accept != 0 || !stream_.quick_ack;
      if (const int error = open(*remote, stream_.fast_open_connect)) return failed(error);
      phase_ = Phase::connecting;
      progress = EINPROGRESS;
      break;
    }
  }
  return attempt([this, progress](bool may_wait) { return connect_step(progress, may_wait); },
                 settings_.send_timeout);
}

std::optional<Outcome> StreamSocket::connect_step(int progress, bool may_wait) {
  switch (state()) {
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
      if (may_wait) return std::nullopt;
      return failed(progress);
    case TCP_CLOSE: {
      const int error = take_error();
      disconnect();
      return failed(error != 0 ? error : ECONNABORTED);
    }
    default:
      phase_ = Phase::connected;
      return returned(0);
  }
}

ConnectOptions StreamSocket::connect_options(const Endpoint& remote, bool fast) const {
  ConnectOptions options;
  options.remote = remote;
  options.socket = engine_options(remote.address.family());
  options.socket.fast_open = fast;
  if (claimed_) {
    options.local = claim_.local;
    if (claim_.local.address.is_unspecified()) {
      options.local->address = IpAddress::any(remote.address.family());
    }
  }
  return options;
}

std::uint32_t StreamSocket::fast_open_room(const Endpoint& remote) const {
  return host_.stack.fast_open_room(connect_options(remote, true), host_.now).value_or(0);
}

// Begins a connection, with Fast Open if `fast`. Returns an errno.
int StreamSocket::open(const Endpoint& to, bool fast) {
  Endpoint remote = to;
  if (domain() == AF_INET6 && ip_.v6_only && remote.address.is_v4()) return ENETUNREACH;
  // "This host": the loopback address.
  if (remote.address.is_unspecified()) {
    static constexpr std::uint32_t kLoopback = 0x7f000001;
    std::array<std::byte, 16> one{};
    one[15] = std::byte{1};
    remote.address = remote.address.is_v4() ? IpAddress::v4(kLoopback) : IpAddress::v6(one);
  }
  if (remote.address.is_multicast() || remote.address.is_limited_broadcast()) return ENETUNREACH;
  if (handle_) give_up_handles();  // of a connection that is over
  const ConnectOptions options = connect_options(remote, fast);
  constexpr int kAttempts = 16;
  for (int i = 0; i < kAttempts; ++i) {
    const auto opened = host_.stack.connect(options, host_.now);
    if (!opened) {
      // Both ends are the same as those of a connection that exists, or there is no free port.
      if (opened.error() == std::errc::address_in_use) return EADDRNOTAVAIL;
      return opened.error().value();
    }
    const auto local = host_.stack.local_endpoint(*opened);
    // The Stack does not know of sockets that are bound and nothing more: another port, then.
    // Nothing has been sent yet.
    if (!claimed_ && local && host_.ports.taken(local->port)) {
      PortClaim mine;
      mine.local = *local;
      if (host_.ports.conflict(mine)) {
        static_cast<void>(host_.stack.abort(*opened, host_.now));
        continue;
      }
    }
    if (claimed_) host_.ports.leave(claim_);
    claim_.local = *local;
    claim_.dual = claim_.listening = false;
    host_.ports.enter(claim_);
    claimed_ = true;
    handle_ = *opened;
    heard_ = 0;
    error_ = 0;
    host_.own(handle_, *this);
    return 0;
  }
  return EADDRNOTAVAIL;
}

// tcp_disconnect(): back to a fresh socket, with its options and what bind() has named.
void StreamSocket::disconnect() {
  urgent_ = Urgent::none;
  deferred_.reset();
  switch (state()) {
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSE_WAIT:
      host_.disown(handle_);
      static_cast<void>(host_.stack.abort(handle_, host_.now));
      handle_ = {};
      error_ = ECONNRESET;
      break;
    default:
      error_ = take_error();  // what waits to be told still does
      give_up_handles();
      break;
  }
  phase_ = Phase::unconnected;
  shut_ = 0;
  heard_ = 0;
  if (!claimed_) return;
  host_.ports.leave(claim_);
  claim_.listening = false;
  claimed_ = port_bound_;
  if (!address_bound_) claim_.local.address = any_of(domain());
  if (claimed_) {
    host_.ports.enter(claim_);
  } else {
    address_bound_ = false;
  }
}

}  // namespace bowline::inline v0::sockets
