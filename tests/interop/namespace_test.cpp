// Namespaces and what is made in them: rights, netlink, and that all of it is gone with its
// process.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "bowline/os/namespaces.hpp"
#include "bowline/os/netlink.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

class Namespaces : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = no_namespace(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

os::Netlink netlink() {
  auto opened = os::Netlink::open();
  EXPECT_TRUE(opened) << opened.error().message;
  return std::move(*opened);
}

std::string network_of(const std::string& process) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/" + process + "/ns/net", ignored).string();
}

// Is any process in that network namespace? Then it exists; without one it does not, since nobody
// here pins it by a mount.
bool inhabited(const std::string& network) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (network_of(entry.path().filename().string()) == network) return true;
  }
  return false;
}

// REQUIREMENTS D8: no root. Started by --ordinary-user this is the way of an ordinary user.
TEST_F(Namespaces, D8_NetworkIsOursAloneAndLoopbackIsUp) {
  auto kernel = netlink();
  const auto loopback = kernel.find("lo");
  ASSERT_TRUE(loopback && *loopback);
  EXPECT_TRUE((*loopback)->up);
  const auto parent = network_of(std::to_string(::getppid()));
  EXPECT_NE(network_of("self"), parent);
  const auto none = kernel.find("eth0");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_F(Namespaces, ProcessWithThreadsIsToldToEnterFirst) {
  std::jthread thread([](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto entered = os::enter_namespace();
  ASSERT_FALSE(entered);
  EXPECT_NE(entered.error().message.find("threads"), std::string::npos);
}

TEST_F(Namespaces, VethJoinsTwoNamespaces) {
  const auto other = os::make_network_namespace();
  ASSERT_TRUE(other) << other.error().message;
  const std::string home = network_of("thread-self");
  auto here = netlink();
  const auto made = here.create_veth("near", "far", other->get());
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(here.set_mtu("near", 9'000));
  ASSERT_TRUE(here.add_address("near", *Cidr::parse("10.88.0.1/24")));
  ASSERT_TRUE(here.add_address("near", *Cidr::parse("fd88::1/64")));
  ASSERT_TRUE(here.add_address("near", *Cidr::parse("fd88::1/64")));  // twice is once
  ASSERT_TRUE(here.set_up("near"));
  ASSERT_TRUE(here.add_route(*Cidr::parse("10.99.0.0/16"), "near", IpAddress::parse("10.88.0.2")));
  ASSERT_TRUE(here.add_route(*Cidr::parse("fd99::/64"), "near"));
  const auto state = here.find("near");
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->mtu, 9'000U);
  EXPECT_TRUE((*state)->up);
  const auto list = here.addresses("near");
  ASSERT_TRUE(list);
  EXPECT_NE(std::find(list->begin(), list->end(), *Cidr::parse("10.88.0.1/24")), list->end());
  EXPECT_NE(std::find(list->begin(), list->end(), *Cidr::parse("fd88::1/64")), list->end());

  os::FileDescriptor listener;
  const auto worked = os::within(*other, [&]() -> os::Outcome<void> {
    EXPECT_NE(network_of("thread-self"), home);
    auto there = netlink();
    if (auto done = there.add_address("far", *Cidr::parse("10.88.0.2/24")); !done) return done;
    if (auto done = there.set_up("far"); !done) return done;
    listener = kernel_socket(Family::ipv4, SOCK_STREAM);
    socklen_t size = 0;
    const auto address = address_of(IpAddress::v4(0x0a580002), 5'001, size);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    return {};
  });
  ASSERT_TRUE(worked) << worked.error().message;
  EXPECT_EQ(network_of("thread-self"), home);

  const auto client = kernel_socket(Family::ipv4, SOCK_STREAM);
  socklen_t size = 0;
  const auto address = address_of(IpAddress::v4(0x0a580002), 5'001, size);
  ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size);
  EXPECT_TRUE(wait_for(listener.get(), POLLIN));
  EXPECT_GE(os::FileDescriptor(::accept(listener.get(), nullptr, nullptr)).get(), 0);
}

TEST_F(Namespaces, ErrorsNameTheThingAndTheRemedy) {
  auto kernel = netlink();
  const auto missing = kernel.set_up("bowline7");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "there is no interface bowline7: `ip link` lists those that there are");
  ASSERT_TRUE(kernel.create_veth("near", "far"));
  const auto tiny = kernel.set_mtu("near", 67);
  ASSERT_FALSE(tiny);
  EXPECT_EQ(tiny.error().message,
            "cannot set the MTU of near to 67 (68 to 65535): Invalid argument");
  const auto group = kernel.add_address("near", *Cidr::parse("224.0.0.1/24"));
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().message,
            "cannot give near the address 224.0.0.1/24: it is no host's (a group, or unspecified)");
  const auto twice = kernel.create_veth("lo", "other");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "cannot make the pair lo and other: File exists");
}

// "Killing either side at any time leaves no namespace, interface, process behind." (issue 2)
TEST_F(Namespaces, KilledProcessLeavesNoNamespace) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(BOWLINE_LAUNCHER, "ns_launcher", "/bin/sh", "-c",
            "echo \"[$BOWLINE_NAMESPACE]\"; exec sleep 60", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::array<char, 64> said{};
  const ssize_t size = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(said.data(), static_cast<std::size_t>(size)).substr(0, 5), "[user");
  const std::string network = network_of(std::to_string(child));
  ASSERT_FALSE(network.empty());
  EXPECT_NE(network, network_of("self"));
  EXPECT_TRUE(inhabited(network));

  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(inhabited(network));
}

}  // namespace
}  // namespace bowline::interop
