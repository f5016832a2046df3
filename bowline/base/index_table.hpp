#pragma once

// The lookup: from the hash of a key to the slab number of what has that key.
//
// The table knows hashes and numbers, the key stays in the element: one cache line holds seven
// {hash, number} pairs, so that finding a connection costs one line here and one there. Buckets are
// probed one after the other; each counts how many entries went past it for want of room, so that a
// search knows where to stop and an erase leaves no tombstone: deletion never degrades the table.
//
// It grows without a stall. A larger array is made ready a chunk at a time, then filled a few
// buckets at a time, then the old one is given back a chunk at a time, each step riding on an
// insert() or erase(). Where there is no memory to grow, it goes on filling what it has, and tries
// again.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0 {

namespace detail {

/// One cache line: seven places, and how many entries that wanted to be here or before went
/// further.
struct alignas(64) IndexBucket {
  static constexpr std::uint32_t kPlaces = 7;

  std::uint32_t hashes[kPlaces];
  std::uint32_t overflow;
  std::uint32_t indices[kPlaces];
  std::uint32_t occupied;  // a bit for each place

  /// The places that hold `hash`, as bits.
  [[nodiscard]] std::uint32_t matches(std::uint32_t hash) const noexcept {
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < kPlaces; ++i) found |= std::uint32_t{hashes[i] == hash} << i;
    return found & occupied;
  }
  [[nodiscard]] bool full() const noexcept { return occupied == (1U << kPlaces) - 1; }
};

/// A power of two of buckets in chunks that are allocated and released one by one.
struct BucketArray {
  static constexpr std::uint32_t kChunkBuckets = 256;  // 16 KiB

  IndexBucket** chunks = nullptr;
  std::uint32_t buckets = 0;      // a power of two, or 0: no array
  std::uint32_t chunk_count = 0;  // chunks that stand

  [[nodiscard]] std::uint32_t chunk_buckets() const noexcept {
    return buckets < kChunkBuckets ? buckets : kChunkBuckets;
  }
  [[nodiscard]] std::uint32_t chunks_wanted() const noexcept {
    return buckets / (buckets == 0 ? 1 : chunk_buckets());
  }
  [[nodiscard]] IndexBucket& operator[](std::uint32_t bucket) const noexcept {
    return chunks[bucket / kChunkBuckets][bucket % kChunkBuckets];
  }
  /// Where entries with `hash` begin to look for room.
  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const noexcept {
    return hash & (buckets - 1);
  }
  [[nodiscard]] std::uint32_t after(std::uint32_t bucket) const noexcept {
    return (bucket + 1) & (buckets - 1);
  }

  [[nodiscard]] bool make_directory(Memory& memory, std::uint32_t bucket_count) noexcept;
  [[nodiscard]] bool add_chunk(Memory& memory) noexcept;
  void drop_chunk(Memory& memory) noexcept;
  void release(Memory& memory) noexcept;

  void place(std::uint32_t hash, std::uint32_t index) noexcept;
  [[nodiscard]] bool remove(std::uint32_t hash, std::uint32_t index) noexcept;

  /// Calls `is_it(index)` for the entries with `hash` until one says yes.
  template <class Eq>
  [[nodiscard]] std::uint32_t find(std::uint32_t hash, Eq& is_it) const noexcept {
    for (std::uint32_t at = home(hash), steps = 0; steps < buckets; at = after(at), ++steps) {
      const IndexBucket& bucket = (*this)[at];
      for (std::uint32_t bits = bucket.matches(hash); bits != 0; bits &= bits - 1) {
        const std::uint32_t index = bucket.indices[std::countr_zero(bits)];
        if (is_it(index)) return index;
      }
      if (bucket.overflow == 0) break;
    }
    return 0xffffffff;
  }
};

}  // namespace detail

