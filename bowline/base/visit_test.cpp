#include "bowline/base/visit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "bowline/base/frame.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/index_table.hpp"
#include "bowline/base/interval_set.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/range_map.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/base/timer_wheel.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

enum class Colour : std::uint8_t { red, green };

// One of everything that v() takes directly.
struct Plain {
  bool flag = false;
  std::uint8_t byte = 0;
  std::int32_t number = 0;
  std::uint64_t large = 0;
  double real = 0;
  Colour colour = Colour::red;
  SeqNumber seq;
  Time time{};
  Duration duration{};
  std::array<std::uint16_t, 3> row{};
  std::optional<std::uint32_t> maybe;
  std::pair<std::int8_t, bool> both{};
  std::variant<std::monostate, std::uint32_t, Time> one_of;

  bool operator==(const Plain&) const = default;
  template <class V>
  void visit(V& v) {
    v(flag, byte, number, large, real, colour, seq, time, duration, row, maybe, both, one_of);
  }
};

Plain filled() {
  return {.flag = true,
          .byte = 200,
          .number = -5,
          .large = 0x0123456789abcdef,
          .real = -0.1,
          .colour = Colour::green,
          .seq = SeqNumber(0xfffffffe),
          .time = Time(77s),
          .duration = -3ms,
          .row = {1, 2, 65535},
          .maybe = 9,
          .both = {-1, true},
          .one_of = Time(5ms)};
}

// An element of a slab that is in everything: what a connection will be.
struct Element {
  explicit Element(Memory& memory) : ranges(memory, 100, 7), queue(memory) {}
  RangeMap<Slice> ranges;
  Ring<Slice> queue;
  Buffer tail;
  WheelLink wheel;
  ListLink ready;
  std::uint64_t key = 0;

  template <class V>
  void visit(V& v) {
    v.remote(ranges);
    v(queue, tail, wheel, ready, key);
  }
};

// A little stack with one of each container, driven by a random stream.
struct World {
  explicit World(Memory& memory, BufferPool& slices)
      : pool(&slices),
        source(&memory),
        elements(memory, 60),
        table(memory, 60),
        seen(memory, 100, 3),
        random(71) {}
  BufferPool* pool;
  Memory* source;
  Slab<Element> elements;
  IndexTable table;
  TimerWheel wheel;
  IndexList ready;
  IntervalSet seen;
  Random random;
  Time now{};
  std::vector<std::uint32_t> fired;

  auto wheel_links() {
    return [this](std::uint32_t id) -> WheelLink& { return elements[id].wheel; };
  }
  auto ready_links() {
    return [this](std::uint32_t id) -> ListLink& { return elements[id].ready; };
  }

  template <class V>
  void visit(V& v) {
    elements.visit(v, *source);
    v(table, wheel, ready, random, now);
    v.local(seen);
  }

