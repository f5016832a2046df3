#pragma once

// Range maps: what is known of which sequence numbers.
//
// What was sent and how it fared, what came out of order, which holes are left: all are disjoint
// ranges of sequence numbers, each with a value. A hostile peer decides how many there are and in
// which order they come, so every operation is O(log n) (a treap: a search tree kept shallow by
// random priorities that the peer cannot know), the number of nodes has a limit, and an empty map
// holds next to nothing. The nodes stand in one growing array and link to each other by index; a
// list runs through them in order, so that stepping along, the commonest thing done, costs no
// search.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "bowline/base/memory.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/range_budget.hpp"
#include "bowline/base/range_tree.hpp"
#include "bowline/base/seq_number.hpp"

namespace bowline::inline v0 {

/// An ordered map from disjoint, not empty ranges of sequence numbers, all within 2^31 of each
/// other, to `T`.
template <class T>
class RangeMap {
 public:
  /// No node.
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// A range and its value. `start` and `length` may be changed in place as long as ranges stay in
  /// order, disjoint and not empty.
  struct Node {
    SeqNumber start;
    std::uint32_t length;
    T value;

    /// The number after the range's last.
    [[nodiscard]] SeqNumber end() const noexcept { return start + length; }
  };

  /// An empty map of at most `limit` ranges over `memory`, which must outlive it. `seed` should be
  /// secret: it decides the shape of the tree (never the contents). Its cells are drawn on `budget`
  /// where there is one, which must outlive it as well.
  RangeMap(Memory& memory, std::uint32_t limit, std::uint64_t seed,
           RangeBudget* budget = nullptr) noexcept
      : memory_(&memory), budget_(budget), limit_(limit), priorities_(seed) {}
  RangeMap(RangeMap&& other) noexcept
      : memory_(other.memory_),
        budget_(other.budget_),
        cells_(std::exchange(other.cells_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        used_(std::exchange(other.used_, 0)),
        size_(std::exchange(other.size_, 0)),
        limit_(other.limit_),
        tree_(std::exchange(other.tree_, {})),
        free_(std::exchange(other.free_, kNone)),
        priorities_(other.priorities_) {}
  RangeMap& operator=(RangeMap&& other) noexcept {
    RangeMap taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~RangeMap() { clear(); }

  void swap(RangeMap& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(budget_, other.budget_);
    std::swap(cells_, other.cells_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
    std::swap(size_, other.size_);
    std::swap(limit_, other.limit_);
    std::swap(tree_, other.tree_);
    std::swap(free_, other.free_);
    std::swap(priorities_, other.priorities_);
  }

  /// Adds the range of `length` numbers from `start` on. Returns the node; kNone, and nothing
  /// changes (`value` is destroyed), when the range is empty or touches numbers that are in the
  /// map, when the limit or the budget is reached or there is no memory. Node ids stay valid until
  /// their erase(); references do not survive an insert().
  std::uint32_t insert(SeqNumber start, std::uint32_t length, T value) noexcept {
    if (length == 0) return kNone;
    // Nearly always the new range lies after all others: then there is nothing to search.
    std::uint32_t following = kNone;
    if (!empty() && before(start, cells_[last()].node.end())) {
      following = at_or_after(start);
      if (before(cells_[following].node.start, start + length)) return kNone;
    }
    const std::uint32_t id = new_cell(Node{start, length, std::move(value)});
    if (id != kNone) tree_.insert(links(), id, following);
    return id;
  }

  /// Makes sure that the next insert() of a new range succeeds. False when the limit or the budget
  /// is reached or there is no memory.
  [[nodiscard]] bool reserve() noexcept { return reserve_cell(); }
  /// Do the limit and the budget leave room for another range?
  [[nodiscard]] bool has_room() const noexcept {
    if (size_ >= limit_) return false;
    return has_cell() || budget_ == nullptr || budget_->allows(capacity_, next_capacity());
  }

  /// Removes node `id`, which must be in the map.
  void erase(std::uint32_t id) noexcept {
    tree_.erase(links(), id);
    Cell& cell = cells_[id];
    std::destroy_at(&cell.node);
    cell.links.next = free_;
    cell.links.parent = kFree;
    free_ = id;
    if (--size_ == 0 && capacity_ > kKept) clear();
  }

  /// The lowest range; kNone when the map is empty.
  [[nodiscard]] std::uint32_t first() const noexcept { return tree_.first; }
  /// The highest range; kNone when the map is empty.
  [[nodiscard]] std::uint32_t last() const noexcept { return tree_.last; }
  /// The range after `id`; kNone after the last.
  [[nodiscard]] std::uint32_t next(std::uint32_t id) const noexcept {
    return cells_[id].links.next;
  }
  /// The range before `id`; kNone before the first.
  [[nodiscard]] std::uint32_t prev(std::uint32_t id) const noexcept {
    return cells_[id].links.previous;
  }

  /// The first range that has numbers at `seq` or after it: the one that contains `seq` if there is
  /// one, else the next higher; kNone when all lie before.
  [[nodiscard]] std::uint32_t at_or_after(SeqNumber seq) const noexcept {
    std::uint32_t found = kNone;
    for (std::uint32_t at = tree_.root; at != kNone;) {
      if (after(cells_[at].node.end(), seq)) {
        found = at;
        at = cells_[at].links.left;
      } else {
        at = cells_[at].links.right;
      }
    }
    return found;
  }

  /// The range that contains `seq`; kNone when there is none.
  [[nodiscard]] std::uint32_t find(SeqNumber seq) const noexcept {
    const std::uint32_t id = at_or_after(seq);
    return id != kNone && bowline::at_or_after(seq, cells_[id].node.start) ? id : kNone;
  }

  /// Cuts node `id` in two at `at`, which must lie inside, not at its start. `id` keeps the first
  /// part; returns the second, whose value is `value.split_off(offset)` where T has that, else a
  /// copy. kNone, and nothing changes, when `at` is not inside, the limit or the budget is reached
  /// or there is no memory.
  std::uint32_t split(std::uint32_t id, SeqNumber at) noexcept {
    const std::uint32_t offset = distance(cells_[id].node.start, at);
    if (offset == 0 || offset >= cells_[id].node.length || !reserve_cell()) return kNone;
    Node& node = cells_[id].node;
    const std::uint32_t rest = node.length - offset;
    node.length = offset;
    std::uint32_t second = kNone;
    if constexpr (requires(T& value) { value.split_off(offset); }) {
      second = new_cell(Node{at, rest, node.value.split_off(offset)});
    } else {
      second = new_cell(Node{at, rest, T(node.value)});
    }
    tree_.insert(links(), second, next(id));
    return second;
  }

  [[nodiscard]] Node& operator[](std::uint32_t id) noexcept { return cells_[id].node; }
  [[nodiscard]] const Node& operator[](std::uint32_t id) const noexcept { return cells_[id].node; }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }

  /// Changes the limit; ranges beyond a lower one stay.
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }
  /// Draws on `budget` from now on, with all that it has.
  void set_budget(RangeBudget* budget) noexcept {
    if (budget_ != nullptr) budget_->give(capacity_);
    budget_ = budget;
    if (budget_ != nullptr) budget_->take(capacity_);
  }

  /// Removes all ranges and gives all memory back.
  void clear() noexcept {
    for (std::uint32_t id = first(); id != kNone; id = next(id)) {
      std::destroy_at(&cells_[id].node);
    }
    if (cells_ != nullptr) memory_->release(cells_, capacity_ * sizeof(Cell), alignof(Cell));
    if (budget_ != nullptr) budget_->give(capacity_);
    cells_ = nullptr;
    capacity_ = used_ = size_ = 0;
    tree_ = {};
    free_ = kNone;
  }

  /// Gives the memory back that an empty map keeps for the next insert (at most kKept nodes).
  void release_if_empty() noexcept {
    if (size_ == 0) clear();
  }

  /// Bytes of memory that the map itself holds.
  [[nodiscard]] std::size_t bytes_held() const noexcept { return capacity_ * sizeof(Cell); }

  /// State, with start numbers as they are. Where they belong to one of a connection's two
  /// numberings, use `v.local(map)` or `v.remote(map)`.
  template <class V>
  void visit(V& v) {
    visit_numbered(v, [](V& visitor, SeqNumber& number) { visitor(number); });
  }

  /// State; start numbers are visited by `visit_number(v, number)`. Hashed as ranges and values in
  /// order; saved and loaded with their ids as well, so that owners may keep those. Loading
  /// constructs values by `T()`.
  template <class V, class N>
  void visit_numbered(V& v, N&& visit_number) {
    if constexpr (V::hashing) {
      v(size_);
      for (std::uint32_t id = first(); id != kNone; id = next(id)) {
        Node& node = cells_[id].node;
        visit_number(v, node.start);
        v(node.length, node.value);
      }
    } else if constexpr (V::loading) {
      load(v, visit_number);
    } else {
      v(used_, priorities_, size_);
      for (std::uint32_t id = first(); id != kNone; id = next(id)) {
        v(id, cells_[id].links.priority);
        visit_number(v, cells_[id].node.start);
        v(cells_[id].node.length, cells_[id].node.value);
      }
      for (std::uint32_t id = free_; id != kNone; id = next(id)) v(id);
    }
  }

  /// For tests: whether the tree is one and ranges are in order and disjoint.
  [[nodiscard]] bool consistent() const noexcept {
    if (!tree_.consistent(links(), size_)) return false;
    for (std::uint32_t id = first(); id != kNone; id = next(id)) {
      if (cells_[id].links.parent == kFree || cells_[id].node.length == 0) return false;
      const std::uint32_t following = next(id);
      if (following != kNone && after(cells_[id].node.end(), cells_[following].node.start)) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::uint32_t kFree = 0xfffffffe;  // in links.parent: the cell holds no node
  static constexpr std::uint32_t kKept = RangeBudget::kEach;  // by an empty map: 5 KiB

  struct Cell {
    union {
      Node node;
    };
    detail::TreeLinks links;

    Cell() noexcept {}
    ~Cell() {}
  };

  [[nodiscard]] auto links() const noexcept {
    return [cells = cells_](std::uint32_t id) -> detail::TreeLinks& { return cells[id].links; };
  }

  // Is there a cell for one more node, or can there be made one?
  [[nodiscard]] bool reserve_cell() noexcept {
    return has_room() && (has_cell() || grow(next_capacity()));
  }
  [[nodiscard]] bool has_cell() const noexcept { return free_ != kNone || used_ < capacity_; }
  [[nodiscard]] std::uint32_t next_capacity() const noexcept {
    return capacity_ == 0 ? 4 : capacity_ * 2;
  }

  [[nodiscard]] bool grow(std::uint32_t capacity) noexcept {
    if (capacity <= capacity_ || capacity >= kFree) return false;
    void* memory = memory_->allocate(capacity * sizeof(Cell), alignof(Cell));
    if (memory == nullptr) return false;
    auto* cells = static_cast<Cell*>(memory);
    for (std::uint32_t id = 0; id < used_; ++id) {
      Cell* cell = new (cells + id) Cell;
      cell->links = cells_[id].links;
      if (cell->links.parent == kFree) continue;
      std::construct_at(&cell->node, std::move(cells_[id].node));
      std::destroy_at(&cells_[id].node);
    }
    if (cells_ != nullptr) memory_->release(cells_, capacity_ * sizeof(Cell), alignof(Cell));
    cells_ = cells;
    if (budget_ != nullptr) budget_->take(capacity - capacity_);
    capacity_ = capacity;
    return true;
  }

  [[nodiscard]] std::uint32_t new_cell(Node&& node) noexcept {
    if (!reserve_cell()) return kNone;
    std::uint32_t id = free_;
    if (id != kNone) {
      free_ = next(id);
    } else {
      id = used_++;
      new (cells_ + id) Cell;
    }
    Cell& cell = cells_[id];
    std::construct_at(&cell.node, std::move(node));
    cell.links.parent = kNone;
    cell.links.priority = static_cast<std::uint32_t>(split_mix(priorities_));
    ++size_;
    return id;
  }

  // What comes in is checked as if it were hostile: ids in bounds and each once, ranges in order.
  template <class V, class N>
  void load(V& v, N& visit_number) {
    clear();
    std::uint32_t used = 0;
    std::uint32_t count = 0;
    v(used, priorities_, count);
    if (v.failed() || used == 0) return;
    if (count > used || used > v.remaining() / sizeof(std::uint32_t)) return v.fail();
    std::uint32_t capacity = 4;
    while (capacity < used) capacity *= 2;
    if (!grow(capacity)) return v.fail();
    for (; used_ < used; ++used_) {
      Cell* cell = new (cells_ + used_) Cell;
      cell->links.parent = kFree;
      cell->links.left = kNone;
    }
    for (std::uint32_t i = 0; i < count && !v.failed(); ++i) load_node(v, visit_number);
    std::uint32_t* place = &free_;
    for (std::uint32_t i = count; i < used && !v.failed(); ++i) {
      std::uint32_t id = kNone;
      v(id);
      if (id >= used) return v.fail();
      detail::TreeLinks& link = cells_[id].links;
      if (link.parent != kFree || link.left == kFree) return v.fail();
      link.left = kFree;  // has been seen
      link.next = kNone;
      *place = id;
      place = &link.next;
    }
  }

  template <class V, class N>
  void load_node(V& v, N& visit_number) {
    std::uint32_t id = kNone;
    std::uint32_t priority = 0;
    v(id, priority);
    if (v.failed() || id >= used_ || cells_[id].links.parent != kFree) return v.fail();
    Cell& cell = cells_[id];
    std::construct_at(&cell.node, SeqNumber{}, 0U, T());
    cell.links.priority = priority;
    ++size_;
    const std::uint32_t preceding = last();
    tree_.insert(links(), id, kNone);
    visit_number(v, cell.node.start);
    v(cell.node.length, cell.node.value);
    const bool in_order =
        preceding == kNone || !before(cell.node.start, cells_[preceding].node.end());
    if (cell.node.length == 0 || !in_order) v.fail();
  }

  Memory* memory_;
  RangeBudget* budget_;
  Cell* cells_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t used_ = 0;  // cells that have held a node at least once
  std::uint32_t size_ = 0;
  std::uint32_t limit_;
  detail::RangeTree tree_;
  std::uint32_t free_ = kNone;
  std::uint64_t priorities_;
};

}  // namespace bowline::inline v0
