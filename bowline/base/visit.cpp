#include "bowline/base/visit.hpp"

#include <cstring>

namespace bowline {

SaveVisitor::SaveVisitor(SaveVisitor&& other) noexcept
    : Visitor(other),
      memory_(other.memory_),
      bytes_(std::exchange(other.bytes_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      failed_(other.failed_) {}

SaveVisitor::~SaveVisitor() {
  if (bytes_ != nullptr) memory_->release(bytes_, capacity_, 1);
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

void SaveVisitor::time(Time at) noexcept {
  word(static_cast<std::uint64_t>(at.time_since_epoch().count()), 8);
}

void SaveVisitor::slice(const Slice& slice) noexcept {
  word(slice.size(), 4);
  std::byte* to = append(slice.size());
  if (to != nullptr && !slice.empty()) std::memcpy(to, slice.data(), slice.size());
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
  std::uint64_t size = 0;
  word(size, 4);
  slice.reset();
  if (failed_ || size > bytes_.size()) {
    failed_ = true;
    return;
  }
  if (size == 0) return;
  slice = pool_->copy(bytes_.first(size));
  bytes_ = bytes_.subspan(size);
  if (slice.empty()) failed_ = true;
}

void HashVisitor::slice(const Slice& slice) noexcept {
  // The length goes in front, so that where one slice ends and the next begins is part of the hash.
  word(slice.size(), 4);
  const std::uint64_t tail = detail::add_bytes(hasher_, slice.bytes());
  words_ += slice.size() / 8;
  word(tail, 8);
}

}  // namespace bowline
