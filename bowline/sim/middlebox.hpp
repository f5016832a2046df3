#pragma once

// A middlebox: the stateful firewall or NAT of a router.
//
// It keeps a flow for each pair of endpoints that talk through it, makes one only for what begins
// inside, and forgets it when nothing has passed for long enough. What comes later and belongs to
// no flow is dropped without a word: that is how an idle connection dies while both its ends still
// believe in it, and why somebody must keep it active (RFC 5382 section 5, RFC 4787 section 4.3).
// A NAT puts its own outside address and a port of its own in place of the inside ones besides.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/packet.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::sim {

/// What a middlebox does with a TCP segment that belongs to no flow.
enum class Refusal : std::uint8_t {
  silent,  ///< drops it
  reset,   ///< drops it and answers with a RST in the other end's name
};

/// A firewall's settings; with `translate` those of a NAT.
struct MiddleboxOptions {
  bool translate = false;  ///< a NAT: the outside sees the outside port's address alone
  /// The port of the router that leads outside, by the order of connecting; all others are inside.
  std::uint32_t outside = 1;
  /// After so long without a packet an established connection is forgotten (RFC 5382 REQ-5).
  Duration idle_limit = 2h + 4min;
  /// The same for one that is being opened or has been closed (REQ-5 b).
  Duration transitory_limit = 4min;
  /// The same for UDP (RFC 4787 REQ-5) and ICMP echoes (RFC 5508 REQ-1).
  Duration datagram_limit = 2min;
  Refusal refusal = Refusal::silent;  ///< of TCP segments that belong to no flow
  std::uint32_t most_flows = 65'536;  ///< beyond it nothing new passes
  /// A NAT's ports for those inside: their own where it is free, else the next free one from here
  /// on (RFC 4787 REQ-3).
  std::uint16_t first_port = 1'024;
};

/// What a middlebox did.
struct MiddleboxCounters {
  std::uint64_t opened = 0;       ///< flows made
  std::uint64_t forgotten = 0;    ///< flows that their idle limit ended
  std::uint64_t no_flow = 0;      ///< packets that belong to none
  std::uint64_t unsupported = 0;  ///< fragments, and protocols without ports
  std::uint64_t full = 0;         ///< new flows for which there was no room or no port
};

/// The flows of one middlebox. Copyable. It knows TCP, UDP, ICMP echoes, and ICMP errors about the
/// first two; everything else is dropped, fragments among it, since it does not reassemble.
class Middlebox {
 public:
  /// One without a flow yet.
  explicit Middlebox(const MiddleboxOptions& options) : options_(options) {}

  /// What to do with a packet.
  enum class Verdict : std::uint8_t { pass, drop, reset };

  /// `packet`, whose header is `ip`, is about to go outside. A NAT writes `outside`, its address
  /// there, and a port into it.
  Verdict outbound(Packet& packet, const wire::IpHeader& ip, const IpAddress& outside, Time now,
                   BufferPool& pool);
  /// `packet` has come from outside. A NAT writes the inside endpoint into it.
  Verdict inbound(Packet& packet, const wire::IpHeader& ip, const IpAddress& outside, Time now,
                  BufferPool& pool);

  [[nodiscard]] const MiddleboxOptions& options() const noexcept { return options_; }  ///< As made.
  /// So far.
  [[nodiscard]] const MiddleboxCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }  ///< Remembered.

 private:
  /// One inside endpoint as the protocol has them: for ICMP echoes the identifier is the port.
  struct Inside {
    std::uint8_t protocol = 0;
    Endpoint endpoint;
    friend auto operator<=>(const Inside&, const Inside&) = default;
  };
  struct Key {
    Inside inside;
    Endpoint remote;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Flow {
    Time last{};
    bool established = false;  // the other side has answered
    bool fin_inside = false;
    bool fin_outside = false;
    bool reset = false;
  };
  struct Mapping {
    std::uint16_t port = 0;
    std::uint32_t flows = 0;
  };
  /// What a packet says of the flow that it belongs to.
  struct Ends {
    std::uint8_t protocol = 0;
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
    std::uint16_t tcp_flags = 0;
    bool begins = false;       // may make a flow
    std::uint32_t quoted = 0;  // an ICMP error: where the packet stands that it is about
    IpAddress quoted_destination;
  };

  [[nodiscard]] std::optional<Ends> read(const Packet& packet, const wire::IpHeader& ip);
  [[nodiscard]] Flow* find(const Key& key, Time now);
  [[nodiscard]] Flow* open(const Key& key, Time now);
  void forget(std::map<Key, Flow>::iterator flow);
  [[nodiscard]] Duration limit(const Key& key, const Flow& flow) const noexcept;
  [[nodiscard]] Verdict refuse(const Ends& ends);
  [[nodiscard]] std::optional<std::uint16_t> pick_port(const Inside& inside) const;
  static void note(Flow& flow, const Ends& ends, bool from_inside, Time now) noexcept;

  MiddleboxOptions options_;
  MiddleboxCounters counters_;
  std::map<Key, Flow> flows_;
  std::map<Inside, Mapping> mappings_;                                // a NAT's
  std::map<std::pair<std::uint8_t, std::uint16_t>, Endpoint> ports_;  // the way back, per protocol
};

}  // namespace bowline::inline v0::sim
