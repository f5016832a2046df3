// Reassembly against a map of bytes: datagrams in random pieces, orders, duplicates and overlaps.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/ip/reassembly.hpp"
#include "bowline/ip/testing/fragments.hpp"

namespace bowline::ip {
namespace {

using testing::FragmentOf;

// The rules once more, as slow and simple as can be: who wrote each byte, and what came.
class Model {
 public:
  enum class Fate : std::uint8_t { waits, complete, duplicate, discards, gone };

  Fate add(const FragmentOf& fragment) {
    if (gone_) return Fate::gone;
    const std::uint32_t end = fragment.offset + fragment.size;
    bool touched = false;
    for (std::uint32_t i = fragment.offset; i < end; ++i) touched |= written_[i];
    const bool same = std::ranges::any_of(came_, [&](const FragmentOf& other) {
      return other.offset == fragment.offset && other.size == fragment.size &&
             other.first_byte == fragment.first_byte;
    });
    if (same) return Fate::duplicate;
    std::uint32_t reach = 0;
    for (const FragmentOf& other : came_) reach = std::max(reach, other.offset + other.size);
    const bool end_known = total_ != 0;
    const bool beyond = end_known && end > total_;
    const bool other_end = !fragment.more && (end_known ? end != total_ : end < reach);
    if (touched || beyond || other_end) {
      came_.clear();
      written_.fill(false);
      total_ = 0;
      gone_ = fragment.family == Family::ipv6;
      return Fate::discards;
    }
    for (std::uint32_t i = fragment.offset; i < end; ++i) written_[i] = true;
    came_.push_back(fragment);
    if (!fragment.more) total_ = end;
    const auto count = std::ranges::count(written_, true);
    if (total_ == 0 || count != static_cast<std::ptrdiff_t>(total_)) return Fate::waits;
    came_.clear();
    written_.fill(false);
    size_ = std::exchange(total_, 0);
    return Fate::complete;
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }

 private:
  std::array<bool, 4'096> written_{};
  std::vector<FragmentOf> came_;
  std::uint32_t total_ = 0;
  std::uint32_t size_ = 0;
  bool gone_ = false;
};

class Cutter {
 public:
  explicit Cutter(std::uint64_t seed) : random_(seed) {}

  // A datagram in pieces of random sizes, in random order, with some pieces twice.
  std::vector<FragmentOf> pieces(Family family, std::uint32_t id) {
    const auto total = static_cast<std::uint32_t>(1 + random_.below(2'000));
    std::vector<FragmentOf> all;
    for (std::uint32_t offset = 0; offset < total;) {
      const auto units = static_cast<std::uint32_t>(3 + random_.below(30));
      const std::uint32_t size = std::min(total - offset, units * 8);
      all.push_back({.family = family,
                     .id = id,
                     .offset = offset,
                     .size = size,
                     .more = offset + size < total});
      offset += size;
    }
    const std::size_t once = all.size();
    for (std::size_t i = 0; i < once; ++i) {
      if (random_.chance(0.2)) all.push_back(all[i]);
    }
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random_.index(i)]);
    return all;
  }
  // One of them is changed so that it does not fit any more, most likely.
  void spoil(std::vector<FragmentOf>& pieces) {
    FragmentOf& one = pieces[random_.index(pieces.size())];
    switch (random_.below(4)) {
      case 0:
        one.offset += 8;
        break;
      case 1:
        one.size = std::max(8U, one.size / 16 * 8);
        one.more = true;
        break;
      case 2:
        one.first_byte = 1;
        break;
      default:
        one.more = !one.more;
        one.size = std::max(8U, one.size / 8 * 8);
        break;
    }
  }
  Random& random() { return random_; }

 private:
  Random random_;
};

void run(Family family, std::uint64_t seed, bool spoiled) {
  Cutter cutter(seed);
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 24));
  Reassembly reassembly(heap_memory(), Limits{}, SipKey{seed, 1});
  Decisions decisions;
  std::map<std::uint32_t, Model> models;
  // Several datagrams at once, their pieces mixed.
  std::vector<FragmentOf> all;
  for (std::uint32_t id = 1; id <= 4; ++id) {
    auto pieces = cutter.pieces(family, id);
    if (spoiled) cutter.spoil(pieces);
    all.insert(all.end(), pieces.begin(), pieces.end());
  }
  for (std::size_t i = all.size(); i > 1; --i) {
    std::swap(all[i - 1], all[cutter.random().index(i)]);
  }
  for (const FragmentOf& fragment : all) {
    Frame frame = testing::frame_of(*pool, fragment);
    const Packet packet{*wire::parse_ip(frame.head(), frame.size)};
    if (!packet.is_fragment()) continue;          // a datagram in one piece
    if (judge_fragment(frame, packet)) continue;  // has tests of its own
    const auto verdict = reassembly.add(frame, packet, InterfaceId{0}, *pool, decisions, Time(1h));
    Model& model = models[fragment.id];
    switch (model.add(fragment)) {
      case Model::Fate::waits:
        ASSERT_EQ(verdict.fate, FragmentFate::waits) << "seed " << seed;
        break;
      case Model::Fate::complete:
        ASSERT_EQ(verdict.fate, FragmentFate::complete) << "seed " << seed;
        if (!spoiled) {
          ASSERT_EQ(testing::payload_of(frame), testing::pattern(0, model.size()));
        }
        break;
      default:
        ASSERT_EQ(verdict.fate, FragmentFate::dropped) << "seed " << seed;
    }
  }
  if (!spoiled) {
    const auto& counters = decisions.counters();
    EXPECT_EQ(counters[Reason::fragment_overlap], 0U);
    EXPECT_EQ(counters[Reason::fragment_contradiction], 0U);
  }
  while (reassembly.expire(decisions, Time(2h))) {
  }
  EXPECT_EQ(reassembly.bytes(), 0U);
  EXPECT_EQ(pool->usage().live_blocks, 0U);
}

TEST(ReassemblyProperty, HonestFragmentsInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    run(Family::ipv4, seed, false);
    run(Family::ipv6, seed, false);
  }
}

TEST(ReassemblyProperty, FragmentsThatDoNotFit) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    run(Family::ipv4, seed, true);
    run(Family::ipv6, seed, true);
  }
}

}  // namespace
}  // namespace bowline::ip
