// RFC 9293, 3.10.7.4: the order of the steps.

#include "tests/table/rfc9293/section_3_10_7_4.hpp"

namespace bowline::table {

namespace {

// The paragraph on segments that begin beyond RCV.NXT stands at the end of the first step; it must
// not hold back RST and SYN, whose steps judge the number themselves, and so it takes its place
// after them.
constexpr std::size_t kSixth = 7;

}  // namespace

std::span<const Step> segment_elsewhere() {
  static const std::array<Step, 10> steps{
      Step{"First, check sequence number", first_check_sequence_number()},
      Step{"Second, check the RST bit", second_check_rst()},
      Step{"Fourth, check the SYN bit", fourth_check_syn()},
      Step{"(First, last paragraph: a segment that begins beyond RCV.NXT)",
           segment_ahead_of_rcv_nxt()},
      Step{"Fifth, check the ACK field: is it acceptable?", fifth_ack_acceptable()},
      Step{"Fifth, check the ACK field: the send window", fifth_send_window()},
      Step{"Fifth, check the ACK field: state by state", fifth_per_state()},
      Step{"Sixth, check the URG bit", sixth_check_urg()},
      Step{"Seventh, process the segment text", seventh_process_text()},
      Step{"Eighth, check the FIN bit", eighth_check_fin()},
  };
  return steps;
}

std::size_t sixth_step() { return kSixth; }

}  // namespace bowline::table