/// A multimap from 64-bit hashes (of which 32 bits are kept) to numbers. One thread's.
class IndexTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// An empty table of at most `limit` entries over `memory`, which must outlive it. Holds no
  /// memory yet.
  IndexTable(Memory& memory, std::uint32_t limit) noexcept : memory_(&memory), limit_(limit) {}
  IndexTable(IndexTable&& other) noexcept
      : memory_(other.memory_),
        limit_(other.limit_),
        size_(std::exchange(other.size_, 0)),
        moved_(std::exchange(other.moved_, 0)),
        phase_(std::exchange(other.phase_, Phase::settled)),
        current_(std::exchange(other.current_, {})),
        other_(std::exchange(other.other_, {})) {}
  IndexTable& operator=(IndexTable&& other) noexcept {
    IndexTable taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~IndexTable() { clear(); }

  void swap(IndexTable& other) noexcept;

  /// Adds `index` under `hash`. False, and nothing is added, when the limit is reached or the table
  /// is full and there is no memory to grow it. The same pair may be added more than once.
  [[nodiscard]] bool insert(std::uint64_t hash, std::uint32_t index) noexcept;

  /// The first number under `hash` of which `is_it(number)` says that it has the key; kNone when
  /// none has. `is_it` may be asked about a number whose hash differs in the bits that are not
  /// kept.
  template <class Eq>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Eq&& is_it) const noexcept {
    const std::uint32_t kept = fold(hash);
    if (current_.buckets != 0) {
      const std::uint32_t found = current_.find(kept, is_it);
      if (found != kNone) return found;
    }
    return phase_ == Phase::moving ? other_.find(kept, is_it) : kNone;
  }

  /// Removes `index` from under `hash`; false when it is not there.
  bool erase(std::uint64_t hash, std::uint32_t index) noexcept;

  /// Begins to load the line where find(hash) will begin into the cache.
  void prefetch(std::uint64_t hash) const noexcept {
    if (current_.buckets != 0) __builtin_prefetch(&current_[current_.home(fold(hash))]);
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }

  /// Bytes of memory that the table holds.
  [[nodiscard]] std::size_t bytes_held() const noexcept;

  /// Removes everything and gives all memory back.
  void clear() noexcept;

  /// The most buckets that any search goes through, whether it finds something or not. For tests;
  /// walks the table.
  [[nodiscard]] std::uint32_t longest_search() const noexcept;

  /// State, entry by entry: saved and loaded with the arrangement, hashed as nothing, since a table
  /// only repeats what its elements say. An owner that would rather not save it calls clear() and
  /// inserts anew.
  template <class V>
  void visit(V& v) {
    if constexpr (V::loading) {
      load(v);
    } else if constexpr (!V::hashing) {
      v(size_, moved_, phase_);
      visit_array(v, current_);
      visit_array(v, other_);
    }
  }

 private:
  using Bucket = detail::IndexBucket;
  using Array = detail::BucketArray;

  // settled:   `current_` holds everything, there is no other array.
  // preparing: `other_` is being made ready; `current_` holds everything.
  // moving:    `current_` is the larger array and takes new entries; `other_`, the old one, is
  // emptied
  //            bucket by bucket, `moved_` of them so far.
  // releasing: `current_` holds everything; `other_`, the old one, is given back.
  enum class Phase : std::uint8_t { settled, preparing, moving, releasing };

  static constexpr std::uint32_t kFirstBuckets = 8;
  static constexpr std::uint32_t kMovedPerStep = 2;

  [[nodiscard]] static constexpr std::uint32_t fold(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
  }

  // Growing begins when three quarters of the places are taken; without memory to grow, one in
  // sixteen stays free, so that searches stay short.
  [[nodiscard]] bool wants_to_grow() const noexcept {
    return size_ / 3 >= std::uint64_t{current_.buckets} * Bucket::kPlaces / 4;
  }
  [[nodiscard]] bool full() const noexcept {
    const std::uint64_t places = std::uint64_t{current_.buckets} * Bucket::kPlaces;
    return size_ >= places - places / 16;
  }

  void step() noexcept;
  void prepare() noexcept;
  void move_bucket(std::uint32_t bucket) noexcept;

  template <class V>
  static void visit_array(V& v, Array& array) {
    v(array.buckets, array.chunk_count);
    for (std::uint32_t at = 0; at < array.chunk_count * array.chunk_buckets(); ++at) {
      visit_bucket(v, array[at]);
    }
  }

  template <class V>
  static void visit_bucket(V& v, Bucket& bucket) {
    v(bucket.overflow, bucket.occupied);
    for (std::uint32_t i = 0; i < Bucket::kPlaces; ++i) {
      if ((bucket.occupied >> i & 1) != 0) v(bucket.hashes[i], bucket.indices[i]);
    }
  }

  template <class V>
  void load(V& v) {
    clear();
    v(size_, moved_, phase_);
    load_array(v, current_);
    load_array(v, other_);
    if (v.failed() || !valid()) {
      clear();
      v.fail();
    }
  }

  template <class V>
  void load_array(V& v, Array& array) {
    std::uint32_t buckets = 0;
    std::uint32_t chunk_count = 0;
    v(buckets, chunk_count);
    if (v.failed() || buckets == 0) return;
    if (!std::has_single_bit(buckets) || !array.make_directory(*memory_, buckets) ||
        chunk_count > array.chunks_wanted()) {
      return v.fail();
    }
    while (array.chunk_count < chunk_count) {
      if (v.failed() || !array.add_chunk(*memory_)) return v.fail();
      const std::uint32_t from = (array.chunk_count - 1) * array.chunk_buckets();
      for (std::uint32_t i = 0; i < array.chunk_buckets(); ++i) visit_bucket(v, array[from + i]);
    }
  }

  // Of what was loaded: do the parts fit together well enough that no call can leave them?
  [[nodiscard]] bool valid() const noexcept;

  Memory* memory_;
  std::uint32_t limit_;
  std::uint32_t size_ = 0;
  std::uint32_t moved_ = 0;
  Phase phase_ = Phase::settled;
  Array current_;
  Array other_;
};

}  // namespace bowline::inline v0
