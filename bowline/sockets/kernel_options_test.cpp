// Every option number of every level, with values and lengths that programs and adversaries give:
// the kernel of this machine and we take and refuse the same, and tell the same in as many bytes.

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bowline/sockets/testing/kernel_and_we.hpp"

namespace bowline::sockets {
namespace {

struct Level {
  int level;
  int domain;
  int last;  // the last option that the kernel of today has
};

const std::vector<Level>& levels() {
  static const std::vector<Level> all{{SOL_SOCKET, AF_INET, 83},    {SOL_SOCKET, AF_INET6, 83},
                                      {IPPROTO_TCP, AF_INET, 46},   {IPPROTO_TCP, AF_INET6, 46},
                                      {IPPROTO_IP, AF_INET, 52},    {IPPROTO_IP, AF_INET6, 52},
                                      {IPPROTO_IPV6, AF_INET6, 78}, {IPPROTO_IPV6, AF_INET, 3},
                                      {IPPROTO_UDP, AF_INET, 3},    {4000, AF_INET6, 3}};
  return all;
}

// What is left out, and why.
bool is_no_question_of_rules(int level, int option) {
  static const std::set<std::pair<int, int>> all{
      {SOL_SOCKET, 12},           // SO_PRIORITY
      {SOL_SOCKET, SO_RCVLOWAT},  // how much may be waited for depends on the buffer
      {SOL_SOCKET, SO_SNDBUF},    // as large as each makes it
      {SOL_SOCKET, SO_RCVBUF},    // the same
      {SOL_SOCKET, 26},           // SO_ATTACH_FILTER, SO_ATTACH_BPF: programs of the kernel
      {SOL_SOCKET, 50},
      {SOL_SOCKET, 52},
      {SOL_SOCKET, 55},                     // SO_MEMINFO: of buffers
      {SOL_SOCKET, 57},                     // SO_COOKIE: any number
      {SOL_SOCKET, 60},                     // SO_ZEROCOPY: sends are copied here, always
      {SOL_SOCKET, 62},                     // SO_BINDTOIFINDEX: to none, here
      {SOL_SOCKET, 71},                     // SO_NETNS_COOKIE: any number
      {SOL_SOCKET, 80},                     // SO_DEVMEM_DONTNEED: memory of devices
      {IPPROTO_TCP, TCP_INFO},              // what it tells is another test's matter
      {IPPROTO_TCP, TCP_CONGESTION},        // the algorithms of the machine
      {IPPROTO_TCP, 26},                    // TCP_CC_INFO: of the algorithm
      {IPPROTO_TCP, TCP_TIMESTAMP},         // a clock
      {IPPROTO_TCP, TCP_FASTOPEN_CONNECT},  // off unless the stack's settings say otherwise
      {IPPROTO_TCP, TCP_FASTOPEN_KEY},      // the machine's
      {IPPROTO_TCP, 35},  // these ask by what is in the buffer: TCP_ZEROCOPY_RECEIVE,
      {IPPROTO_IP, 41},   // IP_MSFILTER, MCAST_MSFILTER, IPV6_FLOWLABEL_MGR
      {IPPROTO_IP, 48},
      {IPPROTO_IPV6, 32},
      {IPPROTO_IPV6, 48},
      {IPPROTO_IP, 49},    // IP_MULTICAST_ALL: of IPv6 sockets another default
      {IPPROTO_IPV6, 64},  // netfilter
      {IPPROTO_IPV6, 65},
      {IPPROTO_IPV6, 68},
      {IPPROTO_IPV6, 69},
      {IPPROTO_IPV6, 80},
  };
  return all.contains({level, option});
}

// Options newer than the kernel of this machine.
bool is_unknown_to_the_kernel(const Level& where, int option) {
  Kernel kernel;
  const int fd = made(kernel.socket(Side::client, where.domain, SOCK_STREAM));
  std::array<char, 300> bytes{};
  socklen_t length = 256;
  const auto got = kernel.get(Side::client, fd, where.level, option, bytes.data(), &length);
  const auto set = kernel.set(Side::client, fd, where.level, option, bytes.data(), 4);
  return got.error == ENOPROTOOPT && set.error == ENOPROTOOPT;
}

std::string name_of(const Level& where, int option) {
  return std::to_string(where.level) + "/" + std::to_string(option) +
         (where.domain == AF_INET6 ? " over IPv6" : "");
}

bool is_privileged() {
  Kernel kernel;
  const int fd = made(kernel.socket(Side::client, AF_INET, SOCK_STREAM));
  const int mark = 1;
  return kernel.set(Side::client, fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark).error == 0;
}

// How much of `value` is told, in `room` bytes.
struct Told {
  Outcome outcome;
  socklen_t length = 0;
  std::vector<char> bytes;
  friend bool operator==(const Told&, const Told&) = default;
};

void PrintTo(const Told& told, std::ostream* out) {
  PrintTo(told.outcome, out);
  *out << " in " << told.length << ":";
  for (const char byte : told.bytes) *out << ' ' << int{byte};
}

Told ask(Calls& calls, int fd, int level, int option, socklen_t room) {
  Told told;
  std::array<char, 400> bytes{};
  told.length = room;
  told.outcome = calls.get(Side::client, fd, level, option, bytes.data(), &told.length);
  if (told.outcome.error == 0) {
    told.bytes.assign(bytes.begin(),
                      bytes.begin() + std::min<std::ptrdiff_t>(told.length, bytes.size()));
  }
  return told;
}

TEST(KernelAndWe, TellEachOptionOfAFreshSocket) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  const bool privileged = is_privileged();
  Ours ours(privileged);
  Kernel kernel;
  for (const Level& where : levels()) {
    for (int option = -1; option <= where.last + 3; ++option) {
      if (is_no_question_of_rules(where.level, option)) continue;
      if (option >= 0 && option <= where.last && is_unknown_to_the_kernel(where, option)) continue;
      const int theirs = made(kernel.socket(Side::client, where.domain, SOCK_STREAM));
      const int mine = made(ours.socket(Side::client, where.domain, SOCK_STREAM));
      for (const int room : {-1, 0, 1, 2, 3, 4, 8, 16, 300}) {
        const auto length = static_cast<socklen_t>(room);
        EXPECT_EQ(ask(ours, mine, where.level, option, length),
                  ask(kernel, theirs, where.level, option, length))
            << name_of(where, option) << " with room for " << room;
      }
      made(kernel.close(Side::client, theirs));
      made(ours.close(Side::client, mine));
    }
  }
}

TEST(KernelAndWe, TakeEachOption) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  const bool privileged = is_privileged();
  Ours ours(privileged);
  Kernel kernel;
  // Setting these needs CAP_NET_RAW, CAP_BPF and the like, which may be had without CAP_NET_ADMIN.
  const auto needs_more = [](int level, int option) {
    return (level == IPPROTO_IP && (option == 16 || option == 17 || option == IP_OPTIONS)) ||
           (level == IPPROTO_IPV6 &&
            (option == 6 || option == 27 || option == 28 || option == 34 || option == 35 ||
             option == 50 || (option >= 54 && option <= 59 && option != 56 && option != 58))) ||
           (level == IPPROTO_TCP && (option == TCP_REPAIR || option == 20 || option == 21 ||
                                     option == 22 || option == 29 || option == 42)) ||
           (level == SOL_SOCKET && (option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE ||
                                    option == SO_MARK || option == SO_DEBUG));
  };
  for (const Level& where : levels()) {
    for (int option = -1; option <= where.last + 3; ++option) {
      if (is_no_question_of_rules(where.level, option)) continue;
      if (privileged && needs_more(where.level, option)) continue;
      if (option >= 0 && option <= where.last && is_unknown_to_the_kernel(where, option)) continue;
      for (const int value : {-1, 0, 1, 2, 5, 88, 255, 256, 5000, 70000}) {
        for (const int size : {-1, 0, 1, 2, 4, 8, 16, 64}) {
          const int theirs = made(kernel.socket(Side::client, where.domain, SOCK_STREAM));
          const int mine = made(ours.socket(Side::client, where.domain, SOCK_STREAM));
          std::array<char, 64> bytes{};
          std::memcpy(bytes.data(), &value, sizeof value);
          const auto length = static_cast<socklen_t>(size);
          const auto what = name_of(where, option) + " = " + std::to_string(value) + " in " +
                            std::to_string(size);
          const Outcome here =
              ours.set(Side::client, mine, where.level, option, bytes.data(), length);
          const Outcome there =
              kernel.set(Side::client, theirs, where.level, option, bytes.data(), length);
          EXPECT_EQ(here, there) << what;
          if (here == there && there.error == 0) {
            EXPECT_EQ(ask(ours, mine, where.level, option, 16),
                      ask(kernel, theirs, where.level, option, 16))
                << what;
          }
          made(kernel.close(Side::client, theirs));
          made(ours.close(Side::client, mine));
        }
      }
    }
  }
}

