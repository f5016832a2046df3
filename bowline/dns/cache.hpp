#pragma once

// Answers that are remembered for as long as their TTL says (RFC 1035 section 7.4), "there is none"
// among them (RFC 2308). Bounded: when it is full, the answer goes that would expire first.

#include <cstdint>

#include "bowline/base/slab.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dns/answer.hpp"
#include "bowline/dns/config.hpp"

namespace bowline::inline v0::dns {

/// Answers by their questions. A lookup goes through all entries: names are looked up before
/// connections are opened, not per packet, and there are few.
class Cache {
 public:
  /// `memory` must outlive it.
  Cache(Memory& memory, const Limits& limits) noexcept
      : limits_(limits), entries_(memory, limits.cache_entries) {}

  /// What is remembered of `question`, or null. Valid until the next call that changes anything.
  [[nodiscard]] const Answer* find(const Question& question, Time now) noexcept;
  /// Remembers `answer` if it is found, no_data or no_such_name and has a TTL. Without memory it is
  /// not remembered.
  void insert(const Question& question, const Answer& answer, Time now) noexcept;
  /// Entries, stale ones included.
  [[nodiscard]] std::uint32_t size() const noexcept { return entries_.size(); }
  void clear() noexcept { entries_.clear(); }  ///< Forgets all.

  template <class V>
  void visit(V& v) {
    v(entries_);
  }

 private:
  struct Entry {
    Question question;
    Answer answer;
    Time expires{};

    template <class V>
    void visit(V& v) {
      v(question, answer, expires);
    }
  };

  void make_room(const Question& question, Time now) noexcept;

  Limits limits_;
  Slab<Entry> entries_;
};

}  // namespace bowline::inline v0::dns
