// Compiled by a test, once with and once without the mistake, which must be refused.

#include "tests/support/segment_literal.hpp"

namespace bowline::test {

#ifdef WITH_MISTAKE
inline constexpr Segment kSegment = "P. 1:101(99) ack 1"_seg;
#else
inline constexpr Segment kSegment = "P. 1:101(100) ack 1"_seg;
#endif

}  // namespace bowline::test