  void step() {
    const auto at = static_cast<std::uint32_t>(random.below(60));
    const bool live = elements.live(at);
    switch (random.below(7)) {
      case 0: {
        const std::uint32_t id = elements.emplace(*source);
        if (id == Slab<Element>::kNone) break;
        elements[id].key = random.next();
        if (!table.insert(elements[id].key, id)) ADD_FAILURE();
        break;
      }
      case 1:
        if (!live || !random.chance(0.3)) break;
        wheel.cancel(wheel_links(), at);
        ready.erase(ready_links(), at);
        table.erase(elements[at].key, at);
        elements.erase(at);
        break;
      case 2:
        if (live) wheel.schedule(wheel_links(), at, now + 1us * random.below(5'000'000));
        break;
      case 3:
        if (live && !elements[at].ready.linked) ready.push_back(ready_links(), at);
        if (random.chance(0.5)) ready.pop_front(ready_links());
        break;
      case 4:
        if (live) fill(elements[at]);
        break;
      case 5:
        (void)seen.add(SeqNumber(static_cast<std::uint32_t>(random.below(1'000))), 10);
        break;
      default:
        now += 1us * random.below(300'000);
        wheel.expire(wheel_links(), now, [this](std::uint32_t id) { fired.push_back(id); });
    }
  }

  // Slices of one block in two places, as payload has them.
  void fill(Element& element) {
    std::array<std::byte, 40> bytes{};
    random.bytes(bytes);
    const Slice slice = pool->copy(bytes);
    (void)element.ranges.insert(SeqNumber(static_cast<std::uint32_t>(random.below(4'000))), 20,
                                slice.part(0, 20));
    (void)element.queue.push_back(slice.part(10, 30));
    if (element.queue.size() > 5) element.queue.pop_front();
    if (random.chance(0.2)) element.tail = pool->allocate(300);
  }
};

std::vector<std::byte> saved(const auto& thing) {
  SaveVisitor v(heap_memory());
  save(v, thing);
  EXPECT_FALSE(v.failed());
  return {v.bytes().begin(), v.bytes().end()};
}

class VisitTest : public ::testing::Test {
 protected:
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 64U << 20)};
};

TEST_F(VisitTest, PlainThingsComeBackEqual) {
  const Plain original = filled();
  const std::vector<std::byte> bytes = saved(original);
  Plain loaded;
  loaded.one_of = std::uint32_t{5};
  LoadVisitor v(bytes, *pool_);
  v(loaded);
  EXPECT_TRUE(v.complete());
  EXPECT_EQ(loaded, original);
  EXPECT_EQ(saved(loaded), bytes);
}

// The bytes are little-endian and of the number's own width, on every machine.
TEST_F(VisitTest, NumbersAreLittleEndian) {
  std::uint32_t number = 0x01020304;
  EXPECT_EQ(saved(number), (std::vector{std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}}));
}

TEST_F(VisitTest, BytesThatAreMissingAreNoticedWhereverTheyAreMissing) {
  const std::vector<std::byte> bytes = saved(filled());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    Plain loaded;
    LoadVisitor v{std::span(bytes).first(length), *pool_};
    v(loaded);
    EXPECT_TRUE(v.failed()) << length;
    EXPECT_EQ(v.remaining(), 0U);
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back({});
  Plain loaded;
  LoadVisitor v(longer, *pool_);
  v(loaded);
  EXPECT_FALSE(v.failed());
  EXPECT_FALSE(v.complete()) << "something is left over";
}

TEST_F(VisitTest, NonsenseIsNoticed) {
  const std::array<std::byte, 1> two{std::byte{2}};
  bool flag = false;
  LoadVisitor boolean(two, *pool_);
  boolean(flag);
  EXPECT_TRUE(boolean.failed());
  std::variant<std::monostate, bool> one_of;
  LoadVisitor variant(two, *pool_);
  variant(one_of);
  EXPECT_TRUE(variant.failed());
}

TEST_F(VisitTest, SaveReportsThatMemoryRanOut) {
  FailingMemory memory;
  for (std::uint64_t fail_at = 0; fail_at < 3; ++fail_at) {
    memory.fail_at(fail_at);
    SaveVisitor v(memory);
    for (std::uint64_t i = 0; i < 1'000; ++i) v(i);
    EXPECT_TRUE(v.failed());
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
  EXPECT_EQ(memory.mismatches(), 0U);
}

// What shares a block shares one after loading, and pins and counts what the original does: or a
// clone would run into its limits at another moment than its original.
TEST_F(VisitTest, SlicesShareAgainWhatTheyShared) {
  Buffer buffer = pool_->allocate(2'000);
  std::memcpy(buffer.data(), "0123456789", 10);
  std::array<Slice, 4> slices{buffer.slice(0, 6), buffer.slice(4, 6), Slice(),
                              pool_->copy(bytes_of("another block"))};
  const std::uint64_t live_bytes = pool_->usage().live_bytes;
  SaveVisitor save(heap_memory());
  save(slices, buffer);

  const BufferPoolOwner other(BufferPool::make(heap_memory(), 1U << 20));
  std::array<Slice, 4> loaded;
  Buffer loaded_buffer;
  {
    LoadVisitor load(save.bytes(), *other);
    load(loaded, loaded_buffer);
    EXPECT_TRUE(load.complete());
  }
  for (std::size_t i = 0; i < slices.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(loaded[i].bytes(), slices[i].bytes())) << i;
    EXPECT_EQ(loaded[i].pinned(), slices[i].pinned()) << i;
    EXPECT_EQ(loaded[i].references(), slices[i].references()) << i;
  }
  EXPECT_EQ(loaded[1].data() - loaded[0].data(), 4);
  EXPECT_EQ(loaded_buffer.data(), loaded[0].data());
  EXPECT_EQ(loaded_buffer.capacity(), buffer.capacity());
  EXPECT_EQ(other->usage().live_bytes, live_bytes);
}

TEST_F(VisitTest, LentMemoryBecomesTheClonesOwn) {
  std::vector<std::byte> large(200'000, std::byte{7});
  Slice lent = pool_->adopt(large, nullptr, nullptr);
  SaveVisitor save(heap_memory());
  save(lent);
  FailingMemory memory;
  {
    const BufferPoolOwner other(BufferPool::make(memory, 1U << 20));
    Slice loaded;
    {
      LoadVisitor load(save.bytes(), *other);
      load(loaded);
      ASSERT_TRUE(load.complete());
    }
    lent.reset();
    std::ranges::fill(large, std::byte{8});
    EXPECT_EQ(loaded.size(), 200'000U);
    EXPECT_EQ(loaded.pinned(), 200'000U);
    EXPECT_TRUE(std::ranges::all_of(loaded.bytes(), [](std::byte b) { return b == std::byte{7}; }));
    EXPECT_EQ(other->usage().live_bytes, 200'000U);
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
  EXPECT_EQ(memory.mismatches(), 0U);
}

TEST_F(VisitTest, SlicesThatLieAboutTheirBlockAreRefused) {
  Slice slice = pool_->copy(bytes_of("abc"));
  std::vector<std::byte> bytes = saved(slice);
  ASSERT_EQ(bytes.size(), 4U + 4 + 4 + 4 + 3);  // size, block, its capacity, offset, payload
  for (const std::size_t field : {0U, 4U, 8U, 12U}) {
    std::vector<std::byte> lie = bytes;
    lie[field + 3] = std::byte{0x7f};
    Slice loaded;
    LoadVisitor v(lie, *pool_);
    v(loaded);
    EXPECT_TRUE(v.failed()) << field;
    EXPECT_TRUE(loaded.empty());
  }
}

// The main promise: load what was saved, and the copy has the same bytes, the same hash, and the
// same future.
TEST_F(VisitTest, AWorldComesBackAndGoesOnTheSame) {
  FailingMemory memory;
  {
    const BufferPoolOwner pool(BufferPool::make(memory, 64U << 20));
    const BufferPoolOwner other(BufferPool::make(memory, 64U << 20));
    World world(memory, *pool);
    for (int round = 0; round < 30; ++round) {
      for (int i = 0; i < 300; ++i) world.step();
      const std::vector<std::byte> bytes = saved(world);
      World copy(memory, *other);
      {
        LoadVisitor load(bytes, *other);
        load(copy);
        ASSERT_TRUE(load.complete());
      }
      ASSERT_EQ(saved(copy), bytes);
      ASSERT_EQ(other->usage().live_bytes, pool->usage().live_bytes);
      ASSERT_EQ(canonical_hash(copy, copy.now), canonical_hash(world, world.now));
      ASSERT_EQ(copy.wheel.next_deadline(copy.wheel_links()),
                world.wheel.next_deadline(world.wheel_links()));
      world.fired.clear();
      for (int i = 0; i < 300; ++i) {
        world.step();
        copy.step();
      }
      ASSERT_EQ(copy.fired, world.fired);
      ASSERT_EQ(saved(copy), saved(world));
    }
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
  EXPECT_EQ(memory.mismatches(), 0U);
}

// Bytes from outside may say anything: a load ends, in bounds, with a fault or with an object that
// can at least be destroyed. The sanitizers watch.
TEST_F(VisitTest, ALoadOfDamagedBytesStaysInBounds) {
  World world(heap_memory(), *pool_);
  for (int i = 0; i < 500; ++i) world.step();
  const std::vector<std::byte> bytes = saved(world);
  Random random(81);
  int refused = 0;
  for (int round = 0; round < 1'500; ++round) {
    std::vector<std::byte> damaged = bytes;
    for (std::uint64_t i = 0; i < 1 + random.below(4); ++i) {
      damaged[random.index(damaged.size())] = static_cast<std::byte>(random.below(256));
    }
    World copy(heap_memory(), *pool_);
    LoadVisitor load(damaged, *pool_);
    load(copy);
    refused += load.failed() ? 1 : 0;
  }
  EXPECT_GT(refused, 100);
}

// What a save of a RangeMap<std::uint32_t> says, with lies in it.
TEST_F(VisitTest, ARangeMapRefusesWhatMakesNoSense) {
  struct Saved {
    std::uint32_t id;
    SeqNumber start;
    std::uint32_t length;
  };
  const auto loads = [this](std::vector<Saved> nodes, std::vector<std::uint32_t> free) {
    SaveVisitor save(heap_memory());
    auto used = static_cast<std::uint32_t>(nodes.size() + free.size());
    auto count = static_cast<std::uint32_t>(nodes.size());
    std::uint64_t priorities = 1;
    std::uint32_t value = 7;
    save(used, priorities, count);
    for (Saved& node : nodes) save(node.id, value, node.start, node.length, value);
    for (std::uint32_t& id : free) save(id);
    RangeMap<std::uint32_t> map(heap_memory(), 10, 1);
    LoadVisitor load(save.bytes(), *pool_);
    load(map);
    EXPECT_TRUE(load.failed() || map.consistent());
    return load.complete();
  };
  EXPECT_TRUE(loads({{1, SeqNumber(5), 5}, {0, SeqNumber(10), 5}}, {2, 3}));
  EXPECT_FALSE(loads({{1, SeqNumber(5), 6}, {0, SeqNumber(10), 5}}, {})) << "overlap";
  EXPECT_FALSE(loads({{1, SeqNumber(20), 5}, {0, SeqNumber(10), 5}}, {})) << "out of order";
  EXPECT_FALSE(loads({{1, SeqNumber(5), 0}, {0, SeqNumber(10), 5}}, {})) << "empty range";
  EXPECT_FALSE(loads({{1, SeqNumber(5), 5}, {1, SeqNumber(10), 5}}, {})) << "an id twice";
  EXPECT_FALSE(loads({{2, SeqNumber(5), 5}, {0, SeqNumber(10), 5}}, {})) << "an id too large";
  EXPECT_FALSE(loads({{0, SeqNumber(5), 5}}, {0})) << "free and taken";
  EXPECT_FALSE(loads({{0, SeqNumber(5), 5}}, {1, 1})) << "free twice";
}

// A slab that believed such a list would give one place out twice.
TEST_F(VisitTest, ASlabRefusesAFreeListThatMakesNoSense) {
  constexpr std::uint32_t kEnd = Slab<std::uint32_t>::kNone;
  const auto loads = [this](std::uint32_t first, std::vector<std::uint32_t> next_free) {
    SaveVisitor save(heap_memory());
    auto used = static_cast<std::uint32_t>(next_free.size());
    std::uint32_t generation = 1;
    save(used, first);
    for (std::uint32_t& next : next_free) save(generation, next);
    Slab<std::uint32_t> slab(heap_memory(), 10);
    LoadVisitor load(save.bytes(), *pool_);
    load(slab);
    return load.complete();
  };
  EXPECT_TRUE(loads(1, {kEnd, 0}));
  EXPECT_FALSE(loads(1, {1, 0})) << "a circle";
  EXPECT_FALSE(loads(0, {kEnd, kEnd})) << "a place that is lost";
  EXPECT_FALSE(loads(2, {kEnd, 0})) << "a place that is none";
  EXPECT_FALSE(loads(1, {kEnd, 7})) << "a place that is none";
}

TEST_F(VisitTest, ALoadThatRunsOutOfMemoryFailsAndLeaksNothing) {
  World world(heap_memory(), *pool_);
  for (int i = 0; i < 500; ++i) world.step();
  const std::vector<std::byte> bytes = saved(world);
  FailingMemory memory;
  std::uint64_t requests = 0;
  for (std::uint64_t fail_at = 0; requests == 0 || fail_at < requests; fail_at += 3) {
    const std::uint64_t before = memory.requests();
    {
      BufferPoolOwner pool(BufferPool::make(memory, 64U << 20));
      if (fail_at != 0) memory.fail_at(fail_at - 1);
      World copy(memory, *pool);
      LoadVisitor load(bytes, *pool);
      load(copy);
      EXPECT_EQ(load.failed(), fail_at != 0 && memory.refused() > 0) << fail_at;
    }
    if (fail_at == 0) requests = memory.requests() - before;
    ASSERT_EQ(memory.live_blocks(), 0U) << fail_at;
    ASSERT_EQ(memory.mismatches(), 0U);
  }
  EXPECT_GT(requests, 50U);
}

TEST_F(VisitTest, FramesAndHandlesComeBack) {
  Frame frame = make_frame(*pool_, bytes_of("headers and payload"));
  ASSERT_TRUE(frame.append(frame.pieces[0].part(0, 7)));
  frame.checksum = Checksum::partial;
  frame.gso_size = 1460;
  frame.arrival = Time(5ms);
  frame.id = FrameId{12};
  Handle handle{1, 2, HandleKind::udp};
  SaveVisitor save(heap_memory());
  save(frame, handle);
  Frame loaded;
  Handle loaded_handle;
  LoadVisitor load(save.bytes(), *pool_);
  load(loaded, loaded_handle);
  ASSERT_TRUE(load.complete());
  EXPECT_EQ(loaded_handle, handle);
  EXPECT_EQ(loaded.size, frame.size);
  EXPECT_EQ(loaded.piece_count, 2U);
  EXPECT_TRUE(std::ranges::equal(loaded.pieces[1].bytes(), bytes_of("headers")));
  EXPECT_EQ(loaded.checksum, Checksum::partial);
  EXPECT_EQ(loaded.gso_size, 1460U);
  EXPECT_EQ(loaded.arrival, Time(5ms));
  EXPECT_EQ(loaded.id, FrameId{12});
}

}  // namespace
}  // namespace bowline
