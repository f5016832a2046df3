#include "bowline/base/visit.hpp"

#include <cstring>
#include <new>

#include "bowline/base/random.hpp"

namespace bowline::inline v0 {

namespace {

// Where a search for `block` begins; only how long it takes depends on the address.
std::uint32_t first_place(const detail::Block* block, std::uint32_t places) noexcept {
  std::uint64_t address = reinterpret_cast<std::uintptr_t>(block);
  return static_cast<std::uint32_t>(split_mix(address)) & (places - 1);
}

}  // namespace

SaveVisitor::SaveVisitor(SaveVisitor&& other) noexcept
    : Visitor(other),
      memory_(other.memory_),
      bytes_(std::exchange(other.bytes_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      blocks_(std::exchange(other.blocks_, nullptr)),
      block_count_(std::exchange(other.block_count_, 0)),
      block_places_(std::exchange(other.block_places_, 0)),
      failed_(other.failed_) {}

SaveVisitor::~SaveVisitor() {
  if (bytes_ != nullptr) memory_->release(bytes_, capacity_, 1);
  if (blocks_ != nullptr) {
    memory_->release(blocks_, block_places_ * sizeof(Numbered), alignof(Numbered));
  }
}

std::byte* SaveVisitor::append(std::size_t count) noexcept {
  if (failed_) return nullptr;
  if (capacity_ - size_ < count) {
    std::size_t larger = capacity_ == 0 ? 1024 : capacity_ * 2;
    while (larger - size_ < count) larger *= 2;
    void* memory = memory_->allocate(larger, 1);
    if (memory == nullptr) {
      failed_ = true;
      return nullptr;
    }
    if (bytes_ != nullptr) {
      std::memcpy(memory, bytes_, size_);
      memory_->release(bytes_, capacity_, 1);
    }
    bytes_ = static_cast<std::byte*>(memory);
    capacity_ = larger;
  }
  std::byte* place = bytes_ + size_;
  size_ += count;
  return place;
}

void SaveVisitor::word(std::uint64_t raw, std::size_t bytes) noexcept {
  std::byte* to = append(bytes);
  if (to == nullptr) return;
  for (std::size_t i = 0; i < bytes; ++i, raw >>= 8) to[i] = static_cast<std::byte>(raw & 0xff);
}

void SaveVisitor::raw(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return;
  if (std::byte* const to = append(bytes.size())) std::memcpy(to, bytes.data(), bytes.size());
}

void SaveVisitor::time(Time at) noexcept {
  word(static_cast<std::uint64_t>(at.time_since_epoch().count()), 8);
}

void SaveVisitor::slice(const Slice& slice) noexcept {
  word(slice.size(), 4);
  if (slice.empty()) return;
  block(slice.block_);
  word(static_cast<std::uint64_t>(slice.data_ - slice.block_->data), 4);
  std::byte* to = append(slice.size());
  if (to != nullptr) std::memcpy(to, slice.data(), slice.size());
}

void SaveVisitor::buffer(const Buffer& buffer) noexcept {
  word(buffer.block_ == nullptr ? 0 : 1, 1);
  if (buffer.block_ != nullptr) block(buffer.block_);
}

// The block's number; the first time, when that is the count so far, its capacity follows.
void SaveVisitor::block(const detail::Block* block) noexcept {
  if (block_count_ >= block_places_ / 2 && !grow_blocks()) {
    failed_ = true;
    return;
  }
  std::uint32_t at = first_place(block, block_places_);
  while (blocks_[at].block != nullptr && blocks_[at].block != block) {
    at = (at + 1) & (block_places_ - 1);
  }
  if (blocks_[at].block == block) return word(blocks_[at].number, 4);
  blocks_[at] = {block, block_count_};
  word(block_count_++, 4);
  word(block->capacity, 4);
}

bool SaveVisitor::grow_blocks() noexcept {
  const std::uint32_t places = block_places_ == 0 ? 64 : block_places_ * 2;
  void* memory = memory_->allocate(places * sizeof(Numbered), alignof(Numbered));
  if (memory == nullptr) return false;
  Numbered* old = std::exchange(blocks_, static_cast<Numbered*>(memory));
  const std::uint32_t old_places = std::exchange(block_places_, places);
  for (std::uint32_t i = 0; i < places; ++i) new (blocks_ + i) Numbered{};
  for (std::uint32_t i = 0; i < old_places; ++i) {
    if (old[i].block == nullptr) continue;
    std::uint32_t at = first_place(old[i].block, places);
    while (blocks_[at].block != nullptr) at = (at + 1) & (places - 1);
    blocks_[at] = old[i];
  }
  if (old != nullptr) memory_->release(old, old_places * sizeof(Numbered), alignof(Numbered));
  return true;
}

void LoadVisitor::raw(std::span<std::byte> to) noexcept {
  if (to.empty()) return;
  if (failed_ || bytes_.size() < to.size()) return fail();
  std::memcpy(to.data(), bytes_.data(), to.size());
  bytes_ = bytes_.subspan(to.size());
}

void LoadVisitor::word(std::uint64_t& raw, std::size_t bytes) noexcept {
  raw = 0;
  if (failed_ || bytes_.size() < bytes) {
    failed_ = true;
    return;
  }
  raw = detail::load_le(bytes_.data(), bytes);
  bytes_ = bytes_.subspan(bytes);
}

void LoadVisitor::number(SeqNumber& seq, SeqNumber) noexcept {
  std::uint64_t raw = 0;
  word(raw, 4);
  seq = SeqNumber(static_cast<std::uint32_t>(raw));
}

void LoadVisitor::time(Time& at) noexcept {
  std::uint64_t raw = 0;
  word(raw, 8);
  at = Time(Duration(static_cast<std::int64_t>(raw)));
}

void LoadVisitor::slice(Slice& slice) noexcept {
  slice.reset();
  std::uint64_t size = 0;
  word(size, 4);
  if (size == 0) return;
  const Buffer* from = block();
  std::uint64_t offset = 0;
  word(offset, 4);
  if (failed_ || offset + size > from->capacity() || size > bytes_.size()) {
    failed_ = true;
    return;
  }
  const auto count = static_cast<std::size_t>(size);
  std::memcpy(from->data() + offset, bytes_.data(), count);
  bytes_ = bytes_.subspan(count);
  slice = from->slice(static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(size));
}

void LoadVisitor::buffer(Buffer& buffer) noexcept {
  buffer = Buffer();
  std::uint64_t there = 0;
  word(there, 1);
  if (there == 0) return;
  const Buffer* from = block();
  if (from != nullptr) buffer = Buffer(from->block_);
}

// The block whose number comes next, made when it comes for the first time. Null after a fault.
Buffer* LoadVisitor::block() noexcept {
  std::uint64_t number = 0;
  word(number, 4);
  if (failed_ || number > blocks_.size()) {
    failed_ = true;
    return nullptr;
  }
  if (number == blocks_.size()) {
    std::uint64_t capacity = 0;
    word(capacity, 4);
    Buffer made = pool_->allocate_exactly(static_cast<std::uint32_t>(capacity));
    if (failed_ || !made || !blocks_.push_back(std::move(made))) {
      failed_ = true;
      return nullptr;
    }
  }
  return &blocks_[static_cast<std::uint32_t>(number)];
}

void HashVisitor::slice(const Slice& slice) noexcept {
  // The length goes in front, so that where one slice ends and the next begins is part of the hash.
  word(slice.size(), 4);
  const std::uint64_t tail = detail::add_bytes(hasher_, slice.bytes());
  words_ += slice.size() / 8;
  word(tail, 8);
}

}  // namespace bowline::inline v0
