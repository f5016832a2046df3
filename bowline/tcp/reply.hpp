#pragma once

// Replies without state: a RST for what belongs to no connection, an ACK from a half-open entry or
// TIME-WAIT.
//
// They wait in a bounded ring for their interface, and are dropped with a reason when it is full:
// whoever is flooded does not have to answer everything (DESIGN section 3).

#include <cstdint>
#include <optional>

#include "bowline/base/decision.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/tcp/segment.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// A segment without data that is sent once and remembered by nobody.
struct Reply {
  Endpoint local;
  Endpoint remote;
  InterfaceId interface{};
  SeqNumber seq;
  SeqNumber ack;
  std::uint16_t flags = 0;
  std::uint16_t window = 0;
  wire::TcpOptions options;
  Reason why = Reason::send_rst_closed;
  std::uint64_t connection = 0;  ///< the number of the one that it belongs to; 0: none
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 0;  ///< 0: the default
};

/// Where replies are put. The Stack implements it: a ring for each interface.
class ReplyQueue {
 public:
  virtual ~ReplyQueue() = default;
  /// Queues `reply`, or drops it and says so.
  virtual void reply(const Reply& reply) noexcept = 0;
};

/// The RST that answers `segment` where there is no connection (RFC 9293 sections 3.5.2
/// and 3.10.7.1): with an ACK it is believed because it carries that number; without, because it
/// acknowledges all of the segment. `segment` must not be a RST itself.
[[nodiscard]] Reply reset_for(const Segment& segment, Reason why) noexcept;

}  // namespace bowline::inline v0::tcp
