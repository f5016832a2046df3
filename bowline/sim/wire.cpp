#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::sim {

std::string_view name(Fate fate) noexcept {
  switch (fate) {
    case Fate::passed:
      return "passed";
    case Fate::marked:
      return "marked";
    case Fate::reordered:
      return "reordered";
    case Fate::duplicated:
      return "duplicated";
    case Fate::corrupted:
      return "corrupted";
    case Fate::queued:
      return "queued";
    case Fate::lost:
      return "lost";
    case Fate::cut:
      return "cut";
    case Fate::queue_full:
      return "queue full";
    case Fate::dropped:
      return "dropped by CoDel";
    case Fate::too_big:
      return "too big";
  }
  return "unknown";
}

}  // namespace bowline::inline v0::sim
