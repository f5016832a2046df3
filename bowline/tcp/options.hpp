#pragma once

// What two SYNs agree on (RFC 9293 section 3.7.1, RFC 7323, RFC 2018).
//
// An option is on when both SYNs had it; from then on nothing changes. The unit turns our SYN and
// the peer's into that constant and knows nothing of states.

#include <cstdint>

#include "bowline/tcp/ecn.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// What our SYN says.
struct Offer {
  std::uint16_t mss = 0;  ///< what we can receive: the link's MTU without the fixed headers
  bool window_scaling = false;
  std::uint8_t shift = 0;  ///< of the windows that we will send
  bool timestamps = false;
  bool sack = false;
};

/// What both SYNs together say. Constant for the life of the connection.
struct Negotiated {
  std::uint16_t peer_mss =
      0;                    ///< the most the peer takes in one segment (SendMSS), without options
  bool mss_raised = false;  ///< the peer asked for less than Settings::mss_floor
  bool window_scaling = false;
  std::uint8_t snd_shift = 0;  ///< by which the peer's windows are shifted
  std::uint8_t rcv_shift = 0;  ///< by which ours are
  bool timestamps = false;
  bool sack = false;
  FeedbackMode feedback = FeedbackMode::none;  ///< of ECN: agreed by the flags of the SYNs
};

/// The offer of a connection over a link that takes IP packets of `mtu` bytes. `most_mss` (0: none)
/// is the application's limit, `buffer` what the receive buffer may hold.
[[nodiscard]] Offer make_offer(const Settings& settings, Family family, std::uint32_t mtu,
                               std::uint16_t most_mss, std::uint32_t buffer) noexcept;

/// Our `offer` and the options of the peer's SYN, together.
[[nodiscard]] Negotiated negotiate(const Settings& settings, Family family, const Offer& offer,
                                   const wire::TcpOptions& peer) noexcept;

/// The smallest shift with which `buffer` bytes can be said in 16 bits (RFC 7323 section 2.3: at
/// most 14).
[[nodiscard]] std::uint8_t shift_for(std::uint32_t buffer) noexcept;

}  // namespace bowline::inline v0::tcp
