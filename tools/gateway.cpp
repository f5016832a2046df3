// bowline gateway: between two links, a guard before servers.

#include <fmt/format.h>
#include <poll.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bowline/driver/clock.hpp"
#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/os/random.hpp"
#include "bowline/trace/capture_link.hpp"
#include "tools/arguments.hpp"
#include "tools/command.hpp"
#include "tools/gateway_rules.hpp"
#include "tools/tun_end.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {
namespace {

using gateway::Side;

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo bowline gateway --syn-proxy --outside tun:wan --inside tun:lan\n"
    "      between two interfaces, to which the routes lead (docs/gateway.md)\n"
    "  sudo bowline gateway --syn-proxy --outside tun:wan --inside tun:lan@servers \\\n"
    "      --rule 'allow port 80-443 rate 50 connections 200' --rule 'deny port 1-65535'\n"
    "      servers in a network namespace; web alone, within limits for each source\n"
    "  sudo bowline gateway --syn-proxy --outside tun:wan --inside tun:lan --rules guard.toml \\\n"
    "      --pcap both.pcapng --json --interval 10\n"
    "      rules of a file, a capture of both sides with reasons, counters every ten seconds\n"
    "\n"
    "Ctrl-C ends it: connections through it are then forgotten, the capture is complete and the\n"
    "interfaces are gone. It needs no root in a user namespace (unshare -Urn).\n";

constexpr std::uint64_t kPoolLimit = 256U << 20;
constexpr std::size_t kBatch = 32;  // frames from a link at a time, as driver::Turn has it

struct GatewayOptions {
  bool syn_proxy = false;
  std::array<std::string, 2> ends;             // by Side
  std::array<std::vector<Cidr>, 2> addresses;  // the kernel's, by Side
  std::uint32_t mtu = 1'500;
  gateway::Config config;
  std::vector<std::string> rules;
  std::string rules_file;
  std::optional<gateway::Action> otherwise;  // nothing: as the file says, else allow
  WatchOptions watch;
  bool json = false;
  Duration interval{};  // zero: one report, at the end
};

constexpr std::array<const char*, 2> kEndNames{"--outside", "--inside"};
constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }

// One side: the device, and the capture before it.
struct Door {
  Door(std::unique_ptr<os::TunLink> opened, Watch* watch, InterfaceId number,
       const std::string& name)
      : device(std::move(opened)) {
    if (watch == nullptr) return;
    capture = std::make_unique<trace::CaptureLink>(*device, watch->recorder(), number, name);
  }
  [[nodiscard]] Link& link() { return capture ? static_cast<Link&>(*capture) : *device; }

  std::unique_ptr<os::TunLink> device;
  std::unique_ptr<trace::CaptureLink> capture;
};

// Gathers what the proxy puts out, so that a link gets it in one call. What a full link does not
// take is lost, as on any router without a queue.
class Outlets final : public gateway::Output {
 public:
  explicit Outlets(std::array<Door, 2>& doors) : doors_(doors) {
    for (std::vector<Frame>& waiting : waiting_) waiting.reserve(kMost);
  }

  void send(Side to, Frame frame) noexcept override {
    std::vector<Frame>& waiting = waiting_[index(to)];
    if (waiting.size() == kMost) flush(to);
    waiting.push_back(std::move(frame));
  }
  void flush() {
    flush(Side::outside);
    flush(Side::inside);
  }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  static constexpr std::size_t kMost = 256;

  void flush(Side side) {
    std::vector<Frame>& waiting = waiting_[index(side)];
    if (waiting.empty()) return;
    std::size_t packets = 0;
    for (const Frame& frame : waiting) packets += wire_packets(frame);
    lost_ += packets - doors_[index(side)].link().take(waiting);
    waiting.clear();
  }

  std::array<Door, 2>& doors_;
  std::array<std::vector<Frame>, 2> waiting_;
  std::uint64_t lost_ = 0;
};

// ---- the report --------------------------------------------------------------------------------

void report_json(const gateway::SynProxy& proxy, std::uint64_t lost, Duration running) {
  const gateway::Usage usage = proxy.usage();
  std::string reasons;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::uint64_t count = proxy.counters()[reason];
    if (count == 0) continue;
    reasons += fmt::format("{}\"{}\":{}", reasons.empty() ? "" : ",", info(reason).name, count);
  }
  fmt::print(
      "{{\"seconds\":{:.3f},\"opening\":{},\"established\":{},\"closing\":{},\"sources\":{},"
      "\"flow_bytes\":{},\"not_taken\":{},\"reasons\":{{{}}}}}\n",
      static_cast<double>(running.count()) / 1e9, usage.opening, usage.established, usage.closing,
      usage.sources, proxy.flow_bytes(), lost, reasons);
  std::fflush(stdout);
}

