#include "bowline/link/memory_link.hpp"

#include <new>

#include "bowline/link/segment.hpp"

namespace bowline::inline v0 {
namespace detail {
namespace {

constexpr std::uint32_t kSmallestMtu = 68;
constexpr std::uint32_t kLargestPacket = 65'535;

bool sensible(const MemoryLinkOptions& options) noexcept {
  return options.mtu >= kSmallestMtu && options.mtu <= kLargestPacket &&
         options.max_gso <= kLargestPacket && options.queue > 0 &&
         (options.transmit_checksum || options.max_gso == 0);
}

Memory& memory_of(const MemoryLinkOptions& options) noexcept {
  return options.memory != nullptr ? *options.memory : heap_memory();
}

// What the sender knew of the checksum, as the receiver sees it. A partial one was left to a link
// that has nothing to protect the bytes from: they are vouched for. Start and offset stay, so that
// a capture of what arrived can complete it in its copy.
Checksum as_received(Checksum sent) noexcept {
  return sent == Checksum::partial || sent == Checksum::verified ? Checksum::verified
                                                                 : Checksum::unknown;
}

}  // namespace

Result<MemoryWay> MemoryWay::create(const MemoryLinkOptions& options) noexcept {
  if (!sensible(options)) return fail(std::errc::invalid_argument);
  MemoryWay way;
  way.options_ = options;
  BOWLINE_TRY(queue, FrameQueue::create(memory_of(options), options.queue));
  way.queue_ = std::move(queue);
  if (options.wire != MemoryWire::whole) {
    // As many as the queue holds and the other side may keep: payload is accounted for elsewhere.
    way.headers_ = BufferPoolOwner(BufferPool::make(memory_of(options), UINT64_MAX));
    if (!way.headers_) return fail(std::errc::not_enough_memory);
  }
  return way;
}

LinkInfo MemoryWay::info() const noexcept {
  LinkInfo info;
  info.mtu = options_.mtu;
  info.max_gso = options_.max_gso;
  info.transmit_checksum = options_.transmit_checksum;
  info.receive_merges = options_.wire == MemoryWire::whole;
  return info;
}

std::size_t MemoryWay::take(std::span<Frame> frames) noexcept {
  std::size_t taken = 0;
  blocked_ = false;
  for (Frame& frame : frames) {
    const std::uint32_t wanted = wire_packets(frame);
    const std::uint32_t passed = pass(frame);
    taken += passed;
    if (passed < wanted) {
      blocked_ = true;
      break;
    }
  }
  return taken;
}

bool MemoryWay::too_big(const Frame& frame) const noexcept {
  if (frame.gso_size == 0) return frame.size > options_.mtu;
  return frame.size > options_.max_gso ||
         std::uint32_t{frame.header_size} + frame.gso_size > options_.mtu;
}

std::uint32_t MemoryWay::pass(Frame& frame) noexcept {
  const std::uint32_t wanted = wire_packets(frame);
  if (queue_.full()) return 0;
  if (too_big(frame)) {
    counters_.too_big += wanted;
    return wanted;
  }
  if (options_.wire != MemoryWire::whole) return pass_cut(frame);
  frame.checksum = as_received(frame.checksum);
  put(std::move(frame));
  return wanted;
}

std::uint32_t MemoryWay::pass_cut(const Frame& frame) noexcept {
  const bool checked = options_.wire == MemoryWire::checked;
  const Segmenter segmenter(frame, *headers_,
                            checked ? CutChecksum::complete : CutChecksum::partial);
  const std::uint32_t wanted = wire_packets(frame);
  if (!segmenter.valid()) {
    ++counters_.malformed;
    return wanted;
  }
  for (std::uint32_t index = 0; index < wanted; ++index) {
    if (queue_.full()) return index;
    Frame packet;
    if (!segmenter.cut(index, packet)) {
      ++counters_.no_memory;
      continue;
    }
    packet.checksum = as_received(packet.checksum);
    put(std::move(packet));
  }
  return wanted;
}

bool MemoryWay::put(Frame&& frame) noexcept {
  frame.id = FrameId::none;  // the sender's number; the receiving stack gives its own
  frame.arrival = kNever;
  ++counters_.frames;
  counters_.bytes += frame.size;
  return queue_.push(std::move(frame));
}

std::size_t MemoryWay::give(std::span<Frame> frames, Time now) noexcept {
  const std::size_t count = queue_.pop(frames);
  for (Frame& frame : frames.first(count)) frame.arrival = now;
  return count;
}

}  // namespace detail

Result<LoopbackLink> LoopbackLink::create(const MemoryLinkOptions& options) noexcept {
  BOWLINE_TRY(way, detail::MemoryWay::create(options));
  return LoopbackLink(std::move(way));
}

Result<LinkPair> LinkPair::create(const MemoryLinkOptions& options) noexcept {
  BOWLINE_TRY(rightward, detail::MemoryWay::create(options));
  BOWLINE_TRY(leftward, detail::MemoryWay::create(options));
  Memory& memory = detail::memory_of(options);
  void* place = memory.allocate(sizeof(Cable), alignof(Cable));
  if (place == nullptr) return fail(std::errc::not_enough_memory);
  return LinkPair(
      Owner(new (place) Cable{std::move(rightward), std::move(leftward)}, Release{&memory}));
}

}  // namespace bowline::inline v0
