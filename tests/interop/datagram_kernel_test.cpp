// Datagrams, fragments and their errors against the kernel's UDP and ICMP over a TUN device.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "tests/interop/stack_and_kernel.hpp"

namespace bowline::interop {
namespace {

class DatagramsAndKernel : public StackAndKernel {
 protected:
  [[nodiscard]] static bool v4() { return GetParam() == Family::ipv4; }
  Handle open(std::uint16_t port) {
    UdpOptions options;
    options.local = {ours().address, port};
    const auto socket = stack_->open_udp(options, driver::monotonic_now());
    EXPECT_TRUE(socket);
    return socket ? *socket : Handle{};
  }
  // Sends back whatever comes to `socket`.
  static driver::Application echo(Handle socket) {
    return [socket](Stack& stack, Time now) {
      while (stack.poll_ready()) {
      }
      Bytes bytes(65'536);
      while (const auto datagram = stack.receive_from(socket, bytes, now)) {
        EXPECT_FALSE(datagram->truncated);
        EXPECT_TRUE(
            stack.send_to(socket, std::span(bytes).first(datagram->size), datagram->from, now));
      }
      return kNever;
    };
  }
  // From a program of the kernel's to us.
  static void send(int socket, const Bytes& bytes, const Endpoint& to) {
    socklen_t size = 0;
    const auto address = address_of(to.address, to.port, size);
    EXPECT_EQ(::sendto(socket, bytes.data(), bytes.size(), 0,
                       reinterpret_cast<const sockaddr*>(&address), size),
              static_cast<ssize_t>(bytes.size()))
        << std::strerror(errno);
  }
  // What the program gets; empty: nothing in time.
  static Bytes receive(int socket) {
    Bytes got(70'000);
    if (!wait_for(socket, POLLIN)) return {};
    const ssize_t count = ::recv(socket, got.data(), got.size(), 0);
    got.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return got;
  }
};

INSTANTIATE_TEST_SUITE_P(Families, DatagramsAndKernel,
                         ::testing::Values(Family::ipv4, Family::ipv6), [](const auto& instance) {
                           return instance.param == Family::ipv4 ? "IPv4" : "IPv6";
                         });

// RFC 791 3.2, RFC 8200 4.5: in fragments both ways, up to the largest that there is.
TEST_P(DatagramsAndKernel, LargeDatagramsGoBothWays) {
  const Handle socket = open(kPort);
  const std::vector<std::size_t> sizes{1'473, 8'000, 60'000, v4() ? 65'507U : 65'527U};
  std::vector<Bytes> got;
  run(
      echo(socket), [] { return true; },
      [&] {
        const auto program = kernel_socket(GetParam(), SOCK_DGRAM);
        const int room = 1 << 20;
        ::setsockopt(program.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        ::setsockopt(program.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        for (const std::size_t size : sizes) {
          send(program.get(), counted(size), ours());
          got.push_back(receive(program.get()));
        }
      });
  ASSERT_EQ(got.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_TRUE(got[i] == counted(sizes[i])) << sizes[i];
  EXPECT_EQ(stack_->counters()[Reason::fragments_complete], sizes.size());
  EXPECT_GT(stack_->counters()[Reason::send_fragment], 80U);
  EXPECT_EQ(stack_->usage().fragmented_datagrams, 0U);
}

// What `ping -s 8000` does: a request in fragments is answered in fragments (RFC 1122 3.2.2.6).
TEST_P(DatagramsAndKernel, LargePing) {
  constexpr std::size_t kSize = 8'000;
  const int protocol = v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  Bytes request(wire::kIcmpHeaderSize);
  const Bytes data = counted(kSize);
  wire::ChecksumSum sum = wire::sum_of(data);  // of IPv6 the kernel fills in the checksum
  wire::emit_icmp_echo(request.data(), GetParam(), wire::IcmpKind::echo_request, 5, 6, sum);
  request.insert(request.end(), data.begin(), data.end());
  Bytes reply;
  run(
      {}, [] { return true; },
      [&] {
        const auto program = kernel_socket(GetParam(), SOCK_RAW, protocol);
        ASSERT_GE(program.get(), 0) << std::strerror(errno);
        send(program.get(), request, {ours().address, 0});
        // A raw socket hears other ICMP as well (IPv6: neighbour discovery).
        while (reply.size() < kSize) {
          reply = receive(program.get());
          if (reply.empty()) return;
        }
      });
  ASSERT_GE(reply.size(), kSize + wire::kIcmpHeaderSize);
  const Bytes end(reply.end() - kSize, reply.end());
  EXPECT_TRUE(end == data);
  EXPECT_EQ(stack_->counters()[Reason::fragments_complete], 1U);
  EXPECT_EQ(stack_->counters()[Reason::send_fragment], 6U);
}

// RFC 1122 4.1.3.3: nobody is there, and the connected socket of either side learns of it.
TEST_P(DatagramsAndKernel, PortUnreachableBothWays) {
  UdpOptions options;
  options.local = {ours().address, 0};
  options.remote = Endpoint{kernels().address, 9};
  const auto socket = stack_->open_udp(options, driver::monotonic_now());
  ASSERT_TRUE(socket);
  ASSERT_TRUE(stack_->send_to(*socket, counted(10), std::nullopt, driver::monotonic_now()));
  int error = 0;
  run(
      {}, [&] { return (stack_->readiness(*socket) & kError) != 0; },
      [&] {
        const auto program = kernel_socket(GetParam(), SOCK_DGRAM);
        socklen_t size = 0;
        const auto address = address_of(ours().address, 10, size);
        ::connect(program.get(), reinterpret_cast<const sockaddr*>(&address), size);
        ::send(program.get(), "?", 1, 0);
        static_cast<void>(wait_for(program.get(), POLLIN));
        char byte = 0;
        if (::recv(program.get(), &byte, 1, 0) < 0) error = errno;
      });
  EXPECT_EQ(error, ECONNREFUSED);
  Bytes bytes(10);
  EXPECT_EQ(stack_->receive_from(*socket, bytes, driver::monotonic_now()).error(),
            std::errc::connection_refused);
}

}  // namespace
}  // namespace bowline::interop
