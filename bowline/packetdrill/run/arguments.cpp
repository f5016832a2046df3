#include "bowline/packetdrill/run/arguments.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "bowline/packetdrill/language/bounds.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::size_t kControlBytes = 4096;

const Expression& argument_of_call(const Expression& expression, std::string_view name) {
  if (expression.kind != ExpressionKind::call || expression.text != name ||
      expression.items.size() != 1) {
    wrong_argument(expression, std::string(name) + "(...)");
  }
  return expression.items[0];
}

IpAddress address_of(const Expression& expression) {
  const bool v6 = expression.text == "inet6_addr";
  const Expression& text = argument_of_call(expression, v6 ? "inet6_addr" : "inet_addr");
  const auto address = IpAddress::parse(text.text);
  if (text.kind != ExpressionKind::string || !address) {
    wrong_argument(text, "an address in quotes");
  }
  return *address;
}

}  // namespace

void wrong_argument(const Expression& expression, const std::string& expected) {
  throw Mismatch("line " + std::to_string(expression.position.line) + ", column " +
                 std::to_string(expression.position.column) + ": expected " + expected);
}

std::int64_t number_of(const Expression& expression, const char* what) {
  if (expression.kind != ExpressionKind::integer) wrong_argument(expression, what);
  return expression.integer;
}

std::int64_t bracketed_number(const Expression& expression, const char* what) {
  if (expression.kind != ExpressionKind::list || expression.items.size() != 1) {
    wrong_argument(expression, std::string("[") + what + "]");
  }
  return number_of(expression.items[0], what);
}

Arguments::Arguments(const CallSpec& spec, std::size_t least, std::size_t most) : spec_(spec) {
  if (size() >= least && size() <= most) return;
  throw Mismatch(spec.name + "() takes " + std::to_string(least) +
                 (most > least ? " or " + std::to_string(most) : "") + " arguments, not " +
                 std::to_string(size()));
}

int Arguments::number(std::size_t index) const {
  const std::int64_t value = number_of((*this)[index], "a number");
  if (value > INT64_C(0xffff'ffff) || value < INT32_MIN) {
    wrong_argument((*this)[index], "a number of 32 bits");
  }
  return static_cast<int>(static_cast<std::uint32_t>(value));
}

std::size_t Arguments::size_of_buffer(std::size_t index) const {
  const std::int64_t value = number_of((*this)[index], "a number of bytes");
  if (value < 0 || value > kMaxBuffer) wrong_argument((*this)[index], "at most 64 MiB");
  return static_cast<std::size_t>(value);
}

bool Arguments::is_null_buffer(std::size_t index) const {
  const Expression& expression = (*this)[index];
  if (expression.kind == ExpressionKind::ellipsis) return false;
  if (expression.kind == ExpressionKind::integer && expression.integer == 0) return true;
  wrong_argument(expression, "a buffer: '...', or NULL");
}

SocketAddress to_socket_address(const Endpoint& endpoint, AddressMode mode) {
  SocketAddress result;
  if (mode == AddressMode::ipv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(endpoint.address.v4_value());
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.raw().data(), 16);  // IPv4 as a mapped address
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.length = sizeof v6;
  }
  return result;
}

Endpoint to_endpoint(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return {.address = IpAddress::v4(ntohl(v4.sin_addr.s_addr)), .port = ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  std::array<std::byte, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, 16);
  const IpAddress any_v4;
  const bool mapped = std::equal(bytes.begin(), bytes.begin() + 12, any_v4.raw().begin());
  IpAddress result = IpAddress::v6(bytes);
  if (mapped) {
    std::uint32_t value = 0;
    for (std::size_t i = 12; i < 16; ++i)
      value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
    result = IpAddress::v4(value);
  }
  return {.address = result, .port = ntohs(v6.sin6_port)};
}

SocketAddress socket_address_of(const Expression& expression) {
  SocketAddress result;
  if (expression.kind == ExpressionKind::integer) {
    result.storage.ss_family = static_cast<sa_family_t>(expression.integer);
    result.length = sizeof(sockaddr_in6);
    return result;
  }
  const Expression* const family = expression.field("sa_family");
  const Expression* const port = expression.field("sin_port");
  const Expression* const address = expression.field("sin_addr");
  if (family == nullptr || port == nullptr || address == nullptr) {
    wrong_argument(expression, "'...' or {sa_family=, sin_port=htons(), sin_addr=inet_addr(\"\")}");
  }
  const std::int64_t number = number_of(argument_of_call(*port, "htons"), "a port");
  const bool v4 = number_of(*family, "a family") == AF_INET;
  const Endpoint endpoint{.address = address_of(*address),
                          .port = static_cast<std::uint16_t>(number)};
  if (v4 && !endpoint.address.is_v4()) wrong_argument(*address, "an IPv4 address");
  return to_socket_address(endpoint, v4 ? AddressMode::ipv4 : AddressMode::ipv6);
}

void fill_iov(const Expression& expression, std::vector<std::vector<std::byte>>& buffers,
              std::vector<iovec>& iov) {
  if (expression.kind != ExpressionKind::list) wrong_argument(expression, "[{..., bytes}, ...]");
  std::int64_t total = 0;
  for (const Expression& item : expression.items) {
    if (item.kind != ExpressionKind::structure || item.items.size() != 2) {
      wrong_argument(item, "{..., bytes}");
    }
    const std::int64_t size = number_of(item.items[1], "a number of bytes");
    if (size < 0 || size > kMaxBuffer || (total += size) > kMaxBuffer) {
      wrong_argument(item.items[1], "at most 64 MiB");
    }
    buffers.emplace_back(static_cast<std::size_t>(size));
  }
  for (auto& buffer : buffers) {
    iov.push_back({.iov_base = buffer.data(), .iov_len = buffer.size()});
  }
}

void fill_message(const Expression& expression, Message& message) {
  if (expression.kind != ExpressionKind::structure) {
    wrong_argument(expression, "{msg_name(...)=..., msg_iov(n)=[...], msg_flags=...}");
  }
  for (const Expression& item : expression.items) {
    if (item.kind != ExpressionKind::field) wrong_argument(item, "a field of msghdr");
    const Expression& value = item.items[0];
    if (item.text == "msg_name") {
      message.has_name = true;
      message.name.length = sizeof message.name.storage;
    } else if (item.text == "msg_iov") {
      fill_iov(value, message.buffers, message.iov);
    } else if (item.text == "msg_flags") {
      message.flags = static_cast<int>(number_of(value, "flags"));
    } else if (item.text != "msg_control") {
      wrong_argument(item, "msg_name, msg_iov, msg_flags or msg_control");
    }
  }
  message.control.resize(kControlBytes);
  message.header.msg_iov = message.iov.data();
  message.header.msg_iovlen = message.iov.size();
}

}  // namespace bowline::inline v0::packetdrill
