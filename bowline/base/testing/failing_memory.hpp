#pragma once

// A Memory for tests: it counts, it can be told to say no, and it knows what was not given back.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0::testing {

namespace detail {

// In front of each block: what it was asked for with.
struct Ticket {
  static constexpr std::uint64_t kMark = 0x626f776c696e6521;

  std::uint64_t mark;
  std::size_t bytes;
  std::size_t alignment;
};

[[nodiscard]] constexpr std::size_t ticket_alignment(std::size_t alignment) noexcept {
  return alignment > alignof(Ticket) ? alignment : alignof(Ticket);
}

// Room for the ticket that keeps the block aligned.
[[nodiscard]] constexpr std::size_t ticket_room(std::size_t alignment) noexcept {
  const std::size_t step = ticket_alignment(alignment);
  return (sizeof(Ticket) + step - 1) / step * step;
}

}  // namespace detail

/// Passes requests on to the heap, except those that it was told to refuse. Checks that what comes
/// back comes with the size and alignment that it left with. In a test: run once to count
/// requests(), then once for each n with fail_at(n), demanding that only the request itself
/// suffers; at the end, live_blocks() must be 0.
class FailingMemory final : public Memory {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  FailingMemory() = default;
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  /// Refuses the n-th request from now on (0: the next), and only that one.
  void fail_at(std::uint64_t n) noexcept {
    from_ = requests_ + n;
    count_ = 1;
  }
  /// Refuses every request from the n-th from now on (0: the next).
  void fail_from(std::uint64_t n) noexcept {
    from_ = requests_ + n;
    count_ = kNever;
  }
  /// Refuses nothing any more.
  void fail_never() noexcept { count_ = 0; }
  /// Refuses what would make live_bytes() larger than `bytes`.
  void set_limit(std::size_t bytes) noexcept { limit_ = bytes; }

  [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] std::uint64_t live_blocks() const noexcept { return live_blocks_; }
  [[nodiscard]] std::size_t live_bytes() const noexcept { return live_bytes_; }
  [[nodiscard]] std::size_t peak_bytes() const noexcept { return peak_bytes_; }
  /// The largest single request so far: a table that grows without a stall never makes a huge one.
  [[nodiscard]] std::size_t largest_request() const noexcept { return largest_; }
  /// Blocks that came back with another size or alignment than they left with, or that are not
  /// ours.
  [[nodiscard]] std::uint64_t mismatches() const noexcept { return mismatches_; }

  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept override;

 private:
  std::uint64_t requests_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t live_blocks_ = 0;
  std::size_t live_bytes_ = 0;
  std::size_t peak_bytes_ = 0;
  std::size_t largest_ = 0;
  std::size_t limit_ = ~std::size_t{0};
  std::uint64_t mismatches_ = 0;
  std::uint64_t from_ = 0;
  std::uint64_t count_ = 0;
};

inline void* FailingMemory::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  const std::uint64_t number = requests_++;
  if (bytes > largest_) largest_ = bytes;
  const bool told_to = number >= from_ && number - from_ < count_;
  void* base = nullptr;
  if (!told_to && bytes <= limit_ && live_bytes_ <= limit_ - bytes) {
    base = heap_memory().allocate(detail::ticket_room(alignment) + bytes,
                                  detail::ticket_alignment(alignment));
  }
  if (base == nullptr) {
    ++refused_;
    return nullptr;
  }
  ++live_blocks_;
  live_bytes_ += bytes;
  if (live_bytes_ > peak_bytes_) peak_bytes_ = live_bytes_;
  auto* memory = static_cast<std::byte*>(base) + detail::ticket_room(alignment);
  const detail::Ticket ticket{detail::Ticket::kMark, bytes, alignment};
  std::memcpy(memory - sizeof(detail::Ticket), &ticket, sizeof(detail::Ticket));
  // Nobody may count on zeros.
  std::memset(memory, 0xa5, bytes);
  return memory;
}

inline void FailingMemory::release(void* memory, std::size_t bytes,
                                   std::size_t alignment) noexcept {
  auto* block = static_cast<std::byte*>(memory);
  detail::Ticket ticket{};
  std::memcpy(&ticket, block - sizeof(detail::Ticket), sizeof(detail::Ticket));
  if (ticket.mark != detail::Ticket::kMark || ticket.bytes != bytes ||
      ticket.alignment != alignment) {
    ++mismatches_;
    return;  // leaked, which the leak count shows as well
  }
  --live_blocks_;
  live_bytes_ -= bytes;
  const detail::Ticket spent{};
  std::memcpy(block - sizeof(detail::Ticket), &spent, sizeof(detail::Ticket));
  heap_memory().release(block - detail::ticket_room(alignment),
                        detail::ticket_room(alignment) + bytes,
                        detail::ticket_alignment(alignment));
}

}  // namespace bowline::inline v0::testing
