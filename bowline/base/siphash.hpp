#pragma once

// SipHash (Aumasson and Bernstein, 2012): a hash with a key.
//
// Whatever a stranger can choose and we must spread (addresses and ports in a lookup table) or must
// not let him predict (initial sequence numbers, ports, cookies) goes through it, each use with a
// key of its own (DESIGN section 8). SipHash-2-4 is the careful variant for what goes out on the
// wire; SipHash-1-3 is the quick one for tables and state hashes inside.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace bowline::inline v0 {

/// A secret of 128 bits. `k0` is the first eight bytes of the key, little-endian.
struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  friend constexpr bool operator==(const SipKey&, const SipKey&) noexcept = default;
  template <class V>
  void visit(V& v) {
    v(k0, k1);
  }
};

/// 128 bits of hash.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend constexpr bool operator==(const Hash128&, const Hash128&) noexcept = default;
};

/// SipHash under way: 64-bit words go in one by one, then finish() once.
template <int CompressionRounds, int FinalRounds>
class SipHasher {
 public:
  explicit constexpr SipHasher(SipKey key) noexcept
      : v0_(0x736f6d6570736575 ^ key.k0),
        v1_(0x646f72616e646f6d ^ key.k1),
        v2_(0x6c7967656e657261 ^ key.k0),
        v3_(0x7465646279746573 ^ key.k1) {}

  /// Takes in eight bytes, as the number that they are in little-endian order.
  constexpr void add(std::uint64_t word) noexcept {
    v3_ ^= word;
    rounds(CompressionRounds);
    v0_ ^= word;
  }

  /// The hash of all that was added, with `last` as the closing word: the message's length modulo
  /// 256 in its top byte, the 0 to 7 bytes that did not fill a word below. Ends the hasher.
  [[nodiscard]] constexpr std::uint64_t finish(std::uint64_t last) noexcept {
    add(last);
    v2_ ^= 0xff;
    rounds(FinalRounds);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  /// A hasher for finish128().
  [[nodiscard]] static constexpr SipHasher wide(SipKey key) noexcept {
    SipHasher hasher(key);
    hasher.v1_ ^= 0xee;
    return hasher;
  }

  /// Like finish(), 128 bits of it. Only for a hasher made by wide().
  [[nodiscard]] constexpr Hash128 finish128(std::uint64_t last) noexcept {
    add(last);
    v2_ ^= 0xee;
    rounds(FinalRounds);
    const std::uint64_t low = v0_ ^ v1_ ^ v2_ ^ v3_;
    v1_ ^= 0xdd;
    rounds(FinalRounds);
    return {low, v0_ ^ v1_ ^ v2_ ^ v3_};
  }

 private:
  constexpr void rounds(int count) noexcept {
    for (int i = 0; i < count; ++i) {
      v0_ += v1_;
      v2_ += v3_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ = std::rotl(v0_, 32);
      v2_ += v1_;
      v0_ += v3_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v2_ = std::rotl(v2_, 32);
    }
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

namespace detail {

/// The first `count` (at most 8) bytes at `from` as a little-endian number.
[[nodiscard]] inline std::uint64_t load_le(const std::byte* from, std::size_t count) noexcept {
  std::uint64_t word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, from, count);
  } else {
    for (std::size_t i = 0; i < count; ++i)
      word |= std::to_integer<std::uint64_t>(from[i]) << 8 * i;
  }
  return word;
}

/// Feeds all whole words of `bytes` into `hasher`; returns the closing word for finish().
template <class Hasher>
[[nodiscard]] std::uint64_t add_bytes(Hasher& hasher, std::span<const std::byte> bytes) noexcept {
  const std::size_t whole = bytes.size() & ~std::size_t{7};
  for (std::size_t at = 0; at < whole; at += 8) hasher.add(load_le(bytes.data() + at, 8));
  const std::size_t rest = bytes.size() - whole;
  const std::uint64_t tail = rest == 0 ? 0 : load_le(bytes.data() + whole, rest);
  return static_cast<std::uint64_t>(bytes.size()) << 56 | tail;
}

template <int C, int D>
[[nodiscard]] std::uint64_t siphash(SipKey key, std::span<const std::byte> bytes) noexcept {
  SipHasher<C, D> hasher(key);
  return hasher.finish(add_bytes(hasher, bytes));
}

template <int C, int D, std::size_t N>
[[nodiscard]] constexpr std::uint64_t siphash(SipKey key,
                                              const std::array<std::uint64_t, N>& words) noexcept {
  SipHasher<C, D> hasher(key);
  for (const std::uint64_t word : words) hasher.add(word);
  return hasher.finish(static_cast<std::uint64_t>(N * 8) << 56);
}

}  // namespace detail

/// SipHash-2-4 of `bytes`: for numbers that others see and must not predict.
[[nodiscard]] inline std::uint64_t siphash24(SipKey key,
                                             std::span<const std::byte> bytes) noexcept {
  return detail::siphash<2, 4>(key, bytes);
}

/// SipHash-2-4 of the little-endian bytes of `words`.
template <std::size_t N>
[[nodiscard]] constexpr std::uint64_t siphash24(
    SipKey key, const std::array<std::uint64_t, N>& words) noexcept {
  return detail::siphash<2, 4>(key, words);
}

/// SipHash-1-3 of `bytes`: for tables that a stranger fills.
[[nodiscard]] inline std::uint64_t siphash13(SipKey key,
                                             std::span<const std::byte> bytes) noexcept {
  return detail::siphash<1, 3>(key, bytes);
}

/// SipHash-1-3 of the little-endian bytes of `words`.
template <std::size_t N>
[[nodiscard]] constexpr std::uint64_t siphash13(
    SipKey key, const std::array<std::uint64_t, N>& words) noexcept {
  return detail::siphash<1, 3>(key, words);
}

}  // namespace bowline::inline v0
