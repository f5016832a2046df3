#pragma once

// What a gateway is told: its rules, what it may hold, how long it waits.
//
// As with a Stack, everything that a stranger could make it hold has a bound here, with the reason
// and with what happens when it is reached.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::gateway {

/// The two links of a gateway.
enum class Side : std::uint8_t {
  outside,  ///< where strangers are
  inside,   ///< where the servers are
};

/// The link across.
[[nodiscard]] constexpr Side across(Side side) noexcept {
  return side == Side::outside ? Side::inside : Side::outside;
}

/// What becomes of a connection from outside.
enum class Action : std::uint8_t {
  allow,  ///< it is opened to the server, within the rule's limits
  deny,   ///< it is refused by a RST
  drop,   ///< it is not answered
};

/// What holds for connections from some to some.
struct Rule {
  Action action = Action::allow;      ///< what becomes of them
  std::optional<Cidr> source{};       ///< nothing: from anywhere
  std::optional<Cidr> destination{};  ///< nothing: to anywhere
  std::uint16_t first_port = 0;       ///< of the server; the range includes both its ends
  std::uint16_t last_port = 0xffff;   ///< the last of them
  std::uint32_t rate = 0;             ///< connections a second from one source; 0: any number
  std::uint32_t connections = 0;      ///< of one source at a time; 0: any number

  /// Does it speak of a connection from `from` to `to`?
  [[nodiscard]] bool matches(const IpAddress& from, const Endpoint& to) const noexcept {
    return to.port >= first_port && to.port <= last_port && (!source || source->contains(from)) &&
           (!destination || destination->contains(to.address));
  }
};

/// The most rules: each SYN of a flood is held against all of them, one after the other.
inline constexpr std::size_t kMostRules = 128;

/// A SYN proxy's settings.
struct Config {
  /// 256 bits that nobody outside can guess: the keys of cookies, timestamps and tables come from
  /// it.
  std::array<std::uint64_t, 4> seed{};

  // ---- whom it lets through

  FixedVector<Rule, kMostRules> rules;  ///< the first that matches holds
  Action otherwise = Action::allow;     ///< where none does
  /// What of an IPv4 address names a source: 32, or less to count a network as one.
  std::uint8_t source_prefix_v4 = 32;
  /// The same of IPv6: an end user has at least a /64 (RFC 6177) and so 2^64 addresses to use.
  std::uint8_t source_prefix_v6 = 64;
  /// Nothing but TCP and the ICMP errors about it crosses. False: other protocols pass untouched.
  bool tcp_only = false;

  // ---- what it says in the servers' place, until a server has said for itself what it can

  bool window_scaling = true;  ///< RFC 7323
  bool timestamps = true;      ///< RFC 7323; without them neither window scaling nor SACK
  bool sack = true;            ///< RFC 2018
  /// The shift of the windows that clients are told; servers' windows are converted to it. 7 tells
  /// up to 8 MiB to the nearest 128 bytes.
  std::uint8_t window_shift = 7;

  // ---- what it may hold

  /// Flows, some 200 bytes each. A new one then takes the place of one that is over, or, where
  /// there is none, of one that has been idle for longer than evict_half_closed or evict_idle; else
  /// it is refused.
  std::uint32_t flows = 65'536;
  /// An established flow that was silent for so long gives way when the table is full. Long enough
  /// for whoever thinks, too short for who only takes up places.
  Duration evict_idle = 60s;
  /// The same, once one side has sent its FIN. Shorter, since most of these have no more to say;
  /// not zero, since some do: a request whose end is a FIN has its whole answer before it.
  Duration evict_half_closed = 10s;
  /// RSTs for what belongs to no flow or is denied, and ICMP errors: per second and source. There
  /// is no bound on all sources together, since whoever counts what is left of that for himself
  /// learns what others get, and whoever uses it up silences the gateway for all
  /// (ip/reply_limit.hpp, CVE-2016-5696). None is larger than what it answers.
  std::uint32_t replies_per_second = 1'000;

  // ---- how long it waits

  /// Before the SYN to the server is repeated the first time; doubled each time (RFC 6298 2, 5.5).
  Duration syn_timeout = 1s;
  /// Repeats; then the client gets a RST. At most kMostSynRepeats. Four: given up after 31 s.
  std::uint32_t syn_repeats = 4;
  /// Without a packet, of an established flow (RFC 5382 REQ-5).
  Duration established_idle = 2h + 4min;
  /// The same, once one side has sent its FIN, or while a server's own SYN waits for its answer
  /// (RFC 5382 REQ-5).
  Duration transitory_idle = 4min;
  /// After both FINs are acknowledged: as long as the end that closed first may repeat its ACK.
  Duration time_wait = 60s;
  /// After a RST: for what is still under way, and for the answer if the RST was not believed.
  Duration after_reset = 10s;
};

/// The most repeats of a SYN to a server: a minute and more.
inline constexpr std::uint32_t kMostSynRepeats = 6;

/// What a gateway holds.
struct Usage {
  std::uint32_t opening = 0;      ///< clients that proved themselves and wait for their server
  std::uint32_t established = 0;  ///< open, to and from servers
  std::uint32_t closing = 0;      ///< a FIN or RST has passed
  std::uint32_t sources = 0;      ///< sources that a rule's limit counts
  /// Flows of all kinds.
  [[nodiscard]] constexpr std::uint32_t flows() const noexcept {
    return opening + established + closing;
  }
};

}  // namespace bowline::inline v0::gateway