// Control messages that a stream takes: those of SOL_SOCKET are looked at, and all are measured.
TEST(KernelAndWe, TakeTheSameControlMessages) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  struct Message {
    int level;
    int type;
    std::size_t length;  // as cmsg_len says it
    std::size_t size;    // of the buffer
  };
  const std::size_t number = CMSG_LEN(sizeof(int));
  const std::size_t room = CMSG_SPACE(sizeof(int));
  for (const Message& each : std::vector<Message>{{SOL_SOCKET, SCM_RIGHTS, number, room},
                                                  {SOL_SOCKET, 0x1234, number, room},
                                                  {IPPROTO_TCP, 1, number, room},
                                                  {IPPROTO_IP, IP_TTL, number, room},
                                                  {SOL_SOCKET, SO_TIMESTAMPING, number, room},
                                                  {SOL_SOCKET, SO_TIMESTAMPING, number - 2, room},
                                                  {SOL_SOCKET, SO_PRIORITY, number, room},
                                                  {SOL_SOCKET, SO_PRIORITY, number - 1, room},
                                                  {SOL_SOCKET, 61, CMSG_LEN(8), CMSG_SPACE(8)},
                                                  {SOL_SOCKET, 1, 8, room},
                                                  {SOL_SOCKET, 1, 100, room},
                                                  {SOL_SOCKET, 1, number, 8},
                                                  {IPPROTO_IP, 1, 8, room},
                                                  {IPPROTO_IP, 1, 100, room}}) {
    std::array<char, 64> control{};
    cmsghdr header{};
    header.cmsg_level = each.level;
    header.cmsg_type = each.type;
    header.cmsg_len = each.length;
    std::memcpy(control.data(), &header, sizeof header);
    Kernel kernel;
    Ours ours;
    const int theirs = connected(kernel).client;
    const int mine = connected(ours).client;
    const auto what = std::to_string(each.level) + "/" + std::to_string(each.type) + " of " +
                      std::to_string(each.length) + " in " + std::to_string(each.size);
    EXPECT_EQ(ours.send_with(Side::client, mine, control.data(), each.size),
              kernel.send_with(Side::client, theirs, control.data(), each.size))
        << what;
  }
}

