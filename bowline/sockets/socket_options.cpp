// getsockopt and setsockopt of SOL_SOCKET: sk_getsockopt(), sk_setsockopt().

#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "bowline/sockets/socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

// What the new names of SO_RCVTIMEO and SO_SNDTIMEO take, on all machines.
struct LongTime {
  std::int64_t tv_sec;
  std::int64_t tv_usec;
};

// What SO_TXTIME takes.
struct SendTime {
  std::int32_t clock;
  std::uint32_t flags;
};

// Newer than the oldest headers that this builds with.
constexpr int kTimestamping = 37;                // SO_TIMESTAMPING
constexpr int kTimestampingNew = 65;             // SO_TIMESTAMPING_NEW
constexpr int kMaxPacingRate = 47;               // SO_MAX_PACING_RATE
constexpr int kCookie = 57;                      // SO_COOKIE
constexpr int kSendTime = 61;                    // SO_TXTIME
constexpr int kBindToInterface = 62;             // SO_BINDTOIFINDEX
constexpr int kReceiveTimeoutNew = 66;           // SO_RCVTIMEO_NEW
constexpr int kSendTimeoutNew = 67;              // SO_SNDTIMEO_NEW
constexpr int kBusyPollBudget = 70;              // SO_BUSY_POLL_BUDGET
constexpr int kNamespaceCookie = 71;             // SO_NETNS_COOKIE
constexpr int kBufferLock = 72;                  // SO_BUF_LOCK
constexpr unsigned kSendLock = 1;                // SOCK_SNDBUF_LOCK
constexpr unsigned kReceiveLock = 2;             // SOCK_RCVBUF_LOCK
constexpr int kTimestampingFlags = 0x3ffff;      // SOF_TIMESTAMPING_MASK of 6.18
constexpr int kTimestampingAlone = 0x800;        // SOF_TIMESTAMPING_OPT_TSONLY
constexpr int kTimestampingStatistics = 0x1000;  // SOF_TIMESTAMPING_OPT_STATS: goes with it
constexpr int kTimestampingIdOfTcp = 0x10000;    // SOF_TIMESTAMPING_OPT_ID_TCP: goes with
constexpr int kTimestampingId = 0x80;            // SOF_TIMESTAMPING_OPT_ID: of what is connected
constexpr int kMemInfo = 55;                     // SO_MEMINFO
constexpr int kZeroCopy = 60;                    // SO_ZEROCOPY
constexpr int kMinSendBuffer = 4608;             // SOCK_MIN_SNDBUF
constexpr int kMinReceiveBuffer = 2304;          // SOCK_MIN_RCVBUF
constexpr int kMaxUnprivilegedPriority = 6;

int doubled(std::uint32_t asked, int least) noexcept {
  const std::uint64_t twice = std::uint64_t{asked} * 2;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  return std::max(least, static_cast<int>(std::min(twice, kMost)));
}

template <class Value>
Outcome put_timeout(OptionTarget& to, Duration timeout) noexcept {
  Value value{};
  if (timeout != kForever) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
    value.tv_sec = static_cast<decltype(value.tv_sec)>(microseconds / 1'000'000);
    value.tv_usec = static_cast<decltype(value.tv_usec)>(microseconds % 1'000'000);
  }
  return to.put(&value, sizeof value);
}

