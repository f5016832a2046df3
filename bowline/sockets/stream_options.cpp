// getsockopt and setsockopt of IPPROTO_TCP: do_tcp_getsockopt(), do_tcp_setsockopt(); and ioctl.

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "bowline/sockets/stream_socket.hpp"
#include "bowline/sockets/tcp_info.hpp"

namespace bowline::inline v0::sockets {
namespace {

constexpr int kMinMss = 88;            // TCP_MIN_MSS
constexpr int kMaxWindow = 32'767;     // MAX_TCP_WINDOW
constexpr int kMaxKeepalive = 32'767;  // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, in seconds
constexpr int kMaxCount = 127;         // MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT
constexpr int kMaxLinger2 = 120;       // TCP_FIN_TIMEOUT_MAX, in seconds
constexpr int kMinClamp = 2304 / 2;    // SOCK_MIN_RCVBUF / 2
constexpr int kInitialTimeout = 1;     // TCP_TIMEOUT_INIT, in seconds
constexpr int kMaxTimeout = 120;       // TCP_RTO_MAX, in seconds
constexpr std::size_t kNameSize = 16;  // TCP_CA_NAME_MAX
// Newer than the oldest headers that this builds with.
constexpr int kRtoMax = 44;           // TCP_RTO_MAX_MS
constexpr int kRtoMin = 45;           // TCP_RTO_MIN_US
constexpr int kDelayedAckMax = 46;    // TCP_DELACK_MAX_US
constexpr int kTick = 4'000;          // of a kernel with HZ=250, in microseconds
constexpr int kMostTicked = 200'000;  // TCP_RTO_MIN, TCP_DELACK_MAX
constexpr std::size_t kKeySize = 16;  // TCP_FASTOPEN_KEY_LENGTH

// TCP_DEFER_ACCEPT counts SYN-ACKs and speaks of seconds: secs_to_retrans(), retrans_to_secs().
int retransmissions_of(int seconds) noexcept {
  if (seconds <= 0) return 0;
  int count = 1;
  int timeout = kInitialTimeout;
  int period = timeout;
  while (seconds > period && count < 255) {
    ++count;
    timeout = std::min(timeout * 2, kMaxTimeout);
    period += timeout;
  }
  return count;
}

int seconds_of(int count) noexcept {
  if (count <= 0) return 0;
  int timeout = kInitialTimeout;
  int period = timeout;
  while (--count > 0) {
    timeout = std::min(timeout * 2, kMaxTimeout);
    period += timeout;
  }
  return period;
}

int seconds(Duration duration) noexcept {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// A key of Fast Open, its words in little endian.
std::uint64_t word_of(const std::byte* bytes) noexcept {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < sizeof word; ++i) {
    word |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * i;
  }
  return word;
}

void put_word(std::byte* bytes, std::uint64_t word) noexcept {
  for (unsigned i = 0; i < sizeof word; ++i) bytes[i] = static_cast<std::byte>(word >> 8 * i);
}

std::optional<tcp::CongestionAlgorithm> algorithm_named(std::string_view wanted) noexcept {
  using tcp::CongestionAlgorithm;
  for (const auto each :
       {CongestionAlgorithm::reno, CongestionAlgorithm::cubic, CongestionAlgorithm::bbr}) {
    if (tcp::name(each) == wanted) return each;
  }
  return std::nullopt;
}

}  // namespace

Outcome StreamSocket::get_transport_option(int level, int option, OptionTarget to) {
  // do_ip_getsockopt() and ipv6_getsockopt() differ about levels that they do not know.
  if (level != IPPROTO_TCP) return failed(domain() == AF_INET ? EOPNOTSUPP : ENOPROTOOPT);
  const auto now = view();
  const int state = this->state();
  const tcp::Settings& defaults = host_.stack.config().tcp;
  switch (option) {
    case TCP_MAXSEG: {
      const int mss = now && now->snd_mss != 0 ? now->snd_mss : defaults.mss_default_v4;
      const bool as_set = stream_.user_mss != 0 && (state == TCP_CLOSE || state == TCP_LISTEN);
      return to.put(as_set ? stream_.user_mss : mss);
    }
    case TCP_NODELAY:
      return to.put(tcp_.no_delay);
    case TCP_CORK:
      return to.put(tcp_.cork);
    case TCP_KEEPIDLE:
      return to.put(seconds(tcp_.keepalive.idle));
    case TCP_KEEPINTVL:
      return to.put(seconds(tcp_.keepalive.interval));
    case TCP_KEEPCNT:
      return to.put(static_cast<int>(tcp_.keepalive.probes));
    case TCP_SYNCNT:
      return to.put(stream_.syn_count != 0 ? stream_.syn_count : kDefaultSynRetries);
    case TCP_LINGER2:
      return to.put(stream_.linger2 != 0 ? stream_.linger2 : seconds(defaults.fin_wait_2));
    case TCP_DEFER_ACCEPT:
      return to.put(seconds_of(stream_.defer_accept));
    case TCP_WINDOW_CLAMP:
      return to.put(stream_.window_clamp);
    case TCP_INFO: {
      TcpInfo info;
      if (now) {
        const auto flight = host_.stack.inspect_flight(handle_);
        info = tcp_info(*now, flight.value_or(FlightView{}), state, host_.now);
      } else {
        info.state = static_cast<std::uint8_t>(state);
        if (listening()) {
          if (const auto listener = host_.stack.inspect_listener(handle_)) {
            info.unacked = listener->accept_queue;
            info.sacked = backlog_;
          }
        }
      }
      return to.put(&info, sizeof info);
    }
    case TCP_CC_INFO: {
      if (!now || !now->bbr) return to.put(nullptr, 0);
      TcpBbrInfo info;
      info.bw_lo = static_cast<std::uint32_t>(now->bbr->bw);
      info.bw_hi = static_cast<std::uint32_t>(now->bbr->bw >> 32U);
      info.min_rtt = static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(now->bbr->min_rtt).count());
      return to.put(&info, sizeof info);
    }
    case TCP_QUICKACK:  // "is it not in the interactive mode?"
      if (now && defaults.quick_acks > 0) return to.put(!now->answers);
      return to.put(stream_.quick_ack);
    case TCP_CONGESTION: {
      std::array<char, kNameSize> text{};
      const auto name =
          tcp::name(now ? now->congestion : tcp_.congestion.value_or(defaults.congestion));
      std::memcpy(text.data(), name.data(), std::min(name.size(), text.size() - 1));
      return to.put(text.data(), text.size());
    }
    case TCP_THIN_LINEAR_TIMEOUTS:
      return to.put(stream_.thin_linear_timeouts);
    case TCP_THIN_DUPACK:
      return to.put(0);
    case TCP_USER_TIMEOUT:
      return to.put(static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(tcp_.user_timeout).count()));
    case TCP_FASTOPEN:
      return to.put(stream_.fast_open);
    case TCP_FASTOPEN_KEY:
      return get_fast_open_key(to);
    case TCP_FASTOPEN_CONNECT:
      return to.put(stream_.fast_open_connect);
    case TCP_FASTOPEN_NO_COOKIE:
      return to.put(stream_.fast_open_no_cookie);
    case TCP_NOTSENT_LOWAT:
      return to.put(static_cast<int>(stream_.not_sent_low_water));
    case TCP_INQ:
      return to.put(stream_.inq);
    case TCP_SAVE_SYN:
      return to.put(stream_.save_syn);
    case TCP_ULP:
    case TCP_SAVED_SYN:
      return to.put(nullptr, 0);  // none was kept
    case kRtoMax:
      return to.put(stream_.rto_max);
    case kRtoMin:
      return to.put(stream_.rto_min);
    case kDelayedAckMax:
      return to.put(stream_.delayed_ack_max);
    case TCP_TIMESTAMP:
      return to.put(static_cast<int>(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(host_.now - Time{}).count() +
          (now ? now->ts_offset : 0U))));
    case TCP_REPAIR:
      return to.put(0);
    default:
      return failed(ENOPROTOOPT);
  }
}

