#pragma once

// One list of the state, three uses.
//
// Every unit names its state once, in a member `template <class V> void visit(V& v)`. From that one
// list come saving, loading (and so cloning), and a canonical hash by which a search recognises a
// state that it has seen. A member that is forgotten there is forgotten everywhere, and the tests
// that compare a clone with its original find it.
//
// What visit() may say:
//   v(a, b, c)                  state: numbers, bools, enums, times, arrays, optionals, pairs,
//   variants, slices,
//                               anything with a visit member
//   v.local(x), v.remote(x)     a sequence number (or RangeMap, array or optional of such) of our
//   numbering, or of the
//                               peer's: hashed as its distance from that numbering's start
//   v.bases(iss, irs)           what those starts are, for what follows
//   v.excluded(x, "why")        saved and loaded, but two states that differ only in this are the
//   same V::loading, V::hashing      for the rare special case; loaders report bad input by
//   v.fail()
//
// A Time is hashed as its distance from now (kNever stays kNever): the same state an hour later is
// the same state.

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include "bowline/base/buffer.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0 {

/// What the three visitors have in common: taking things apart down to words of one to eight bytes.
/// `Self` gives word(raw, bytes), number(seq, base), time(t), slice(s), excluded(x, why) and the
/// two constants.
template <class Self>
class Visitor {
 public:
  /// Visits each of `things`.
  template <class... T>
  void operator()(T&... things) {
    (one(things), ...);
  }

  /// The initial sequence numbers from which local() and remote() count until the next call.
  void bases(SeqNumber iss, SeqNumber irs) noexcept {
    iss_ = iss;
    irs_ = irs;
  }

  /// Sequence numbers of our own numbering.
  template <class... T>
  void local(T&... things) {
    (numbered(things, iss_), ...);
  }

  /// Sequence numbers of the peer's numbering.
  template <class... T>
  void remote(T&... things) {
    (numbered(things, irs_), ...);
  }

