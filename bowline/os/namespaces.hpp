#pragma once

// Namespaces: a network of one's own, as root or as an ordinary user.
//
// A process in a new user namespace has every right over the network namespace that it makes there,
// and none outside. Both end with the last process in them, and so do their interfaces: whatever is
// made here is gone when its process is, however that ends.

#include <functional>
#include <string>

#include "bowline/os/error.hpp"
#include "bowline/os/file_descriptor.hpp"

namespace bowline::inline v0::os {

/// What enter_namespace() entered.
enum class Entered {
  user_and_network,  ///< seen from inside the user is root
  network_only,      ///< by the real root, where user namespaces are not allowed
};

/// Moves this process into a new user and network namespace, with its loopback interface up. To be
/// called before the first thread is started. Where user namespaces are denied, root makes do with
/// a new network namespace.
///
/// Errors: one line with the remedy. After an error the process may be in a namespace half made:
/// exit.
[[nodiscard]] Outcome<Entered> enter_namespace();

/// Makes another network namespace beside the present one and returns a descriptor that keeps it
/// alive. Needs the rights that enter_namespace() gives. The calling thread stays where it is.
[[nodiscard]] Outcome<FileDescriptor> make_network_namespace();

/// Calls `work` with this thread inside `network_namespace` (of make_network_namespace()), then
/// comes back. Sockets that it opens stay there. Errors: that it could not enter; what `work`
/// returned.
[[nodiscard]] Outcome<void> within(const FileDescriptor& network_namespace,
                                   const std::function<Outcome<void>()>& work);

}  // namespace bowline::inline v0::os
