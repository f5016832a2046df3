#pragma once

// A packet socket (AF_PACKET) as a Link: Ethernet frames of an interface that the kernel has and
// goes on using.
//
// Bowline is one more host on that wire, with a MAC address and IP addresses of its own. A filter
// in the kernel hands over what is for this host or for a group and nothing of the kernel's own
// traffic. As on TUN, large segments and unfinished checksums cross as they are (PACKET_VNET_HDR):
// from the kernel's stack at the other end of a veth, or merged by the card; and what we send the
// card cuts and sums, or the kernel for it. Frames come and go several to a system call.
//
// The kernel does not hand our frames to its own stack: Bowline reaches everybody on the wire but
// this machine itself, as with a macvlan.

#include <cstdint>
#include <system_error>

#include "bowline/base/buffer.hpp"
#include "bowline/base/inline_vector.hpp"
#include "bowline/link/link.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/interface_watch.hpp"
#include "bowline/os/udp_segments.hpp"

namespace bowline::inline v0::os {

class Landing;

/// What a PacketLink did.
struct PacketCounters {
  std::uint64_t reads = 0;           ///< system calls, those that found nothing included
  std::uint64_t read_frames = 0;     ///< those taken in
  std::uint64_t read_bytes = 0;      ///< theirs
  std::uint64_t writes = 0;          ///< system calls
  std::uint64_t written_frames = 0;  ///< those that the kernel took
  std::uint64_t written_bytes = 0;   ///< theirs
  std::uint64_t malformed = 0;  ///< received, and dropped: the virtio header contradicts its frame
  std::uint64_t no_memory = 0;  ///< received, and dropped: the pool had no room
  std::uint64_t write_errors = 0;  ///< sent, and lost: down, larger than the MTU, a full queue
};

/// A packet socket with PACKET_VNET_HDR, bound to one interface. open_packet() makes one.
class PacketLink final : public Link {
 public:
  /// Frames that one system call takes or brings.
  static constexpr std::size_t kMaxBatch = 16;

  /// Takes over `socket`. `info` is what the Stack is told; its MTU follows `watch`, if that
  /// watches anything.
  PacketLink(FileDescriptor socket, const LinkInfo& info, InterfaceWatch watch = {}) noexcept;

  [[nodiscard]] LinkInfo info() const noexcept override { return info_; }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override;
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                    Time now) noexcept override;
  [[nodiscard]] int descriptor() const noexcept override { return socket_.get(); }
  [[nodiscard]] bool blocked() const noexcept override { return blocked_; }
  /// At once, as long as datagrams that arrived as one wait for the next receive().
  [[nodiscard]] Time next_deadline() const noexcept override {
    return merged_.empty() ? kNever : Time{};
  }

  /// What it did.
  [[nodiscard]] const PacketCounters& counters() const noexcept { return counters_; }

  /// Frames that the kernel dropped since the last call because the socket's buffer was full.
  [[nodiscard]] std::uint32_t take_kernel_drops() noexcept;

  /// Why nothing comes and goes any more (somebody deleted the interface); no error while it works.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  std::size_t read_batch(std::span<Frame> frames, BufferPool& pool, bool& more) noexcept;
  bool land(Landing& landing, std::size_t size, Frame& frame) noexcept;
  std::size_t cut_merged(std::span<Frame> frames, BufferPool& pool) noexcept;
  std::size_t write_batch(std::span<Frame> frames) noexcept;
  void trouble(int code) noexcept;

  FileDescriptor socket_;
  LinkInfo info_;
  InterfaceWatch watch_;
  /// Small blocks for when the Stack's pool is exhausted: the acknowledgments that would free its
  /// memory must still get in.
  BufferPoolOwner reserve_;
  /// Received frames of merged datagrams that are still to be cut.
  InlineVector<UdpSegments, kMaxBatch> merged_;
  std::size_t cutting_ = 0;  // the one of them whose turn it is
  PacketCounters counters_;
  std::error_code error_;
  std::size_t expected_ = 1;  // frames in the next read: as many as lately
  bool blocked_ = false;
};

}  // namespace bowline::inline v0::os
