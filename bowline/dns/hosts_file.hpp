#pragma once

// The text of a hosts file (hosts(5)): lines of an address and the names of that host.

#include <string_view>

#include "bowline/dns/answer.hpp"
#include "bowline/dns/name.hpp"

namespace bowline::inline v0::dns {

/// The addresses of `name` in `text` of the family that `type` (a or aaaa) stands for, in the order
/// of their lines. Lines that cannot be read are passed over.
[[nodiscard]] Addresses find_in_hosts(std::string_view text, const Name& name, Type type) noexcept;

}  // namespace bowline::inline v0::dns