Outcome StreamSocket::set_transport_option(int level, int option, OptionSource from) {
  if (level != IPPROTO_TCP) return failed(ENOPROTOOPT);
  if (option == TCP_CONGESTION) return set_congestion(from);
  if (option == TCP_FASTOPEN_KEY) return set_fast_open_key(from);
  if (option == TCP_ULP) return failed(from.size() < 1 ? EINVAL : ENOENT);  // there are none
  const auto given = from.as<int>();
  if (!given) return failed(EINVAL);
  const Outcome outcome = set_number(option, *given);
  if (outcome.error != 0) return outcome;
  if (const int error = apply()) return failed(error);
  return outcome;
}

Outcome StreamSocket::set_congestion(OptionSource from) {
  if (from.size() < 1) return failed(EINVAL);
  std::array<char, kNameSize> text{};
  std::memcpy(text.data(), from.data(), std::min(from.size(), text.size() - 1));
  const auto algorithm = algorithm_named(text.data());
  if (!algorithm) return failed(ENOENT);
  const auto before = std::exchange(tcp_.congestion, algorithm);
  if (const int error = apply()) {
    tcp_.congestion = before;
    return failed(error);
  }
  return returned(0);
}

// One key, or two: those of a socket, whether it listens already or not.
Outcome StreamSocket::set_fast_open_key(OptionSource from) {
  const auto keys = from.as<std::array<std::byte, kKeySize>>();
  const auto both = from.as<std::array<std::byte, 2 * kKeySize>>();
  if (!keys || (from.size() != kKeySize && from.size() != 2 * kKeySize)) return failed(EINVAL);
  const auto key_at = [](const std::byte* at) {
    return SipKey{word_of(at), word_of(at + kKeySize / 2)};
  };
  stream_.fast_open_key = key_at(keys->data());
  stream_.fast_open_backup_key.reset();
  if (both) stream_.fast_open_backup_key = key_at(both->data() + kKeySize);
  if (!listening()) return returned(0);
  const int error = listen_again();
  return error == 0 ? returned(0) : failed(error);
}

