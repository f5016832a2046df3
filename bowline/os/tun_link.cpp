#include "bowline/os/tun_link.hpp"

#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bowline::inline v0::os {
namespace {

constexpr std::uint64_t kReserveBytes = 64 * 2'048;
// So that a flood that finds no memory cannot keep receive() from returning.
constexpr std::size_t kMaxDropsAtOnce = 256;

}  // namespace

// The blocks that the next packet is read into. Those that it did not reach serve again.
class TunLink::Catcher {
 public:
  Catcher(BufferPool& pool, BufferPool* reserve) noexcept : pool_(pool), reserve_(reserve) {}

  // Replaces what is missing, and describes all of it behind the virtio header.
  std::span<const iovec> prepare(VirtioHeader& header) noexcept {
    vectors_[0] = {.iov_base = &header, .iov_len = sizeof header};
    count_ = 1;
    room_ = 0;
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      if (!blocks_[i]) blocks_[i] = pool_.allocate(kSizes[i]);
      if (!blocks_[i] && i == 0 && reserve_ != nullptr) blocks_[i] = reserve_->allocate(kSizes[i]);
      if (!blocks_[i]) break;
      vectors_[count_++] = {.iov_base = blocks_[i].data(), .iov_len = kSizes[i]};
      room_ += kSizes[i];
    }
    return std::span(vectors_).first(count_);
  }

  // Makes a frame of the `size` bytes that were read. False when they filled all there was: the
  // packet was longer, and its end is gone.
  bool collect(std::uint32_t size, Frame& frame) noexcept {
    if (size >= room_) return false;
    frame = Frame{};
    for (std::size_t i = 0; size > 0; ++i) {
      const std::uint32_t here = std::min(size, kSizes[i]);
      frame.append(blocks_[i].slice(0, here));
      blocks_[i].reset();
      size -= here;
    }
    return true;
  }

 private:
  // 2 KiB hold any packet of an ordinary wire, and all the headers of a longer one.
  static constexpr std::array<std::uint32_t, 3> kSizes{2'048, 16'384, BufferPool::kLargest};

  BufferPool& pool_;
  BufferPool* reserve_;
  std::array<Buffer, kSizes.size()> blocks_;
  std::array<iovec, kSizes.size() + 1> vectors_{};
  std::size_t count_ = 0;
  std::uint32_t room_ = 0;
};

TunLink::TunLink(FileDescriptor device, const LinkInfo& info) noexcept
    : device_(std::move(device)),
      info_(info),
      reserve_(BufferPool::make(heap_memory(), kReserveBytes)) {}

// The interface is gone. Its descriptor would be ready for ever; in its place, and with its number,
// which drivers may have kept, comes one that never is.
void TunLink::give_up(int code) noexcept {
  error_ = {code, std::generic_category()};
  const FileDescriptor silent(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (silent) ::dup2(silent.get(), device_.get());
}

std::size_t TunLink::receive(std::span<Frame> frames, BufferPool& pool, Time now) noexcept {
  if (error_) return 0;
  Catcher catcher(pool, reserve_ ? &*reserve_ : nullptr);
  std::size_t count = 0;
  std::size_t dropped = 0;
  while (count < frames.size() && dropped < kMaxDropsAtOnce) {
    const Got got = read_frame(catcher, frames[count]);
    if (got == Got::nothing) break;
    if (got == Got::dropped) {
      ++dropped;
      continue;
    }
    frames[count++].arrival = now;
  }
  return count;
}

TunLink::Got TunLink::read_frame(Catcher& catcher, Frame& frame) noexcept {
  VirtioHeader header;
  const std::span<const iovec> vectors = catcher.prepare(header);
  ssize_t size = 0;
  do {
    ++counters_.reads;
    size = ::readv(device_.get(), vectors.data(), static_cast<int>(vectors.size()));
  } while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::nothing;
  if (size <= 0) {
    give_up(size < 0 ? errno : ENODEV);
    return Got::nothing;
  }
  if (size < static_cast<ssize_t>(sizeof header)) {
    ++counters_.malformed;
    return Got::dropped;
  }

  const auto bytes = static_cast<std::uint32_t>(size) - static_cast<std::uint32_t>(sizeof header);
  if (!catcher.collect(bytes, frame)) {
    ++counters_.no_memory;
    return Got::dropped;
  }
  if (!read_virtio(header, frame)) {
    ++counters_.malformed;
    frame = Frame{};
    return Got::dropped;
  }
  ++counters_.read_frames;
  counters_.read_bytes += bytes;
  return Got::frame;
}

std::size_t TunLink::take(std::span<Frame> frames) noexcept {
  std::size_t taken = 0;
  blocked_ = false;
  for (const Frame& frame : frames) {
    if (!write_frame(frame)) {
      blocked_ = true;
      break;
    }
    taken += wire_packets(frame);
  }
  return taken;
}

// False when the device is full. Any other refusal is a loss, like one on a wire: it is counted,
// and the transport repairs it.
bool TunLink::write_frame(const Frame& frame) noexcept {
  if (error_) {
    ++counters_.write_errors;
    return true;
  }
  VirtioHeader header = write_virtio(frame);
  std::array<iovec, 1 + Frame::kMaxPieces> vectors{};
  vectors[0] = {.iov_base = &header, .iov_len = sizeof header};
  for (std::size_t i = 0; i < frame.piece_count; ++i) {
    // writev() does not write to what it is given; its interface predates const.
    vectors[1 + i] = {.iov_base = const_cast<std::byte*>(frame.pieces[i].data()),
                      .iov_len = frame.pieces[i].size()};
  }
  ssize_t written = 0;
  do {
    ++counters_.writes;
    written = ::writev(device_.get(), vectors.data(), 1 + frame.piece_count);
  } while (written < 0 && errno == EINTR);
  if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (written < 0) {
    ++counters_.write_errors;
    return true;
  }
  ++counters_.written_frames;
  counters_.written_bytes += frame.size;
  return true;
}

}  // namespace bowline::inline v0::os
