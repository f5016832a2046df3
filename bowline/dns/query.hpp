#pragma once

// A question under way: which server is being asked how, and which is asked next.
//
// The list of servers is gone through `attempts` times; each has `timeout` to answer, twice as long
// in the next round. A server that said that it cannot or will not answer, or that cannot be
// reached, is not asked again. Each try has an ID and a source port of its own.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "bowline/base/time.hpp"
#include "bowline/dns/answer.hpp"
#include "bowline/dns/config.hpp"

namespace bowline::inline v0::dns {

/// How a message travels.
enum class Transport : std::uint8_t { udp, tcp };

/// The tries of one question. Whoever holds it draws IDs and sends.
struct Query {
  Question question;  ///< what it asks
  /// The question's name as it went out, letters mixed where that is configured.
  Name spelled;
  Endpoint server;                       ///< whom it asks
  Time deadline = kNever;                ///< until when it waits
  Transport transport = Transport::udp;  ///< how it is sent
  bool edns = true;                      ///< with an OPT record (RFC 6891)
  bool to_send = false;                  ///< this try has not gone out yet
  std::uint16_t id = 0;                  ///< of this try
  std::uint32_t attempt = 0;             ///< counts tries; what comes for an older one is late
  std::uint32_t forgeries = 0;           ///< answers to this try that did not fit
  std::uint8_t index = 0;                ///< of `server` in the list
  std::uint8_t tried = 0;                ///< servers of this round
  std::uint8_t round = 0;                ///< times that all servers were asked before
  std::uint8_t ruled_out = 0;            ///< one bit for each server that is not to be asked again
  std::optional<Outcome> failure;  ///< the last that a server said, or that there was no way to it

  /// Turns to server `first` as the first one. There must be servers.
  void begin(const Config& config, std::uint8_t first) noexcept;
  /// Turns to the next server. False: there is none left to ask.
  [[nodiscard]] bool next(const Config& config) noexcept;
  /// The present server is not to be asked again, because of `why`.
  void rule_out(Outcome why) noexcept;
  /// How long the present server has to answer.
  [[nodiscard]] Duration patience(const Config& config) const noexcept {
    return config.timeout * (1U << std::min<unsigned>(round, kMostDoublings));
  }

  template <class V>
  void visit(V& v) {
    v(question, spelled, server, deadline, transport, edns, to_send, id, attempt, forgeries, index,
      tried, round, ruled_out, failure);
  }

 private:
  static constexpr unsigned kMostDoublings = 8;

  void turn_to(const Config& config, std::uint8_t to) noexcept;
};

static_assert(kMaxServers <= 8, "Query::ruled_out has a bit for each");

}  // namespace bowline::inline v0::dns
