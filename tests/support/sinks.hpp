#pragma once

// Links for tests: one that takes packets down, and one in front of it that is hard to please.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bowline/base/frame.hpp"
#include "tests/support/packet.hpp"

namespace bowline::test {

/// Takes all frames and keeps their bytes.
class PacketSink final : public FrameSink {
 public:
  std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t packets = 0;
    for (const Frame& frame : frames) {
      Bytes bytes(frame.size);
      (void)frame.copy_to(0, bytes);
      taken_.emplace_back(std::move(bytes), frame.id);
      packets += wire_packets(frame);
    }
    return packets;
  }

  [[nodiscard]] std::vector<std::pair<Bytes, FrameId>>& taken() noexcept { return taken_; }

 private:
  std::vector<std::pair<Bytes, FrameId>> taken_;
};

/// Passes frames on, but refuses each n-th offer whole (`refuse_every`; 0: none), and may take only
/// one frame of an offer. The Stack must offer the rest again, and the exchange must not differ by
/// a byte.
class RestrainedSink final : public FrameSink {
 public:
  RestrainedSink(FrameSink& next, std::uint32_t refuse_every, bool one_at_a_time)
      : next_(next), refuse_every_(refuse_every), one_at_a_time_(one_at_a_time) {}

  std::size_t take(std::span<Frame> frames) noexcept override {
    ++offers_;
    refused_ = refuse_every_ != 0 && offers_ % refuse_every_ == 1 % refuse_every_;
    if (refused_) return 0;
    if (one_at_a_time_ && frames.size() > 1) frames = frames.first(1);
    return next_.take(frames);
  }

  /// Was the last offer refused?
  [[nodiscard]] bool refused_lately() const noexcept { return refused_; }

 private:
  FrameSink& next_;
  std::uint32_t refuse_every_;
  bool one_at_a_time_;
  std::uint64_t offers_ = 0;
  bool refused_ = false;
};

}  // namespace bowline::test
