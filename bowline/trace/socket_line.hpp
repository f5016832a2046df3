#pragma once

// Connections as a listing, in the columns of ss (REQUIREMENTS A22).

#include <string>

#include "bowline/base/time.hpp"
#include "bowline/stack/inspect.hpp"

namespace bowline::inline v0::trace {

/// The line of column titles.
[[nodiscard]] std::string socket_header();

/// State, Recv-Q, Send-Q, both ends, and the timer that runs out first: "on,200ms,2" is
/// retransmission (2: times it was doubled), "persist" the window probe, "delack", "keepalive",
/// "timewait", "user" the others.
///
///     ESTABLISHED       0    1460  10.77.0.2:80             10.77.0.1:40000          on,200ms,0
[[nodiscard]] std::string socket_line(const ConnectionView& connection, Time now);

/// A listener: Recv-Q is its accept queue, Send-Q that queue's limit, and the half-open entries
/// follow, as "half-open 3/1024".
[[nodiscard]] std::string socket_line(const ListenerView& listener);

/// The numbers behind a connection, indented, for `ss -i`: windows, cwnd, RTT, retransmissions.
[[nodiscard]] std::string socket_details(const ConnectionView& connection);

}  // namespace bowline::inline v0::trace
