// The canonical hash: by which a search over states recognises one that it has seen.

#include <gtest/gtest.h>

#include <array>

#include "bowline/base/range_map.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/visit.hpp"

namespace bowline {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class VisitHashTest : public ::testing::Test {
 protected:
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20)};
};

struct Numbers {
  SeqNumber iss;
  SeqNumber irs;
  SeqNumber next;
  std::optional<SeqNumber> seen;
  Time deadline = kNever;
  std::uint32_t counter = 0;

  template <class V>
  void visit(V& v) {
    v.bases(iss, irs);
    v.local(next);
    v.remote(seen);
    v(deadline);
    v.excluded(counter, "counts, decides nothing");
  }
};

// The same state an hour later, with other initial numbers, is the same state.
TEST_F(VisitHashTest, IsRelativeToNowAndToTheInitialNumbers) {
  const Numbers early{SeqNumber(100), SeqNumber(7), SeqNumber(110), SeqNumber(9), Time(2s), 1};
  const Numbers late{SeqNumber(0xfffffffa), SeqNumber(0xffffffff), SeqNumber(4),
                     SeqNumber(1),          Time(1h + 2s),         99};
  EXPECT_EQ(canonical_hash(early, Time(1s)), canonical_hash(late, Time(1h + 1s)));
}

TEST_F(VisitHashTest, SeesEveryDifferenceThatCounts) {
  const Numbers base{SeqNumber(100), SeqNumber(7), SeqNumber(110), SeqNumber(9), Time(2s), 1};
  const Hash128 hash = canonical_hash(base, Time(1s));
  Numbers other = base;
  other.next += 1;
  EXPECT_NE(canonical_hash(other, Time(1s)), hash);
  other = base;
  other.seen.reset();
  EXPECT_NE(canonical_hash(other, Time(1s)), hash);
  other = base;
  other.deadline = kNever;
  EXPECT_NE(canonical_hash(other, Time(1s)), hash);
  EXPECT_NE(canonical_hash(base, Time(1s + 1ns)), hash);
  other.deadline = kNever;
  EXPECT_EQ(canonical_hash(other, Time(1s)), canonical_hash(other, Time(9s)))
      << "kNever stays kNever";
}

TEST_F(VisitHashTest, SeesWhereOneSliceEnds) {
  std::array<Slice, 2> a{pool_->copy(bytes_of("ab")), pool_->copy(bytes_of("c"))};
  std::array<Slice, 2> b{pool_->copy(bytes_of("a")), pool_->copy(bytes_of("bc"))};
  std::array<Slice, 2> same{pool_->copy(bytes_of("ab")), pool_->copy(bytes_of("c"))};
  EXPECT_NE(canonical_hash(a, {}), canonical_hash(b, {}));
  EXPECT_EQ(canonical_hash(a, {}), canonical_hash(same, {}));
}

// Made so that the bytes hashed, closing words and all, would be the same if lengths did not go in
// front.
TEST_F(VisitHashTest, CannotBeFooledByPayloadThatLooksLikeAnEnd) {
  std::array<std::byte, 264> one{};
  one[7] = std::byte{8};  // as the word that closes a slice of 8 bytes
  std::array<std::byte, 256> other{};
  other[255] = std::byte{8};
  std::array<Slice, 3> a{Slice(), pool_->copy(one), Slice()};
  std::array<Slice, 3> b{pool_->copy(std::span(other).first(8)), Slice(), pool_->copy(other)};
  EXPECT_NE(canonical_hash(a, {}), canonical_hash(b, {}));
}

// History leaves no trace: the same ranges, put in by another way, in a tree of another shape.
TEST_F(VisitHashTest, OfARangeMapIsOfItsContents) {
  RangeMap<std::uint32_t> a(heap_memory(), 100, 1);
  RangeMap<std::uint32_t> b(heap_memory(), 100, 999);
  b.insert(SeqNumber(5), 5, 0);
  for (std::uint32_t i = 0; i < 50; ++i) a.insert(SeqNumber(100 + i * 10), 10, i);
  for (std::uint32_t i = 50; i-- > 0;) b.insert(SeqNumber(100 + i * 10), 10, i);
  b.erase(b.first());
  EXPECT_EQ(canonical_hash(a, {}), canonical_hash(b, {}));
  b[b.first()].value = 7;
  EXPECT_NE(canonical_hash(a, {}), canonical_hash(b, {}));
}

TEST_F(VisitHashTest, OfASlabIsOfItsLiveElements) {
  Slab<std::uint32_t> a(heap_memory(), 10);
  Slab<std::uint32_t> b(heap_memory(), 10);
  for (std::uint32_t i = 0; i < 3; ++i) (void)a.emplace(i);
  for (std::uint32_t i = 0; i < 5; ++i) (void)b.emplace(i);
  b.erase(4);
  b.erase(3);
  EXPECT_EQ(canonical_hash(a, {}), canonical_hash(b, {}));
  b.erase(1);
  EXPECT_NE(canonical_hash(a, {}), canonical_hash(b, {}));
}

}  // namespace
}  // namespace bowline
