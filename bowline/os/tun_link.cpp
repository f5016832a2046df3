#include "bowline/os/tun_link.hpp"

#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "bowline/os/landing.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::uint64_t kReserveBytes = 64 * 2'048;
// So that a flood that finds no memory cannot keep receive() from returning.
constexpr std::size_t kMaxDropsAtOnce = 256;

}  // namespace

TunLink::TunLink(FileDescriptor device, const LinkInfo& info, InterfaceWatch watch) noexcept
    : device_(std::move(device)),
      info_(info),
      watch_(std::move(watch)),
      reserve_(BufferPool::make(heap_memory(), kReserveBytes)) {}

// The interface is gone. Its descriptor would be ready for ever; in its place, and with its number,
// which drivers may have kept, comes one that never is.
void TunLink::give_up(int code) noexcept {
  error_ = {code, std::generic_category()};
  watch_.look();
  const FileDescriptor silent(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (silent) ::dup2(silent.get(), device_.get());
}

std::size_t TunLink::receive(std::span<Frame> frames, BufferPool& pool, Time now) noexcept {
  if (error_) return 0;
  watch_.look(now);
  if (watch_.mtu() != 0) info_.mtu = watch_.mtu();
  Landing landing;
  std::size_t count = 0;
  std::size_t dropped = 0;
  while (count < frames.size() && dropped < kMaxDropsAtOnce) {
    const Got got = read_frame(landing, pool, frames[count]);
    if (got == Got::nothing) break;
    if (got == Got::dropped) {
      ++dropped;
      continue;
    }
    frames[count++].arrival = now;
  }
  return count;
}

TunLink::Got TunLink::read_frame(Landing& landing, BufferPool& pool, Frame& frame) noexcept {
  const std::span<const iovec> vectors = landing.prepare(pool, reserve_ ? &*reserve_ : nullptr);
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
  if (size < static_cast<ssize_t>(sizeof(VirtioHeader))) {
    ++counters_.malformed;
    return Got::dropped;
  }

  const auto bytes =
      static_cast<std::uint32_t>(size) - static_cast<std::uint32_t>(sizeof(VirtioHeader));
  if (!landing.collect(bytes, frame)) {
    ++counters_.no_memory;
    return Got::dropped;
  }
  if (!read_virtio(landing.header, frame, info_.kind)) {
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
  VirtioHeader header = write_virtio(frame, info_.kind);
  Gather gather(header, frame);
  const std::span<const iovec> vectors = gather.vectors();
  ssize_t written = 0;
  do {
    ++counters_.writes;
    written = ::writev(device_.get(), vectors.data(), static_cast<int>(vectors.size()));
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
