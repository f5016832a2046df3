#pragma once

// System calls of a script: from expressions to SocketTable and back.

#include <functional>
#include <memory>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/session.hpp"
#include "bowline/sockets/call.hpp"

namespace bowline::inline v0::packetdrill {

/// A call that has been made.
struct MadeCall {
  sockets::Call call;  ///< done, or waiting
  /// Looks at what it gave beside its result, once it is done. Throws Mismatch. May be empty.
  std::function<void(const sockets::Outcome& outcome)> look{};
  /// Its result is a descriptor: any will do, where the script expects one.
  bool gives_descriptor = false;
};

/// Makes the call that `spec` describes; `spec` must outlive it. Throws Mismatch where the
/// arguments make no sense.
[[nodiscard]] MadeCall make_call(Session& session, const CallSpec& spec);

/// Compares the result and errno of a call that is done with what `spec` says, then look()s. Throws
/// Mismatch.
void check_call(const CallSpec& spec, const MadeCall& made);

}  // namespace bowline::inline v0::packetdrill
