#include "bowline/dns/cache.hpp"

#include <algorithm>

namespace bowline::inline v0::dns {

const Answer* Cache::find(const Question& question, Time now) noexcept {
  const Answer* found = nullptr;
  entries_.for_each([&](std::uint32_t, const Entry& entry) {
    if (entry.expires > now && entry.question == question) found = &entry.answer;
  });
  return found;
}

void Cache::insert(const Question& question, const Answer& answer, Time now) noexcept {
  const bool positive = answer.outcome == Outcome::found;
  const bool negative =
      answer.outcome == Outcome::no_data || answer.outcome == Outcome::no_such_name;
  if (!positive && !negative) return;
  const Duration longest = positive ? limits_.longest_ttl : limits_.longest_negative_ttl;
  const Duration ttl = std::min(answer.ttl, longest);
  if (ttl <= Duration::zero()) return;
  make_room(question, now);
  const std::uint32_t index = entries_.emplace();
  if (index == Slab<Entry>::kNone) return;
  entries_[index] = {question, answer, saturating_add(now, ttl)};
}

// What has expired goes, what is known of `question` too, and if it is still full the next to
// expire.
void Cache::make_room(const Question& question, Time now) noexcept {
  std::uint32_t first = Slab<Entry>::kNone;
  entries_.for_each([&](std::uint32_t index, const Entry& entry) {
    if (entry.expires <= now || entry.question == question) return entries_.erase(index);
    if (first == Slab<Entry>::kNone || entry.expires < entries_[first].expires) first = index;
  });
  if (entries_.size() >= entries_.limit() && first != Slab<Entry>::kNone) entries_.erase(first);
}

}  // namespace bowline::inline v0::dns
