// attack_flood: puts a flood of SYNs on the wire, for tests and measurements of what a server does
// under it. It sends from addresses that nobody has, as fast as --rate says: through a raw socket,
// or with --device straight to an interface, past routes and queueing disciplines, for a third of
// the time.
//
// It is no tool for anything else: it refuses to run where there is an interface that could lead
// out of this machine, so it runs in a network namespace that a test has made, and to the addresses
// of such namespaces alone.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "bowline/base/byte_order.hpp"
#include "bowline/os/file_descriptor.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ethernet.hpp"
#include "tests/attack/forge/forger.hpp"

namespace bowline::attack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 64;

struct Options {
  Endpoint to;
  std::uint64_t rate = 10'000;  // packets a second
  unsigned seconds = 10;
  std::uint64_t seed = 1;
  std::string device;                   // straight to it; none: as the kernel routes it
  std::optional<wire::MacAddress> mac;  // of the neighbour there, if it is an Ethernet
};

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "attack_flood: {}\n", what);
  std::exit(2);
}

std::uint64_t number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > most) {
    fail(fmt::format("{} is no number from 1 to {}", text, most));
  }
  return value;
}

Options options_of(std::span<char*> words) {
  constexpr std::string_view kUsage =
      "usage: attack_flood --to ADDRESS [--port 80] [--rate 10000] [--seconds 10] [--seed 1] "
      "[--device NAME [--mac NEIGHBOUR]]";
  Options options;
  options.to.port = 80;
  bool aimed = false;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::string_view name = words[i];
    if (i + 1 == words.size()) fail(kUsage);
    const std::string_view value = words[i + 1];
    if (name == "--to") {
      const auto address = IpAddress::parse(value);
      if (!address) fail(fmt::format("{} is no address", value));
      options.to.address = *address;
      aimed = true;
    } else if (name == "--port") {
      options.to.port = static_cast<std::uint16_t>(number(value, 0xffff));
    } else if (name == "--rate") {
      options.rate = number(value, 100'000'000);
    } else if (name == "--seconds") {
      options.seconds = static_cast<unsigned>(number(value, 3'600));
    } else if (name == "--seed") {
      options.seed = number(value, ~std::uint64_t{0});
    } else if (name == "--device") {
      options.device = value;
    } else if (name == "--mac") {
      options.mac = wire::parse_mac(value);
      if (!options.mac) fail(fmt::format("{} is no MAC address", value));
    } else {
      fail(kUsage);
    }
  }
  if (!aimed) fail(kUsage);
  return options;
}

// The prefixes of the tests' namespaces, and the names of their interfaces.
void refuse_to_harm(const IpAddress& to) {
  const Cidr v4 = *Cidr::parse("10.64.0.0/10");
  const Cidr v6 = *Cidr::parse("fd77::/16");
  if (!v4.contains(to) && !v6.contains(to)) {
    fail("only 10.64.0.0/10 and fd77::/16, the addresses of tests, are flooded");
  }
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) fail("cannot list the interfaces");
  for (const auto* each = all; each != nullptr; each = each->ifa_next) {
    const std::string_view name = each->ifa_name;
    const bool ours = name == "lo" || name.starts_with("bowline") || name.starts_with("attack");
    if (!ours && (each->ifa_flags & IFF_UP) != 0) {
      fail(
          fmt::format("{} is here: run it in a network namespace of its own (unshare -Urn)", name));
    }
  }
  ::freeifaddrs(all);
}

// A packet and where its fields stand, so that each use is another: the next source port and
// another sequence number, and the checksum with them.
class Rounds {
 public:
  Rounds(Bytes packet, std::size_t ip_size) : packet_(std::move(packet)), tcp_(ip_size) {}
  void turn(std::uint32_t salt) {
    change(tcp_, static_cast<std::uint16_t>(word(tcp_) + 1));
    change(tcp_ + 6, static_cast<std::uint16_t>(salt));
  }
  [[nodiscard]] Bytes& bytes() { return packet_; }

 private:
  [[nodiscard]] std::uint16_t word(std::size_t at) const {
    return load_be<std::uint16_t>(packet_.data() + at);
  }
  void change(std::size_t at, std::uint16_t value) {
    const auto sum = wire::update_checksum(word(tcp_ + wire::kTcpChecksumOffset), word(at), value);
    store_be<std::uint16_t>(packet_.data() + at, value);
    store_be<std::uint16_t>(packet_.data() + tcp_ + wire::kTcpChecksumOffset, sum);
  }
  Bytes packet_;
  std::size_t tcp_;
};

