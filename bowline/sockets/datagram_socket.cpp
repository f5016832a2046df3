#include "bowline/sockets/datagram_socket.hpp"

#include <linux/sockios.h>
#include <netinet/ip.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace bowline::inline v0::sockets {
namespace {

constexpr unsigned kReceiving = 1;
constexpr unsigned kSending = 2;
constexpr std::size_t kMostBytes = 65'535;

}  // namespace

DatagramSocket::~DatagramSocket() { give_up_handles(); }

void DatagramSocket::give_up_handles() {
  for (Handle& each : handles_) {
    if (!each) continue;
    host_.disown(each);
    static_cast<void>(host_.stack.close(each, host_.now));
    each = {};
  }
}

// ---- opening

int DatagramSocket::open_one(std::size_t place, const Endpoint& local) {
  UdpOptions options;
  options.local = local;
  options.reuse_address = settings_.reuse_address || settings_.reuse_port;
  options.socket = engine_options(local.address.family());
  const auto opened = host_.stack.open_udp(options, host_.now);
  if (!opened) return opened.error().value();
  handles_[place] = *opened;
  host_.own(*opened, *this);
  return 0;
}

int DatagramSocket::open(const Endpoint& local) {
  if (handles_[0]) return 0;
  const bool both = domain() == AF_INET6 && !ip_.v6_only && !local.address.is_v4() &&
                    local.address.is_unspecified();
  // A port that is free for one version may be taken for the other.
  constexpr int kAttempts = 64;
  for (int i = 0; i < kAttempts; ++i) {
    if (const int error = open_one(0, local)) return error;
    if (!both) return 0;
    const auto got = host_.stack.local_endpoint(handles_[0]);
    const int error = open_one(1, {IpAddress::any(Family::ipv4), got ? got->port : local.port});
    if (error == 0) return 0;
    give_up_handles();
    if (local.port != 0 || error != EADDRINUSE) return error;
  }
  return EADDRINUSE;
}

Outcome DatagramSocket::bind(const sockaddr* address, socklen_t length) {
  const auto wanted = read_address(domain(), address, length);
  if (!wanted) return failed(wanted.error());
  if (domain() == AF_INET6 && wanted->address.is_v4() && ip_.v6_only) return failed(EINVAL);
  if (handles_[0]) return failed(EINVAL);
  if (const int error = open(*wanted)) return failed(error);
  port_bound_ = wanted->port != 0;
  return returned(0);
}

Outcome DatagramSocket::listen(int) { return failed(EOPNOTSUPP); }
Socket::Accepted DatagramSocket::accept() { return EOPNOTSUPP; }

Call DatagramSocket::connect(const sockaddr* address, socklen_t length) {
  const auto family = family_of(address, length);
  if (!family) return failed(family.error());
  if (*family == AF_UNSPEC) {
    if (remote_)
      static_cast<void>(
          host_.stack.disconnect_udp(handle_for(remote_->address.family()), host_.now));
    remote_.reset();
    if (!port_bound_) give_up_handles();
    return returned(0);
  }
  const auto to = read_address(domain(), address, length);
  if (!to) return failed(to.error());
  if (const int error = open({any_of(domain()), 0})) return failed(error);
  const Handle handle = handle_for(to->address.family());
  if (!handle) return failed(ENETUNREACH);
  if (const Status changed = host_.stack.connect_udp(handle, *to, host_.now); !changed) {
    return failed(changed.error());
  }
  remote_ = *to;
  ++news.state;
  return returned(0);
}

Handle DatagramSocket::handle_for(Family family) const {
  for (const Handle each : handles_) {
    if (!each) continue;
    const auto local = host_.stack.local_endpoint(each);
    if (local && local->address.family() == family) return each;
  }
  return {};
}

// ---- transfer

Call DatagramSocket::send(Outgoing message) {
  if ((message.flags & MSG_OOB) != 0) return failed(EOPNOTSUPP);
  if (message.bytes.size() > kMostBytes) return failed(EMSGSIZE);
  std::optional<Endpoint> to = remote_;
  if (message.to != nullptr && message.to_length > 0) {
    const auto given = read_address(domain(), message.to, message.to_length);
    if (!given) return failed(given.error());
    if (given->port == 0) return failed(EINVAL);
    to = *given;
  }
  if (!to) return failed(EDESTADDRREQ);
  const int flags = message.flags;
  return attempt([this, message = std::move(message),
                  to](bool may_wait) { return send_step(message, to, may_wait); },
                 settings_.send_timeout, flags);
}

