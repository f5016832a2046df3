// getsockopt and setsockopt of SOL_SOCKET: sk_getsockopt(), sk_setsockopt().

#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "bowline/sockets/socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

// Newer than the oldest headers that this builds with.
constexpr int kMemInfo = 55;             // SO_MEMINFO
constexpr int kZeroCopy = 60;            // SO_ZEROCOPY
constexpr int kMinSendBuffer = 4608;     // SOCK_MIN_SNDBUF
constexpr int kMinReceiveBuffer = 2304;  // SOCK_MIN_RCVBUF
constexpr int kMaxUnprivilegedPriority = 6;

int doubled(std::uint32_t asked, int least) noexcept {
  const std::uint64_t twice = std::uint64_t{asked} * 2;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  return std::max(least, static_cast<int>(std::min(twice, kMost)));
}

Outcome put_timeout(OptionTarget& to, Duration timeout) noexcept {
  timeval value{};
  if (timeout != kForever) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
    value.tv_sec = static_cast<time_t>(microseconds / 1'000'000);
    value.tv_usec = static_cast<suseconds_t>(microseconds % 1'000'000);
  }
  return to.put(&value, sizeof value);
}

// sock_set_timeout(): nothing at all means for ever; less than nothing, not at all.
Outcome take_timeout(const OptionSource& from, Duration& timeout) noexcept {
  const auto value = from.as<timeval>();
  if (!value) return failed(EINVAL);
  if (value->tv_usec < 0 || value->tv_usec >= 1'000'000) return failed(EDOM);
  constexpr std::int64_t kMostSeconds = 1'000'000'000;
  if (value->tv_sec < 0) {
    timeout = Duration::zero();
  } else if (value->tv_sec == 0 && value->tv_usec == 0) {
    timeout = kForever;
  } else if (value->tv_sec >= kMostSeconds) {
    timeout = kForever;
  } else {
    timeout = std::chrono::seconds(value->tv_sec) + std::chrono::microseconds(value->tv_usec);
  }
  return returned(0);
}

}  // namespace

Outcome Socket::get_option(int level, int option, OptionTarget to) {
  if (const int error = to.wrong()) return failed(error);
  if (level == SOL_SOCKET) return get_socket_option(option, to);
  if (level == IPPROTO_IP) return get_ip_option(option, to);
  if (level == IPPROTO_IPV6 && domain_ == AF_INET6) return get_ipv6_option(option, to);
  return get_transport_option(level, option, to);
}

Outcome Socket::set_option(int level, int option, OptionSource from) {
  if (const int error = from.wrong()) return failed(error);
  Outcome outcome;
  if (level == SOL_SOCKET) {
    outcome = set_socket_option(option, from);
  } else if (level == IPPROTO_IP) {
    outcome = set_ip_option(option, from);
  } else if (level == IPPROTO_IPV6 && domain_ == AF_INET6) {
    outcome = set_ipv6_option(option, from);
  } else {
    return set_transport_option(level, option, from);
  }
  if (outcome.error != 0) return outcome;
  if (const int error = apply()) return failed(error);
  return outcome;
}

Outcome Socket::get_socket_option(int option, OptionTarget to) {
  switch (option) {
    case SO_DEBUG:
    case SO_NO_CHECK:
    case kZeroCopy:
      return to.put(0);
    case SO_REUSEADDR:
      return to.put(settings_.reuse_address);
    case SO_REUSEPORT:
      return to.put(settings_.reuse_port);
    case SO_BROADCAST:
      return to.put(settings_.broadcast);
    case SO_DONTROUTE:
      return to.put(settings_.dont_route);
    case SO_OOBINLINE:
      return to.put(settings_.oob_inline);
    case SO_TIMESTAMP:
      return to.put(settings_.timestamp);
    case SO_KEEPALIVE:
      return to.put(settings_.keep_alive);
    case SO_TYPE:
      return to.put(type_);
    case SO_PROTOCOL:
      return to.put(protocol_);
    case SO_DOMAIN:
      return to.put(domain_);
    case SO_ERROR:
      return to.put(take_error());
    case SO_ACCEPTCONN:
      return to.put(listening());
    case SO_PRIORITY:
      return to.put(settings_.priority);
    case SO_MARK:
      return to.put(settings_.mark);
    case SO_BUSY_POLL:
      return to.put(settings_.busy_poll);
    case SO_RCVLOWAT:
      return to.put(settings_.receive_low_water);
    case SO_SNDLOWAT:
      return to.put(1);
    case SO_SNDBUF:
      return to.put(settings_.send_buffer != 0 ? settings_.send_buffer : current_send_buffer());
    case SO_RCVBUF:
      return to.put(settings_.receive_buffer != 0 ? settings_.receive_buffer
                                                  : current_receive_buffer());
    case SO_RCVTIMEO:
      return put_timeout(to, settings_.receive_timeout);
    case SO_SNDTIMEO:
      return put_timeout(to, settings_.send_timeout);
    case SO_LINGER: {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(settings_.linger_time);
      const struct linger value{settings_.lingers ? 1 : 0, static_cast<int>(seconds.count())};
      return to.put(&value, sizeof value);
    }
    case SO_PEERNAME: {
      const auto peer = remote();
      if (!peer) return failed(ENOTCONN);
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      static_cast<void>(
          write_address(domain_, *peer, reinterpret_cast<sockaddr*>(&storage), &length));
      if (length < to.room()) return to.put(&storage, length);
      return length == to.room() ? to.put(&storage, length) : failed(EINVAL);
    }
    case kMemInfo: {
      // SK_MEMINFO_RMEM_ALLOC, _RCVBUF, _WMEM_ALLOC, _SNDBUF, _FWD_ALLOC, _WMEM_QUEUED, _OPTMEM,
      // _BACKLOG, _DROPS
      const Queues now = queues();
      const auto buffer = [](int set, int current) {
        return static_cast<std::uint32_t>(set != 0 ? set : current);
      };
      const std::array<std::uint32_t, 9> values{
          now.received,
          buffer(settings_.receive_buffer, current_receive_buffer()),
          0,
          buffer(settings_.send_buffer, current_send_buffer()),
          0,
          now.to_send,
          0,
          0,
          now.dropped};
      return to.put(values.data(), sizeof values);
    }
    default:
      return failed(ENOPROTOOPT);
  }
}

