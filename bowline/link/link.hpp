#pragma once

// A link: what carries frames between a Stack and everything else.
//
// The interface is small and moves batches: one virtual call takes or brings many frames, so its
// cost does not show. A link says what it can do (merge and cut large segments, complete
// checksums), and whoever sits behind it does only the rest. Captures and impairments are links
// around links.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::inline v0 {

/// What frames on a link begin with.
enum class LinkKind : std::uint8_t { ip, ethernet };

/// What a link is and can do. Constant while it is in use, but for the MTU.
struct LinkInfo {
  LinkKind kind = LinkKind::ip;  ///< what a frame begins with
  /// Our own address on an Ethernet link: what frames to us carry, and what ours come from. An
  /// individual one, not all zero; on other links it means nothing.
  wire::MacAddress mac{};
  /// Largest IP packet on the wire, 576 (68 for IPv4 alone; 1280 for IPv6) to 65535 bytes.
  std::uint32_t mtu = 1500;
  /// Largest IP packet with gso_size that it takes whole and cuts itself; 0: takes only what fits
  /// the mtu.
  std::uint32_t max_gso = 0;
  /// Takes Checksum::partial and completes it.
  bool transmit_checksum = false;
  /// May merge received segments (frames with gso_size) and mark them verified.
  bool receive_merges = false;
};

/// Carries frames. Used on the thread of the Stack that it serves; owned by whoever drives them
/// both.
class Link : public FrameSink {
 public:
  /// What it is and can do.
  [[nodiscard]] virtual LinkInfo info() const noexcept = 0;

  /// Fills `frames` from the front with what has arrived, in memory from `pool`, and returns how
  /// many; 0 when nothing is there or the pool is exhausted. Never blocks. `now` becomes
  /// Frame::arrival where the link knows no better.
  [[nodiscard]] virtual std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                            Time now) noexcept = 0;

  /// Descriptor to poll for input, or -1 for a link that is fed in memory.
  [[nodiscard]] virtual int descriptor() const noexcept { return -1; }

  /// When it wants receive() called though nothing arrives from outside (a delayed frame); kNever:
  /// no need.
  [[nodiscard]] virtual Time next_deadline() const noexcept { return kNever; }

  /// The turn is over: nothing more comes until something happens. What a link holds back for a
  /// moment (a capture, the frames whose reasons it waits for) it hands on now.
  virtual void settle() noexcept {}

  /// Did the last take() leave frames because the link was full? Then poll descriptor() for output.
  [[nodiscard]] virtual bool blocked() const noexcept { return false; }
};

}  // namespace bowline::inline v0