std::optional<Outcome> DatagramSocket::send_step(const Outgoing& message,
                                                 const std::optional<Endpoint>& to, bool may_wait) {
  if ((shut_ & kSending) != 0) {
    Outcome outcome = failed(EPIPE);
    outcome.broken_pipe = (message.flags & MSG_NOSIGNAL) == 0;
    return outcome;
  }
  if (const int error = open({any_of(domain()), 0})) return failed(error);
  const Handle handle = handle_for(to->address.family());
  if (!handle) return failed(ENETUNREACH);
  std::span<const std::byte> bytes = message.bytes.at(0);
  std::vector<std::byte> gathered;
  if (bytes.size() < message.bytes.size()) {
    while (gathered.size() < message.bytes.size()) {
      const auto next = message.bytes.at(gathered.size());
      gathered.insert(gathered.end(), next.begin(), next.end());
    }
    bytes = gathered;
  }
  const auto sent = host_.stack.send_to(handle, bytes, to, host_.now);
  if (sent) return returned(static_cast<std::int64_t>(*sent));
  const int error = sent.error().value();
  if (error == EAGAIN && may_wait) return std::nullopt;
  return failed(error == EPERM ? EACCES : error);  // a broadcast without SO_BROADCAST
}

Call DatagramSocket::receive(Incoming message) {
  if ((message.flags & MSG_OOB) != 0) return failed(EOPNOTSUPP);
  if ((message.flags & MSG_ERRQUEUE) != 0) return failed(EAGAIN);
  const int flags = message.flags;
  return attempt([this, message = std::move(message)](
                     bool may_wait) { return receive_step(message, may_wait); },
                 settings_.receive_timeout, flags);
}

std::optional<Outcome> DatagramSocket::receive_step(const Incoming& message, bool may_wait) {
  if (const int error = take_error()) return failed(error);
  for (const Handle each : handles_) {
    if (each && (host_.stack.readiness(each) & kReadable) != 0) return deliver(message, each);
  }
  if ((shut_ & kReceiving) != 0) return returned(0);
  if (!may_wait) return failed(EAGAIN);
  return std::nullopt;
}

Outcome DatagramSocket::deliver(const Incoming& message, Handle from) {
  // Into one piece first, where the caller has several.
  std::span<std::byte> to = message.bytes.at(0);
  std::vector<std::byte> gathered;
  if (to.size() < message.bytes.size()) {
    gathered.resize(std::min(message.bytes.size(), kMostBytes));
    to = gathered;
  }
  const auto datagram = (message.flags & MSG_PEEK) != 0
                            ? host_.stack.peek_from(from, to, host_.now)
                            : host_.stack.receive_from(from, to, host_.now);
  if (!datagram) return failed(datagram.error());
  for (std::size_t done = 0; !gathered.empty() && done < datagram->size;) {
    const auto part = message.bytes.at(done);
    const std::size_t count = std::min(part.size(), datagram->size - done);
    std::copy_n(gathered.begin() + static_cast<std::ptrdiff_t>(done), count, part.begin());
    done += count;
  }
  if (message.from != nullptr) {
    if (const int error =
            write_address(domain(), datagram->from, message.from, message.from_length)) {
      return failed(error);
    }
  }
  if (message.message != nullptr) {
    int flags = datagram->truncated ? MSG_TRUNC : 0;
    ControlWriter control(message.message);
    control.finish(flags);
    message.message->msg_flags = flags;
  }
  const bool full = (message.flags & MSG_TRUNC) != 0;
  return returned(static_cast<std::int64_t>(full ? datagram->full_size : datagram->size));
}

// ---- ending, readiness

Outcome DatagramSocket::shutdown(int how) {
  if (how < SHUT_RD || how > SHUT_RDWR) return failed(EINVAL);
  shut_ |= how == SHUT_RD ? kReceiving : how == SHUT_WR ? kSending : kReceiving | kSending;
  ++news.state;
  return remote_ ? returned(0) : failed(ENOTCONN);
}

Call DatagramSocket::close() {
  give_up_handles();
  return returned(0);
}

