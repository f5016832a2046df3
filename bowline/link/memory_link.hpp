#pragma once

// Links in memory: a loopback, and a cable between two stacks of one thread.
//
// Frames cross by reference: the bytes that one application wrote are the bytes that the other
// reads. What is otherwise a wire's business is a choice here: whether large segments stay whole,
// are cut into wire packets, or are cut and carry checksums that the receiver verifies. Nothing is
// lost, delayed or reordered; sim/ has wires that do that.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "bowline/base/memory.hpp"
#include "bowline/base/result.hpp"
#include "bowline/link/frame_queue.hpp"
#include "bowline/link/link.hpp"

namespace bowline::inline v0 {

/// How frames cross a link in memory.
enum class MemoryWire : std::uint8_t {
  whole,  ///< as they are: what was sent as one large segment arrives as one, checksums vouched for
  cut,    ///< as wire packets of at most the MTU, checksums vouched for
  checked,  ///< as wire packets whose checksums are complete and looked at by the receiver
};

/// What a link in memory is like.
struct MemoryLinkOptions {
  /// LinkInfo::mtu, 68 to 65535 bytes.
  std::uint32_t mtu = 1500;
  /// LinkInfo::max_gso; 0: the stack itself makes packets of at most the MTU.
  std::uint32_t max_gso = 65'535;
  MemoryWire wire = MemoryWire::whole;  ///< how frames cross
  /// LinkInfo::transmit_checksum. False (only with a max_gso of 0): the stack computes checksums.
  bool transmit_checksum = true;
  /// Wire packets (frames, if they stay whole) that wait in one direction; beyond it the link is
  /// blocked until the other side receives.
  std::uint32_t queue = 1'024;
  /// For the queues and the headers of cut packets; must outlive the link and every frame that
  /// crossed it. Null: the heap.
  Memory* memory = nullptr;
};

/// Frames that a link in memory could not carry; they count as taken.
struct MemoryLinkCounters {
  std::uint64_t frames = 0;     ///< put into the queue
  std::uint64_t bytes = 0;      ///< theirs
  std::uint64_t malformed = 0;  ///< asked to be cut and cannot be
  std::uint64_t too_big = 0;    ///< over the MTU, or max_gso
  std::uint64_t no_memory = 0;  ///< no headers for a cut packet
};

namespace detail {

/// One direction of a cable: takes frames at one end, gives them out at the other.
class MemoryWay {
 public:
  static Result<MemoryWay> create(const MemoryLinkOptions& options) noexcept;

  std::size_t take(std::span<Frame> frames) noexcept;
  std::size_t give(std::span<Frame> frames, Time now) noexcept;

  /// At once, as long as frames wait: there is no descriptor that could say so.
  [[nodiscard]] Time next_deadline() const noexcept { return queue_.empty() ? kNever : Time{}; }
  [[nodiscard]] bool blocked() const noexcept { return blocked_ && queue_.full(); }
  [[nodiscard]] const MemoryLinkCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] LinkInfo info() const noexcept;

 private:
  /// How many of the frame's wire packets are in the queue now (or lost), from the first on.
  std::uint32_t pass(Frame& frame) noexcept;
  std::uint32_t pass_cut(const Frame& frame) noexcept;
  bool put(Frame&& frame) noexcept;
  [[nodiscard]] bool too_big(const Frame& frame) const noexcept;

  MemoryLinkOptions options_;
  FrameQueue queue_;
  BufferPoolOwner headers_;  // of cut packets
  MemoryLinkCounters counters_;
  bool blocked_ = false;
};

/// One end of a cable: sends into one way, receives from the other.
class MemoryEnd final : public Link {
 public:
  MemoryEnd(MemoryWay& out, MemoryWay& in) noexcept : out_(out), in_(in) {}

  [[nodiscard]] LinkInfo info() const noexcept override { return out_.info(); }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    return out_.take(frames);
  }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& /*pool*/,
                                    Time now) noexcept override {
    return in_.give(frames, now);
  }
  [[nodiscard]] Time next_deadline() const noexcept override { return in_.next_deadline(); }
  [[nodiscard]] bool blocked() const noexcept override { return out_.blocked(); }

 private:
  MemoryWay& out_;
  MemoryWay& in_;
};

}  // namespace detail

/// A link to oneself: what is sent comes back. Movable as long as nobody refers to it.
class LoopbackLink final : public Link {
 public:
  /// A loopback as Linux has it: packets of up to 64 KiB, nothing to cut.
  [[nodiscard]] static constexpr MemoryLinkOptions defaults() noexcept {
    MemoryLinkOptions options;
    options.mtu = 65'535;
    return options;
  }

  /// Errors: not_enough_memory; invalid_argument for options out of range or at odds with each
  /// other.
  [[nodiscard]] static Result<LoopbackLink> create(
      const MemoryLinkOptions& options = defaults()) noexcept;

  [[nodiscard]] LinkInfo info() const noexcept override { return way_.info(); }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    return way_.take(frames);
  }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& /*pool*/,
                                    Time now) noexcept override {
    return way_.give(frames, now);
  }
  [[nodiscard]] Time next_deadline() const noexcept override { return way_.next_deadline(); }
  [[nodiscard]] bool blocked() const noexcept override { return way_.blocked(); }

  /// What went in.
  [[nodiscard]] const MemoryLinkCounters& counters() const noexcept { return way_.counters(); }

 private:
  explicit LoopbackLink(detail::MemoryWay&& way) noexcept : way_(std::move(way)) {}

  detail::MemoryWay way_;
};

/// A cable between two stacks of one thread: what goes in at one end comes out at the other.
/// Movable; the ends keep their addresses.
class LinkPair {
 public:
  /// Errors: not_enough_memory; invalid_argument for options out of range or at odds with each
  /// other.
  [[nodiscard]] static Result<LinkPair> create(const MemoryLinkOptions& options = {}) noexcept;

  /// The two ends, valid as long as the pair lives.
  [[nodiscard]] Link& left() const noexcept { return cable_->left; }
  [[nodiscard]] Link& right() const noexcept { return cable_->right; }  ///< The other end.
  /// What went in at the left end.
  [[nodiscard]] const MemoryLinkCounters& from_left() const noexcept {
    return cable_->rightward.counters();
  }
  /// And at the right end.
  [[nodiscard]] const MemoryLinkCounters& from_right() const noexcept {
    return cable_->leftward.counters();
  }

 private:
  struct Cable {
    detail::MemoryWay rightward, leftward;
    detail::MemoryEnd left{rightward, leftward};
    detail::MemoryEnd right{leftward, rightward};
  };
  struct Release {
    Memory* memory;
    void operator()(Cable* cable) const noexcept {
      cable->~Cable();
      memory->release(cable, sizeof(Cable), alignof(Cable));
    }
  };
  using Owner = std::unique_ptr<Cable, Release>;
  explicit LinkPair(Owner cable) noexcept : cable_(std::move(cable)) {}

  Owner cable_;
};

}  // namespace bowline::inline v0