// MSG_TRUNC counts and writes nothing: whoever passes it needs no buffer.
TEST(KernelAndWe, CountWithoutABuffer) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  for (const int flags :
       {0, static_cast<int>(MSG_TRUNC), MSG_TRUNC | MSG_PEEK, static_cast<int>(MSG_PEEK)}) {
    Kernel kernel;
    Ours ours;
    const Pair theirs = connected(kernel);
    const Pair mine = connected(ours);
    made(kernel.send(Side::client, theirs.client, 10, 0));
    made(ours.send(Side::client, mine.client, 10, 0));
    ours.settle();
    for (const std::size_t size : {4U, 4U, 100U}) {
      EXPECT_EQ(ours.receive_into_nothing(Side::server, mine.server, size, flags),
                kernel.receive_into_nothing(Side::server, theirs.server, size, flags))
          << flags << ' ' << size;
    }
  }
}

// TCP_QUICKACK tells whether a connection is interactive, and is an order that does not last.
TEST(KernelAndWe, AgreeAboutQuickAcknowledgments) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  Kernel kernel;
  Ours ours;
  const Pair theirs = connected(kernel);
  const Pair mine = connected(ours);
  const auto both = [&](const std::string& when) {
    EXPECT_EQ(ours.number(Side::server, mine.server, IPPROTO_TCP, TCP_QUICKACK),
              kernel.number(Side::server, theirs.server, IPPROTO_TCP, TCP_QUICKACK))
        << when;
  };
  const auto set = [&](int value) {
    made(kernel.set(Side::server, theirs.server, IPPROTO_TCP, TCP_QUICKACK, &value, sizeof value));
    made(ours.set(Side::server, mine.server, IPPROTO_TCP, TCP_QUICKACK, &value, sizeof value));
  };
  const auto exchange = [&] {
    made(kernel.send(Side::client, theirs.client, 10, 0));
    made(ours.send(Side::client, mine.client, 10, 0));
    ours.settle();
    made(kernel.send(Side::server, theirs.server, 10, 0));
    made(ours.send(Side::server, mine.server, 10, 0));
    ours.settle();
  };
  both("at first");
  exchange();
  both("after an answer");
  set(1);
  both("when it was set");
  exchange();
  both("after another answer");
  set(0);
  both("when it was cleared");
}

}  // namespace
}  // namespace bowline::sockets
