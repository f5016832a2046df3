// One end of bulk transfers over a path, of the kernel's sockets or of a Stack on a TUN device:
// what bench/goodput.py runs two of, with a bridge between them.
//
//   path_bench linux|bowline send|sink ADDRESS OWN-ADDRESS seconds=N flows=N buffer=BYTES
//
// ADDRESS is whom to send to or where to listen. A Stack has it on the device `path0`, behind which
// the kernel routes. Everybody uses CUBIC. The end is by the clock, not by a FIN. At the end one
// line of JSON: what the sink had read of each flow, every 100 ms from the first byte of the first
// on; what the sender had sent again.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.hpp"
#include "bowline/driver/clock.hpp"
#include "bowline/driver/poll_driver.hpp"
#include "bowline/os/namespaces.hpp"
#include "bowline/os/random.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::bench {
namespace {

constexpr std::uint16_t kPort = 5'001;
constexpr std::size_t kChunk = 256U << 10;
constexpr auto kTick = 100ms;
constexpr Duration kPatience = 30s;  // for the first byte
constexpr Duration kAfter = 2s;  // a sink reads on for this long, so that no sender meets its end

struct Plan {
  IpAddress address;
  Duration lasts{};
  std::size_t flows = 1;
  std::uint32_t buffer = 0;
};

long must_call(long result, std::string_view what) {
  if (result < 0) give_up(what, os::describe(errno));
  return result;
}
template <class T>
T must(os::Outcome<T> outcome, std::string_view what) {
  if (!outcome) give_up(what, outcome.error().message);
  return std::move(*outcome);
}

// ---- what is told

/// What a sink has read, every tick from the first byte on.
class Series {
 public:
  explicit Series(std::size_t flows) : bytes_(flows), ticks_(flows) {}

  void read(std::size_t flow, std::uint64_t bytes, Time now) {
    if (next_ == kNever) next_ = now + kTick;
    bytes_[flow] += bytes;
  }
  void look(Time now) {
    for (; next_ <= now; next_ += kTick) {
      for (std::size_t i = 0; i < bytes_.size(); ++i) ticks_[i].push_back(bytes_[i]);
    }
  }
  [[nodiscard]] Time next() const { return next_; }
  [[nodiscard]] bool over(Duration lasts) const { return ticks_[0].size() * kTick >= lasts; }

  void print() const {
    fmt::print("{{\"flows\":[");
    for (std::size_t i = 0; i < ticks_.size(); ++i) {
      fmt::print("{}[", i == 0 ? "" : ",");
      for (std::size_t k = 0; k < ticks_[i].size(); ++k) {
        fmt::print("{}{}", k == 0 ? "" : ",", ticks_[i][k]);
      }
      fmt::print("]");
    }
    fmt::print("]}}\n");
  }

