#pragma once

// How long Ethernet's protocols wait: the constants of RFC 5227 and RFC 4861 by their names.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::ip {

/// Asking whether an IPv4 address is taken, and defending it (RFC 5227 section 1.1).
struct AddressConflictTiming {
  Duration probe_wait = 1s;  ///< at most; a random part of it, so that a power cut ends in no storm
  std::uint8_t probe_num = 3;
  Duration probe_min = 1s;  ///< between probes, a random time between these two
  Duration probe_max = 2s;
  Duration announce_wait = 2s;  ///< after the last probe
  std::uint8_t announce_num = 2;
  Duration announce_interval = 2s;
  Duration defend_interval = 10s;  ///< a second conflict within it: the address is given up
};

/// Neighbours and routers (RFC 4861 section 10); ARP's requests go by the same clock.
struct NeighbourTiming {
  Duration reachable_time = 30s;  ///< BaseReachableTime, of which 0.5 to 1.5 are taken at random
  Duration retrans_timer = 1s;  ///< between solicitations; at least 1 s for ARP (RFC 1122 2.3.2.1)
  Duration delay_first_probe = 5s;
  std::uint8_t multicast_solicits = 3;
  std::uint8_t unicast_solicits = 3;
  Duration router_solicitation_delay = 1s;  ///< at most, before the first
  Duration router_solicitation_interval = 4s;
  std::uint8_t router_solicitations = 3;
  std::uint8_t dad_transmits =
      1;  ///< DupAddrDetectTransmits (RFC 4862 section 5.1); 0: no detection
};

/// All of it.
struct Timing {
  AddressConflictTiming conflict{};
  NeighbourTiming neighbour{};
};

}  // namespace bowline::inline v0::ip