void report_text(const gateway::SynProxy& proxy, std::uint64_t lost) {
  const gateway::Usage usage = proxy.usage();
  fmt::print("now {} opening, {} established, {} closing; {} sources counted\n", usage.opening,
             usage.established, usage.closing, usage.sources);
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::uint64_t count = proxy.counters()[reason];
    if (count > 0)
      fmt::print("{:>12}  {}: {}\n", count, name(info(reason).kind), info(reason).sentence);
  }
  if (lost > 0) fmt::print("{:>12}  not taken by an interface, and so lost\n", lost);
  std::fflush(stdout);
}

// ---- the work ----------------------------------------------------------------------------------

class Gateway {
 public:
  Gateway(const GatewayOptions& options, Watch* watch)
      : options_(options),
        pool_(BufferPool::make(heap_memory(), kPoolLimit)),
        doors_{open(Side::outside, watch), open(Side::inside, watch)},
        outlets_(doors_),
        proxy_(options.config, *pool_, outlets_) {
    if (watch != nullptr) proxy_.set_listener(&watch->recorder());
  }

  void run() {
    const os::FileDescriptor end = end_signals();
    const Time began = driver::monotonic_now();
    Time report_at = options_.interval > Duration() ? began + options_.interval : kNever;
    bool more = false;
    while (!wait(end, more ? began : std::min(report_at, proxy_.next_deadline()))) {
      const Time now = driver::monotonic_now();
      more = turn(now);
      if (now < report_at) continue;
      report(now - began);
      report_at = now + options_.interval;
    }
    report(driver::monotonic_now() - began);
  }

 private:
  Door open(Side side, Watch* watch) const {
    const char* const argument = kEndNames[index(side)];
    const TunEnd end = read_tun_end(argument, options_.ends[index(side)]);
    return {open_tun_end(argument, end, options_.mtu, options_.addresses[index(side)]), watch,
            static_cast<InterfaceId>(side), end.name};
  }

