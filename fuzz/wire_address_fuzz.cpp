// The text forms of addresses and prefixes, against the C library's inet_pton().

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bowline/wire/ip_address.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

// Do we read `text` as the C library does?
void check_agreement(std::string_view text, const std::optional<IpAddress>& address) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return;  // where it would stop reading
  std::array<std::byte, 16> theirs{};
  const bool v4 = inet_pton(AF_INET, terminated.c_str(), theirs.data()) == 1;
  const bool v6 = !v4 && inet_pton(AF_INET6, terminated.c_str(), theirs.data()) == 1;
  require(address.has_value() == (v4 || v6));
  if (!address) return;
  require(address->is_v4() == v4);
  const auto ours = address->bytes();
  require(std::equal(ours.begin(), ours.end(), theirs.begin()));
}

void check(std::string_view text) {
  const auto address = IpAddress::parse(text);
  check_agreement(text, address);
  if (address) {
    std::array<char, IpAddress::kMaxText> buffer{};
    const std::string_view formatted(buffer.data(), address->format(buffer));
    require(IpAddress::parse(formatted) == address);
  }
  if (const auto cidr = Cidr::parse(text)) {
    require(cidr->prefix <= (cidr->address.is_v4() ? 32 : 128));
    require(cidr->contains(cidr->address));
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