class Flood {
 public:
  explicit Flood(const Options& options) : options_(options) {
    if (options.device.empty()) {
      open_routed();
    } else {
      open_device();
    }
    // 65,536 sources, each of which sends again a while later from another port.
    Forger forger(options.seed, options.to.address.family());
    packets_.reserve(kSources);
    for (std::size_t i = 0; i < kSources; ++i) {
      packets_.emplace_back(forger.syn(forger.stranger(), options.to),
                            wire::ip_header_size(options.to.address.family()));
    }
  }

  // Sends until the time is over; returns how many.
  std::uint64_t run() {
    const auto began = Clock::now();
    const auto end = began + std::chrono::seconds(options_.seconds);
    std::uint64_t sent = 0;
    for (auto now = began; now < end; now = Clock::now()) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - began);
      const auto due = static_cast<std::uint64_t>(elapsed.count()) * options_.rate / 1'000'000;
      if (due <= sent) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        continue;
      }
      sent += send(std::min<std::uint64_t>(due - sent, kBatch));
    }
    return sent;
  }

 private:
  static constexpr std::size_t kSources = 65'536;

  void open_socket(int domain, int type, int protocol) {
    socket_ = os::FileDescriptor(::socket(domain, type | SOCK_CLOEXEC, protocol));
    if (!socket_)
      fail(fmt::format("no raw socket: {}: be root in the namespace", std::strerror(errno)));
  }

  void open_routed() {
    const bool v4 = options_.to.address.is_v4();
    open_socket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW);
    const auto bytes = options_.to.address.bytes();
    if (v4) {
      auto& to = reinterpret_cast<sockaddr_in&>(to_);
      to.sin_family = AF_INET;
      std::memcpy(&to.sin_addr, bytes.data(), bytes.size());
      to_size_ = sizeof to;
    } else {
      auto& to = reinterpret_cast<sockaddr_in6&>(to_);
      to.sin6_family = AF_INET6;
      std::memcpy(&to.sin6_addr, bytes.data(), bytes.size());
      to_size_ = sizeof to;
    }
  }

  void open_device() {
    open_socket(AF_PACKET, SOCK_DGRAM, 0);
    const int bypass = 1;
    if (::setsockopt(socket_.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof bypass) != 0) {
      fail(fmt::format("no way past the queueing discipline: {}", std::strerror(errno)));
    }
    auto& to = reinterpret_cast<sockaddr_ll&>(to_);
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(options_.to.address.is_v4() ? ETH_P_IP : ETH_P_IPV6);
    to.sll_ifindex = static_cast<int>(::if_nametoindex(options_.device.c_str()));
    if (to.sll_ifindex == 0) fail(fmt::format("there is no interface {}", options_.device));
    if (options_.mac) {
      to.sll_halen = static_cast<unsigned char>(options_.mac->size());
      std::memcpy(to.sll_addr, options_.mac->data(), options_.mac->size());
    }
    to_size_ = sizeof to;
  }

  std::uint64_t send(std::uint64_t count) {
    std::array<iovec, kBatch> pieces{};
    std::array<mmsghdr, kBatch> messages{};
    for (std::size_t i = 0; i < count; ++i) {
      Rounds& next = packets_[next_];
      if (++next_ == packets_.size()) {
        next_ = 0;
        ++round_;
      }
      if (round_ > 0) next.turn(static_cast<std::uint32_t>(round_ * 40'503));
      pieces[i] = {next.bytes().data(), next.bytes().size()};
      messages[i].msg_hdr.msg_name = &to_;
      messages[i].msg_hdr.msg_namelen = to_size_;
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int taken = ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(count), 0);
    if (taken < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
      fail(fmt::format("cannot send: {}", std::strerror(errno)));
    }
    return taken < 0 ? count : static_cast<std::uint64_t>(taken);  // a full queue drops them
  }

  Options options_;
  os::FileDescriptor socket_;
  sockaddr_storage to_{};
  socklen_t to_size_ = 0;
  std::vector<Rounds> packets_;
  std::size_t next_ = 0;
  std::uint64_t round_ = 0;
};

}  // namespace
}  // namespace bowline::attack

int main(int count, char** words) {
  const auto options =
      bowline::attack::options_of(std::span(words, static_cast<std::size_t>(count)));
  bowline::attack::refuse_to_harm(options.to.address);
  bowline::attack::Flood flood(options);
  fmt::print(stderr, "flooding\n");
  const std::uint64_t sent = flood.run();
  fmt::print("{} SYNs in {} s\n", sent, options.seconds);
  return 0;
}
