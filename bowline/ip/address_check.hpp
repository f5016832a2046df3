#pragma once

// Is an address free, and how is it kept? The clocks of duplicate address detection (RFC 4862
// section 5.4), of address probing, announcing and defending (RFC 5227), and of lifetimes (RFC 4862
// section 5.5.4), as steps over a LocalAddress.

#include <cstdint>

#include "bowline/base/random.hpp"
#include "bowline/ip/local_address.hpp"
#include "bowline/ip/timing.hpp"

namespace bowline::inline v0::ip {

/// What is due for an address.
enum class AddressStep : std::uint8_t {
  nothing,
  probe,      ///< ask whether somebody has it
  prefer,     ///< nobody has: it is ours
  announce,   ///< tell the link so (IPv4)
  deprecate,  ///< its preferred lifetime is over
  expire,     ///< its valid lifetime is over
};

/// The address is to be used: asked about first if `detect`, from a random moment on.
void begin_check(LocalAddress& address, bool detect, Time now, const Timing& timing,
                 Random& random) noexcept;

/// The step that is due at `now`, and done thereby: the state is what it leads to. To be called
/// again until there is nothing.
[[nodiscard]] AddressStep step(LocalAddress& address, Time now, const Timing& timing,
                               Random& random) noexcept;

/// When step() has something to do; kNever.
[[nodiscard]] Time next_step(const LocalAddress& address) noexcept;

/// Somebody else uses the address (RFC 5227 section 2.4 (b)): true: defend it; false: give it up.
[[nodiscard]] bool may_defend(LocalAddress& address, Time now,
                              const AddressConflictTiming& timing) noexcept;

}  // namespace bowline::inline v0::ip
