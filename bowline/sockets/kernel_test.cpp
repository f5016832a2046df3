// The same calls on the kernel's sockets over loopback and on ours over a cable: what they return
// is to be the same. In each state that a socket can be brought into, everything that can be asked
// of it is asked. Nothing here depends on how long something takes.

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bowline/sockets/testing/kernel_and_we.hpp"

namespace bowline::sockets {
namespace {

// Each state, and how a socket is brought into it.
const std::map<std::string, std::function<Subject(Calls&)>>& states() {
  static const std::map<std::string, std::function<Subject(Calls&)>> all{
      {"fresh",
       [](Calls& calls) {
         return Subject{Side::client,
                        made(calls.socket(Side::client, AF_INET, SOCK_STREAM | SOCK_NONBLOCK))};
       }},
      {"bound",
       [](Calls& calls) {
         const int fd = made(calls.socket(Side::client, AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
         made(calls.bind(Side::client, fd));
         return Subject{Side::client, fd};
       }},
      {"listening", [](Calls& calls) { return Subject{Side::server, listener(calls)}; }},
      {"listening, shut down",
       [](Calls& calls) {
         const int fd = listener(calls);
         made(calls.shutdown(Side::server, fd, SHUT_RD));
         return Subject{Side::server, fd};
       }},
      {"listening, one waits",
       [](Calls& calls) {
         const int listening = listener(calls);
         const int fd = made(calls.socket(Side::client, AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
         static_cast<void>(calls.connect(Side::client, fd, AF_INET, In::size()));
         calls.settle();
         return Subject{Side::server, listening};
       }},
      {"refused",
       [](Calls& calls) {
         const int fd = made(calls.socket(Side::client, AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
         static_cast<void>(calls.connect(Side::client, fd, AF_INET, In::size()));
         calls.settle();
         return Subject{Side::client, fd};
       }},
      {"connected", [](Calls& calls) { return Subject{Side::client, connected(calls).client}; }},
      {"accepted", [](Calls& calls) { return Subject{Side::server, connected(calls).server}; }},
      {"with data",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.send(Side::client, pair.client, 10, 0));
         calls.settle();
         return Subject{Side::server, pair.server};
       }},
      {"with an urgent byte",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.send(Side::client, pair.client, 10, MSG_OOB));
         calls.settle();
         return Subject{Side::server, pair.server};
       }},
      {"shut for writing",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.shutdown(Side::client, pair.client, SHUT_WR));
         calls.settle();
         return Subject{Side::client, pair.client};
       }},
      {"shut for reading",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.shutdown(Side::client, pair.client, SHUT_RD));
         return Subject{Side::client, pair.client};
       }},
      {"the peer has finished",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.send(Side::client, pair.client, 5, 0));
         made(calls.shutdown(Side::client, pair.client, SHUT_WR));
         calls.settle();
         return Subject{Side::server, pair.server};
       }},
      {"both have finished, the peer first",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.shutdown(Side::client, pair.client, SHUT_WR));
         calls.settle();
         made(calls.shutdown(Side::server, pair.server, SHUT_WR));
         calls.settle();
         return Subject{Side::server, pair.server};
       }},
      {"both have finished, we first",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.shutdown(Side::client, pair.client, SHUT_WR));
         calls.settle();
         made(calls.shutdown(Side::server, pair.server, SHUT_WR));
         calls.settle();
         return Subject{Side::client, pair.client};
       }},
      {"reset",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         reset(calls, Side::client, pair.client);
         return Subject{Side::server, pair.server};
       }},
      {"reset with unread data",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.send(Side::client, pair.client, 5, 0));
         calls.settle();
         reset(calls, Side::client, pair.client);
         return Subject{Side::server, pair.server};
       }},
      {"reset after the peer has finished",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.shutdown(Side::client, pair.client, SHUT_WR));
         calls.settle();
         reset(calls, Side::client, pair.client);
         return Subject{Side::server, pair.server};
       }},
      {"dissolved",
       [](Calls& calls) {
         const Pair pair = connected(calls);
         made(calls.connect(Side::client, pair.client, AF_UNSPEC, In::size()));
         return Subject{Side::client, pair.client};
       }},
  };
  return all;
}

using Question = std::function<Outcome(Calls&, const Subject&)>;

