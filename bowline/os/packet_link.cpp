#include "bowline/os/packet_link.hpp"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "bowline/os/landing.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::uint64_t kReserveBytes = 64 * 2'048;
// So that a flood of which nothing can be kept cannot keep receive() from returning.
constexpr int kMaxBarrenReads = 16;

}  // namespace

PacketLink::PacketLink(FileDescriptor socket, const LinkInfo& info, InterfaceWatch watch) noexcept
    : socket_(std::move(socket)),
      info_(info),
      watch_(std::move(watch)),
      reserve_(BufferPool::make(heap_memory(), kReserveBytes)) {}

// ---- input

std::size_t PacketLink::receive(std::span<Frame> frames, BufferPool& pool, Time now) noexcept {
  if (error_) return 0;
  watch_.look(now);
  if (watch_.mtu() != 0) info_.mtu = std::min(watch_.mtu(), 65'535U);
  std::size_t count = 0;
  bool more = true;
  for (int barren = 0; more && count < frames.size() && barren < kMaxBarrenReads;) {
    const std::span<Frame> free = frames.subspan(count);
    const std::size_t got = merged_.empty() ? read_batch(free, pool, more) : cut_merged(free, pool);
    if (got == 0) ++barren;
    count += got;
  }
  for (Frame& frame : frames.first(count)) frame.arrival = now;
  return count;
}

// One system call's worth of frames. `more` becomes false when there was nothing left.
std::size_t PacketLink::read_batch(std::span<Frame> frames, BufferPool& pool, bool& more) noexcept {
  std::array<Landing, kMaxBatch> landings;
  std::array<mmsghdr, kMaxBatch> messages{};
  const std::size_t most = std::min({expected_, frames.size(), kMaxBatch});
  for (std::size_t i = 0; i < most; ++i) {
    const auto vectors = landings[i].prepare(pool, reserve_ ? &*reserve_ : nullptr);
    messages[i].msg_hdr.msg_iov = vectors.data();
    messages[i].msg_hdr.msg_iovlen = vectors.size();
  }
  int got = 0;
  do {
    ++counters_.reads;
    got = ::recvmmsg(socket_.get(), messages.data(), static_cast<unsigned>(most), MSG_DONTWAIT,
                     nullptr);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    more = errno != EAGAIN && errno != EWOULDBLOCK;
    if (more) trouble(errno);
    expected_ = 1;
    return 0;
  }

  const auto arrived = static_cast<std::size_t>(got);
  more = arrived == most;
  expected_ = more ? std::min(2 * most, kMaxBatch) : std::max<std::size_t>(arrived, 1);
  std::size_t count = 0;
  for (std::size_t i = 0; i < arrived; ++i) {
    if (land(landings[i], messages[i].msg_len, frames[count])) ++count;
  }
  return count;
}

// Makes a frame of what was read. False: it was dropped, or holds merged datagrams, yet to be cut.
bool PacketLink::land(Landing& landing, std::size_t size, Frame& frame) noexcept {
  if (size < sizeof(VirtioHeader)) {
    ++counters_.malformed;
    return false;
  }
  const auto bytes = static_cast<std::uint32_t>(size - sizeof(VirtioHeader));
  if (!landing.collect(bytes, frame)) {
    ++counters_.no_memory;
    return false;
  }
  ++counters_.read_frames;
  counters_.read_bytes += bytes;
  if (UdpSegments::is_merged(landing.header)) {
    const auto merged = UdpSegments::of(landing.header, std::exchange(frame, Frame{}));
    if (merged) {
      merged_.emplace_back(*merged);
    } else {
      ++counters_.malformed;
    }
    return false;
  }
  if (read_virtio(landing.header, frame, info_.kind)) return true;
  ++counters_.malformed;
  frame = Frame{};
  return false;
}

std::size_t PacketLink::cut_merged(std::span<Frame> frames, BufferPool& pool) noexcept {
  std::size_t count = 0;
  while (count < frames.size() && cutting_ < merged_.size()) {
    if (merged_[cutting_].next(pool, frames[count])) {
      ++count;
    } else {
      ++cutting_;
    }
  }
  if (cutting_ == merged_.size()) {
    merged_.clear();
    cutting_ = 0;
  }
  return count;
}

// The socket told of something other than a frame: its interface went down, or one frame could not
// be told of in a virtio header.
void PacketLink::trouble(int code) noexcept {
  if (code != ENETDOWN && code != ENXIO && code != ENODEV) {
    ++counters_.malformed;
    return;
  }
  watch_.look();
  if (watch_.gone()) error_ = {ENODEV, std::generic_category()};
}

std::uint32_t PacketLink::take_kernel_drops() noexcept {
  tpacket_stats statistics{};  // reading them sets them back
  socklen_t size = sizeof statistics;
  const int done = ::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
  return done == 0 ? statistics.tp_drops : 0;
}

// ---- output

std::size_t PacketLink::take(std::span<Frame> frames) noexcept {
  std::size_t packets = 0;
  blocked_ = false;
  while (!frames.empty() && !blocked_) {
    const std::size_t done = write_batch(frames.first(std::min(frames.size(), kMaxBatch)));
    for (const Frame& frame : frames.first(done)) packets += wire_packets(frame);
    frames = frames.subspan(done);
  }
  return packets;
}

// How many of `frames` are on their way, or lost: a refusal is a loss, like one on a wire, and the
// transport repairs it. Fewer than all and `blocked_`: the socket's buffer is full.
std::size_t PacketLink::write_batch(std::span<Frame> frames) noexcept {
  if (error_) {
    counters_.write_errors += frames.size();
    return frames.size();
  }
  std::array<VirtioHeader, kMaxBatch> headers;
  InlineVector<Gather, kMaxBatch> gathers;
  std::array<mmsghdr, kMaxBatch> messages{};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    headers[i] = write_virtio(frames[i], info_.kind);
    const auto vectors = gathers.emplace_back(headers[i], frames[i]).vectors();
    messages[i].msg_hdr.msg_iov = vectors.data();
    messages[i].msg_hdr.msg_iovlen = vectors.size();
  }
  int sent = 0;
  do {
    ++counters_.writes;
    sent = ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(frames.size()),
                      MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      blocked_ = true;
      return 0;
    }
    ++counters_.write_errors;
    watch_.look();  // down, gone, or the MTU is another
    return 1;
  }
  const auto count = static_cast<std::size_t>(sent);
  counters_.written_frames += count;
  for (const Frame& frame : frames.first(count)) counters_.written_bytes += frame.size;
  return count;
}

}  // namespace bowline::inline v0::os
