#pragma once

// A stub resolver (RFC 1034 section 5.3.1): names to addresses by asking name servers.
//
// Like everything in the core it does no I/O: messages, the time and failures come in; messages to
// send, the next deadline and finished lookups come out. StackResolver connects it to a Stack. It
// is our own and not c-ares, because that keeps its own clock and times its own sockets: it would
// run on wall time where all else runs on ours, and no simulation with names in it could be
// repeated from its seed.
//
// An answer is believed if it comes from the address and port that was asked, to the port that
// asked, with the ID and the question of the query (RFC 5452 section 9.1); the ID and the port of
// each try are drawn anew. The same question of several lookups is asked once (5452 section 5).
// What does not fit is counted and dropped, and the wait goes on.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bowline/base/memory.hpp"
#include "bowline/base/result.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dns/answer.hpp"
#include "bowline/dns/cache.hpp"
#include "bowline/dns/config.hpp"
#include "bowline/dns/drop.hpp"
#include "bowline/dns/query.hpp"

namespace bowline::inline v0::dns {

/// Names a lookup until poll_finished() has told of it or it is cancelled.
struct LookupId {
  std::uint32_t index = 0;       ///< its place
  std::uint32_t generation = 0;  ///< which of those that had the place

  friend constexpr bool operator==(const LookupId&, const LookupId&) noexcept = default;
  template <class V>
  void visit(V& v) {
    v(index, generation);
  }
};

/// Names one try of a question: a message out, and the socket on which its answer is to come.
struct ExchangeId {
  std::uint32_t index = 0;       ///< its place
  std::uint32_t generation = 0;  ///< which of those that had the place
  std::uint32_t attempt = 0;     ///< which attempt of the query

  friend constexpr bool operator==(const ExchangeId&, const ExchangeId&) noexcept = default;
  template <class V>
  void visit(V& v) {
    v(index, generation, attempt);
  }
};

/// Which addresses are wanted.
struct Families {
  bool v4 = true;  ///< A records
  bool v6 = true;  ///< AAAA records
};

/// A message to be sent from a new port; over TCP with its length in front (RFC 7766 section 8).
struct Transmit {
  ExchangeId exchange;                   ///< to be named in the answer
  Transport transport = Transport::udp;  ///< how to send it
  Endpoint server;                       ///< where to
  std::span<const std::byte> message;    ///< valid until the next call
};

/// How a lookup ended.
struct Finished {
  LookupId lookup;                       ///< which lookup has ended
  Outcome outcome = Outcome::no_memory;  ///< how it ended
  /// As the server gave them, IPv4 first; see order_addresses().
  FixedVector<IpAddress, 2 * kMaxAddresses> addresses;
};

/// The resolver. One thread's; movable.
class Resolver {
 public:
  /// `secret` makes IDs and letters unpredictable: from the OS generator in production. `memory`
  /// must outlive it, and what `config` refers to.
  Resolver(const Config& config, const Limits& limits, const SipKey& secret,
           Memory& memory) noexcept;

  /// Asks `config`'s servers from now on; what is under way begins anew, what is remembered stays.
  void set_config(const Config& config, Time now) noexcept;
  /// What it was made with.
  [[nodiscard]] const Config& config() const noexcept { return config_; }

  /// Begins to look `name` up; it may be finished at once. `absolute`: not in the search list (a
  /// person says so by a dot at the end). Errors: no_buffer_space beyond Limits::lookups,
  /// not_enough_memory, invalid_argument for no families.
  Result<LookupId> start(const Name& name, bool absolute, Families families, Time now) noexcept;
  /// Forgets a lookup; nothing is told of it any more. A stale `lookup` is no error.
  void cancel(LookupId lookup) noexcept;

  /// The next message that is to go out.
  [[nodiscard]] std::optional<Transmit> poll_transmit() noexcept;
  /// Is an answer to `exchange` still waited for? If not, its socket is of no use any more.
  [[nodiscard]] bool is_open(ExchangeId exchange) const noexcept;
  /// A whole message came from `from` on the socket of `exchange`.
  void receive(ExchangeId exchange, const Endpoint& from, std::span<const std::byte> message,
               Time now) noexcept;
  /// The socket of `exchange` says that the server cannot be reached (ICMP, a reset, the end of the
  /// stream).
  void fail(ExchangeId exchange, Time now) noexcept;
  /// Gives up on the servers whose time is over.
  void advance(Time now) noexcept;
  /// When advance() must be called at the latest.
  [[nodiscard]] Time next_deadline() const noexcept;

  /// The next lookup that is finished; its id is stale from then on.
  [[nodiscard]] std::optional<Finished> poll_finished() noexcept;

  /// A number that nobody can guess, for a source port.
  [[nodiscard]] std::uint64_t draw() noexcept;
  /// What was dropped, by reason.
  [[nodiscard]] const DropCounters& drops() const noexcept { return drops_; }
  /// Lookups and questions under way, answers remembered.
  [[nodiscard]] std::uint32_t lookups() const noexcept { return lookups_.size(); }
  /// Those under way.
  [[nodiscard]] std::uint32_t queries() const noexcept { return queries_.size(); }
  /// Entries of the cache.
  [[nodiscard]] std::uint32_t remembered() const noexcept { return cache_.size(); }

  /// All state but what it was made with.
  template <class V>
  void visit(V& v) {
    v(lookups_, queries_, cache_, drops_, drawn_, good_, turn_);
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// What a lookup wants of one family.
  struct Part {
    bool wanted = false;
    std::uint32_t query = kNone;  // under way; else answered
    Answer answer;

    template <class V>
    void visit(V& v) {
      v(wanted, query, answer);
    }
  };
  struct Lookup {
    Name name;
    bool absolute = false;
    bool finished = false;
    std::uint8_t candidate = 0;  // of the names that are tried in turn
    bool exists = false;         // one of them did, without addresses
    Outcome outcome = Outcome::no_such_name;
    std::array<Part, 2> parts;  // A, AAAA

    template <class V>
    void visit(V& v) {
      v(name, absolute, finished, candidate, exists, outcome, parts);
    }
  };

  [[nodiscard]] std::optional<Name> candidate(const Lookup& lookup) const noexcept;
  [[nodiscard]] bool answer_here(Lookup& lookup) const noexcept;
  void begin(Lookup& lookup, Time now) noexcept;
  void settle(Lookup& lookup, Time now) noexcept;
  [[nodiscard]] std::uint32_t ask(const Question& question, Time now) noexcept;
  void try_now(Query& query, Time now) noexcept;
  void try_next(std::uint32_t index, Time now) noexcept;
  void finish(std::uint32_t index, const Answer& answer, Time now) noexcept;
  void drop_unwanted_queries() noexcept;
  void judge(std::uint32_t index, std::span<const std::byte> bytes, Time now) noexcept;
  [[nodiscard]] std::optional<Drop> mismatch(const Query& query,
                                             const Message& message) const noexcept;
  void suspect(std::uint32_t index, Drop why, Time now) noexcept;
  [[nodiscard]] Query* find(ExchangeId exchange) noexcept;
  void mix_case(Name& name) noexcept;

  Config config_;
  Limits limits_;
  SipKey secret_;
  Slab<Lookup> lookups_;
  Slab<Query> queries_;
  Cache cache_;
  DropCounters drops_;
  std::uint64_t drawn_ = 0;
  std::uint8_t good_ = 0;  // the server that answered last
  std::uint8_t turn_ = 0;  // whose turn it is, with Config::rotate
  std::array<std::byte, kMaxQuery> outgoing_{};
};

}  // namespace bowline::inline v0::dns
