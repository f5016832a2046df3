#pragma once

// Merged datagrams, taken apart.
//
// A program of the kernel's that sends with UDP_SEGMENT hands over many datagrams as one, and over
// a veth they arrive as one. TUN and TAP devices are asked not to pass on such; a packet socket
// cannot ask. A Frame has no word for them either (only TCP segments may be merged in it), so the
// link cuts them before anybody sees them. Payload is shared, headers are copied.

#include <cstdint>
#include <optional>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/os/virtio.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::os {

/// The datagrams of one received Ethernet frame, one after the other.
class UdpSegments {
 public:
  /// Does `header` say that its frame holds merged datagrams?
  [[nodiscard]] static bool is_merged(const VirtioHeader& header) noexcept;

  /// `frame` as `header` came with it; nothing if they contradict each other.
  [[nodiscard]] static std::optional<UdpSegments> of(const VirtioHeader& header,
                                                     const Frame& frame) noexcept;

  /// The next datagram into `datagram`, its headers in memory from `pool`. False at the end, and
  /// when the pool has nothing left (the rest is lost then).
  [[nodiscard]] bool next(BufferPool& pool, Frame& datagram) noexcept;

 private:
  UdpSegments(const Frame& frame, const wire::IpHeader& ip, const wire::UdpHeader& udp,
              std::uint16_t size) noexcept
      : frame_(frame), ip_(ip), udp_(udp), size_(size) {}

  Frame frame_;
  wire::IpHeader ip_;
  wire::UdpHeader udp_;
  std::uint16_t size_;       // payload of each but the last
  std::uint32_t taken_ = 0;  // payload that is out already
};

}  // namespace bowline::inline v0::os
