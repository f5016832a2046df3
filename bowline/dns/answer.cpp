#include "bowline/dns/answer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::dns {
namespace {

constexpr std::uint32_t kLongest = std::numeric_limits<std::uint32_t>::max();

bool is(const Record& record, Type type) noexcept {
  return record.record_class == kClassIn && record.type == static_cast<std::uint16_t>(type);
}

// The name that `name` is an alias for, if it is one.
std::optional<Name> alias_of(const Message& message, const Name& name,
                             std::uint32_t& ttl) noexcept {
  std::optional<Name> target;
  message.for_each_answer([&](const Record& record) {
    if (!is(record, Type::cname) || !(record.owner == name)) return true;
    const auto found = message.name_at(record.data_at);
    if (!found) return true;
    target = *found;
    ttl = std::min(ttl, record.ttl);
    return false;
  });
  return target;
}

void gather(const Message& message, const Name& name, Type type, Addresses& addresses,
            std::uint32_t& ttl) noexcept {
  if (type != Type::a && type != Type::aaaa) return;  // no other record is an address
  message.for_each_answer([&](const Record& record) {
    if (!is(record, type) || !(record.owner == name)) return true;
    const IpAddress address = type == Type::a
                                  ? IpAddress::v4(load_be<std::uint32_t>(record.data.data()))
                                  : IpAddress::v6(record.data.first<16>());
    ttl = std::min(ttl, record.ttl);
    return addresses.contains(address) || addresses.push_back(address);
  });
}

// RFC 2308 section 5: the smaller of the SOA record's own TTL and its MINIMUM field; 0 without one
// of a zone that the name lies in.
std::uint32_t negative_ttl(const Message& message, const Name& name) noexcept {
  std::uint32_t ttl = 0;
  message.for_each_authority([&](const Record& record) {
    if (!is(record, Type::soa) || !name.is_within(record.owner)) return true;
    const std::uint32_t minimum = load_be<std::uint32_t>(record.data.last(4).data());
    ttl = std::min(record.ttl, minimum);
    return false;
  });
  return ttl;
}

}  // namespace

std::string_view sentence(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::found:
      return "was found";
    case Outcome::no_data:
      return "has no address";
    case Outcome::no_such_name:
      return "does not exist";
    case Outcome::server_failure:
      return "could not be resolved: the name server failed";
    case Outcome::refused:
      return "could not be resolved: the name server refused to answer";
    case Outcome::timed_out:
      return "could not be resolved: no name server answered";
    case Outcome::unreachable:
      return "could not be resolved: no name server can be reached";
    case Outcome::no_name_servers:
      return "could not be resolved: there is no name server to ask";
    case Outcome::no_memory:
      return "could not be resolved: there is no memory left";
  }
  return "could not be resolved";
}

std::expected<Answer, Drop> read_answer(const Message& message, const Question& question) noexcept {
  Answer answer;
  switch (message.rcode()) {
    case Rcode::no_error:
    case Rcode::no_such_name:
      break;
    case Rcode::refused:
      answer.outcome = Outcome::refused;
      return answer;
    default:
      answer.outcome = Outcome::server_failure;
      return answer;
  }
  Name name = question.name;
  std::uint32_t ttl = kLongest;
  unsigned aliases = 0;
  while (const std::optional<Name> target = alias_of(message, name, ttl)) {
    if (++aliases > kMaxAliases) return std::unexpected(Drop::too_long_chain);
    name = *target;
  }
  gather(message, name, question.type, answer.addresses, ttl);
  if (!answer.addresses.empty()) {
    answer.outcome = Outcome::found;
  } else {
    // With aliases, NXDOMAIN speaks of the last name of the chain (RFC 6604 section 3).
    answer.outcome =
        message.rcode() == Rcode::no_such_name ? Outcome::no_such_name : Outcome::no_data;
    ttl = std::min(ttl, negative_ttl(message, name));
  }
  answer.ttl = std::chrono::seconds(ttl);
  return answer;
}

}  // namespace bowline::inline v0::dns