 protected:
  Visitor() = default;

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }

  template <class T>
  void one(T& thing) {
    using Type = std::remove_const_t<T>;
    if constexpr (requires { thing.visit(self()); }) {
      thing.visit(self());
    } else if constexpr (std::same_as<Type, bool>) {
      flag(thing);
    } else if constexpr (std::integral<Type>) {
      std::uint64_t raw = static_cast<std::make_unsigned_t<Type>>(thing);
      self().word(raw, sizeof(Type));
      if constexpr (Self::loading) thing = static_cast<Type>(raw);
    } else if constexpr (std::is_enum_v<Type>) {
      auto number = static_cast<std::underlying_type_t<Type>>(thing);
      one(number);
      if constexpr (Self::loading) thing = static_cast<Type>(number);
    } else if constexpr (std::floating_point<Type>) {
      static_assert(std::same_as<Type, double>, "state is kept in doubles");
      auto raw = std::bit_cast<std::uint64_t>(thing);
      self().word(raw, sizeof(raw));
      if constexpr (Self::loading) thing = std::bit_cast<double>(raw);
    } else if constexpr (std::same_as<Type, SeqNumber>) {
      numbered(thing, SeqNumber(0));
    } else if constexpr (std::same_as<Type, Time>) {
      self().time(thing);
    } else if constexpr (std::same_as<Type, Duration>) {
      std::int64_t count = thing.count();
      one(count);
      if constexpr (Self::loading) thing = Duration(count);
    } else if constexpr (std::same_as<Type, Slice>) {
      self().slice(thing);
    } else if constexpr (std::same_as<Type, Buffer>) {
      self().buffer(thing);
    } else if constexpr (std::same_as<Type, std::byte>) {
      std::uint64_t raw = std::to_integer<std::uint64_t>(thing);
      self().word(raw, 1);
      if constexpr (Self::loading) thing = static_cast<std::byte>(raw);
    } else if constexpr (std::same_as<Type, std::monostate>) {
      // Nothing to say.
    } else {
      composite(thing);
    }
  }

  template <class T, std::size_t N>
  void composite(std::array<T, N>& things) {
    for (T& thing : things) one(thing);
  }
  template <class T, std::size_t N>
  void composite(const std::array<T, N>& things) {
    for (const T& thing : things) one(thing);
  }
  template <class A, class B>
  void composite(std::pair<A, B>& both) {
    one(both.first);
    one(both.second);
  }
  template <class T>
  void composite(std::optional<T>& maybe) {
    optional(maybe, [this](T& thing) { one(thing); });
  }
  template <class... T>
  void composite(std::variant<T...>& one_of) {
    std::uint64_t which = one_of.index();
    self().word(which, 1);
    if constexpr (Self::loading) {
      choose(one_of, which, std::index_sequence_for<T...>{});
    }
    std::visit([this](auto& thing) { this->one(thing); }, one_of);
  }

  void flag(const bool& value) {
    std::uint64_t raw = value ? 1 : 0;
    self().word(raw, 1);
    if constexpr (Self::loading) {
      if (raw > 1) self().fail();
      const_cast<bool&>(value) = raw == 1;  // a loader is only ever given state that can be written
    }
  }

  template <class T, class F>
  void optional(std::optional<T>& maybe, F&& visit_value) {
    bool there = maybe.has_value();
    flag(there);
    if constexpr (Self::loading) {
      maybe.reset();
      if (there) maybe.emplace();
    }
    if (maybe) visit_value(*maybe);
  }

  template <class... T, std::size_t... I>
  void choose(std::variant<T...>& one_of, std::uint64_t which, std::index_sequence<I...>) {
    if (which >= sizeof...(T)) return self().fail();
    (void)((which == I ? (one_of.template emplace<I>(), true) : false) || ...);
  }

  template <class T>
  void numbered(T& thing, SeqNumber base) {
    if constexpr (std::same_as<std::remove_const_t<T>, SeqNumber>) {
      self().number(thing, base);
    } else {
      numbered_all(thing, base);
    }
  }
  template <class T, std::size_t N>
  void numbered_all(std::array<T, N>& things, SeqNumber base) {
    for (T& thing : things) numbered(thing, base);
  }
  template <class A, class B>
  void numbered_all(std::pair<A, B>& both, SeqNumber base) {
    numbered(both.first, base);
    numbered(both.second, base);
  }
  template <class T>
  void numbered_all(std::optional<T>& maybe, SeqNumber base) {
    optional(maybe, [this, base](T& thing) { numbered(thing, base); });
  }
  template <class T>
    requires requires(T& map, Self& v) { map.visit_numbered(v, [](Self&, SeqNumber&) {}); }
  void numbered_all(T& map, SeqNumber base) {
    map.visit_numbered(self(), [base](Self& v, SeqNumber& seq) { v.number(seq, base); });
  }

  SeqNumber iss_;
  SeqNumber irs_;
};

/// Writes state as bytes: numbers little-endian in their own width, slices as length and payload.
/// The bytes mean something only to the same build of Bowline.
class SaveVisitor : public Visitor<SaveVisitor> {
 public:
  static constexpr bool loading = false;
  static constexpr bool hashing = false;

  /// The bytes grow in `memory`, which must outlive the visitor.
  explicit SaveVisitor(Memory& memory) noexcept : memory_(&memory) {}
  SaveVisitor(SaveVisitor&& other) noexcept;
  SaveVisitor& operator=(SaveVisitor&&) = delete;
  ~SaveVisitor();

  /// What was saved. Worth nothing when failed().
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_, size_}; }

  /// Memory ran out at some point.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  void fail() noexcept { failed_ = true; }

  /// Saves bytes as they are, without their count.
  void raw(std::span<const std::byte> bytes) noexcept;

  /// Saves `thing` like any other state; see the head of this file.
  template <class T>
  void excluded(T& thing, const char* /*argument*/) {
    (*this)(thing);
  }

 private:
  friend Visitor<SaveVisitor>;
  void word(std::uint64_t raw, std::size_t bytes) noexcept;
  void number(SeqNumber seq, SeqNumber) noexcept { word(seq.raw(), 4); }
  void time(Time at) noexcept;
  void slice(const Slice& slice) noexcept;
  void buffer(const Buffer& buffer) noexcept;
  void block(const detail::Block* block) noexcept;
  [[nodiscard]] std::byte* append(std::size_t count) noexcept;
  [[nodiscard]] bool grow_blocks() noexcept;

  // Which block has which number: an open-addressed table, searched by address. Numbers are given
  // in the order of visiting, so that nothing that is written depends on an address.
  struct Numbered {
    const detail::Block* block;
    std::uint32_t number;
  };

  Memory* memory_;
  std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  Numbered* blocks_ = nullptr;
  std::uint32_t block_count_ = 0;
  std::uint32_t block_places_ = 0;  // a power of two, or 0
  bool failed_ = false;
};

