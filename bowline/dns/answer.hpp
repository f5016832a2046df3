#pragma once

// What a response says about a question: the step from records to meaning.
//
// An answer may lead over aliases (RFC 1034 section 3.6.2). They are followed within the answer
// section alone, from the name that was asked, so that records of other names, true or planted, are
// never looked at; and only so far.

#include <cstdint>
#include <expected>
#include <string_view>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dns/drop.hpp"
#include "bowline/dns/message.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dns {

/// How a lookup ended.
enum class Outcome : std::uint8_t {
  found,            ///< there are addresses
  no_data,          ///< the name exists, but has no address of the families asked for
  no_such_name,     ///< NXDOMAIN: the name does not exist
  server_failure,   ///< SERVFAIL, or an answer that makes no sense
  refused,          ///< the server does not serve us
  timed_out,        ///< no server answered
  unreachable,      ///< no server can be reached
  no_name_servers,  ///< none is configured
  no_memory,        ///< we could not ask
};

/// What a person is told about it: "does not exist".
[[nodiscard]] std::string_view sentence(Outcome outcome) noexcept;

/// Addresses that one question gives; more are left out.
inline constexpr std::size_t kMaxAddresses = 16;
using Addresses = FixedVector<IpAddress, kMaxAddresses>;

/// Aliases followed; as many as common resolvers do.
inline constexpr unsigned kMaxAliases = 16;

/// The meaning of a response.
struct Answer {
  Outcome outcome = Outcome::server_failure;  ///< how it ended
  Addresses addresses;                        ///< what was found
  /// How long it may be remembered; for no_data and no_such_name by the zone's SOA record (RFC
  /// 2308 section 5). 0: not at all.
  Duration ttl{};

  template <class V>
  void visit(V& v) {
    v(outcome, addresses, ttl);
  }
};

/// Reads what `message`, the response to `question`, says. Outcomes: found to refused. Errors:
/// too_long_chain.
[[nodiscard]] std::expected<Answer, Drop> read_answer(const Message& message,
                                                      const Question& question) noexcept;

}  // namespace bowline::inline v0::dns
