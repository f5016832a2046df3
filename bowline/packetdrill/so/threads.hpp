#pragma once

// What another thread of this process is doing, as /proc tells it. Packetdrill has two, and they
// take turns by a lock that is not ours to see.

#include <sys/types.h>

namespace bowline::inline v0::packetdrill {

/// Does thread `id` of this process sleep in the kernel? True where nothing is known of it.
[[nodiscard]] bool is_asleep(pid_t id);
/// Does it wait for another thread (futex(2))? False where nothing is known of it.
[[nodiscard]] bool waits_for_a_thread(pid_t id);

}  // namespace bowline::inline v0::packetdrill