  // Until a link is ready or it is `until`; true when the end is asked for.
  [[nodiscard]] bool wait(const os::FileDescriptor& end, Time until) const {
    std::array<pollfd, 3> polled{
        pollfd{.fd = end.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = doors_[0].device->descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = doors_[1].device->descriptor(), .events = POLLIN, .revents = 0}};
    timespec timeout{};
    if (until != kNever) {
      const auto left = std::max<std::int64_t>(0, (until - driver::monotonic_now()).count());
      timeout = {.tv_sec = static_cast<time_t>(left / 1'000'000'000),
                 .tv_nsec = static_cast<long>(left % 1'000'000'000)};
    }
    const int ready =
        ::ppoll(polled.data(), polled.size(), until == kNever ? nullptr : &timeout, nullptr);
    if (ready < 0 && errno != EINTR) {
      throw Failure(fmt::format("cannot wait: {}", os::describe(errno)));
    }
    return ready > 0 && polled[0].revents != 0;
  }

  // A batch from each side, and what is due. True when there may be more at once.
  bool turn(Time now) {
    bool more = false;
    for (const Side side : {Side::outside, Side::inside}) {
      Door& door = doors_[index(side)];
      const std::size_t count = door.link().receive(frames_, *pool_, now);
      proxy_.set_mtu(side, door.link().info().mtu);
      for (Frame& frame : std::span(frames_).first(count)) {
        proxy_.receive(side, std::move(frame), now);
      }
      more = more || count == frames_.size();
      if (door.device->error()) {
        throw Failure(fmt::format("the gateway has lost its link {}: {}", kEndNames[index(side)],
                                  door.device->error().message()));
      }
    }
    proxy_.advance(now);
    outlets_.flush();
    if (!more) {
      for (Door& door : doors_) door.link().settle();
    }
    return more;
  }

  void report(Duration running) const {
    if (options_.json) return report_json(proxy_, outlets_.lost(), running);
    report_text(proxy_, outlets_.lost());
  }

  const GatewayOptions& options_;
  BufferPoolOwner pool_;
  std::array<Door, 2> doors_;
  Outlets outlets_;
  gateway::SynProxy proxy_;
  std::array<Frame, kBatch> frames_;
};

void guard(GatewayOptions& options) {
  if (!options.syn_proxy) {
    throw WrongUsage("needs to know which kind of gateway: --syn-proxy is the one that there is");
  }
  if (options.json && options.watch.trace) {
    throw WrongUsage("--json and --trace would mix on standard output; leave out one of the two");
  }
  std::array<TunEnd, 2> ends;
  for (const char* const name : kEndNames) {
    const std::size_t side = name == kEndNames[0] ? 0 : 1;
    if (options.ends[side].empty()) {
      throw WrongUsage(fmt::format("{}: is missing; give tun:NAME or tun:NAME@NAMESPACE", name));
    }
    ends[side] = read_tun_end(name, options.ends[side]);
  }
  if (ends[0] == ends[1]) {
    throw WrongUsage(
        fmt::format("--outside and --inside are both {}: must be two interfaces", options.ends[0]));
  }
  // Those of the command line come first, and so hold before the file's.
  for (const std::string& rule : options.rules) {
    add_rule("--rule", options.config, read_rule(rule));
  }
  if (!options.rules_file.empty()) read_rules_file(options.rules_file, options.config);
  if (options.otherwise) options.config.otherwise = *options.otherwise;

  const auto seed = os::random_seed();
  if (!seed) throw Failure(fmt::format("cannot draw random numbers: {}", seed.error().message()));
  options.config.seed = *seed;
  std::unique_ptr<Watch> watch;
  if (options.watch.any()) watch = std::make_unique<Watch>(options.watch);
  {
    Gateway gateway(options, watch.get());
    fmt::print(stderr, "proxying from {} (outside) to {} (inside); Ctrl-C ends\n", options.ends[0],
               options.ends[1]);
    gateway.run();
  }
  if (watch) watch->finish();
}

void add_link_options(CLI::App& command, GatewayOptions& options) {
  const auto* const group = "Links";
  for (std::size_t side = 0; side < 2; ++side) {
    command
        .add_option(kEndNames[side], options.ends[side],
                    side == 0 ? "Where strangers are: tun:NAME or tun:NAME@NAMESPACE"
                              : "Where the servers are: the same")
        ->type_name("LINK")
        ->group(group);
    const std::string address = fmt::format("{}-address", kEndNames[side]);
    command
        .add_option_function<std::vector<std::string>>(
            address,
            [&options, side, address](const std::vector<std::string>& texts) {
              for (const std::string& text : texts) {
                options.addresses[side].push_back(read_cidr(address, text));
              }
            },
            "The kernel's address on that interface, once for each family [none]")
        ->type_name("CIDR")
        ->allow_extra_args(false)
        ->group(group);
  }
  command
      .add_option_function<std::string>(
          "--mtu",
          [&options](const std::string& text) {
            options.mtu = static_cast<std::uint32_t>(read_number("--mtu", text, 576, 65'535));
          },
          "Of both links, in bytes [1500]")
      ->type_name("BYTES")
      ->group(group);
}

void add_rule_options(CLI::App& command, GatewayOptions& options) {
  const auto* const group = "Whom it lets through";
  command
      .add_option(
          "--rule", options.rules,
          "\"ACTION [from CIDR] [to CIDR] [port N[-M]] [rate N] [connections N]\": the first\n"
          "that matches holds; allow, deny (by RST) or drop; limits are for each source")
      ->type_name("RULE")
      ->allow_extra_args(false)
      ->group(group);
  command.add_option("--rules", options.rules_file, "More of them, as TOML: docs/gateway.md")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--otherwise",
          [&options](const std::string& text) {
            options.otherwise = read_action("--otherwise", text);
          },
          "What becomes of what no rule matches; before what --rules says [allow]")
      ->type_name("ACTION")
      ->group(group);
  command
      .add_flag("--tcp-only", options.config.tcp_only,
                "Nothing but TCP crosses, and ICMP errors about it")
      ->group(group);
  command
      .add_flag_callback(
          "--no-timestamps", [&options] { options.config.timestamps = false; },
          "The servers have none (RFC 7323): promise clients neither them, SACK nor large windows")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--flows",
          [&options](const std::string& text) {
            options.config.flows =
                static_cast<std::uint32_t>(read_number("--flows", text, 1, 16'777'216));
          },
          "At most so many connections at a time [65536]")
      ->type_name("NUMBER")
      ->group(group);
}

}  // namespace

void add_gateway(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<GatewayOptions>();
  CLI::App* const command =
      app.add_subcommand("gateway", "Guard servers: open to them for real clients alone");
  command->footer(kExamples);
  command->add_flag("--syn-proxy", options->syn_proxy,
                    "Answer SYNs by cookies; ask the server when the client has proved itself");
  add_link_options(*command, *options);
  add_rule_options(*command, *options);
  const auto* const group = "Seeing what happens";
  command
      ->add_option("--pcap", options->watch.pcap,
                   "Capture both sides as pcapng; packets carry the gateway's reasons as comments")
      ->type_name("FILE")
      ->group(group);
  command->add_flag("--trace", options->watch.trace, "Print packets as tcpdump does, with reasons")
      ->group(group);
  command->add_flag("--json", options->json, "Report as NDJSON, an object for each report")
      ->group(group);
  command
      ->add_option_function<std::string>(
          "--interval",
          [options](const std::string& text) {
            options->interval = std::chrono::seconds(read_number("--interval", text, 1, 86'400));
          },
          "Report so often, not only at the end")
      ->type_name("SECONDS")
      ->group(group);
  command->callback([options, &status] {
    guard(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
