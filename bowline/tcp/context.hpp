#pragma once

// What the engine is given with each event: the time, the settings, where memory comes from, whom
// to tell. The engine keeps none of it. (The core has no clock, no global and does no I/O: DESIGN
// section 1.)

#include "bowline/base/buffer.hpp"
#include "bowline/base/decision.hpp"
#include "bowline/base/limits.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/range_budget.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/reply.hpp"
#include "bowline/tcp/secrets.hpp"
#include "bowline/tcp/settings.hpp"

namespace bowline::inline v0::tcp {

class FastOpenCache;

/// The surroundings of one event. Made by the Stack for each call into the engine.
struct Context {
  Time now;
  const Settings& settings;
  const Limits& limits;
  const Secrets& secrets;
  Memory& memory;
  BufferPool& pool;
  Decisions& decisions;
  ReplyQueue& replies;
  Random& random;
  FastOpenCache& fast_open;
  RangeBudget& ranges;  ///< in flight, of all connections (Limits::all_sent_ranges)
  bool scarce = false;  ///< buffers are: windows do not open (Limits::scarce_percent)
};

}  // namespace bowline::inline v0::tcp
