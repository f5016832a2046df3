// The production stack against the kernel's TCP over a TUN device, driven by PollDriver: the main
// job of the whole, without HTTP on top.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>

#include "bowline/driver/clock.hpp"
#include "bowline/driver/poll_driver.hpp"
#include "bowline/os/random.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/wire/icmp.hpp"
#include "tests/interop/stack_and_kernel.hpp"

namespace bowline::interop {
namespace {

// A socket of the kernel's that blocks (with a limit), for the thread that plays the program there.
class KernelProgram {
 public:
  explicit KernelProgram(Family family)
      : socket_(
            ::socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    patient(socket_.get());
  }
  [[nodiscard]] bool connect(const IpAddress& to, std::uint16_t port) const {
    socklen_t size = 0;
    const auto address = address_of(to, port, size);
    return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
  }
  [[nodiscard]] bool listen(const IpAddress& at, std::uint16_t port) const {
    socklen_t size = 0;
    const auto address = address_of(at, port, size);
    return ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
           ::listen(socket_.get(), 1) == 0;
  }
  // From now on this is the accepted connection.
  [[nodiscard]] bool accept() {
    socket_ = os::FileDescriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    patient(socket_.get());
    return socket_.get() >= 0;
  }
  [[nodiscard]] bool send(std::size_t total) const {
    for (std::size_t sent = 0; sent < total;) {
      const Bytes chunk = counted(std::min<std::size_t>(total - sent, 1U << 18), sent);
      const ssize_t count = ::send(socket_.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  void finish() const { ::shutdown(socket_.get(), SHUT_WR); }
  // Reads to the end; nothing if a byte was wrong or the end was no end.
  [[nodiscard]] std::optional<std::size_t> receive() const {
    Bytes chunk(1U << 18);
    std::size_t total = 0;
    while (true) {
      const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
      if (count == 0) return total;
      if (count < 0) return std::nullopt;
      const auto size = static_cast<std::size_t>(count);
      const Bytes expected = counted(size, total);
      if (std::memcmp(chunk.data(), expected.data(), size) != 0) return std::nullopt;
      total += size;
    }
  }

 private:
  static void patient(int socket) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  os::FileDescriptor socket_;
};

INSTANTIATE_TEST_SUITE_P(Families, StackAndKernel, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& instance) {
                           return instance.param == Family::ipv4 ? "IPv4" : "IPv6";
                         });

// Echoes what comes on one connection, by reference, and finishes when the peer has.
class Echo {
 public:
  Echo(Stack& stack, const Endpoint& at) {
    ListenOptions options;
    options.local = at;
    listener_ = *stack.listen(options, driver::monotonic_now());
  }
  Time operator()(Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    if (!socket_) {
      const auto accepted = stack.accept(listener_, now);
      if (!accepted) return kNever;
      socket_ = *accepted;
    }
    while (!done) {
      if (unsent_.empty()) {
        auto slice = stack.read_slice(*socket_, 65'536, now);
        if (!slice) return kNever;
        if (slice->empty()) {
          done = stack.close(*socket_, now).has_value();
          break;
        }
        unsent_ = std::move(*slice);
      }
      const std::size_t size = unsent_.size();
      if (!stack.write_owned(*socket_, unsent_, now)) return kNever;
      echoed += size;
      unsent_.reset();
    }
    return kNever;
  }
  bool done = false;
  std::size_t echoed = 0;

 private:
  Handle listener_;
  std::optional<Handle> socket_;
  Slice unsent_;
};

TEST_P(StackAndKernel, AnswersPing) {
  const bool v4 = GetParam() == Family::ipv4;
  const auto protocol = v4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  const auto socket = kernel_socket(GetParam(), SOCK_RAW, protocol);
  Bytes request(wire::kIcmpHeaderSize);
  const auto ends = addresses(GetParam());
  wire::ChecksumSum sum;
  if (!v4) sum = wire::pseudo_header_sum(ends.kernel, ends.ours, protocol, 8);
  wire::emit_icmp_echo(request.data(), GetParam(), wire::IcmpKind::echo_request, 5, 6, sum);
  socklen_t size = 0;
  const auto address = address_of(ends.ours, 0, size);
  ASSERT_GT(::sendto(socket.get(), request.data(), request.size(), 0,
                     reinterpret_cast<const sockaddr*>(&address), size),
            0);
  bool answered = false;
  run({}, [&] { return true; }, [&] { answered = wait_for(socket.get(), POLLIN); });
  EXPECT_TRUE(answered);
  EXPECT_EQ(stack_->counters()[Reason::send_icmp_echo_reply], 1U);
}

// A4, A9, A14: the kernel connects, both directions carry, the kernel closes first.
TEST_P(StackAndKernel, EchoesToTheKernel) {
  constexpr std::size_t kSize = 200'000;
  Echo echo(*stack_, ours());
  std::optional<std::size_t> got;
  run(
      std::ref(echo), [&] { return echo.done; },
      [&] {
        const KernelProgram program(GetParam());
        if (!program.connect(ours().address, kPort)) return;
        std::jthread sending([&] {
          if (program.send(kSize)) program.finish();
        });
        got = program.receive();
      });
  EXPECT_EQ(got, kSize);
  EXPECT_EQ(echo.echoed, kSize);
}

// Bulk to the kernel: nothing is lost on this link, so nothing may be sent twice, and most of it
// crosses in segments far larger than a packet.
TEST_P(StackAndKernel, BulkToTheKernelInLargeSegments) {
  constexpr std::size_t kSize = 50'000'000;
  ListenOptions options;
  options.local = ours();
  const auto listener = stack_->listen(options, driver::monotonic_now());
  ASSERT_TRUE(listener);
  std::optional<Handle> socket;
  std::size_t written = 0;
  bool closed = false;
  const auto server = [&](Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    if (!socket) {
      const auto accepted = stack.accept(*listener, now);
      if (!accepted) return kNever;
      socket = *accepted;
    }
    while (written < kSize) {
      const Bytes chunk = counted(std::min<std::size_t>(kSize - written, 65'536), written);
      const auto took = stack.write(*socket, chunk, now);
      if (!took) return kNever;
      written += *took;
    }
    if (!closed) closed = stack.close(*socket, now).has_value();
    return kNever;
  };
  std::optional<std::size_t> got;
  const auto start = std::chrono::steady_clock::now();
  run(
      server, [&] { return closed; },
      [&] {
        const KernelProgram program(GetParam());
        if (program.connect(ours().address, kPort)) got = program.receive();
      });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(got, kSize);
  EXPECT_EQ(stack_->counters()[Reason::retransmit_timeout], 0U);
  EXPECT_EQ(stack_->counters()[Reason::retransmit_fast], 0U);
  EXPECT_GT(link_->counters().written_bytes / link_->counters().writes, 10'000U);
  RecordProperty("seconds", std::to_string(took.count()));
}

// Bulk from the kernel, by an active open of ours.
TEST_P(StackAndKernel, BulkFromTheKernelInLargeSegments) {
  constexpr std::size_t kSize = 50'000'000;
  KernelProgram program(GetParam());
  ASSERT_TRUE(program.listen(kernels().address, kPort));
  ConnectOptions options;
  options.remote = kernels();
  const auto socket = stack_->connect(options, driver::monotonic_now());
  ASSERT_TRUE(socket);
  std::size_t received = 0;
  bool intact = true;
  bool closed = false;
  const auto client = [&](Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    Bytes chunk(65'536);
    while (!closed) {
      const auto got = stack.read(*socket, chunk, now);
      if (!got) return kNever;
      if (*got == 0) {
        closed = stack.close(*socket, now).has_value();
        break;
      }
      const Bytes expected = counted(*got, received);
      intact = intact && std::memcmp(chunk.data(), expected.data(), *got) == 0;
      received += *got;
    }
    return kNever;
  };
  bool sent = false;
  run(
      client, [&] { return closed; },
      [&] {
        sent = program.accept() && program.send(kSize);
        program.finish();
      });
  EXPECT_TRUE(sent);
  EXPECT_TRUE(intact);
  EXPECT_EQ(received, kSize);
  EXPECT_GT(link_->counters().read_bytes / link_->counters().read_frames, 10'000U);
}

// Datagrams, both ways.
TEST_P(StackAndKernel, DatagramsGoBothWays) {
  UdpOptions options;
  options.local = ours();
  const auto socket = stack_->open_udp(options, driver::monotonic_now());
  ASSERT_TRUE(socket);
  const auto echo = [&](Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    Bytes bytes(2'000);
    while (const auto datagram = stack.receive_from(*socket, bytes, now)) {
      EXPECT_TRUE(
          stack.send_to(*socket, std::span(bytes).first(datagram->size), datagram->from, now));
    }
    return kNever;
  };
  Bytes got(2'000);
  run(
      echo, [] { return true; },
      [&] {
        const auto program = kernel_socket(GetParam(), SOCK_DGRAM);
        const Bytes sent = counted(1'200);
        socklen_t size = 0;
        const auto address = address_of(ours().address, kPort, size);
        ::sendto(program.get(), sent.data(), sent.size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), size);
        const bool came = wait_for(program.get(), POLLIN);
        const ssize_t count = came ? ::recv(program.get(), got.data(), got.size(), 0) : 0;
        got.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
      });
  EXPECT_EQ(got, counted(1'200));
}

// A14: nobody listens, and both sides learn of it.
TEST_P(StackAndKernel, RefusalsGoBothWays) {
  ConnectOptions options;
  options.remote = kernels();
  const auto socket = stack_->connect(options, driver::monotonic_now());
  ASSERT_TRUE(socket);
  int kernel_error = 0;
  run(
      {}, [&] { return (stack_->readiness(*socket) & kError) != 0; },
      [&] {
        const KernelProgram program(GetParam());
        if (!program.connect(ours().address, kPort)) kernel_error = errno;
      });
  EXPECT_EQ(kernel_error, ECONNREFUSED);
  EXPECT_EQ(stack_->take_error(*socket), std::errc::connection_refused);
}

}  // namespace
}  // namespace bowline::interop
