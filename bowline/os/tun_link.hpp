#pragma once

// A TUN or TAP device as a Link: IP packets, or Ethernet frames, to and from the kernel of this
// machine.
//
// Large segments and unfinished checksums cross as they are (see virtio.hpp): one system call and
// one copy for up to 64 KiB, in either direction (landing.hpp).

#include <cstdint>
#include <system_error>

#include "bowline/base/buffer.hpp"
#include "bowline/link/link.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/interface_watch.hpp"

namespace bowline::inline v0::os {

class Landing;

/// What a TunLink did.
struct TunCounters {
  std::uint64_t reads = 0;           ///< system calls, those that found nothing included
  std::uint64_t read_frames = 0;     ///< those taken in
  std::uint64_t read_bytes = 0;      ///< of IP packets, or of Ethernet frames
  std::uint64_t writes = 0;          ///< system calls
  std::uint64_t written_frames = 0;  ///< those that the kernel took
  std::uint64_t written_bytes = 0;   ///< of IP packets, or of Ethernet frames
  std::uint64_t malformed = 0;  ///< received, and dropped: the virtio header contradicts its frame
  std::uint64_t no_memory = 0;  ///< received, and dropped: the pool had no room
  std::uint64_t write_errors = 0;  ///< sent, and lost: the kernel refused it (interface down)
};

/// An open TUN or TAP device with IFF_VNET_HDR and IFF_NO_PI. create_tun() and create_tap() make
/// one.
class TunLink final : public Link {
 public:
  /// Takes over `device`, which must not block. `info` is what the Stack is told; its MTU follows
  /// `watch`, if that watches anything.
  TunLink(FileDescriptor device, const LinkInfo& info, InterfaceWatch watch = {}) noexcept;

  [[nodiscard]] LinkInfo info() const noexcept override { return info_; }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override;
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                    Time now) noexcept override;
  [[nodiscard]] int descriptor() const noexcept override { return device_.get(); }
  [[nodiscard]] bool blocked() const noexcept override { return blocked_; }

  /// What it did.
  [[nodiscard]] const TunCounters& counters() const noexcept { return counters_; }

  /// Why nothing comes and goes any more (somebody deleted the interface); no error while it works.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  enum class Got : std::uint8_t { frame, dropped, nothing };
  Got read_frame(Landing& landing, BufferPool& pool, Frame& frame) noexcept;
  bool write_frame(const Frame& frame) noexcept;
  void give_up(int code) noexcept;

  FileDescriptor device_;
  LinkInfo info_;
  InterfaceWatch watch_;
  /// Small blocks for when the Stack's pool is exhausted: the acknowledgments that would free its
  /// memory must still get in.
  BufferPoolOwner reserve_;
  TunCounters counters_;
  std::error_code error_;
  bool blocked_ = false;
};

}  // namespace bowline::inline v0::os
