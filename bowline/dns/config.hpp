#pragma once

// Whom a resolver asks, and how patiently: what /etc/resolv.conf says on other hosts
// (resolv.conf(5)), as a value.

#include <cstdint>
#include <string_view>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dns/name.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dns {

/// Name servers that are asked; resolv.conf's limit is 3.
inline constexpr std::size_t kMaxServers = 8;
/// Domains of the search list; resolv.conf's old limit.
inline constexpr std::size_t kMaxSearch = 6;
/// The port of name servers (RFC 1035 section 4.2).
inline constexpr std::uint16_t kPort = 53;

/// Settings of a Resolver.
struct Config {
  /// Asked in this order, the one that answered last first.
  FixedVector<Endpoint, kMaxServers> servers;
  /// Domains that a name with few dots is tried in.
  FixedVector<Name, kMaxSearch> search;
  /// A name with at least so many dots is tried as it stands first, others in the search list
  /// first. 0 to 15.
  std::uint8_t ndots = 1;
  /// How long a server has to answer, the first time round; doubled with each round.
  Duration timeout = 5s;
  /// How often the list of servers is gone through. At least 1.
  std::uint8_t attempts = 2;
  /// Spread the questions over the servers instead.
  bool rotate = false;
  /// Vary the letters' case at random, and believe only answers that repeat it: one more guess for
  /// whoever forges them (draft-vixie-dnsext-dns0x20). Off: some servers do not repeat it.
  bool mix_case = false;
  /// The text of a hosts file, asked before any server; must outlive the Resolver. Empty: none.
  std::string_view hosts;

  /// Adds a server on the usual port; false when there are kMaxServers already.
  bool add_server(const IpAddress& address, std::uint16_t port = kPort) noexcept {
    return servers.push_back({address, port});
  }
};

/// The bounds of a Resolver.
struct Limits {
  /// Names being looked up at one time; one more is refused. Each may have two questions under way,
  /// and so two sockets.
  std::uint32_t lookups = 256;
  /// Answers remembered; beyond it the one that would expire first goes.
  std::uint32_t cache_entries = 512;
  /// The longest that an answer is remembered, whatever its TTL (RFC 8767 section 4 names a week;
  /// a day is more than anyone needs).
  Duration longest_ttl = std::chrono::hours(24);
  /// The same for "there is no such name" (RFC 2308 section 5: one to three hours work well).
  Duration longest_negative_ttl = std::chrono::hours(1);
  /// Answers with a wrong ID or question after which a server is asked by TCP, where guessing is
  /// hopeless (RFC 5452 section 9.3).
  std::uint32_t forgeries = 16;
};

}  // namespace bowline::inline v0::dns
