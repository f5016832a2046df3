#pragma once

// The states that have been seen: 64-bit hashes in an open-addressed table, and how each was come
// to.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bowline/model/choice.hpp"

namespace bowline::inline v0::model {

/// A set of hashes. One thread's.
class Seen {
 public:
  /// Adds `hash`; false: it is there already.
  [[nodiscard]] bool insert(std::uint64_t hash) {
    if (hash == 0) hash = 1;  // 0 is an empty place
    if (size_ >= places_.size() / 4 * 3) grow();
    if (!place(places_, hash)) return false;
    ++size_;
    return true;
  }
  /// How many there are.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Bytes of memory.
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return places_.size() * sizeof(std::uint64_t);
  }

 private:
  static bool place(std::vector<std::uint64_t>& places, std::uint64_t hash) noexcept {
    const std::size_t mask = places.size() - 1;
    // The lowest bit says which thread's it is, so it is no use here.
    for (std::size_t at = static_cast<std::size_t>(hash >> 8U) & mask;; at = (at + 1) & mask) {
      if (places[at] == hash) return false;
      if (places[at] != 0) continue;
      places[at] = hash;
      return true;
    }
  }
  void grow() {
    std::vector<std::uint64_t> larger(places_.size() * 2);
    for (const std::uint64_t hash : places_) {
      if (hash != 0) static_cast<void>(place(larger, hash));
    }
    places_.swap(larger);
  }

  std::vector<std::uint64_t> places_ = std::vector<std::uint64_t>(1U << 12U);
  std::uint64_t size_ = 0;
};

/// A state's number: the lowest byte says which thread keeps it.
using StateId = std::uint64_t;

/// How a state was first come to, in eight bytes: 48 bits of where from, 16 of what happened.
class Origin {
 public:
  /// From `parent` by `choice`.
  Origin(StateId parent, Choice choice) noexcept
      : packed_(parent << 16U | static_cast<std::uint64_t>(choice.action) << 8U |
                static_cast<std::uint64_t>(choice.host) << 7U | choice.which) {}
  [[nodiscard]] StateId parent() const noexcept { return packed_ >> 16U; }  ///< Where from.
  /// What happened.
  [[nodiscard]] Choice choice() const noexcept {
    return {static_cast<Action>(packed_ >> 8U & 0xffU), static_cast<Host>(packed_ >> 7U & 1U),
            static_cast<std::uint8_t>(packed_ & 0x7fU)};
  }

 private:
  std::uint64_t packed_;
};

}  // namespace bowline::inline v0::model