/// Reads what a SaveVisitor wrote into an object that was constructed with the same configuration.
/// Checks bounds; after the first fault every number reads as 0 and failed() stays true. The object
/// is then good for nothing but to be destroyed.
class LoadVisitor : public Visitor<LoadVisitor> {
 public:
  static constexpr bool loading = true;
  static constexpr bool hashing = false;

  /// Reads from `bytes`; slices get blocks of `pool`.
  LoadVisitor(std::span<const std::byte> bytes, BufferPool& pool) noexcept
      : bytes_(bytes), pool_(&pool), blocks_(pool.memory()) {}

  /// Something did not fit: bytes are missing or make no sense, or memory ran out.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  void fail() noexcept { failed_ = true; }

  /// Where slices get their blocks, and what is made while loading its memory.
  [[nodiscard]] BufferPool& pool() const noexcept { return *pool_; }

  /// How many bytes have not been read. Zero after a fault.
  [[nodiscard]] std::size_t remaining() const noexcept { return failed_ ? 0 : bytes_.size(); }

  /// Loads as many bytes as `to` holds.
  void raw(std::span<std::byte> to) noexcept;

  /// Everything was read and nothing is left over.
  [[nodiscard]] bool complete() const noexcept { return !failed_ && bytes_.empty(); }

  template <class T>
  void excluded(T& thing, const char* /*argument*/) {
    (*this)(thing);
  }

 private:
  friend Visitor<LoadVisitor>;
  void word(std::uint64_t& raw, std::size_t bytes) noexcept;
  void number(SeqNumber& seq, SeqNumber) noexcept;
  void time(Time& at) noexcept;
  void slice(Slice& slice) noexcept;
  void buffer(Buffer& buffer) noexcept;
  [[nodiscard]] Buffer* block() noexcept;

  std::span<const std::byte> bytes_;
  BufferPool* pool_;
  Ring<Buffer> blocks_;  // by number
  bool failed_ = false;
};

/// Hashes state so that states that behave the same have the same hash: times relative to `now`,
/// sequence numbers relative to their starts, without what is excluded.
class HashVisitor : public Visitor<HashVisitor> {
 public:
  static constexpr bool loading = false;
  static constexpr bool hashing = true;

  /// `key` need not be secret; equal keys give comparable hashes.
  explicit HashVisitor(Time now, SipKey key = {}) noexcept
      : hasher_(SipHasher<1, 3>::wide(key)), now_(now) {}

  /// 128 bits: enough to take equal hashes for equal states.
  [[nodiscard]] Hash128 value() const noexcept {
    SipHasher<1, 3> copy = hasher_;
    return copy.finish128(words_ << 59);
  }

  void fail() noexcept {}
  [[nodiscard]] bool failed() const noexcept { return false; }

  template <class T>
  void excluded(T&, const char* /*argument*/) noexcept {}

 private:
  friend Visitor<HashVisitor>;
  void word(std::uint64_t raw, std::size_t) noexcept {
    hasher_.add(raw);
    ++words_;
  }
  void number(SeqNumber seq, SeqNumber base) noexcept { word(distance(base, seq), 4); }
  void time(Time at) noexcept {
    word(static_cast<std::uint64_t>(at == kNever ? std::numeric_limits<std::int64_t>::max()
                                                 : (at - now_).count()),
         8);
  }
  void slice(const Slice& slice) noexcept;
  // The room behind what slices show makes no difference that a peer or an application could see.
  void buffer(const Buffer&) noexcept {}

  SipHasher<1, 3> hasher_;
  std::uint64_t words_ = 0;
  Time now_;
};

/// Saves `thing`, whose visit() must not change it unless V::loading.
template <class T>
void save(SaveVisitor& v, const T& thing) {
  v(const_cast<T&>(thing));
}

/// The canonical hash of `thing` at `now`; its visit() must not change it unless V::loading.
template <class T>
[[nodiscard]] Hash128 canonical_hash(const T& thing, Time now, SipKey key = {}) {
  HashVisitor v(now, key);
  v(const_cast<T&>(thing));
  return v.value();
}

}  // namespace bowline::inline v0
