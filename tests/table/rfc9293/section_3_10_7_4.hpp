#pragma once

// RFC 9293, 3.10.7.4: a segment arrives in any of the other states. One file per numbered step.
//
// The third step (security/compartment) is left out: nothing on today's Internet carries it
// (Appendix A.1).

#include "tests/table/rfc9293/rule.hpp"

namespace bowline::table {

std::span<const Rule> first_check_sequence_number();
std::span<const Rule> second_check_rst();
std::span<const Rule> fourth_check_syn();
/// "In the following it is assumed that the segment is the idealized segment that begins at
/// RCV.NXT".
std::span<const Rule> segment_ahead_of_rcv_nxt();
std::span<const Rule> fifth_ack_acceptable();
std::span<const Rule> fifth_send_window();
std::span<const Rule> fifth_per_state();
std::span<const Rule> sixth_check_urg();
std::span<const Rule> seventh_process_text();
std::span<const Rule> eighth_check_fin();

}  // namespace bowline::table
