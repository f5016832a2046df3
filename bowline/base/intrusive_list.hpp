#pragma once

// Lists whose links lie in the elements, as indices.
//
// Ready sockets, connections with something to send, orphans: an element joins and leaves in O(1)
// and nothing is ever allocated for it. The links are slab indices, not pointers, so that a list
// survives being saved, loaded and cloned. The list itself does not know where the elements are:
// each operation is given `links`, a function from an index to its ListLink.

#include <cstdint>

namespace bowline::inline v0 {

/// What an element of an IndexList carries, once per list that it can be in.
struct ListLink {
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
  bool linked = false;

  template <class V>
  void visit(V& v) {
    v(previous, next, linked);
  }
};

/// A doubly linked list of indices. `links(index)` must give the same ListLink& in every call, for
/// an element that is alive. Not more than one list may use a link at a time.
struct IndexList {
  static constexpr std::uint32_t kNone = ListLink::kNone;

  std::uint32_t head = kNone;
  std::uint32_t tail = kNone;
  std::uint32_t size = 0;

  [[nodiscard]] bool empty() const noexcept { return size == 0; }

  /// The first element; kNone when there is none.
  [[nodiscard]] std::uint32_t front() const noexcept { return head; }

  /// Is `index` in this list, given that its link is used for no other?
  template <class L>
  [[nodiscard]] bool contains(L&& links, std::uint32_t index) const noexcept {
    return links(index).linked;
  }

  /// Appends `index`, which must not be linked.
  template <class L>
  void push_back(L&& links, std::uint32_t index) noexcept {
    links(index) = ListLink{tail, kNone, true};
    (tail == kNone ? head : links(tail).next) = index;
    tail = index;
    ++size;
  }

  /// Puts `index`, which must not be linked, in front.
  template <class L>
  void push_front(L&& links, std::uint32_t index) noexcept {
    links(index) = ListLink{kNone, head, true};
    (head == kNone ? tail : links(head).previous) = index;
    head = index;
    ++size;
  }

  /// Takes `index` out. Does nothing when it is not linked.
  template <class L>
  void erase(L&& links, std::uint32_t index) noexcept {
    ListLink& link = links(index);
    if (!link.linked) return;
    (link.previous == kNone ? head : links(link.previous).next) = link.next;
    (link.next == kNone ? tail : links(link.next).previous) = link.previous;
    link = ListLink{};
    --size;
  }

  /// Takes the first element out and returns it; kNone when there is none.
  template <class L>
  std::uint32_t pop_front(L&& links) noexcept {
    const std::uint32_t index = head;
    if (index != kNone) erase(links, index);
    return index;
  }

  template <class V>
  void visit(V& v) {
    v(head, tail, size);
  }
};

}  // namespace bowline::inline v0
