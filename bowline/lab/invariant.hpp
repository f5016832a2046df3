#pragma once

// The invariants: what TCP promises, each as one check over what both ends saw.
//
// They are those of the ledger of claims, I1 to I11. Each is written once and judges every
// experiment and every search; nothing here knows which mechanism is in or out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/lab/text.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/trace/ladder.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::lab {

/// I1 to I11.
enum class Invariant : std::uint8_t {
  agreement = 1,  ///< an ESTABLISHED end's peer has its ISN, and each holds the other's
  no_phantom,     ///< what a listener hands up was asked for by one connect that is still wanted
  prefix,         ///< the bytes read are a prefix of those written in the same incarnation
  whole,          ///< when both report an orderly close, all bytes of both have been read
  progress,       ///< once the network is fair again, every call ends within its bound
  no_leak,        ///< a record is gone within its bound once its peer or its owner is
  bounded,        ///< memory held for unproven peers stays below the configured bound
  service,        ///< an honest client gets a connection within its patience
  orderly,        ///< loss, delay, duplicates and idling never reset a connection
  off_path,       ///< who sees no packet can open, feed or end nothing
  told,           ///< what does not arrive is told to who wrote it
};

/// "I5".
[[nodiscard]] std::string label_of(Invariant invariant);
/// "progress", and what it promises.
[[nodiscard]] Text name_of(Invariant invariant);
/// Its one sentence.
[[nodiscard]] Text promise_of(Invariant invariant);

/// An invariant that did not hold, and how that showed.
struct Broken {
  Invariant which = Invariant::progress;  ///< which
  Text what;                              ///< what was seen
};

/// What one application saw of one connection.
struct Facts {
  trace::Side side = trace::Side::left;  ///< whose application
  Endpoint local;                        ///< its end
  Endpoint remote;                       ///< the other
  SeqNumber iss;                         ///< our initial number
  SeqNumber irs;                         ///< the peer's
  /// Counts the client's calls from 1. A connection that a listener handed up has the number of the
  /// call whose SYN opened it; 0: nobody's.
  std::uint64_t incarnation = 0;
  bool passive = false;                 ///< handed up by a listener
  bool wanted = true;                   ///< active: nobody has cancelled it
  bool wanted_by_peer = false;          ///< passive: so it was when it was handed up
  bool established = false;             ///< the opening succeeded
  bool closed = false;                  ///< the application has let it go
  bool aborted = false;                 ///< the application has torn it down
  bool end_seen = false;                ///< read the end of the stream
  bool honest = true;                   ///< one of those whom a server is there for
  std::string written;                  ///< what the application wanted to send
  std::string read;                     ///< what it has read
  std::error_code error;                ///< what it was told
  Time opened{};                        ///< when it asked, or was handed it
  Time established_at = kNever;         ///< when it could be used
  Time ended_at = kNever;               ///< end of stream or error
  Duration patience = Duration::max();  ///< how long it waits for the opening
  bool awaits_end = false;              ///< it reads until the end of the stream comes
  /// Since when its program hangs or is gone, with its machine or without.
  Time silent_since = kNever;
};

/// The moment at which an end became ESTABLISHED.
struct Establishment {
  trace::Side side = trace::Side::left;  ///< which end
  Time at{};                             ///< when
  bool peer_knows = false;               ///< the peer has a record that holds this end's ISN
  bool agreed = false;                   ///< and this end holds the peer's
};

/// What a stack still holds.
struct Record {
  trace::Side side = trace::Side::left;   ///< which end's
  tcp::State state = tcp::State::closed;  ///< of it
  Endpoint local;                         ///< its end
  Endpoint remote;                        ///< the other
  Duration age{};                         ///< since it was seen first
  bool peer_gone = false;                 ///< the other end has no record of it
  bool unproven = false;                  ///< the peer never saw our SYN
};

/// A RST that arrived.
struct Reset {
  trace::Side at = trace::Side::left;   ///< where
  tcp::State met = tcp::State::closed;  ///< what it met there
  bool asked_for = false;               ///< an application had aborted
  bool forged = false;                  ///< an outsider sent it
};

/// All that was seen of a run.
struct Observation {
  Time end{};                              ///< when the run was over
  std::vector<Facts> connections;          ///< of both ends
  std::vector<Establishment> established;  ///< in order
  std::vector<Record> left;                ///< what the stacks hold at the end
  std::vector<Reset> resets;               ///< in order
  std::uint64_t forged = 0;                ///< packets that an outsider sent in another's name
  std::uint32_t unproven = 0;              ///< the most connections held for unproven peers
  std::uint32_t half_open = 0;             ///< the most half-open entries
  std::uint32_t half_open_bound = 0;       ///< what the server allows
  bool hosts_alive = true;                 ///< no host crashed or restarted
  Duration bound = 60s;                    ///< in which calls and records are to end
};

/// Does `invariant` hold for what was seen? If not, how that shows.
[[nodiscard]] std::optional<Broken> check(Invariant invariant, const Observation& seen);

/// All of `invariants` that do not hold.
[[nodiscard]] std::vector<Broken> check_all(const std::vector<Invariant>& invariants,
                                            const Observation& seen);

}  // namespace bowline::inline v0::lab
