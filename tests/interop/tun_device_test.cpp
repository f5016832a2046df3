// The device itself: made, attached, refused, gone.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "bowline/os/netlink.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

class TunDevice : public TunTest {
 protected:
  static std::optional<os::InterfaceState> find(std::string_view name) {
    auto netlink = os::Netlink::open();
    EXPECT_TRUE(netlink);
    const auto state = netlink->find(name);
    EXPECT_TRUE(state);
    return *state;
  }
  // The kernel takes interfaces apart in the background.
  static bool vanishes(std::string_view name) {
    for (int i = 0; i < 200 && find(name); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return !find(name);
  }
  static std::string refusal(const os::TunOptions& options) {
    const auto link = os::create_tun(options);
    return link ? "no error" : link.error().message;
  }
};

TEST_F(TunDevice, IsMadeWithAddressesAndMtuAndUp) {
  os::TunOptions options = both_families();
  options.mtu = 9'000;
  open(options);
  if (IsSkipped()) return;
  const auto state = find("bowline0");
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->up);
  EXPECT_EQ(state->mtu, 9'000U);
  EXPECT_EQ(state->queue, options.queue);
  EXPECT_EQ(link_->info().mtu, 9'000U);
  EXPECT_EQ(link_->info().max_gso, 65'535U);
  EXPECT_TRUE(link_->info().transmit_checksum);
  auto netlink = os::Netlink::open();
  const auto list = netlink->addresses("bowline0");
  ASSERT_TRUE(list);
  // Exactly these: no link-local address that would make the kernel talk of its own accord.
  ASSERT_EQ(list->size(), 2U);
  for (const Cidr& address : options.peer_addresses) {
    EXPECT_NE(std::find(list->begin(), list->end(), address), list->end());
  }
}

TEST_F(TunDevice, VanishesWithItsLink) {
  open();
  if (IsSkipped()) return;
  EXPECT_TRUE(find("bowline0"));
  link_.reset();
  EXPECT_TRUE(vanishes("bowline0"));
}

TEST_F(TunDevice, VanishesWithItsProcessHoweverThatEnds) {
  open();  // says why there is no device, if there is none
  if (IsSkipped()) return;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    os::TunOptions options;
    options.name = "doomed0";
    options.peer_addresses = {*Cidr::parse("10.66.0.1/24")};
    const auto link = os::create_tun(options);
    const char answer = link ? 'y' : 'n';
    if (::write(ends[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 0;
  ASSERT_EQ(::read(ends[0], &answer, 1), 1);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(answer, 'y');
  EXPECT_TRUE(find("doomed0"));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(vanishes("doomed0"));
}

TEST_F(TunDevice, ExistingOneIsAttachedAsItIs) {
  open();
  if (IsSkipped()) return;
  {
    const os::FileDescriptor device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    std::string("mine0").copy(request.ifr_name, IFNAMSIZ - 1);
    ASSERT_EQ(::ioctl(device.get(), TUNSETIFF, &request), 0);
    ASSERT_EQ(::ioctl(device.get(), TUNSETPERSIST, 1), 0);
  }
  auto netlink = os::Netlink::open();
  ASSERT_TRUE(netlink->set_mtu("mine0", 1'400));
  ASSERT_TRUE(netlink->set_queue("mine0", 77));
  ASSERT_TRUE(netlink->add_address("mine0", *Cidr::parse("10.66.0.1/24")));

  os::TunOptions options;
  options.name = "mine0";
  options.peer_addresses = {*Cidr::parse("10.66.0.1/24")};
  auto link = os::create_tun(options);
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_EQ((*link)->info().mtu, 1'400U);
  EXPECT_EQ(find("mine0")->queue, 77U);
  EXPECT_TRUE(find("mine0")->up);
  link->reset();
  EXPECT_TRUE(find("mine0"));  // whoever made it keeps it
}

TEST_F(TunDevice, RefusalsNameTheDeviceAndTheRemedy) {
  open();
  if (IsSkipped()) return;
  EXPECT_EQ(refusal({.name = "bowline0"}),
            "cannot use interface bowline0: another process uses it: end that one, or choose "
            "another name");
  EXPECT_EQ(refusal({.name = "lo"}),
            "cannot use interface lo: it exists and is no TUN device of a single queue: choose "
            "another name");
  EXPECT_EQ(
      refusal({.name = "bowline1", .peer_addresses = {*Cidr::parse("ff02::1/64")}}),
      "cannot give bowline1 the address ff02::1/64: it is no host's (a group, or unspecified)");
  EXPECT_FALSE(find("bowline1"));  // what was begun is undone
}

TEST_F(TunDevice, DeletedInterfaceIsReportedAndFallsSilent) {
  open();
  if (IsSkipped()) return;
  auto netlink = os::Netlink::open();
  ASSERT_TRUE(netlink->remove("bowline0"));
  ASSERT_TRUE(vanishes("bowline0"));
  std::array<Frame, 4> frames;
  EXPECT_EQ(link_->receive(frames, *pool_, Time{1s}), 0U);
  EXPECT_TRUE(link_->error());
  pollfd polled{.fd = link_->descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&polled, 1, 0), 0);
}

TEST_F(TunDevice, DownInterfaceLosesWhatIsSentAndCountsIt) {
  open();
  if (IsSkipped()) return;
  ifreq request{};
  std::string("bowline0").copy(request.ifr_name, IFNAMSIZ - 1);
  const auto socket = kernel_socket(Family::ipv4, SOCK_DGRAM);
  ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
  const Bytes packet = counted(100);
  std::array<Frame, 1> out{make_frame(*pool_, packet)};
  EXPECT_EQ(link_->take(out), 1U);
  EXPECT_FALSE(link_->blocked());
  EXPECT_EQ(link_->counters().write_errors, 1U);
}

}  // namespace
}  // namespace bowline::interop
