#pragma once

// Append-only storage that several threads read while one of them appends.
//
// Elements never move and never change once their number has been handed out, so that reading needs
// no lock: whoever has a number got it by way of a lock or a barrier.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace bowline::inline v0::model {

/// Elements by number, from 0.
template <class T>
class Store {
 public:
  /// Appends `element`; its number. Not by two threads at once. Errors: throws std::length_error
  /// beyond 2^26 elements.
  std::uint32_t append(T element) {
    const std::uint32_t number = size_.load(std::memory_order_relaxed);
    const std::size_t chunk = number / kPerChunk;
    if (chunk >= kChunks) throw std::length_error("the exploration holds too many host states");
    if (number % kPerChunk == 0) chunks_[chunk] = std::make_unique<T[]>(kPerChunk);
    chunks_[chunk][number % kPerChunk] = std::move(element);
    size_.store(number + 1, std::memory_order_release);
    return number;
  }
  /// Element `number`, which must have been appended.
  [[nodiscard]] const T& operator[](std::uint32_t number) const noexcept {
    return chunks_[number / kPerChunk][number % kPerChunk];
  }
  /// How many there are.
  [[nodiscard]] std::uint32_t size() const noexcept {
    return size_.load(std::memory_order_acquire);
  }
  /// Bytes that they take, without what they point to.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return std::uint64_t{size()} * sizeof(T); }

 private:
  static constexpr std::size_t kPerChunk = 4096;
  static constexpr std::size_t kChunks = 16'384;
  // Never grows, so that a reader does not meet it while it moves.
  std::unique_ptr<std::unique_ptr<T[]>[]> chunks_ =
      std::make_unique<std::unique_ptr<T[]>[]>(kChunks);
  std::atomic<std::uint32_t> size_ = 0;
};

}  // namespace bowline::inline v0::model