// Descriptors have different numbers: that there is one is what counts.
Outcome any_descriptor(Outcome outcome) {
  if (outcome.error == 0) outcome.value = 0;
  return outcome;
}

const std::map<std::string, Question>& questions() {
  static const std::map<std::string, Question> all{
      {"poll", [](Calls& c, const Subject& s) { return c.poll(s.side, s.fd); }},
      {"recv", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 100, 0); }},
      {"recv 2", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 2, 0); }},
      {"recv 0", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 0, 0); }},
      {"peek", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 100, MSG_PEEK); }},
      {"trunc", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 3, MSG_TRUNC); }},
      {"oob", [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 1, MSG_OOB); }},
      {"error queue",
       [](Calls& c, const Subject& s) { return c.receive(s.side, s.fd, 1, MSG_ERRQUEUE); }},
      {"send", [](Calls& c, const Subject& s) { return c.send(s.side, s.fd, 10, 0); }},
      {"send 0", [](Calls& c, const Subject& s) { return c.send(s.side, s.fd, 0, 0); }},
      {"shutdown read",
       [](Calls& c, const Subject& s) { return c.shutdown(s.side, s.fd, SHUT_RD); }},
      {"shutdown write",
       [](Calls& c, const Subject& s) { return c.shutdown(s.side, s.fd, SHUT_WR); }},
      {"shutdown both",
       [](Calls& c, const Subject& s) { return c.shutdown(s.side, s.fd, SHUT_RDWR); }},
      {"shutdown 7", [](Calls& c, const Subject& s) { return c.shutdown(s.side, s.fd, 7); }},
      {"listen", [](Calls& c, const Subject& s) { return c.listen(s.side, s.fd, 5); }},
      {"accept", [](Calls& c, const Subject& s) { return any_descriptor(c.accept(s.side, s.fd)); }},
      {"bind", [](Calls& c, const Subject& s) { return c.bind(s.side, s.fd); }},
      {"connect",
       [](Calls& c, const Subject& s) { return c.connect(s.side, s.fd, AF_INET, In::size()); }},
      {"connect with a short address",
       [](Calls& c, const Subject& s) { return c.connect(s.side, s.fd, AF_INET, 8); }},
      {"connect of another family",
       [](Calls& c, const Subject& s) { return c.connect(s.side, s.fd, AF_UNIX, In::size()); }},
      {"dissolve",
       [](Calls& c, const Subject& s) { return c.connect(s.side, s.fd, AF_UNSPEC, In::size()); }},
      {"getpeername", [](Calls& c, const Subject& s) { return c.peer(s.side, s.fd); }},
      {"SO_ERROR",
       [](Calls& c, const Subject& s) { return c.number(s.side, s.fd, SOL_SOCKET, SO_ERROR); }},
      {"SO_ACCEPTCONN",
       [](Calls& c, const Subject& s) {
         return c.number(s.side, s.fd, SOL_SOCKET, SO_ACCEPTCONN);
       }},
      {"state",
       [](Calls& c, const Subject& s) {
         unsigned char state = 0;
         socklen_t length = sizeof state;
         const Outcome got = c.get(s.side, s.fd, IPPROTO_TCP, TCP_INFO, &state, &length);
         // Whether the peer has acknowledged our FIN already is a matter of time.
         if (state == TCP_FIN_WAIT2) state = TCP_FIN_WAIT1;
         return got.error != 0 ? got : returned(state);
       }},
      {"FIONREAD", [](Calls& c, const Subject& s) { return c.count(s.side, s.fd, FIONREAD); }},
      {"SIOCOUTQ", [](Calls& c, const Subject& s) { return c.count(s.side, s.fd, SIOCOUTQ); }},
      {"SIOCOUTQNSD",
       [](Calls& c, const Subject& s) { return c.count(s.side, s.fd, SIOCOUTQNSD); }},
      {"SIOCATMARK", [](Calls& c, const Subject& s) { return c.count(s.side, s.fd, SIOCATMARK); }},
  };
  return all;
}

// What is left out, and why.
bool differs(const std::string& state, const std::string& question) {
  // Linux tells differences of numbers that mean nothing in CLOSE, and counts a FIN until it is
  // acknowledged, which is a matter of time.
  if (question == "SIOCOUTQ" || question == "SIOCOUTQNSD") {
    return state == "dissolved" || state == "listening, shut down" || state == "refused" ||
           state == "shut for writing";
  }
  // The server would connect to itself, which our cable does not carry.
  return state == "listening, shut down" && question == "connect";
}

