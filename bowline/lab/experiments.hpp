#pragma once

// The experiments, each in a file of its own under experiments/.

#include "bowline/lab/experiment.hpp"

namespace bowline::inline v0::lab {

[[nodiscard]] Experiment retransmission();      ///< 1
[[nodiscard]] Experiment sequence_numbers();    ///< 2
[[nodiscard]] Experiment checksum();            ///< 3
[[nodiscard]] Experiment udp();                 ///< 4
[[nodiscard]] Experiment four_way_handshake();  ///< 5
[[nodiscard]] Experiment half_close();          ///< 12
[[nodiscard]] Experiment three_way_close();     ///< 13
[[nodiscard]] Experiment closing_state();       ///< 14
[[nodiscard]] Experiment half_open_timeout();   ///< 15
[[nodiscard]] Experiment rst();                 ///< 16
[[nodiscard]] Experiment two_way_handshake();   ///< 17
[[nodiscard]] Experiment two_way_isn();         ///< 18
[[nodiscard]] Experiment challenge_ack();       ///< 19
[[nodiscard]] Experiment time_wait();           ///< 20
[[nodiscard]] Experiment predictable_isn();     ///< 25
[[nodiscard]] Experiment two_way_spoof();       ///< 26
[[nodiscard]] Experiment stray_data();          ///< 27

}  // namespace bowline::inline v0::lab
