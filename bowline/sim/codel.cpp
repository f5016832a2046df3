#include "bowline/sim/codel.hpp"

#include <cmath>
#include <utility>

namespace bowline::inline v0::sim {
namespace {

/// When to drop next, after `count` drops (section 5.3). A square root and a division are exact to
/// the last bit everywhere (IEEE 754).
Time control_law(const Codel& codel, Time from, std::uint32_t count) noexcept {
  const double step = static_cast<double>(codel.interval.count()) / std::sqrt(count);
  return from + Duration(static_cast<Duration::rep>(step));
}

}  // namespace

bool CodelState::stands(const Codel& codel, Time now, Duration sojourn, std::uint64_t backlog,
                        std::uint32_t largest) noexcept {
  if (sojourn < codel.target || backlog <= largest) {
    above_ = false;
    return false;
  }
  if (!above_) {
    above_ = true;
    first_above_ = now + codel.interval;
    return false;
  }
  return now >= first_above_;
}

CodelState::Verdict CodelState::judge(const Codel& codel, Time now, Duration sojourn,
                                      std::uint64_t backlog, std::uint32_t largest) noexcept {
  const bool ok_to_drop = stands(codel, now, sojourn, backlog, largest);
  const Round round = std::exchange(round_, Round::fresh);
  // The drop that enters the dropping state is the only one of its round.
  if (round == Round::entered) return Verdict::deliver;
  if (dropping_) {
    if (!ok_to_drop) {
      dropping_ = false;  // the delay is below target: stop
      return Verdict::deliver;
    }
    if (round == Round::dropped) drop_next_ = control_law(codel, drop_next_, count_);
    if (now < drop_next_) return Verdict::deliver;
    ++count_;
    round_ = Round::dropped;
    return Verdict::drop;
  }
  if (!ok_to_drop) return Verdict::deliver;
  dropping_ = true;
  // Start where the last dropping state left off, if that is not long ago (section 5.4).
  const std::uint32_t delta = count_ - last_count_;
  const bool recent = now - drop_next_ < 16 * codel.interval;
  count_ = delta > 1 && recent ? delta : 1;
  drop_next_ = control_law(codel, now, count_);
  last_count_ = count_;
  round_ = Round::entered;
  return Verdict::drop;
}

void CodelState::marked(const Codel& codel) noexcept {
  if (round_ == Round::dropped) drop_next_ = control_law(codel, drop_next_, count_);
  round_ = Round::fresh;
}

void CodelState::empty() noexcept {
  above_ = false;
  dropping_ = false;
  round_ = Round::fresh;
}

}  // namespace bowline::inline v0::sim
