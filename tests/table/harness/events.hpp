#pragma once

// Bringing the event of a cell about: the concrete segment, the call, the passing of time.

#include <string_view>

#include "tests/table/harness/observation.hpp"
#include "tests/table/harness/situations.hpp"
#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// What a cell needs before its event; or why there is no way to bring that about.
struct Plan {
  Preparation preparation;
  std::string_view impossible;
};

Plan plan_for(const Cell& cell);

/// The segment that stands for the classes of `segment` in `scene`.
Injected concrete(const Segment& segment, const Scene& scene);

/// Makes the event of `cell` happen in `scene`, and looks. Notes the injected segment in `before`.
Observed perform(const Cell& cell, Scene& scene, Before& before);

/// The part of perform() for timers: time passes. Puts RCV.NXT in `before` where text has to come
/// first.
Observed time_out(const Cell& cell, Scene& scene, Before& before);

/// Does an acknowledgment of `expected.rcv_nxt` go out within half a second?
bool acknowledges_in_time(Scene& scene, const Expected& expected);

}  // namespace bowline::table
