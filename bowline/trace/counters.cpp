#include "bowline/trace/counters.hpp"

#include <fmt/format.h>

#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::trace {
namespace {

template <class Visitor>
void for_each_reason(const ReasonCounters& counters, Visitor visit) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    visit(reason, counters[reason]);
  }
}

}  // namespace

std::string counter_lines(const ReasonCounters& counters, bool all) {
  std::string text;
  for_each_reason(counters, [&](Reason reason, std::uint64_t count) {
    if (all || count > 0) text += fmt::format("{} {}\n", info(reason).name, count);
  });
  return text;
}

std::string counter_table(const ReasonCounters& counters) {
  std::string text;
  for_each_reason(counters, [&](Reason reason, std::uint64_t count) {
    if (count == 0) return;
    text += fmt::format("{:>12}  {:<10} {:<32} {}\n", count, name(info(reason).kind),
                        info(reason).name, why(reason));
  });
  return text;
}

}  // namespace bowline::inline v0::trace