// datagram_poll()
std::uint32_t DatagramSocket::poll_mask() {
  unsigned ready = handles_[0] ? 0U : unsigned{kWritable};
  for (const Handle each : handles_) {
    if (each) ready |= host_.stack.readiness(each);
  }
  std::uint32_t mask = 0;
  if ((ready & kError) != 0) mask |= EPOLLERR;
  if ((shut_ & kReceiving) != 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
  if (shut_ == (kReceiving | kSending)) mask |= EPOLLHUP;
  if ((ready & kReadable) != 0) mask |= EPOLLIN | EPOLLRDNORM;
  if ((ready & kWritable) != 0) mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
  return mask;
}

void DatagramSocket::hear(std::uint8_t readiness) {
  const unsigned fresh = readiness & ~heard_;
  heard_ = readiness;
  if ((readiness & kReadable) != 0) ++news.readable;
  if ((fresh & kWritable) != 0) ++news.writable;
  if ((fresh & kError) != 0) ++news.state;
}

std::optional<Endpoint> DatagramSocket::local() const {
  if (!handles_[0]) return std::nullopt;
  const Handle handle = remote_ ? handle_for(remote_->address.family()) : handles_[0];
  const auto local = host_.stack.local_endpoint(handle);
  if (!local) return std::nullopt;
  return *local;
}

// ---- options

int DatagramSocket::take_error() {
  for (const Handle each : handles_) {
    if (!each) continue;
    if (const std::error_code error = host_.stack.take_error(each)) return error.value();
  }
  return 0;
}

udp::SocketOptions DatagramSocket::engine_options(Family family) const {
  const bool v4 = family == Family::ipv4;
  udp::SocketOptions options;
  options.broadcast = settings_.broadcast;
  options.dont_fragment =
      v4 && (ip_.mtu_discover == IP_PMTUDISC_DO || ip_.mtu_discover == IP_PMTUDISC_PROBE);
  const int hops = v4 ? ip_.ttl : ip_.unicast_hops;
  options.hop_limit = hops > 0 ? static_cast<std::uint8_t>(hops) : std::uint8_t{0};
  options.traffic_class = static_cast<std::uint8_t>(v4 ? ip_.tos : ip_.traffic_class);
  const auto limit = host_.stack.config().limits.udp_receive_bytes;
  options.receive_buffer = std::min(static_cast<std::uint32_t>(settings_.receive_buffer), limit);
  return options;
}

int DatagramSocket::apply() {
  for (const Handle each : handles_) {
    if (!each) continue;
    const auto local = host_.stack.local_endpoint(each);
    if (!local) continue;
    const Status changed =
        host_.stack.set_udp_options(each, engine_options(local->address.family()));
    if (!changed) return changed.error().value();
  }
  return 0;
}

Outcome DatagramSocket::get_transport_option(int level, int, OptionTarget) {
  return failed(level != IPPROTO_UDP && domain() == AF_INET ? EOPNOTSUPP : ENOPROTOOPT);
}
Outcome DatagramSocket::set_transport_option(int, int, OptionSource) { return failed(ENOPROTOOPT); }

int DatagramSocket::current_send_buffer() const { return static_cast<int>(host_.limits.wmem_max); }

int DatagramSocket::current_receive_buffer() const {
  return static_cast<int>(host_.stack.config().limits.udp_receive_bytes);
}

Socket::Queues DatagramSocket::queues() const {
  Queues sum;
  for (const Handle each : handles_) {
    if (!each) continue;
    if (const auto view = host_.stack.inspect_udp(each)) {
      sum.received += view->receive_cost;
      sum.dropped += static_cast<std::uint32_t>(view->dropped);
    }
  }
  return sum;
}

int DatagramSocket::path_mtu() const {
  if (!remote_) return 0;
  const auto view = host_.stack.inspect_udp(handle_for(remote_->address.family()));
  return view ? static_cast<int>(view->path_mtu) : 0;
}

// udp_ioctl(): FIONREAD is the size of the next datagram.
std::optional<Outcome> DatagramSocket::control(unsigned long request, int* value) {
  if (request != SIOCINQ && request != SIOCOUTQ) return std::nullopt;
  if (value == nullptr) return failed(EFAULT);
  *value = 0;
  if (request == SIOCOUTQ) return returned(0);
  for (const Handle each : handles_) {
    if (!each || (host_.stack.readiness(each) & kReadable) == 0) continue;
    if (const auto next = host_.stack.peek_from(each, {}, host_.now)) {
      *value = static_cast<int>(next->full_size);
      break;
    }
  }
  return returned(0);
}

}  // namespace bowline::inline v0::sockets