// Each state, each question, and what the next three questions say after it.
TEST(KernelAndWe, AnswerTheSameInEachState) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  const std::vector<std::string> after{"poll", "recv", "send", "SO_ERROR", "poll", "state"};
  for (const auto& [state, bring] : states()) {
    for (const auto& [name, ask] : questions()) {
      if (differs(state, name)) continue;
      Kernel kernel;
      Ours ours;
      const Subject theirs = bring(kernel);
      const Subject mine = bring(ours);
      EXPECT_EQ(ask(ours, mine), ask(kernel, theirs)) << state << ": " << name;
      ours.settle();
      std::string path = state + ": " + name;
      for (const std::string& next : after) {
        path += ", " + next;
        const Question& follow = questions().at(next);
        EXPECT_EQ(follow(ours, mine), follow(kernel, theirs)) << path;
        ours.settle();
      }
    }
  }
}

// Options of a fresh socket: what is set, with which errno, and what is read back.
TEST(KernelAndWe, TakeTheSameOptions) {
  if (!Kernel::works()) GTEST_SKIP() << "there is no loopback interface that is up";
  const std::vector<std::pair<int, std::vector<int>>> options{
      {SOL_SOCKET,
       {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE, SO_DONTROUTE,
        SO_RCVLOWAT, SO_SNDLOWAT, SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, 4000}},
      {IPPROTO_TCP,
       {TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2,
        TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT, TCP_INQ, 4000}},
      {IPPROTO_IP, {IP_TTL, IP_TOS, IP_MTU, IP_MTU_DISCOVER, IP_RECVERR, 4000}},
      {IPPROTO_IPV6, {IPV6_V6ONLY}},
      {4000, {1}}};
  for (const auto& [level, numbers] : options) {
    for (const int option : numbers) {
      for (const int value :
           {-5, -1, 0, 1, 2, 5, 60, 127, 128, 255, 256, 1000, 32767, 32768, 70000}) {
        // How much may be waited for depends on how much may be buffered.
        if (option == SO_RCVLOWAT && level == SOL_SOCKET && value < 0) continue;
        for (const socklen_t length : {0U, 1U, 4U, 8U}) {
          Kernel kernel;
          Ours ours;
          const int theirs = made(kernel.socket(Side::client, AF_INET, SOCK_STREAM));
          const int mine = made(ours.socket(Side::client, AF_INET, SOCK_STREAM));
          const int buffer[2] = {value, 0};
          const auto what = std::to_string(level) + "/" + std::to_string(option) + " = " +
                            std::to_string(value) + " in " + std::to_string(length);
          EXPECT_EQ(ours.set(Side::client, mine, level, option, buffer, length),
                    kernel.set(Side::client, theirs, level, option, buffer, length))
              << what;
          for (const socklen_t room : {1U, 4U, 8U}) {
            int read_here[2] = {};
            int read_there[2] = {};
            socklen_t here = room;
            socklen_t there = room;
            EXPECT_EQ(ours.get(Side::client, mine, level, option, read_here, &here),
                      kernel.get(Side::client, theirs, level, option, read_there, &there))
                << what;
            EXPECT_EQ(here, there) << what;
            EXPECT_EQ(read_here[0], read_there[0]) << what;
          }
        }
      }
    }
  }
}

TEST(KernelAndWe, MakeTheSameSockets) {
  for (const int domain : {AF_INET, AF_INET6, -1, 1000}) {
    for (const int type : {static_cast<int>(SOCK_STREAM), static_cast<int>(SOCK_DGRAM),
                           static_cast<int>(SOCK_SEQPACKET),
                           static_cast<int>(SOCK_STREAM) | static_cast<int>(SOCK_CLOEXEC), 0, 9, 15,
                           static_cast<int>(SOCK_STREAM) | 0x100}) {
      Kernel kernel;
      Ours ours;
      EXPECT_EQ(any_descriptor(ours.socket(Side::client, domain, type)),
                any_descriptor(kernel.socket(Side::client, domain, type)))
          << domain << ' ' << type;
    }
  }
}

}  // namespace
}  // namespace bowline::sockets
