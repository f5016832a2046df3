#pragma once

// The tree inside a RangeMap: a treap whose nodes are also a list.
//
// A treap is a search tree that is also a heap by random priorities, and so as shallow as a tree
// built in random order, whatever order the keys come in. The tree knows nothing of keys: its owner
// finds the place. Nodes are numbers; each operation is given `links`, a function from a number to
// the node's TreeLinks.

#include <cstdint>
#include <utility>

namespace bowline::inline v0::detail {

/// What a node of a RangeTree carries.
struct TreeLinks {
  std::uint32_t parent;
  std::uint32_t left;
  std::uint32_t right;
  std::uint32_t next;      // in order
  std::uint32_t previous;  // in order
  std::uint32_t priority;  // never above the parent's
};

/// Root and ends of a treap with its nodes in a list.
struct RangeTree {
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::uint32_t root = kNone;
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;

  /// Puts `id`, whose priority is set, in front of `following` (kNone: at the end).
  template <class L>
  void insert(L&& links, std::uint32_t id, std::uint32_t following) noexcept {
    TreeLinks& link = links(id);
    const std::uint32_t preceding = following == kNone ? last : links(following).previous;
    link.next = following;
    link.previous = preceding;
    (following == kNone ? last : links(following).previous) = id;
    (preceding == kNone ? first : links(preceding).next) = id;

    // As a leaf, left of its successor or right of its predecessor: one of the two is always free.
    link.left = link.right = kNone;
    const bool left = following != kNone && links(following).left == kNone;
    link.parent = left ? following : preceding;
    if (link.parent == kNone) {
      root = id;
      return;
    }
    (left ? links(following).left : links(preceding).right) = id;
    while (link.parent != kNone && links(link.parent).priority < link.priority) lift(links, id);
  }

  /// Takes `id` out.
  template <class L>
  void erase(L&& links, std::uint32_t id) noexcept {
    TreeLinks& link = links(id);
    (link.next == kNone ? last : links(link.next).previous) = link.previous;
    (link.previous == kNone ? first : links(link.previous).next) = link.next;

    // Down until one side is empty; the other side then takes its place.
    while (link.left != kNone && link.right != kNone) {
      const bool left = links(link.left).priority > links(link.right).priority;
      lift(links, left ? link.left : link.right);
    }
    const std::uint32_t heir = link.left != kNone ? link.left : link.right;
    if (heir != kNone) links(heir).parent = link.parent;
    replace_child(links, link.parent, id, heir);
  }

  /// For tests: is it a tree and a heap of `size` nodes, and does the list agree with it?
  template <class L>
  [[nodiscard]] bool consistent(L&& links, std::uint32_t size) const noexcept {
    std::uint32_t count = 0;
    std::uint32_t previous = kNone;
    for (std::uint32_t id = first; id != kNone; id = links(id).next) {
      const TreeLinks& link = links(id);
      if (++count > size || link.previous != previous) return false;
      if ((link.parent == kNone) != (root == id)) return false;
      for (const std::uint32_t child : {link.left, link.right}) {
        if (child == kNone) continue;
        if (links(child).parent != id || links(child).priority > link.priority) return false;
      }
      if (following_in_tree(links, id) != link.next) return false;
      previous = id;
    }
    return count == size && last == previous;
  }

 private:
  // Rotates `id` above its parent; the order stays.
  template <class L>
  void lift(L&& links, std::uint32_t id) noexcept {
    TreeLinks& link = links(id);
    const std::uint32_t parent = link.parent;
    TreeLinks& above = links(parent);
    std::uint32_t inner = kNone;
    if (above.left == id) {
      inner = std::exchange(link.right, parent);
      above.left = inner;
    } else {
      inner = std::exchange(link.left, parent);
      above.right = inner;
    }
    if (inner != kNone) links(inner).parent = parent;
    link.parent = above.parent;
    replace_child(links, above.parent, parent, id);
    above.parent = id;
  }

  template <class L>
  void replace_child(L&& links, std::uint32_t parent, std::uint32_t child,
                     std::uint32_t by) noexcept {
    if (parent == kNone) {
      root = by;
    } else if (links(parent).left == child) {
      links(parent).left = by;
    } else {
      links(parent).right = by;
    }
  }

  template <class L>
  [[nodiscard]] static std::uint32_t following_in_tree(L&& links, std::uint32_t id) noexcept {
    if (std::uint32_t at = links(id).right; at != kNone) {
      while (links(at).left != kNone) at = links(at).left;
      return at;
    }
    while (links(id).parent != kNone && links(links(id).parent).right == id) id = links(id).parent;
    return links(id).parent;
  }
};

}  // namespace bowline::inline v0::detail
