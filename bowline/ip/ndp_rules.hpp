#pragma once

// What neighbour discovery demands of the packet around a message (RFC 4861 sections 6.1 and 7.1):
// that it comes from this link, and from one that may say so.

#include <optional>

#include "bowline/base/decision.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ndp.hpp"

namespace bowline::inline v0::ip {

/// The reason to drop `message`, which came in a packet with `header`; nothing: it is valid.
[[nodiscard]] std::optional<Reason> judge(const wire::IpHeader& header,
                                          const wire::NdpMessage& message) noexcept;

}  // namespace bowline::inline v0::ip
