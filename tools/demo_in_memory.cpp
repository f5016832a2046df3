// The demo without the kernel: the same exchange between two Bowline stacks, joined by a cable in
// memory.

#include "bowline/http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "bowline/link/memory_link.hpp"
#include "bowline/os/random.hpp"
#include "bowline/trace/capture_link.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "tools/demo.hpp"
#include "tools/demo_fetch.hpp"
#include "tools/failure.hpp"
#include "tools/network_options.hpp"
#include "tools/watch.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;

StackConfig config() {
  StackConfig config;
  const auto seed = os::random_seed();
  if (!seed) throw Failure(fmt::format("cannot draw random numbers: {}", seed.error().message()));
  config.seed = *seed;
  return config;
}

// Two hosts, A and B, on one context. What B sends and receives can be watched.
class Pair {
 public:
  Pair(boost::asio::io_context& context, Watch* watch) : context_(context) {
    auto made = LinkPair::create({.mtu = 1'500, .wire = MemoryWire::cut});
    if (!made) throw Failure("cannot make a link in memory: " + made.error().message());
    cable_ = std::make_shared<LinkPair>(std::move(*made));
    a_ = &net::use_stack(context, config(),
                         {{.link = {cable_, &cable_->left()}, .addresses = both(1)}});
    std::shared_ptr<Link> right(cable_, &cable_->right());
    if (watch != nullptr) {
      capture_ =
          std::make_shared<trace::CaptureLink>(*right, watch->recorder(), InterfaceId{}, "cable");
      right = capture_;
    }
    b_ = &net::use_stack(context, config(), {{.link = right, .addresses = both(2)}});
    if (watch != nullptr) {
      b_->with_stack([&](Stack& stack, Time) { stack.set_listener(&watch->recorder()); });
    }
  }
  ~Pair() {
    b_->close();
    a_->close();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  [[nodiscard]] net::IoHost& a() { return *a_; }
  [[nodiscard]] net::IoHost& b() { return *b_; }

  // A file server on `host`, both families.
  http::FileServer<net::tcp> serve(net::IoHost& host, const std::string& folder) {
    std::vector<net::tcp::acceptor> acceptors;
    for (const net::tcp& protocol : {net::tcp::v4(), net::tcp::v6()}) {
      net::tcp::acceptor acceptor(context_);
      acceptor.open(protocol.on(host));
      acceptor.bind(net::tcp::endpoint(protocol, 80));
      acceptor.listen();
      acceptors.push_back(std::move(acceptor));
    }
    auto opened = http::Folder::open(folder);
    if (!opened) throw Failure("cannot open the demo's folder: " + opened.error().message());
    return {std::move(acceptors), std::move(*opened)};
  }

  // A socket on `host` for a connection to `address`.
  net::tcp::socket socket(net::IoHost& host, const boost::asio::ip::address& address) {
    net::tcp::socket made(context_);
    made.open((address.is_v4() ? net::tcp::v4() : net::tcp::v6()).on(host));
    return made;
  }

 private:
  static std::vector<Cidr> both(int host) {
    return {*Cidr::parse(fmt::format("10.77.0.{}/24", host)),
            *Cidr::parse(fmt::format("fd77::{}/64", host))};
  }

  boost::asio::io_context& context_;
  std::shared_ptr<LinkPair> cable_;
  std::shared_ptr<trace::CaptureLink> capture_;
  net::IoHost* a_ = nullptr;
  net::IoHost* b_ = nullptr;
};

class MemoryDemo {
 public:
  explicit MemoryDemo(const DemoOptions& options) : options_(options), files_(options.megabytes) {}

  bool run() {
    small_connection();
    boost::asio::io_context context(1);
    Pair pair(context, nullptr);
    play(context, transfers(pair));
    return report_.verdict();
  }

 private:
  static void play(boost::asio::io_context& context, awaitable<void> scene) {
    bool over = false;
    std::exception_ptr error;
    boost::asio::co_spawn(context, std::move(scene), [&](std::exception_ptr thrown) {
      error = std::move(thrown);
      over = true;
    });
    while (!over && context.run_one() > 0) {
    }
    if (error) std::rethrow_exception(error);
    if (!over) throw Failure("the exchange stopped half-way: nothing was left to wait for");
  }

  void small_connection() {
    report_.heading("A page: from one Bowline to another");
    std::optional<trace::Ladder> drawn;
    trace::LadderCollector collector([&](const trace::Ladder& ladder) { drawn = ladder; },
                                     {.opener_left = true});
    Watch watch({.pcap = options_.pcap});
    watch.add(collector);
    boost::asio::io_context context(1);
    {
      Pair pair(context, &watch);
      auto server = pair.serve(pair.b(), files_.folder().path());
      server.start();
      play(context, page(pair));
      server.stop();
      pair.a().drain(std::chrono::seconds(1));
      pair.b().drain(std::chrono::seconds(1));
    }
    watch.finish();
    collector.finish();
    if (!drawn) throw Failure("no connection was seen on the link");
    drawn->left_note = "Bowline, the client";
    drawn->right_note = "Bowline, the server";
    report_.ladder(*drawn);
  }

  awaitable<void> page(Pair& pair) {
    const auto address = boost::asio::ip::make_address("10.77.0.2");
    const std::string file = files_.folder().path("page");
    const net::tcp::endpoint server(address, 80);
    const Transfer got = co_await fetch_to_file(pair.socket(pair.a(), address), server,
                                                "index.html", files_.page().size(), file);
    const std::string hash = co_await sha256(file);
    const std::string expected = co_await sha256(files_.folder().path("index.html"));
    const bool held = got.problem.empty() && hash == expected;
    report_.check("http://10.77.0.2/", held,
                  held ? fmt::format("{} bytes, SHA-256 equal", got.bytes) : got.problem);
  }

  awaitable<void> transfers(Pair& pair) {
    const std::string big = files_.big_name();
    expected_hash_ = co_await sha256(files_.folder().path(big));
    auto on_a = pair.serve(pair.a(), files_.folder().path());
    auto on_b = pair.serve(pair.b(), files_.folder().path());
    on_a.start();
    on_b.start();
    report_.heading(fmt::format("{}: from 10.77.0.2 to 10.77.0.1", big));
    co_await download(pair, pair.a(), "IPv4", "10.77.0.2");
    co_await download(pair, pair.a(), "IPv6", "fd77::2");
    report_.heading(fmt::format("{}: from 10.77.0.1 to 10.77.0.2", big));
    co_await download(pair, pair.b(), "IPv4", "10.77.0.1");
    co_await download(pair, pair.b(), "IPv6", "fd77::1");
  }

  awaitable<void> download(Pair& pair, net::IoHost& client, std::string_view what,
                           const char* from) {
    const auto address = boost::asio::ip::make_address(from);
    report_.begin(what);
    const std::string file = files_.folder().path("copy");
    const net::tcp::endpoint server(address, 80);
    Transfer transfer = co_await fetch_to_file(pair.socket(client, address), server,
                                               files_.big_name(), files_.big_size(), file);
    transfer.what = what;
    if (transfer.problem.empty()) transfer.hash = co_await sha256(file);
    files_.folder().remove("copy");
    report_.transfer(transfer, files_.big_size(), expected_hash_);
  }

  DemoOptions options_;
  DemoReport report_;
  DemoFiles files_;
  std::string expected_hash_;
};

}  // namespace

bool demo_in_memory(const DemoOptions& options) {
  fmt::print(
      "Two hosts in this process, joined by a link in memory that cuts to 1500 bytes:\n"
      "  Bowline  10.77.0.1  fd77::1\n"
      "  Bowline  10.77.0.2  fd77::2\n");
  MemoryDemo demo(options);
  return demo.run();
}

}  // namespace bowline::tools
