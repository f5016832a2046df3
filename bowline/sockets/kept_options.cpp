#include "bowline/sockets/kept_options.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <span>

namespace bowline::inline v0::sockets {
namespace {

// What getsockopt says.
enum class Tells : std::uint8_t {
  number,  // what was set, at first `value`
  empty,   // nothing, in 0 bytes
  error,   // `value`
};

// What setsockopt takes.
enum class Takes : std::uint8_t {
  flag,             // any number: is it 0?
  privileged_flag,  // the same, with privileges where it is not 0
  flag_or_default,  // 0 or 1, or -1: as at first
  within,           // a number from `least` to `most`, else EINVAL
  ignored,          // any number, and forgets it
  unsupported,      // a number that is not negative, to say EOPNOTSUPP
  error,            // nothing: `least` says why
};

// How long the value must be.
enum class Length : std::uint8_t {
  whole,  // an int
  some,   // an int, or a byte
  any,    // or nothing: that is 0 (and so is a byte, but for IPPROTO_IP)
};

struct Row {
  int option;
  Tells tells;
  int value;
  Takes takes;
  int least = 0;
  int most = 0;
  Length length = Length::whole;
};

constexpr int kMost = std::numeric_limits<int>::max();
constexpr int kLeast = std::numeric_limits<int>::min();

using Takes::flag;
using Takes::flag_or_default;
using Takes::ignored;
using Takes::privileged_flag;
using Takes::unsupported;
using Takes::within;
using Tells::empty;
using Tells::number;

constexpr auto kOfSocket = std::to_array<Row>({
    {11, number, 0, flag},                                     // SO_NO_CHECK
    {14, number, 0, ignored},                                  // SO_BSDCOMPAT
    {16, Tells::error, EOPNOTSUPP, Takes::error, EOPNOTSUPP},  // SO_PASSCRED: of Unix sockets
    {26, empty, 0, Takes::error, EPERM},                       // SO_ATTACH_FILTER
    {27, Tells::error, ENOPROTOOPT, Takes::error, ENOENT},     // SO_DETACH_FILTER: there is none
    {34, Tells::error, EOPNOTSUPP, Takes::error, EOPNOTSUPP},  // SO_PASSSEC
    {35, number, 0, flag},                                     // SO_TIMESTAMPNS
    {40, number, 0, flag},                                     // SO_RXQ_OVFL
    {41, number, 0, flag},                                     // SO_WIFI_STATUS
    {42, number, -1, within, kLeast, kMost},                   // SO_PEEK_OFF
    {43, number, 0, flag},                                     // SO_NOFCS
    {44, number, 0, flag},                                     // SO_LOCK_FILTER
    {45, number, 0, flag},                                     // SO_SELECT_ERR_QUEUE
    {48, number, 64, Takes::error, ENOPROTOOPT},               // SO_BPF_EXTENSIONS
    {49, number, -1, within, kLeast, kMost},                   // SO_INCOMING_CPU
    {51, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},     // SO_ATTACH_REUSEPORT_CBPF
    {53, Tells::error, ENOPROTOOPT, ignored},                  // SO_CNX_ADVICE
    {56, number, 0, Takes::error, ENOPROTOOPT},                // SO_INCOMING_NAPI_ID
    {59, Tells::error, ENODATA, Takes::error, ENOPROTOOPT},    // SO_PEERGROUPS
    {63, number, 0, flag},                                     // SO_TIMESTAMP_NEW
    {64, number, 0, flag},                                     // SO_TIMESTAMPNS_NEW
    {68, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},     // SO_DETACH_REUSEPORT_BPF
    {69, number, 0, privileged_flag},                          // SO_PREFER_BUSY_POLL
    {73, number, 0, unsupported},                              // SO_RESERVE_MEM
    {74, number, 1, flag_or_default},                          // SO_TXREHASH
    {75, number, 0, flag},                                     // SO_RCVMARK
    {76, Tells::error, EOPNOTSUPP, Takes::error, EOPNOTSUPP},  // SO_PASSPIDFD
    {77, Tells::error, ENODATA, Takes::error, ENOPROTOOPT},    // SO_PEERPIDFD
    {82, number, 0, flag},                                     // SO_RCVPRIORITY
    {83, Tells::error, EOPNOTSUPP, Takes::error, EOPNOTSUPP},  // SO_PASSRIGHTS
});

constexpr auto kOfTcp = std::to_array<Row>({
    {14, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // TCP_MD5SIG: there are no signatures
    {20, Tells::error, EINVAL, Takes::error, EPERM},        // TCP_REPAIR_QUEUE
    {21, Tells::error, EINVAL, Takes::error, EINVAL},       // TCP_QUEUE_SEQ
    {22, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // TCP_REPAIR_OPTIONS
    {29, Tells::error, EINVAL, Takes::error, EPERM},        // TCP_REPAIR_WINDOW
    {32, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // TCP_MD5SIG_EXT
    {35, Tells::error, EINVAL, Takes::error, ENOPROTOOPT},  // TCP_ZEROCOPY_RECEIVE
    {37, number, 0, within, 0, kMost},                      // TCP_TX_DELAY
    {42, Tells::error, EPERM, Takes::error, EPERM},         // TCP_AO_REPAIR
    {43, number, 0, Takes::error, ENOPROTOOPT},             // TCP_IS_MPTCP
});

constexpr auto kOfIp = std::to_array<Row>({
    {3, number, 0, Takes::error, ENOPROTOOPT},              // IP_HDRINCL: of raw sockets
    {5, number, 0, Takes::error, EINVAL},                   // IP_ROUTER_ALERT: the same
    {6, number, 0, flag, 0, 0, Length::any},                // IP_RECVOPTS
    {7, number, 0, flag, 0, 0, Length::any},                // IP_RETOPTS
    {8, number, 0, flag, 0, 0, Length::any},                // IP_PKTINFO
    {9, empty, 0, Takes::error, ENOPROTOOPT},               // IP_PKTOPTIONS
    {12, number, 0, flag, 0, 0, Length::any},               // IP_RECVTTL
    {13, number, 0, flag, 0, 0, Length::any},               // IP_RECVTOS
    {16, Tells::error, ENOPROTOOPT, Takes::error, EPERM},   // IP_IPSEC_POLICY
    {17, Tells::error, ENOPROTOOPT, Takes::error, EPERM},   // IP_XFRM_POLICY
    {18, number, 0, flag, 0, 0, Length::any},               // IP_PASSSEC
    {19, number, 0, privileged_flag, 0, 0, Length::some},   // IP_TRANSPARENT
    {20, number, 0, flag, 0, 0, Length::any},               // IP_RECVORIGDSTADDR
    {21, number, 0, within, 0, 255, Length::some},          // IP_MINTTL
    {22, number, 0, Takes::error, ENOPROTOOPT},             // IP_NODEFRAG: of raw sockets
    {23, number, 0, flag, 0, 0, Length::any},               // IP_CHECKSUM
    {24, number, 0, flag, 0, 0, Length::any},               // IP_BIND_ADDRESS_NO_PORT
    {25, number, 0, Takes::error, EINVAL},                  // IP_RECVFRAGSIZE
    {26, number, 0, within, 0, 1, Length::any},             // IP_RECVERR_RFC4884
    {33, number, 1, Takes::error, EINVAL},                  // IP_MULTICAST_TTL: of datagrams
    {34, number, 1, flag, 0, 0, Length::some},              // IP_MULTICAST_LOOP
    {35, Tells::error, ENOPROTOOPT, Takes::error, EPROTO},  // IP_ADD_MEMBERSHIP
    {36, Tells::error, ENOPROTOOPT, Takes::error, EPROTO},  // IP_DROP_MEMBERSHIP
    {37, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // IP_UNBLOCK_SOURCE
    {38, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // IP_BLOCK_SOURCE
    {39, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // IP_ADD_SOURCE_MEMBERSHIP
    {40, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // IP_DROP_SOURCE_MEMBERSHIP
    {42, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // MCAST_JOIN_GROUP and the rest
    {43, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {44, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {45, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {46, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {47, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {48, Tells::error, EINVAL, Takes::error, EINVAL},
    {49, number, 1, within, 0, 1, Length::some},  // IP_MULTICAST_ALL
    {52, number, 0, Takes::error, ENOPROTOOPT},   // IP_PROTOCOL
});

constexpr auto kOfIpv6 = std::to_array<Row>({
    {2, number, 0, flag},                                        // IPV6_2292PKTINFO
    {3, number, 0, flag},                                        // IPV6_2292HOPOPTS
    {4, number, 0, flag},                                        // IPV6_2292DSTOPTS
    {5, number, 0, flag},                                        // IPV6_2292RTHDR
    {8, number, 0, flag},                                        // IPV6_2292HOPLIMIT
    {11, number, 0, flag},                                       // IPV6_FLOWINFO
    {17, number, 0, Takes::error, ENOPROTOOPT, 0, Length::any},  // IPV6_MULTICAST_IF: of datagrams
    {18, number, 1, Takes::error, ENOPROTOOPT, 0, Length::any},  // IPV6_MULTICAST_HOPS: the same
    {19, number, 1, within, 0, 1},                               // IPV6_MULTICAST_LOOP
    {22, number, 0, Takes::error, ENOPROTOOPT},             // IPV6_ROUTER_ALERT: of raw sockets
    {29, number, 1, flag},                                  // IPV6_MULTICAST_ALL
    {30, number, 0, flag},                                  // IPV6_ROUTER_ALERT_ISOLATE
    {31, number, 0, within, 0, 1},                          // IPV6_RECVERR_RFC4884
    {32, Tells::error, EINVAL, Takes::error, EINVAL},       // IPV6_FLOWLABEL_MGR
    {33, number, 0, flag},                                  // IPV6_FLOWINFO_SEND
    {42, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},  // MCAST_JOIN_GROUP and the rest
    {43, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {44, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {45, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {46, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {47, Tells::error, ENOPROTOOPT, Takes::error, EINVAL},
    {49, number, 0, flag},                     // IPV6_RECVPKTINFO
    {51, number, 0, flag},                     // IPV6_RECVHOPLIMIT
    {53, number, 0, flag},                     // IPV6_RECVHOPOPTS
    {56, number, 0, flag},                     // IPV6_RECVRTHDR
    {58, number, 0, flag},                     // IPV6_RECVDSTOPTS
    {60, number, 0, flag},                     // IPV6_RECVPATHMTU
    {62, number, 0, flag, 0, 0, Length::any},  // IPV6_DONTFRAG
    {66, number, 0, flag},                     // IPV6_RECVTCLASS
    {70, number, 1, flag, 0, 0, Length::any},  // IPV6_AUTOFLOWLABEL
    {73, number, 0, within, 0, 255},           // IPV6_MINHOPCOUNT
    {74, number, 0, flag},                     // IPV6_RECVORIGDSTADDR
    {75, number, 0, privileged_flag},          // IPV6_TRANSPARENT
    {77, number, 0, flag, 0, 0, Length::any},  // IPV6_RECVFRAGSIZE
    {78, number, 0, flag},                     // IPV6_FREEBIND
});

std::span<const Row> rows_of(int level) noexcept {
  switch (level) {
    case SOL_SOCKET:
      return kOfSocket;
    case IPPROTO_TCP:
      return kOfTcp;
    case IPPROTO_IP:
      return kOfIp;
    case IPPROTO_IPV6:
      return kOfIpv6;
    default:
      return {};
  }
}

const Row* row_of(int level, int option) noexcept {
  const auto rows = rows_of(level);
  const auto found = std::ranges::find(rows, option, &Row::option);
  return found != rows.end() ? &*found : nullptr;
}

std::uint64_t key(int level, int option) noexcept {
  return std::uint64_t{static_cast<std::uint32_t>(level)} << 32U |
         static_cast<std::uint32_t>(option);
}

// The number that was given; nothing: too short.
std::optional<int> given(const Row& row, int level, const OptionSource& from) noexcept {
  if (const auto value = from.as<int>()) return value;
  if (row.length == Length::whole) return std::nullopt;
  if (level != IPPROTO_IP) return 0;
  if (const auto value = from.as<unsigned char>()) return *value;
  if (row.length == Length::any) return 0;
  return std::nullopt;
}

}  // namespace

std::optional<Outcome> KeptOptions::get(int level, int option, OptionTarget to) const {
  const Row* row = row_of(level, option);
  if (row == nullptr) return std::nullopt;
  if (row->tells == Tells::error) return failed(row->value);
  if (row->tells == Tells::empty) return to.put(nullptr, 0);
  const auto found = values_.find(key(level, option));
  const int value = found != values_.end() ? found->second : row->value;
  return level == IPPROTO_IP ? to.put_int_or_byte(value) : to.put(value);
}

std::optional<Outcome> KeptOptions::set(int level, int option, OptionSource from, bool privileged) {
  const Row* row = row_of(level, option);
  if (row == nullptr) return std::nullopt;
  // Of IP the length is looked at last, if at all.
  if (row->takes == Takes::error && level == IPPROTO_IP) return failed(row->least);
  const auto value = given(*row, level, from);
  if (!value) return failed(EINVAL);
  switch (row->takes) {
    case Takes::error:
      return failed(row->least);
    case Takes::unsupported:
      return failed(*value < 0 ? EINVAL : EOPNOTSUPP);
    case Takes::ignored:
      break;
    case Takes::privileged_flag:
      if (*value != 0 && !privileged) return failed(EPERM);
      [[fallthrough]];
    case Takes::flag:
      values_[key(level, option)] = *value != 0 ? 1 : 0;
      break;
    case Takes::flag_or_default:
      if (*value < -1 || *value > 1) return failed(EINVAL);
      values_[key(level, option)] = *value == -1 ? row->value : *value;
      break;
    case Takes::within:
      if (*value < row->least || *value > row->most) return failed(EINVAL);
      values_[key(level, option)] = *value;
      break;
  }
  return returned(0);
}

}  // namespace bowline::inline v0::sockets
