#pragma once

// The experiments, each in a file of its own under experiments/.

#include "bowline/lab/experiment.hpp"

namespace bowline::inline v0::lab {

[[nodiscard]] Experiment retransmission();      ///< 1
[[nodiscard]] Experiment sequence_numbers();    ///< 2
[[nodiscard]] Experiment checksum();            ///< 3
[[nodiscard]] Experiment udp();                 ///< 4
[[nodiscard]] Experiment four_way_handshake();  ///< 5
[[nodiscard]] Experiment flow_control();        ///< 6
[[nodiscard]] Experiment window_probe();        ///< 7
[[nodiscard]] Experiment congestion_control();  ///< 8
[[nodiscard]] Experiment give_up();             ///< 9
[[nodiscard]] Experiment persistent_http();     ///< 10
[[nodiscard]] Experiment forgotten_close();     ///< 11
[[nodiscard]] Experiment half_close();          ///< 12
[[nodiscard]] Experiment three_way_close();     ///< 13
[[nodiscard]] Experiment closing_state();       ///< 14
[[nodiscard]] Experiment half_open_timeout();   ///< 15
[[nodiscard]] Experiment rst();                 ///< 16
[[nodiscard]] Experiment two_way_handshake();   ///< 17
[[nodiscard]] Experiment two_way_isn();         ///< 18
[[nodiscard]] Experiment challenge_ack();       ///< 19
[[nodiscard]] Experiment time_wait();           ///< 20
[[nodiscard]] Experiment time_wait_length();    ///< 21
[[nodiscard]] Experiment keepalive();           ///< 22
[[nodiscard]] Experiment heartbeat();           ///< 23
[[nodiscard]] Experiment idle_firewall();       ///< 24
[[nodiscard]] Experiment predictable_isn();     ///< 25
[[nodiscard]] Experiment two_way_spoof();       ///< 26
[[nodiscard]] Experiment stray_data();          ///< 27
[[nodiscard]] Experiment syn_flood();           ///< 28
[[nodiscard]] Experiment two_generals();        ///< 29

}  // namespace bowline::inline v0::lab
