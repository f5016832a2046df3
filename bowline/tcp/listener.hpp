#pragma once

// A listener: LISTEN in RFC 9293, with the two queues that real ones have. Half-open entries wait
// in the SYN queue for the third segment, finished connections in the accept queue for the
// application. Both are bounded, and both are to be seen (REQUIREMENTS A8).

#include <cstdint>
#include <optional>

#include "bowline/base/handle.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/flood_watch.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// One listening socket. Owned by the Stack's slab.
struct Listener {
  Endpoint local;
  std::uint32_t backlog = 0;
  std::uint32_t syn_backlog = 0;
  bool share_port = false;  ///< with listeners that say so as well
  SocketOptions options;
  std::optional<SipKey> fast_open_key;           ///< of its cookies; nothing: that of the Settings
  std::optional<SipKey> fast_open_previous_key;  ///< still believed
  IndexList accept_queue;                        ///< of connections, by their queue_link
  std::uint32_t half_open = 0;                   ///< entries in the SYN queue
  /// Connections made by a SYN with data whose handshake is not done (RFC 7413 section 5.1).
  std::uint32_t fast_open_pending = 0;
  /// Established connections that wait, and those about to: counted when the third segment is let
  /// in.
  std::uint64_t accepted = 0;
  std::uint64_t overflows = 0;
  Time cookies_until{};  ///< cookies that were sent may come back until then
  /// Somebody brought one back for whom there was no room: until then what he sends may come, and
  /// shows no cookie.
  Time turned_away_until{};
  std::uint64_t cookies_sent = 0;   ///< SYNs that were answered by one
  std::uint64_t cookies_taken = 0;  ///< of which so many came back
  std::uint64_t cookies_wrong = 0;  ///< acknowledgments meanwhile of what was none
  FloodWatch flood;
  Handle handle;
  ListLink ready_link;
  std::uint8_t ready_mask = 0;

  template <class V>
  void visit(V& v) {
    v(local, backlog, syn_backlog, share_port, options, fast_open_key, fast_open_previous_key,
      accept_queue, half_open, fast_open_pending, handle, ready_link, ready_mask);
    v.excluded(cookies_until, "cookies are off in the exploration");
    v.excluded(turned_away_until, "as cookies_until");
    v.excluded(accepted, "a statistic");
    v.excluded(overflows, "a statistic");
    v.excluded(cookies_sent, "a statistic");
    v.excluded(cookies_taken, "a statistic");
    v.excluded(cookies_wrong, "a statistic");
    v.excluded(flood, "recognition tells people and decides nothing");
  }
};

}  // namespace bowline::inline v0::tcp
