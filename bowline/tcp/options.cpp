#include "bowline/tcp/options.hpp"

#include <algorithm>
#include <bit>

#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::tcp {

std::uint8_t shift_for(std::uint32_t buffer) noexcept {
  const int beyond_16_bits = static_cast<int>(std::bit_width(buffer)) - 16;
  return static_cast<std::uint8_t>(std::clamp<int>(beyond_16_bits, 0, wire::kMaxWindowScale));
}

Offer make_offer(const Settings& settings, Family family, std::uint32_t mtu, std::uint16_t most_mss,
                 std::uint32_t buffer) noexcept {
  const std::uint32_t headers = wire::ip_header_size(family) + wire::kTcpHeaderSize;
  Offer offer;
  // RFC 9293 section 3.7.1 (SHLD-5, MUST-67): MMS_R less the fixed header; options are not taken
  // off here.
  offer.mss = static_cast<std::uint16_t>(std::min(mtu - headers, 65'535U - headers));
  if (most_mss != 0) offer.mss = std::min(offer.mss, most_mss);
  offer.window_scaling = settings.window_scaling;
  offer.shift = settings.window_scaling ? shift_for(buffer) : std::uint8_t{0};
  offer.timestamps = settings.timestamps;
  offer.sack = settings.sack;
  return offer;
}

Negotiated negotiate(const Settings& settings, Family family, const Offer& offer,
                     const wire::TcpOptions& peer) noexcept {
  Negotiated result;
  const std::uint16_t otherwise =
      family == Family::ipv4 ? settings.mss_default_v4 : settings.mss_default_v6;  // MUST-15
  // A peer that asks for crumbs would make us send a header for each (SACK Panic, CVE-2019-11479).
  const std::uint16_t asked = peer.mss.value_or(otherwise);
  result.peer_mss = std::max(asked, settings.mss_floor);
  result.mss_raised = asked < settings.mss_floor;
  result.window_scaling = offer.window_scaling && peer.window_scale.has_value();
  if (result.window_scaling) {
    result.snd_shift = *peer.window_scale;
    result.rcv_shift = offer.shift;
  }
  result.timestamps = offer.timestamps && peer.timestamps.has_value();
  result.sack = offer.sack && peer.sack_permitted;
  return result;
}

}  // namespace bowline::inline v0::tcp
