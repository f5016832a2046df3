#include "bowline/base/index_table.hpp"

#include <cstring>

namespace bowline::inline v0 {
namespace detail {

bool BucketArray::make_directory(Memory& memory, std::uint32_t bucket_count) noexcept {
  BucketArray made;
  made.buckets = bucket_count;
  void* place = memory.allocate(made.chunks_wanted() * sizeof(IndexBucket*), alignof(IndexBucket*));
  if (place == nullptr) return false;
  made.chunks = static_cast<IndexBucket**>(place);
  *this = made;
  return true;
}

bool BucketArray::add_chunk(Memory& memory) noexcept {
  const std::size_t bytes = chunk_buckets() * sizeof(IndexBucket);
  void* place = memory.allocate(bytes, alignof(IndexBucket));
  if (place == nullptr) return false;
  std::memset(place, 0, bytes);
  chunks[chunk_count++] = static_cast<IndexBucket*>(place);
  return true;
}

void BucketArray::drop_chunk(Memory& memory) noexcept {
  memory.release(chunks[--chunk_count], chunk_buckets() * sizeof(IndexBucket),
                 alignof(IndexBucket));
}

void BucketArray::release(Memory& memory) noexcept {
  if (chunks == nullptr) return;
  while (chunk_count > 0) drop_chunk(memory);
  memory.release(chunks, chunks_wanted() * sizeof(IndexBucket*), alignof(IndexBucket*));
  *this = {};
}

void BucketArray::place(std::uint32_t hash, std::uint32_t index) noexcept {
  std::uint32_t at = home(hash);
  while ((*this)[at].full()) {
    ++(*this)[at].overflow;
    at = after(at);
  }
  IndexBucket& bucket = (*this)[at];
  const auto place = static_cast<std::uint32_t>(std::countr_one(bucket.occupied));
  bucket.hashes[place] = hash;
  bucket.indices[place] = index;
  bucket.occupied |= 1U << place;
}

bool BucketArray::remove(std::uint32_t hash, std::uint32_t index) noexcept {
  const std::uint32_t from = home(hash);
  for (std::uint32_t at = from, steps = 0; steps < buckets; at = after(at), ++steps) {
    IndexBucket& bucket = (*this)[at];
    for (std::uint32_t bits = bucket.matches(hash); bits != 0; bits &= bits - 1) {
      const int place = std::countr_zero(bits);
      if (bucket.indices[place] != index) continue;
      bucket.occupied &= ~(1U << place);
      for (std::uint32_t passed = from; passed != at; passed = after(passed)) {
        --(*this)[passed].overflow;
      }
      return true;
    }
    if (bucket.overflow == 0) break;
  }
  return false;
}

}  // namespace detail

void IndexTable::swap(IndexTable& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(limit_, other.limit_);
  std::swap(size_, other.size_);
  std::swap(moved_, other.moved_);
  std::swap(phase_, other.phase_);
  std::swap(current_, other.current_);
  std::swap(other_, other.other_);
}

bool IndexTable::insert(std::uint64_t hash, std::uint32_t index) noexcept {
  if (size_ >= limit_) return false;
  step();
  if (current_.buckets == 0 || full()) return false;
  current_.place(fold(hash), index);
  ++size_;
  return true;
}

bool IndexTable::erase(std::uint64_t hash, std::uint32_t index) noexcept {
  const std::uint32_t kept = fold(hash);
  const bool removed = (current_.buckets != 0 && current_.remove(kept, index)) ||
                       (phase_ == Phase::moving && other_.remove(kept, index));
  if (!removed) return false;
  --size_;
  step();
  return true;
}

// A bounded piece of the work of growing.
void IndexTable::step() noexcept {
  switch (phase_) {
    case Phase::settled:
      if (wants_to_grow()) prepare();
      break;
    case Phase::preparing:
      prepare();
      break;
    case Phase::moving:
      for (std::uint32_t i = 0; i < kMovedPerStep && moved_ < other_.buckets; ++i) {
        move_bucket(moved_++);
      }
      if (moved_ == other_.buckets) phase_ = Phase::releasing;
      break;
    case Phase::releasing:
      if (other_.chunk_count > 0) {
        other_.drop_chunk(*memory_);
      } else {
        other_.release(*memory_);
        phase_ = Phase::settled;
      }
      break;
  }
}

void IndexTable::prepare() noexcept {
  if (phase_ == Phase::settled) {
    // A larger array could not be addressed by the 32 bits of hash that are kept.
    if (current_.buckets >= 1U << 30) return;
    const std::uint32_t buckets = current_.buckets == 0 ? kFirstBuckets : current_.buckets * 2;
    if (!other_.make_directory(*memory_, buckets)) return;
    phase_ = Phase::preparing;
  }
  if (!other_.add_chunk(*memory_)) return;
  if (other_.chunk_count < other_.chunks_wanted()) return;
  std::swap(current_, other_);
  moved_ = 0;
  phase_ = other_.buckets == 0 ? Phase::settled : Phase::moving;
}

// The overflow counts of the old array stay as they are: what is still in it is found as before,
// and what they promise too much costs a search no more than it did before the move.
void IndexTable::move_bucket(std::uint32_t bucket) noexcept {
  Bucket& from = other_[bucket];
  for (; from.occupied != 0; from.occupied &= from.occupied - 1) {
    const int place = std::countr_zero(from.occupied);
    current_.place(from.hashes[place], from.indices[place]);
  }
}

std::size_t IndexTable::bytes_held() const noexcept {
  std::size_t bytes = 0;
  for (const Array* array : {&current_, &other_}) {
    bytes += array->chunk_count * array->chunk_buckets() * sizeof(Bucket) +
             array->chunks_wanted() * sizeof(Bucket*);
  }
  return bytes;
}

void IndexTable::clear() noexcept {
  current_.release(*memory_);
  other_.release(*memory_);
  size_ = moved_ = 0;
  phase_ = Phase::settled;
}

std::uint32_t IndexTable::longest_search() const noexcept {
  std::uint32_t longest = 0;
  for (const Array* array : {&current_, &other_}) {
    if (array->buckets == 0 || array->chunk_count != array->chunks_wanted()) continue;
    // Twice round, so that a run of buckets that goes over the end is seen whole.
    std::uint32_t run = 1;
    for (std::uint64_t step = 0; step < std::uint64_t{array->buckets} * 2; ++step) {
      const auto at = static_cast<std::uint32_t>(step & (array->buckets - 1));
      run = (*array)[at].overflow == 0 ? 1 : run + 1;
      if (run > longest) longest = run;
    }
  }
  return longest < current_.buckets ? longest : current_.buckets;
}

bool IndexTable::valid() const noexcept {
  const bool whole = current_.chunk_count == current_.chunks_wanted();
  const bool old_whole = other_.chunk_count == other_.chunks_wanted();
  switch (phase_) {
    case Phase::settled:
      if (!whole || other_.buckets != 0) return false;
      break;
    case Phase::preparing:
      if (!whole || old_whole || other_.buckets <= current_.buckets) return false;
      break;
    case Phase::moving:
      if (!whole || !old_whole || moved_ >= other_.buckets || other_.buckets >= current_.buckets) {
        return false;
      }
      break;
    case Phase::releasing:
      if (!whole) return false;
      break;
    default:
      return false;
  }
  std::uint64_t entries = 0;
  for (const Array* array : {&current_, &other_}) {
    for (std::uint32_t at = 0; at < array->chunk_count * array->chunk_buckets(); ++at) {
      if ((*array)[at].occupied >= 1U << Bucket::kPlaces) return false;
      entries += static_cast<std::uint64_t>(std::popcount((*array)[at].occupied));
    }
  }
  return entries == size_ && (size_ == 0 || !full());
}

}  // namespace bowline::inline v0