 private:
  std::vector<std::uint64_t> bytes_;
  std::vector<std::vector<std::uint64_t>> ticks_;
  Time next_ = kNever;
};

// What all flows of a sender had sent.
void print_sent(std::uint64_t retransmitted, std::uint64_t segments_again) {
  fmt::print("{{\"bytes_retransmitted\":{},\"retransmissions\":{}}}\n", retransmitted,
             segments_again);
}

// ---- the kernel's ends

sockaddr_in address_of(const IpAddress& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(kPort);
  result.sin_addr.s_addr = htonl(address.v4_value());
  return result;
}

// Its buffers are what net.ipv4.tcp_rmem and tcp_wmem allow: to set them would turn autotuning off.
os::FileDescriptor kernel_socket() {
  os::FileDescriptor socket(
      static_cast<int>(must_call(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")));
  constexpr std::string_view kCubic = "cubic";
  must_call(setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, kCubic.data(), kCubic.size()),
            "set TCP_CONGESTION to cubic");
  return socket;
}

void do_not_block(int socket) { must_call(::fcntl(socket, F_SETFL, O_NONBLOCK), "fcntl"); }

// Waits for `sockets` until `until`.
void wait_for(std::vector<pollfd>& sockets, Time until) {
  const auto wait = std::max<std::int64_t>(0, (until - driver::monotonic_now()).count());
  const timespec timeout{.tv_sec = static_cast<time_t>(wait / 1'000'000'000),
                         .tv_nsec = static_cast<long>(wait % 1'000'000'000)};
  must_call(::ppoll(sockets.data(), sockets.size(), &timeout, nullptr), "ppoll");
}

void kernel_sends(const Plan& plan) {
  std::vector<os::FileDescriptor> sockets;
  std::vector<pollfd> polled;
  const sockaddr_in to = address_of(plan.address);
  for (std::size_t i = 0; i < plan.flows; ++i) {
    sockets.push_back(kernel_socket());
    must_call(connect(sockets[i].get(), reinterpret_cast<const sockaddr*>(&to), sizeof to),
              "connect");
    do_not_block(sockets[i].get());
    polled.push_back({.fd = sockets[i].get(), .events = POLLOUT, .revents = 0});
  }
  const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
  const Time end = driver::monotonic_now() + plan.lasts;
  while (driver::monotonic_now() < end) {
    wait_for(polled, end);
    for (const pollfd& each : polled) {
      if ((each.revents & POLLOUT) == 0) continue;
      if (send(each.fd, chunk.data(), chunk.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
        give_up("send", os::describe(errno));
      }
    }
  }
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  for (const os::FileDescriptor& socket : sockets) {
    tcp_info info{};
    socklen_t size = sizeof info;
    must_call(getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
    segments += info.tcpi_total_retrans;
    bytes += std::uint64_t{info.tcpi_total_retrans} * info.tcpi_snd_mss;
  }
  print_sent(bytes, segments);
}

void kernel_receives(const Plan& plan) {
  const os::FileDescriptor listener = kernel_socket();
  const int yes = 1;
  must_call(setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
  const sockaddr_in at = address_of(plan.address);
  must_call(bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), "bind");
  must_call(listen(listener.get(), 64), "listen");
  std::vector<os::FileDescriptor> sockets;
  std::vector<pollfd> polled{{.fd = listener.get(), .events = POLLIN, .revents = 0}};
  std::vector<std::byte> chunk(kChunk);
  Series series(plan.flows);
  const Time patience = driver::monotonic_now() + kPatience;
  while (!series.over(plan.lasts + kAfter)) {
    wait_for(polled, std::min(series.next(), driver::monotonic_now() + 1s));
    if (series.next() == kNever && driver::monotonic_now() > patience) {
      give_up("receive", "nobody sends");
    }
    if ((polled[0].revents & POLLIN) != 0 && sockets.size() < plan.flows) {
      sockets.emplace_back(
          static_cast<int>(must_call(accept(listener.get(), nullptr, nullptr), "accept")));
      do_not_block(sockets.back().get());
      polled.push_back({.fd = sockets.back().get(), .events = POLLIN, .revents = 0});
    }
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      const ssize_t count = recv(polled[i].fd, chunk.data(), chunk.size(), 0);
      if (count > 0) series.read(i - 1, static_cast<std::uint64_t>(count), driver::monotonic_now());
      if (count == 0 || (count < 0 && errno != EAGAIN)) polled[i].events = 0;  // it has ended
      if (count == 0 || (count < 0 && errno != EAGAIN)) polled[i].fd = -1;
    }
    series.look(driver::monotonic_now());
  }
  series.print();
}

// ---- Bowline's ends

/// A Stack on a TUN device, whose kernel side leads everywhere.
class Bowline {
 public:
  explicit Bowline(const Plan& plan, const IpAddress& own)
      : link_(make_link(own)), stack_(make(plan)), turn_(stack_) {
    const InterfaceId interface = bench::must(turn_.add_link(*link_), "add the link");
    bench::must(stack_.add_address(interface, {own, 24}), "add an address");
    bench::must(stack_.add_route({.destination = {IpAddress::v4(0), 0}, .interface = interface}),
                "add a route");
    bench::must(driver_.start(), "start the driver");
  }

  Stack& stack() { return stack_; }
  void add(driver::Application application) { driver_.add(turn_, std::move(application)); }
  void run_until(Time until) {
    (void)bench::must(driver_.run_until([] { return false; }, until), "run");
  }

 private:
  static std::unique_ptr<os::TunLink> make_link(const IpAddress& own) {
    os::TunOptions options;
    options.name = "path0";
    options.peer_addresses = {*os::peer_of({own, 24})};
    return must(os::create_tun(options), "make the device path0");
  }
  static Stack make(const Plan& plan) {
    StackConfig config;
    config.seed = bench::must(os::random_seed(), "random seed");
    config.tcp.send_buffer = plan.buffer;
    config.tcp.receive_buffer = plan.buffer;
    config.tcp.congestion = tcp::CongestionAlgorithm::cubic;
    return bench::must(Stack::create(config), "make a stack");
  }

  std::unique_ptr<os::TunLink> link_;
  Stack stack_;
  driver::Turn turn_;
  driver::PollDriver driver_;
};

void bowline_sends(const Plan& plan, const IpAddress& own) {
  Bowline bowline(plan, own);
  std::vector<Handle> sockets;
  const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
  bowline.add([&](Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if ((ready->mask & kError) != 0) {
        give_up("send", stack.take_error(ready->handle).message());
      }
      if ((ready->mask & kWritable) == 0) continue;
      while (stack.write(ready->handle, chunk, now).value_or(0) > 0) {
      }
    }
    return kNever;
  });
  const Time start = driver::monotonic_now();
  for (std::size_t i = 0; i < plan.flows; ++i) {
    ConnectOptions options;
    options.remote = {plan.address, kPort};
    sockets.push_back(bench::must(bowline.stack().connect(options, start), "connect"));
  }
  const bool trace = std::getenv("PATH_BENCH_TRACE") != nullptr;
  for (Time at = start; at < start + plan.lasts; at += kTick) {
    bowline.run_until(at + kTick);
    if (!trace) continue;
    const ConnectionView view = bench::must(bowline.stack().inspect(sockets[0]), "inspect");
    fmt::print(
        stderr, "{:.1f} cwnd {} ssthresh {} in_flight {} lost {} sacked {} srtt_us {} again {}\n",
        static_cast<double>((at + kTick - start).count()) / 1e9, view.cwnd, view.ssthresh,
        view.in_flight, view.lost, view.sacked, view.srtt.count() / 1000, view.retransmissions);
  }
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  for (const Handle socket : sockets) {
    const ConnectionView view = bench::must(bowline.stack().inspect(socket), "inspect");
    bytes += view.bytes_retransmitted;
    segments += view.retransmissions;
  }
  if (trace) {
    for (const Reason reason :
         {Reason::cwnd_fast_recovery, Reason::cwnd_timeout, Reason::cwnd_undone,
          Reason::cwnd_tail_loss, Reason::send_tail_probe}) {
      fmt::print(stderr, "{} {}\n", info(reason).name, bowline.stack().counters()[reason]);
    }
  }
  print_sent(bytes, segments);
}

void bowline_receives(const Plan& plan) {
  Bowline bowline(plan, plan.address);
  ListenOptions options;
  options.local = {plan.address, kPort};
  const Handle listener =
      bench::must(bowline.stack().listen(options, driver::monotonic_now()), "listen");
  std::vector<Handle> sockets;
  std::vector<std::byte> chunk(kChunk);
  Series series(plan.flows);
  bowline.add([&](Stack& stack, Time now) {
    while (const auto ready = stack.poll_ready()) {
      if (ready->handle == listener) {
        while (sockets.size() < plan.flows) {
          const auto socket = stack.accept(listener, now);
          if (!socket) break;
          sockets.push_back(*socket);
        }
        continue;
      }
      const auto flow = std::ranges::find(sockets, ready->handle);
      if (flow == sockets.end() || (ready->mask & kReadable) == 0) continue;
      for (;;) {
        const auto count = stack.read(*flow, chunk, now);
        if (!count || *count == 0) break;
        series.read(static_cast<std::size_t>(flow - sockets.begin()), *count, now);
      }
    }
    return kNever;
  });
  const Time patience = driver::monotonic_now() + kPatience;
  while (!series.over(plan.lasts + kAfter)) {
    bowline.run_until(std::min(series.next(), driver::monotonic_now() + kTick));
    series.look(driver::monotonic_now());
    if (series.next() == kNever && driver::monotonic_now() > patience) {
      give_up("receive", "nobody sends");
    }
  }
  series.print();
}

constexpr const char* kUsage =
    "path_bench linux|bowline send|sink ADDRESS OWN-ADDRESS seconds=N flows=N buffer=BYTES";

int run(int argc, char** argv) {
  if (argc < 5) give_up("usage", kUsage);
  const std::string_view whose = argv[1];
  const std::string_view role = argv[2];
  const auto address = IpAddress::parse(argv[3]);
  const auto own = IpAddress::parse(argv[4]);
  if ((whose != "linux" && whose != "bowline") || (role != "send" && role != "sink") || !address ||
      !address->is_v4() || !own || !own->is_v4()) {
    give_up("usage", kUsage);
  }
  check_arguments(argc - 4, argv + 4, {"seconds", "flows", "buffer"}, kUsage);
  Plan plan;
  plan.address = *address;
  plan.lasts = std::chrono::seconds(argument(argc, argv, "seconds", 30));
  plan.flows = argument(argc, argv, "flows", 1);
  plan.buffer = static_cast<std::uint32_t>(argument(argc, argv, "buffer", 32U << 20));
  if (whose == "linux") {
    role == "send" ? kernel_sends(plan) : kernel_receives(plan);
  } else {
    role == "send" ? bowline_sends(plan, *own) : bowline_receives(plan);
  }
  return 0;
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) { return bowline::bench::run(argc, argv); }
