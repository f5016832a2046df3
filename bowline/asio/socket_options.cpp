#include "bowline/asio/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/detail/socket_types.hpp>
#include <boost/asio/error.hpp>
#include <chrono>
#include <cstring>
#include <limits>

namespace bowline::inline v0::net {
namespace {

using boost::system::error_code;

/// What an option is about: the socket's fields when it is set, those and the defaults when it is
/// read.
template <class Options>
struct SubjectOf {
  Options& options;
  SocketFlags& flags;
};
template <class Options, class Defaults>
struct SourceOf {
  const Options& options;
  const SocketFlags& flags;
  const Defaults& settings;
};

template <class Options, class Defaults>
struct RowOf {
  int level;
  int name;
  int least, most;
  void (*set)(SubjectOf<Options>, int);
  int (*get)(SourceOf<Options, Defaults>);
};

constexpr int kMax = std::numeric_limits<int>::max();

int to_int(std::uint32_t value) {
  return static_cast<int>(std::min<std::uint32_t>(value, static_cast<std::uint32_t>(kMax)));
}
template <class Unit>
int to_int(Duration value) {
  return static_cast<int>(
      std::min<std::int64_t>(std::chrono::duration_cast<Unit>(value).count(), kMax));
}

// A bool is whatever is not 0.
constexpr int kFalse = std::numeric_limits<int>::min();

namespace of_tcp {

using Subject = SubjectOf<bowline::tcp::SocketOptions>;
using Source = SourceOf<bowline::tcp::SocketOptions, bowline::tcp::Settings>;
using Row = RowOf<bowline::tcp::SocketOptions, bowline::tcp::Settings>;

const std::array kTable{
    Row{SOL_SOCKET, SO_KEEPALIVE, kFalse, kMax,
        [](Subject s, int v) { s.options.keepalive.enabled = v != 0; },
        [](Source s) -> int { return s.options.keepalive.enabled; }},
    Row{SOL_SOCKET, SO_SNDBUF, 1, kMax,
        [](Subject s, int v) { s.options.send_buffer = static_cast<std::uint32_t>(v); },
        [](Source s) {
          return to_int(s.options.send_buffer != 0 ? s.options.send_buffer
                                                   : s.settings.send_buffer);
        }},
    Row{SOL_SOCKET, SO_RCVBUF, 1, kMax,
        [](Subject s, int v) { s.options.receive_buffer = static_cast<std::uint32_t>(v); },
        [](Source s) {
          return to_int(s.options.receive_buffer != 0 ? s.options.receive_buffer
                                                      : s.settings.receive_buffer);
        }},
    Row{SOL_SOCKET, SO_RCVLOWAT, 1, kMax,
        [](Subject s, int v) { s.options.read_low_water = static_cast<std::uint32_t>(v); },
        [](Source s) { return to_int(s.options.read_low_water); }},
    Row{SOL_SOCKET, SO_REUSEADDR, kFalse, kMax,
        [](Subject s, int v) { s.flags.reuse_address = v != 0; },
        [](Source s) -> int { return s.flags.reuse_address; }},
    Row{SOL_SOCKET, SO_BROADCAST, kFalse, kMax,
        [](Subject s, int v) { s.flags.broadcast = v != 0; },
        [](Source s) -> int { return s.flags.broadcast; }},
    // Urgent data is read in its place and nowhere else (RFC 6093 section 6).
    Row{SOL_SOCKET, SO_OOBINLINE, 1, kMax, [](Subject, int) {}, [](Source) { return 1; }},
    Row{boost::asio::detail::custom_socket_option_level,
        boost::asio::detail::enable_connection_aborted_option, kFalse, kMax,
        [](Subject s, int v) { s.flags.enable_connection_aborted = v != 0; },
        [](Source s) -> int { return s.flags.enable_connection_aborted; }},
    Row{IPPROTO_TCP, TCP_NODELAY, kFalse, kMax,
        [](Subject s, int v) { s.options.no_delay = v != 0; },
        [](Source s) -> int { return s.options.no_delay; }},
    Row{IPPROTO_TCP, TCP_CORK, kFalse, kMax, [](Subject s, int v) { s.options.cork = v != 0; },
        [](Source s) -> int { return s.options.cork; }},
    Row{IPPROTO_TCP, TCP_QUICKACK, kFalse, kMax,
        [](Subject s, int v) { s.options.quick_ack = v != 0; },
        [](Source s) -> int { return s.options.quick_ack; }},
    Row{IPPROTO_TCP, TCP_KEEPIDLE, 1, kMax,
        [](Subject s, int v) { s.options.keepalive.idle = std::chrono::seconds(v); },
        [](Source s) { return to_int<std::chrono::seconds>(s.options.keepalive.idle); }},
    Row{IPPROTO_TCP, TCP_KEEPINTVL, 1, kMax,
        [](Subject s, int v) { s.options.keepalive.interval = std::chrono::seconds(v); },
        [](Source s) { return to_int<std::chrono::seconds>(s.options.keepalive.interval); }},
    Row{IPPROTO_TCP, TCP_KEEPCNT, 1, 255,
        [](Subject s, int v) { s.options.keepalive.probes = static_cast<std::uint8_t>(v); },
        [](Source s) -> int { return s.options.keepalive.probes; }},
    Row{IPPROTO_TCP, TCP_USER_TIMEOUT, 0, kMax,
        [](Subject s, int v) { s.options.user_timeout = std::chrono::milliseconds(v); },
        [](Source s) { return to_int<std::chrono::milliseconds>(s.options.user_timeout); }},
    Row{IPPROTO_TCP, TCP_MAXSEG, 0, 65'535,
        [](Subject s, int v) { s.options.mss = static_cast<std::uint16_t>(v); },
        [](Source s) -> int { return s.options.mss; }},
    Row{IPPROTO_IP, IP_TTL, 1, 255,
        [](Subject s, int v) { s.options.hop_limit = static_cast<std::uint8_t>(v); },
        [](Source s) { return s.options.hop_limit != 0 ? int{s.options.hop_limit} : 64; }},
    Row{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, 255,
        [](Subject s, int v) { s.options.hop_limit = static_cast<std::uint8_t>(v); },
        [](Source s) { return s.options.hop_limit != 0 ? int{s.options.hop_limit} : 64; }},
    Row{IPPROTO_IP, IP_TOS, 0, 255,
        [](Subject s, int v) { s.options.traffic_class = static_cast<std::uint8_t>(v); },
        [](Source s) -> int { return s.options.traffic_class; }},
    Row{IPPROTO_IPV6, IPV6_TCLASS, 0, 255,
        [](Subject s, int v) { s.options.traffic_class = static_cast<std::uint8_t>(v); },
        [](Source s) -> int { return s.options.traffic_class; }},
    // A listener of :: takes IPv6 alone in this stack; the wish for both is refused.
    Row{IPPROTO_IPV6, IPV6_V6ONLY, 1, 1, [](Subject, int) {}, [](Source) { return 1; }},
};

}  // namespace of_tcp

namespace of_udp {

using Subject = SubjectOf<bowline::udp::SocketOptions>;
using Source = SourceOf<bowline::udp::SocketOptions, Limits>;
using Row = RowOf<bowline::udp::SocketOptions, Limits>;

const std::array kTable{
    Row{SOL_SOCKET, SO_BROADCAST, kFalse, kMax,
        [](Subject s, int v) { s.options.broadcast = v != 0; },
        [](Source s) -> int { return s.options.broadcast; }},
    Row{SOL_SOCKET, SO_REUSEADDR, kFalse, kMax,
        [](Subject s, int v) { s.flags.reuse_address = v != 0; },
        [](Source s) -> int { return s.flags.reuse_address; }},
    Row{SOL_SOCKET, SO_RCVBUF, 1, kMax,
        [](Subject s, int v) { s.options.receive_buffer = static_cast<std::uint32_t>(v); },
        [](Source s) {
          return to_int(s.options.receive_buffer != 0 ? s.options.receive_buffer
                                                      : s.settings.udp_receive_bytes);
        }},
    Row{SOL_SOCKET, SO_SNDBUF, 1, kMax, [](Subject s, int v) { s.flags.datagram_send_buffer = v; },
        [](Source s) { return s.flags.datagram_send_buffer; }},
    Row{IPPROTO_IP, IP_TTL, 1, 255,
        [](Subject s, int v) { s.options.hop_limit = static_cast<std::uint8_t>(v); },
        [](Source s) { return s.options.hop_limit != 0 ? int{s.options.hop_limit} : 64; }},
    Row{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, 255,
        [](Subject s, int v) { s.options.hop_limit = static_cast<std::uint8_t>(v); },
        [](Source s) { return s.options.hop_limit != 0 ? int{s.options.hop_limit} : 64; }},
    Row{IPPROTO_IP, IP_TOS, 0, 255,
        [](Subject s, int v) { s.options.traffic_class = static_cast<std::uint8_t>(v); },
        [](Source s) -> int { return s.options.traffic_class; }},
    Row{IPPROTO_IPV6, IPV6_TCLASS, 0, 255,
        [](Subject s, int v) { s.options.traffic_class = static_cast<std::uint8_t>(v); },
        [](Source s) -> int { return s.options.traffic_class; }},
    // Whether a datagram may be cut on its way; the path's MTU is heeded in either case.
    Row{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_DO,
        [](Subject s, int v) { s.options.dont_fragment = v == IP_PMTUDISC_DO; },
        [](Source s) -> int {
          return s.options.dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT;
        }},
    Row{IPPROTO_IPV6, IPV6_V6ONLY, 1, 1, [](Subject, int) {}, [](Source) { return 1; }},
};

}  // namespace of_udp

template <class Table>
auto find(const Table& table, int level, int name) {
  const auto* const row = std::find_if(table.begin(), table.end(), [&](const auto& candidate) {
    return candidate.level == level && candidate.name == name;
  });
  return row == table.end() ? nullptr : row;
}

error_code set_linger(bowline::tcp::SocketOptions& options, const void* data, std::size_t size) {
  ::linger value{};
  if (size != sizeof value) return boost::asio::error::invalid_argument;
  std::memcpy(&value, data, size);
  if (value.l_linger < 0) return boost::asio::error::invalid_argument;
  options.linger = value.l_onoff != 0;
  options.linger_time = std::chrono::seconds(value.l_linger);
  return {};
}

error_code put(const void* value, std::size_t value_size, void* data, std::size_t& size) {
  if (size < value_size) return boost::asio::error::invalid_argument;
  std::memcpy(data, value, value_size);
  size = value_size;
  return {};
}

template <class Table, class Options>
error_code set(const Table& table, Options& options, SocketFlags& flags, int level, int name,
               const void* data, std::size_t size) {
  const auto* const row = find(table, level, name);
  if (row == nullptr) return boost::asio::error::no_protocol_option;
  int value = 0;
  if (size != sizeof value) return boost::asio::error::invalid_argument;
  std::memcpy(&value, data, size);
  if (value < row->least || value > row->most) return boost::asio::error::invalid_argument;
  row->set({options, flags}, value);
  return {};
}

template <class Table, class Source>
error_code get(const Table& table, const Source& source, int level, int name, void* data,
               std::size_t& size) {
  const auto* const row = find(table, level, name);
  if (row == nullptr) return boost::asio::error::no_protocol_option;
  const int value = row->get(source);
  return put(&value, sizeof value, data, size);
}

}  // namespace

error_code set_socket_option(bowline::tcp::SocketOptions& options, SocketFlags& flags, int level,
                             int name, const void* data, std::size_t size) {
  if (level == SOL_SOCKET && name == SO_LINGER) return set_linger(options, data, size);
  return set(of_tcp::kTable, options, flags, level, name, data, size);
}

error_code set_socket_option(bowline::udp::SocketOptions& options, SocketFlags& flags, int level,
                             int name, const void* data, std::size_t size) {
  return set(of_udp::kTable, options, flags, level, name, data, size);
}

error_code get_socket_option(const bowline::tcp::SocketOptions& options, const SocketFlags& flags,
                             const bowline::tcp::Settings& settings, int level, int name,
                             void* data, std::size_t& size) {
  if (level == SOL_SOCKET && name == SO_LINGER) {
    ::linger value{};
    value.l_onoff = options.linger;
    value.l_linger = to_int<std::chrono::seconds>(options.linger_time);
    return put(&value, sizeof value, data, size);
  }
  return get(of_tcp::kTable, of_tcp::Source{options, flags, settings}, level, name, data, size);
}

error_code get_socket_option(const bowline::udp::SocketOptions& options, const SocketFlags& flags,
                             const Limits& limits, int level, int name, void* data,
                             std::size_t& size) {
  return get(of_udp::kTable, of_udp::Source{options, flags, limits}, level, name, data, size);
}

}  // namespace bowline::inline v0::net