// sock_set_timeout(): nothing at all means for ever; less than nothing, not at all.
template <class Value>
Outcome take_timeout(const OptionSource& from, Duration& timeout) noexcept {
  const auto value = from.as<Value>();
  if (!value) return failed(EINVAL);
  if (value->tv_usec < 0 || value->tv_usec >= 1'000'000) return failed(EDOM);
  constexpr std::int64_t kMostSeconds = 9'000'000'000;  // what a Duration can say
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

// SO_BUF_LOCK: a size that is locked is set, and one that is not is free to grow.
void Socket::lock_buffers(unsigned locks) {
  const auto follow = [](bool locked, int& set, int current) {
    if (!locked) set = 0;
    if (locked && set == 0) set = current;
  };
  follow((locks & kSendLock) != 0, settings_.send_buffer, current_send_buffer());
  follow((locks & kReceiveLock) != 0, settings_.receive_buffer, current_receive_buffer());
}

// Those of IP are other ones for datagrams.
bool Socket::keeps_options_of(int level) const noexcept {
  if (level == SOL_SOCKET) return true;
  return type_ == SOCK_STREAM && (level != IPPROTO_IPV6 || domain_ == AF_INET6);
}

Outcome Socket::get_option(int level, int option, OptionTarget to) {
  const bool ipv6 = level == IPPROTO_IPV6 && domain_ == AF_INET6;
  // Of a level that nobody knows not even the length is looked at.
  const int transport = type_ == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  const bool known = level == SOL_SOCKET || level == IPPROTO_IP || ipv6 || level == transport;
  if (const int error = known ? to.wrong(ipv6) : 0) return failed(error);
  if (keeps_options_of(level)) {
    if (const auto kept = kept_.get(level, option, to)) return *kept;
  }
  if (level == SOL_SOCKET) return get_socket_option(option, to);
  if (level == IPPROTO_IP) return get_ip_option(option, to);
  if (ipv6) return get_ipv6_option(option, to);
  return get_transport_option(level, option, to);
}

Outcome Socket::set_option(int level, int option, OptionSource from) {
  if (const int error = from.wrong()) return failed(error);
  if (keeps_options_of(level)) {
    if (const auto kept = kept_.set(level, option, from, host_.limits.net_admin)) return *kept;
  }
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
    case kZeroCopy:
    case kBindToInterface:
      return to.put(0);
    case SO_BINDTODEVICE:
      return to.put(nullptr, 0);  // to none
    case SO_PEERCRED: {
      const std::array<std::int32_t, 3> nobody{0, -1, -1};
      return to.put(nobody.data(), sizeof nobody);
    }
    case kTimestamping:
    case kTimestampingNew: {
      const std::array<std::uint32_t, 2> flags_and_clock{settings_.timestamping, 0};
      return to.put(flags_and_clock.data(), sizeof flags_and_clock);
    }
    case kMaxPacingRate: {
      const std::uint64_t rate = settings_.pacing_rate;
      if (to.room() >= sizeof rate) return to.put(&rate, sizeof rate);
      constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
      return to.put(static_cast<int>(static_cast<std::uint32_t>(std::min(rate, kMost))));
    }
    case kCookie: {
      // Any number that no other socket has while this one lives.
      const auto cookie = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this));
      return to.room() < sizeof cookie ? failed(EINVAL) : to.put(&cookie, sizeof cookie);
    }
    case kNamespaceCookie: {
      const std::uint64_t cookie = 1;
      return to.room() != sizeof cookie ? failed(EINVAL) : to.put(&cookie, sizeof cookie);
    }
    case kSendTime: {
      const SendTime set{settings_.send_time.first, settings_.send_time.second};
      return to.put(&set, sizeof set);
    }
    case kBufferLock:
      return to.put(static_cast<int>((settings_.send_buffer != 0 ? kSendLock : 0U) |
                                     (settings_.receive_buffer != 0 ? kReceiveLock : 0U)));
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
      return put_timeout<timeval>(to, settings_.receive_timeout);
    case SO_SNDTIMEO:
      return put_timeout<timeval>(to, settings_.send_timeout);
    case kReceiveTimeoutNew:
      return put_timeout<LongTime>(to, settings_.receive_timeout);
    case kSendTimeoutNew:
      return put_timeout<LongTime>(to, settings_.send_timeout);
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
  if (option == SO_BINDTODEVICE) {  // there are no devices with names here
    const auto first = from.as<char>();
    return first.value_or('\0') == '\0' ? returned(0) : failed(ENODEV);
  }
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
      return take_timeout<timeval>(from, settings_.receive_timeout);
    case SO_SNDTIMEO:
      return take_timeout<timeval>(from, settings_.send_timeout);
    case kReceiveTimeoutNew:
      return take_timeout<LongTime>(from, settings_.receive_timeout);
    case kSendTimeoutNew:
      return take_timeout<LongTime>(from, settings_.send_timeout);
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
    case kTimestamping:
    case kTimestampingNew:
      if ((*value & ~kTimestampingFlags) != 0) return failed(EINVAL);
      if ((*value & kTimestampingIdOfTcp) != 0 && (*value & kTimestampingId) == 0) {
        return failed(EINVAL);
      }
      if ((*value & kTimestampingStatistics) != 0 && (*value & kTimestampingAlone) == 0) {
        return failed(EINVAL);
      }
      if ((*value & kTimestampingId) != 0 && type_ == SOCK_STREAM && !remote()) {
        return failed(EINVAL);
      }
      settings_.timestamping = asked;
      return returned(0);
    case kMaxPacingRate: {
      constexpr auto kNone = std::numeric_limits<std::uint32_t>::max();
      const auto rate = from.as<std::uint64_t>();
      settings_.pacing_rate = rate             ? *rate
                              : asked == kNone ? std::numeric_limits<std::uint64_t>::max()
                                               : asked;
      return returned(0);
    }
    case kSendTime: {
      const auto wanted = from.as<SendTime>();
      constexpr std::uint32_t kFlags = 3;  // SOF_TXTIME_FLAGS_MASK
      if (!wanted || from.size() != sizeof *wanted || (wanted->flags & ~kFlags) != 0) {
        return failed(EINVAL);
      }
      if (wanted->clock != CLOCK_MONOTONIC && !host_.limits.net_admin) return failed(EPERM);
      if (wanted->clock != CLOCK_MONOTONIC && wanted->clock != CLOCK_REALTIME &&
          wanted->clock != CLOCK_TAI) {
        return failed(EINVAL);
      }
      settings_.send_time = {wanted->clock, wanted->flags};
      return returned(0);
    }
    case kBindToInterface:
      if (*value < 0) return failed(EINVAL);
      return on ? failed(ENODEV) : returned(0);  // see SO_BINDTODEVICE
    case kBusyPollBudget:
      if (*value < 0 || *value > 0xffff) return failed(EINVAL);
      return on && !host_.limits.net_admin ? failed(EPERM) : returned(0);
    case kBufferLock:
      if ((asked & ~(kSendLock | kReceiveLock)) != 0) return failed(EINVAL);
      lock_buffers(asked);
      return returned(0);
    case kZeroCopy:
      if (*value < 0 || *value > 1) return failed(EINVAL);
      return on ? failed(EOPNOTSUPP) : returned(0);  // sends are copied, always
    default:
      return failed(ENOPROTOOPT);
  }
}

}  // namespace bowline::inline v0::sockets
