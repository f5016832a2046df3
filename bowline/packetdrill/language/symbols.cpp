#include "bowline/packetdrill/language/symbols.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "bowline/packetdrill/language/symbol_tables.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::string_view kCalls[] = {
    "socket",   "bind",         "listen",        "accept",     "accept4",     "connect",
    "read",     "readv",        "recv",          "recvfrom",   "recvmsg",     "write",
    "writev",   "send",         "sendto",        "sendmsg",    "fcntl",       "ioctl",
    "close",    "shutdown",     "getsockopt",    "setsockopt", "getsockname", "getpeername",
    "poll",     "epoll_create", "epoll_create1", "epoll_ctl",  "epoll_wait",  "open",
    "sendfile", "pipe",         "splice",        "cap_set",
};

using Sorted = std::vector<Symbol>;

Sorted sorted(std::initializer_list<std::span<const Symbol>> tables) {
  Sorted all;
  for (const auto table : tables) all.insert(all.end(), table.begin(), table.end());
  std::ranges::sort(all, {}, &Symbol::name);
  return all;
}

std::optional<std::int64_t> find(const Sorted& symbols, std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(symbols, name, {}, &Symbol::name);
  if (found == symbols.end() || found->name != name) return std::nullopt;
  return found->value;
}

const Sorted& errors() {
  static const Sorted all = sorted({error_symbols()});
  return all;
}

}  // namespace

std::optional<std::int64_t> symbol(std::string_view name) noexcept {
  static const Sorted all = sorted({socket_symbols(), system_symbols()});
  if (const auto value = find(all, name)) return value;
  return find(errors(), name);
}

std::optional<int> error_number(std::string_view name) noexcept {
  const auto value = find(errors(), name);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::string error_text(int error) {
  for (const Symbol& one : error_symbols()) {
    if (one.value != error) continue;
    return std::string(one.name) + " (" + std::strerror(error) + ")";
  }
  return "errno " + std::to_string(error);
}

bool is_call(std::string_view name) noexcept {
  return std::ranges::find(kCalls, name) != std::end(kCalls);
}

}  // namespace bowline::inline v0::packetdrill
