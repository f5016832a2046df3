#pragma once

// A script as values: what the parser gives and the interpreter walks along.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/packetdrill/code/block.hpp"
#include "bowline/packetdrill/language/problem.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::packetdrill {

/// What an expression is.
enum class ExpressionKind : std::uint8_t {
  ellipsis,   ///< ...: whatever; a buffer
  integer,    ///< a number, or a symbol that has one; `text` is as written
  string,     ///< "text"
  list,       ///< [ items ]
  structure,  ///< { items }, most of them fields
  field,      ///< text = items[0]; items[1], if there, stands behind the name: msg_iov(1)=[...]
  call,       ///< text(items): htons(8080), inet_addr("192.0.2.1")
};

/// An argument of a call, or a part of one. Symbols are numbers by now, and a|b is one number.
struct Expression {
  ExpressionKind kind = ExpressionKind::ellipsis;  ///< what it is
  Position position{};                             ///< where it begins
  std::string text{};                              ///< see ExpressionKind
  std::int64_t integer = 0;                        ///< of an integer
  std::vector<Expression> items{};                 ///< see ExpressionKind

  /// The field `name` of a structure; null: there is none.
  [[nodiscard]] const Expression* field(std::string_view name) const noexcept;
};

/// A system call and what it must return.
struct CallSpec {
  std::string name{};                      ///< "socket"
  std::vector<Expression> arguments{};     ///< in order
  std::optional<std::int64_t> result{};    ///< nothing: `...`, whatever
  std::optional<int> error{};              ///< errno, where it is given
  std::string error_name{};                ///< as written
  std::optional<Duration> blocks_until{};  ///< given: it blocks; when it returns, as `time` counts
};

/// `command`
struct CommandSpec {
  std::string text{};  ///< between the backticks
};

/// Which way a packet goes.
enum class Way : std::uint8_t { inbound, outbound };

/// What a packet's IP header must say, or says.
struct IpSpec {
  std::optional<std::uint8_t> ecn{};          ///< [ect0] and the like: the two bits alone
  bool any_ect = false;                       ///< [ect01]: one or the other
  std::optional<std::uint8_t> tos{};          ///< (tos 0x10): the whole byte
  std::optional<std::uint8_t> ttl{};          ///< [ttl 64]
  std::optional<std::uint32_t> flow_label{};  ///< [flowlabel 0x1]: a name for a label
};

/// A TCP segment.
struct TcpSpec {
  std::uint16_t flags = 0;                ///< wire::kSyn, ...
  bool ace = false;                       ///< ECE, CWR and AE are given as one number
  std::uint32_t seq = 0;                  ///< as the script counts
  std::uint32_t length = 0;               ///< bytes of data
  std::uint32_t ack = 0;                  ///< as the script counts
  std::optional<std::uint16_t> window{};  ///< nothing: any (outbound alone)
  std::uint16_t urgent = 0;               ///< SEG.UP
  bool any_options = false;               ///< <...>
  std::vector<std::uint8_t> options{};    ///< as on the wire, in script numbers
};

/// A UDP datagram.
struct UdpSpec {
  std::uint32_t length = 0;  ///< bytes of data
};

/// An ICMP message.
struct IcmpSpec {
  std::uint8_t type = 0;      ///< as on the wire, IPv4
  std::uint8_t code = 0;      ///< as on the wire, IPv4
  std::uint8_t type_v6 = 0;   ///< the same meaning in ICMPv6
  std::uint8_t code_v6 = 0;   ///< the same meaning in ICMPv6
  bool for_v4 = true;         ///< has a meaning in ICMP
  bool for_v6 = true;         ///< has a meaning in ICMPv6
  std::string name{};         ///< as written
  std::uint32_t mtu = 0;      ///< of the message
  std::uint16_t echo_id = 0;  ///< of an echo
  bool quotes = false;        ///< it is about a packet of ours
  bool quotes_udp = false;    ///< a UDP datagram
  std::uint32_t seq = 0;      ///< of the TCP segment quoted
  /// Of the data quoted; without a quotation: of the whole message, 0 for its header alone.
  std::uint32_t length = 0;
};

/// A packet, into the stack or out of it.
struct PacketSpec {
  Way way = Way::inbound;                            ///< whose it is
  IpSpec ip{};                                       ///< its IP header
  std::uint16_t source_port = 0;                     ///< 0: the connection's
  std::uint16_t destination_port = 0;                ///< 0: the connection's
  std::variant<TcpSpec, UdpSpec, IcmpSpec> layer{};  ///< the rest
};

/// How an event's time is given.
enum class TimeKind : std::uint8_t {
  absolute,        ///< 0.1
  relative,        ///< +0.1
  any,             ///< *
  absolute_range,  ///< 0.1~0.2
  relative_range,  ///< +0.1~+0.2
};

/// One event.
struct Event {
  Position position{};                      ///< where its time stands
  TimeKind time_kind = TimeKind::absolute;  ///< how `time` counts
  Duration time{};                          ///< since the start, or so
  Duration time_end{};                      ///< of a range
  std::variant<PacketSpec, CallSpec, CommandSpec, code::Block> action{};  ///< what happens
};

/// An option line: --name, --name=value.
struct Option {
  Position position{};  ///< where
  std::string name{};   ///< without --
  std::string value{};  ///< empty: none
};

/// A script.
struct Script {
  std::vector<Option> options{};          ///< those in it, without defines
  std::optional<CommandSpec> set_up{};    ///< `...` before the first event
  Position set_up_position{};             ///< where
  std::vector<Event> events{};            ///< in order
  std::optional<CommandSpec> clean_up{};  ///< `...` behind the last event
};

}  // namespace bowline::inline v0::packetdrill
