#pragma once

// Options that Linux has and that change nothing here: timestamps of packets, what comes with a
// datagram, hints for a network device.
//
// Programs set them and go on when that fails, or do not; so they are taken, refused and told as
// Linux does, from a table that says the rule of each. What would be a lie about safety is not in
// it: a socket is never bound to a device without being it.

#include <cstdint>
#include <map>
#include <optional>

#include "bowline/sockets/option_value.hpp"

namespace bowline::inline v0::sockets {

/// What one socket has set of them. A value; a listener's is inherited.
class KeptOptions {
 public:
  /// getsockopt of a stream socket; nothing: it is none of these options.
  [[nodiscard]] std::optional<Outcome> get(int level, int option, OptionTarget to) const;
  /// setsockopt of a stream socket; nothing: it is none of these options. `privileged`: as whoever
  /// has CAP_NET_ADMIN.
  [[nodiscard]] std::optional<Outcome> set(int level, int option, OptionSource from,
                                           bool privileged);

 private:
  std::map<std::uint64_t, int> values_;  // by level and option
};

}  // namespace bowline::inline v0::sockets
