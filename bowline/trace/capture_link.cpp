#include "bowline/trace/capture_link.hpp"

#include <algorithm>
#include <utility>

namespace bowline::inline v0::trace {

CaptureLink::CaptureLink(Link& inner, Recorder& recorder, InterfaceId interface, std::string name)
    : inner_(inner), recorder_(recorder), interface_(interface), kind_(inner.info().kind) {
  recorder_.add_interface({interface, std::move(name), inner.info()});
}

std::size_t CaptureLink::receive(std::span<Frame> frames, BufferPool& pool, Time now) noexcept {
  recorder_.settle();
  const std::size_t count = inner_.receive(frames, pool, now);
  for (Frame& frame : frames.first(count)) recorder_.received(frame, interface_, kind_, now);
  return count;
}

// The driver may be about to sleep, and somebody may be reading along.
void CaptureLink::settle() noexcept {
  recorder_.flush();
  inner_.settle();
}

std::size_t CaptureLink::take(std::span<Frame> frames) noexcept {
  recorder_.settle();
  // The inner link may move out of what it takes. These share the bytes.
  offered_.assign(frames.begin(), frames.end());
  const std::size_t taken = inner_.take(frames);
  std::size_t left = taken;
  for (const Frame& frame : offered_) {
    if (left == 0) break;
    const auto packets =
        static_cast<std::uint32_t>(std::min<std::size_t>(left, wire_packets(frame)));
    recorder_.sent(frame, packets, interface_, kind_);
    left -= packets;
  }
  offered_.clear();
  return taken;
}

}  // namespace bowline::inline v0::trace
