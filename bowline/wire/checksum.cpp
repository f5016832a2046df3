#include "bowline/wire/checksum.hpp"

#include <array>
#include <cstring>

namespace bowline::inline v0::wire {
namespace {

// Two 64-bit numbers that are added side by side. The compiler makes vector instructions of it
// where the machine has them and plain ones elsewhere.
using Lanes = std::uint64_t __attribute__((vector_size(16)));

constexpr std::size_t kBlock = 4 * sizeof(Lanes);

template <class T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Sums `from` as words in this machine's order (an odd byte at the end as if a zero followed), and
// copies it to `to` on the way if asked to.
//
// The inner loop adds the upper and lower halves of 64-bit numbers apart, so that no carry is lost
// for the first 2^31 rounds; the four accumulators are independent so that additions can overlap.
template <bool kCopy>
std::uint64_t sum_native(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  Lanes low0{};
  Lanes low1{};
  Lanes high0{};
  Lanes high1{};
  for (; size >= kBlock; size -= kBlock, from += kBlock) {
    const auto a = load<Lanes>(from);
    const auto b = load<Lanes>(from + 16);
    const auto c = load<Lanes>(from + 32);
    const auto d = load<Lanes>(from + 48);
    if constexpr (kCopy) {
      std::memcpy(to, &a, sizeof a);
      std::memcpy(to + 16, &b, sizeof b);
      std::memcpy(to + 32, &c, sizeof c);
      std::memcpy(to + 48, &d, sizeof d);
      to += kBlock;
    }
    low0 += a & 0xffff'ffffU;
    high0 += a >> 32U;
    low1 += b & 0xffff'ffffU;
    high1 += b >> 32U;
    low0 += c & 0xffff'ffffU;
    high0 += c >> 32U;
    low1 += d & 0xffff'ffffU;
    high1 += d >> 32U;
  }
  const Lanes total = low0 + low1 + high0 + high1;
  std::uint64_t sum = total[0] + total[1];

  const auto take = [&]<class T>(T) noexcept {
    const T value = load<T>(from);
    if constexpr (kCopy) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    }
    from += sizeof value;
    size -= sizeof value;
    return std::uint64_t{value};
  };
  while (size >= 4) sum += take(std::uint32_t{});
  if (size >= 2) sum += take(std::uint16_t{});
  if (size == 1) {
    const std::array<std::byte, 2> last{*from, std::byte{0}};
    sum += load<std::uint16_t>(last.data());
    if constexpr (kCopy) *to = *from;
  }
  return sum;
}

}  // namespace

void ChecksumSum::add(std::span<const std::byte> bytes) noexcept {
  append_native(sum_native<false>(nullptr, bytes.data(), bytes.size()), bytes.size());
}

ChecksumSum copy_and_sum(std::byte* to, std::span<const std::byte> from) noexcept {
  ChecksumSum sum;
  sum.append_native(sum_native<true>(to, from.data(), from.size()), from.size());
  return sum;
}

}  // namespace bowline::inline v0::wire