Outcome Socket::set_socket_option(int option, OptionSource from) {
  const auto value = from.as<int>();
  if (!value) return failed(EINVAL);
  const bool on = *value != 0;
  const auto asked = static_cast<std::uint32_t>(*value);
  switch (option) {
    case SO_REUSEADDR:
      settings_.reuse_address = on;
      return returned(0);
    case SO_REUSEPORT:
      settings_.reuse_port = on;
      return returned(0);
    case SO_BROADCAST:
      settings_.broadcast = on;
      return returned(0);
    case SO_DONTROUTE:
      settings_.dont_route = on;
      return returned(0);
    case SO_OOBINLINE:
      settings_.oob_inline = on;
      return returned(0);
    case SO_TIMESTAMP:
      settings_.timestamp = on;
      return returned(0);
    case SO_KEEPALIVE:
      settings_.keep_alive = on;
      return returned(0);
    case SO_DEBUG:
      return on && !host_.limits.net_admin ? failed(EACCES) : returned(0);
    case SO_NO_CHECK:
      return returned(0);
    case SO_BUSY_POLL:
      if (*value < 0) return failed(EINVAL);
      settings_.busy_poll = *value;
      return returned(0);
    case SO_PRIORITY:
      if ((*value < 0 || *value > kMaxUnprivilegedPriority) && !host_.limits.net_admin) {
        return failed(EPERM);
      }
      settings_.priority = *value;
      return returned(0);
    case SO_MARK:
      if (!host_.limits.net_admin) return failed(EPERM);
      settings_.mark = *value;
      return returned(0);
    case SO_RCVLOWAT: {
      // tcp_set_rcvlowat(): more than half a buffer would never come.
      const int cap = (settings_.receive_buffer != 0
                           ? settings_.receive_buffer
                           : static_cast<int>(host_.stack.config().tcp.receive_buffer_max)) /
                      2;
      const int wanted = *value < 0 ? std::numeric_limits<int>::max() : *value;
      settings_.receive_low_water =
          std::max(1, type_ == SOCK_STREAM ? std::min(wanted, cap) : wanted);
      return returned(0);
    }
    case SO_SNDBUF:
      settings_.send_buffer = doubled(std::min(asked, host_.limits.wmem_max), kMinSendBuffer);
      return returned(0);
    case SO_SNDBUFFORCE:
      if (!host_.limits.net_admin) return failed(EPERM);
      settings_.send_buffer =
          doubled(static_cast<std::uint32_t>(std::max(*value, 0)), kMinSendBuffer);
      return returned(0);
    case SO_RCVBUF:
      settings_.receive_buffer = doubled(std::min(asked, host_.limits.rmem_max), kMinReceiveBuffer);
      return returned(0);
    case SO_RCVBUFFORCE:
      if (!host_.limits.net_admin) return failed(EPERM);
      settings_.receive_buffer =
          doubled(static_cast<std::uint32_t>(std::max(*value, 0)), kMinReceiveBuffer);
      return returned(0);
    case SO_RCVTIMEO:
      return take_timeout(from, settings_.receive_timeout);
    case SO_SNDTIMEO:
      return take_timeout(from, settings_.send_timeout);
    case SO_LINGER: {
      const auto wanted = from.as<struct linger>();
      if (!wanted) return failed(EINVAL);
      settings_.lingers = wanted->l_onoff != 0;
      if (settings_.lingers) {
        // As a number without a sign, as the kernel takes it; and no longer than it can count.
        constexpr std::uint32_t kMost = 1'000'000'000;
        settings_.linger_time =
            std::chrono::seconds(std::min(static_cast<std::uint32_t>(wanted->l_linger), kMost));
      }
      return returned(0);
    }
    case kZeroCopy:
      if (*value < 0 || *value > 1) return failed(EINVAL);
      return on ? failed(EOPNOTSUPP) : returned(0);  // sends are copied, always
    default:
      return failed(ENOPROTOOPT);
  }
}

}  // namespace bowline::inline v0::sockets