// tcp_fastopen_get_cipher(): the socket's, or everybody's.
Outcome StreamSocket::get_fast_open_key(OptionTarget to) const {
  const tcp::FastOpenSettings& all = host_.stack.config().tcp.fast_open;
  const bool own = stream_.fast_open_key.has_value();
  std::array<std::byte, 2 * kKeySize> text{};
  std::size_t size = 0;
  for (const auto& key : {own ? stream_.fast_open_key : all.key,
                          own ? stream_.fast_open_backup_key : all.previous_key}) {
    if (!key) break;
    put_word(text.data() + size, key->k0);
    put_word(text.data() + size + kKeySize / 2, key->k1);
    size += kKeySize;
  }
  return to.put(text.data(), size);
}

Outcome StreamSocket::set_number(int option, int value) {
  const int state = this->state();
  const bool unopened = state == TCP_CLOSE || state == TCP_LISTEN;
  const auto within = [value](int least, int most) { return value >= least && value <= most; };
  switch (option) {
    case TCP_MAXSEG:
      if (value != 0 && !within(kMinMss, kMaxWindow)) return failed(EINVAL);
      stream_.user_mss = value;
      tcp_.mss = static_cast<std::uint16_t>(value);
      return returned(0);
    case TCP_NODELAY:
      // Set again, it pushes again what waits: the Stack is told of the change.
      if (std::exchange(tcp_.no_delay, false) && value != 0) static_cast<void>(apply());
      tcp_.no_delay = value != 0;
      return returned(0);
    case TCP_CORK:
      tcp_.cork = value != 0;
      return returned(0);
    case TCP_KEEPIDLE:
      if (!within(1, kMaxKeepalive)) return failed(EINVAL);
      tcp_.keepalive.idle = std::chrono::seconds(value);
      return returned(0);
    case TCP_KEEPINTVL:
      if (!within(1, kMaxKeepalive)) return failed(EINVAL);
      tcp_.keepalive.interval = std::chrono::seconds(value);
      return returned(0);
    case TCP_KEEPCNT:
      if (!within(1, kMaxCount)) return failed(EINVAL);
      tcp_.keepalive.probes = static_cast<std::uint8_t>(value);
      return returned(0);
    case TCP_SYNCNT:
      if (!within(1, kMaxCount)) return failed(EINVAL);
      stream_.syn_count = value;
      return returned(0);
    case TCP_LINGER2:
      stream_.linger2 = value < 0 ? -1 : std::min(value, kMaxLinger2);
      return returned(0);
    case TCP_DEFER_ACCEPT:
      stream_.defer_accept = retransmissions_of(value);
      return returned(0);
    case TCP_WINDOW_CLAMP:
      if (value == 0 && state != TCP_CLOSE) return failed(EINVAL);
      stream_.window_clamp = value == 0 ? 0 : std::max(value, kMinClamp);
      return returned(0);
    case TCP_QUICKACK:
      // With Linux's quick acknowledgments it is an order, which counts until the connection
      // becomes interactive again by itself (tcp_sock_set_quickack()): the Stack is told of a
      // change. Otherwise it holds until it is taken back.
      if (host_.stack.config().tcp.quick_acks > 0 && tcp_.quick_ack == (value != 0)) {
        tcp_.quick_ack = value == 0;
        static_cast<void>(apply());
      }
      stream_.quick_ack = tcp_.quick_ack = value != 0;
      return returned(0);
    case TCP_THIN_LINEAR_TIMEOUTS:
      if (!within(0, 1)) return failed(EINVAL);
      stream_.thin_linear_timeouts = value != 0;
      return returned(0);
    case TCP_THIN_DUPACK:
      return within(0, 1) ? returned(0) : failed(EINVAL);
    case TCP_USER_TIMEOUT:
      if (value < 0) return failed(EINVAL);
      tcp_.user_timeout = std::chrono::milliseconds(value);
      return returned(0);
    case TCP_FASTOPEN:
      if (value < 0 || !unopened) return failed(EINVAL);
      stream_.fast_open =
          static_cast<int>(std::min(static_cast<std::uint32_t>(value), host_.limits.somaxconn));
      return returned(0);
    case TCP_FASTOPEN_CONNECT:
      if (!within(0, 1)) return failed(EINVAL);
      if (!host_.stack.config().tcp.fast_open.client) return failed(EOPNOTSUPP);
      if (state != TCP_CLOSE) return failed(EINVAL);
      stream_.fast_open_connect = value != 0;
      return returned(0);
    case TCP_FASTOPEN_NO_COOKIE:
      if (!within(0, 1) || !unopened) return failed(EINVAL);
      stream_.fast_open_no_cookie = value != 0;
      return returned(0);
    case TCP_NOTSENT_LOWAT:
      stream_.not_sent_low_water = static_cast<std::uint32_t>(value);
      return returned(0);
    case TCP_INQ:
      if (!within(0, 1)) return failed(EINVAL);
      stream_.inq = value != 0;
      return returned(0);
    case TCP_SAVE_SYN:
      if (!within(0, 2)) return failed(EINVAL);
      stream_.save_syn = value;
      return returned(0);
    case kRtoMax:
      if (!within(1'000, 1'000 * kMaxTimeout)) return failed(EINVAL);
      stream_.rto_max = value;
      return returned(0);
    case kRtoMin:
    case kDelayedAckMax:
      if (!within(kTick + 1, kMostTicked)) return failed(EINVAL);
      (option == kRtoMin ? stream_.rto_min : stream_.delayed_ack_max) =
          (value + kTick - 1) / kTick * kTick;
      return returned(0);
    case TCP_REPAIR:
    case TCP_TIMESTAMP:
      return failed(EPERM);  // nobody has a connection to repair
    default:
      return failed(ENOPROTOOPT);
  }
}

// tcp_ioctl()
std::optional<Outcome> StreamSocket::control(unsigned long request, int* value) {
  if (request != SIOCINQ && request != SIOCOUTQ && request != SIOCOUTQNSD &&
      request != SIOCATMARK) {
    return std::nullopt;
  }
  if (request != SIOCATMARK && listening()) return failed(EINVAL);
  if (value == nullptr) return failed(EFAULT);
  const auto now = view();
  const int state = this->state();
  const bool open = now && state != TCP_SYN_SENT && state != TCP_SYN_RECV;
  switch (request) {
    case SIOCINQ:
      *value = open ? static_cast<int>(readable_bytes(*now)) : 0;
      break;
    case SIOCOUTQ:
      *value = open && state != TCP_CLOSE ? static_cast<int>(now->in_flight + now->unsent) : 0;
      break;
    case SIOCOUTQNSD:
      *value = open && state != TCP_CLOSE ? static_cast<int>(now->unsent) : 0;
      break;
    default:
      *value = now && at_mark(*now) ? 1 : 0;
      break;
  }
  return returned(0);
}

}  // namespace bowline::inline v0::sockets
