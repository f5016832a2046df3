#pragma once

// The kernel's side of an interop test: a TUN device in the test's own namespace, sockets of the
// kernel's, and packets for them made by hand.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bowline/os/error.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ip_address.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::interop {

using Bytes = std::vector<std::byte>;

/// Why this process is in no namespace of its own; empty when it is in one. The launcher says it.
[[nodiscard]] std::string no_namespace();

/// Is this the one error for which a test may be skipped: a device that the system keeps from us?
[[nodiscard]] bool no_device(const os::Error& error);

/// The two ends in one family: the kernel's address and ours (which nobody but the test answers
/// for).
struct Addresses {
  IpAddress kernel;
  IpAddress ours;
  std::uint8_t prefix;
};
[[nodiscard]] Addresses addresses(Family family);

/// A kernel socket, not blocking. `type` may be SOCK_RAW.
[[nodiscard]] os::FileDescriptor kernel_socket(Family family, int type, int protocol = 0);
[[nodiscard]] sockaddr_storage address_of(const IpAddress& address, std::uint16_t port,
                                          socklen_t& size);

/// Waits until `descriptor` is ready for `events` (POLLIN, POLLOUT), at most two seconds.
[[nodiscard]] bool wait_for(int descriptor, short events);

/// All bytes of a frame.
[[nodiscard]] Bytes flat(const Frame& frame);
/// Bytes that differ from their neighbours near and far.
[[nodiscard]] Bytes counted(std::size_t size, std::size_t from = 0);

/// A TCP segment that came from the kernel.
struct Segment {
  Frame frame;
  wire::IpHeader ip;
  wire::TcpHeader tcp;
  Bytes options;
  Bytes payload;
};

/// A test with a TUN device between the kernel and itself.
class TunTest : public ::testing::Test {
 protected:
  /// Opens bowline0, or skips the test and says why.
  void open(const os::TunOptions& options);
  /// Opens bowline0 with both families.
  void open() { open(both_families()); }
  [[nodiscard]] static os::TunOptions both_families();

  /// The next frame from the kernel that is of this protocol; nothing within two seconds.
  std::optional<Frame> receive(std::uint8_t protocol);
  /// The next TCP segment.
  std::optional<Segment> receive_segment();
  void send(Frame frame);

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 64U << 20)};
  std::unique_ptr<os::TunLink> link_;

 private:
  std::vector<Frame> waiting_;
};

/// The side of a TCP connection that is not the kernel's, played by hand: enough to shake hands and
/// to send and take data in order on a link that loses nothing.
class HandMadePeer {
 public:
  HandMadePeer(BufferPool& pool, Family family) : pool_(pool), addresses_(addresses(family)) {}

  /// Our answer to the kernel's SYN.
  [[nodiscard]] Frame syn_ack(const Segment& syn);
  /// Takes note of a segment's text.
  void take(const Segment& segment);
  /// An acknowledgment of all that was taken.
  [[nodiscard]] Frame ack() const;
  /// A segment with `payload`, to be cut into packets of `mss` bytes.
  [[nodiscard]] Frame data(const Bytes& payload, std::uint16_t mss);

  [[nodiscard]] SeqNumber sent() const { return snd_nxt_; }

 private:
  [[nodiscard]] Frame make(std::uint16_t flags, const wire::TcpOptions& options,
                           const Bytes& payload, std::uint16_t mss, SeqNumber seq) const;

  BufferPool& pool_;
  Addresses addresses_;
  std::uint16_t kernel_port_ = 0;
  std::uint16_t our_port_ = 0;
  SeqNumber snd_nxt_{0xffff'0000};
  SeqNumber rcv_nxt_;
};

/// Waits until `condition()` holds, for ten seconds at most. Does it?
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  for (int i = 0; i < 1'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace bowline::interop
