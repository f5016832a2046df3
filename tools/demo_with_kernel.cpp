// The demo between the kernel and Bowline.
//
// The kernel's side is real programs: curl, and a process that serves the same folder over the
// kernel's sockets. First one small page, every segment of it recorded, for the diagram; then the
// large file each way and in both families, unrecorded, on a stack of its own.

#include "bowline/http/server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "bowline/os/namespaces.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "tools/child.hpp"
#include "tools/demo.hpp"
#include "tools/demo_fetch.hpp"
#include "tools/failure.hpp"
#include "tools/network.hpp"
#include "tools/signals.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;
using KernelTcp = boost::asio::ip::tcp;

constexpr std::uint16_t kKernelPort = 8080;

NetworkOptions demo_network() {
  NetworkOptions options;
  options.inspection.no_control = true;  // it is over before anybody could ask
  complete(options);
  return options;
}

// Serves the folder over the kernel's sockets, in a process of its own.
int serve_by_kernel(const std::string& folder, const os::FileDescriptor& ready) {
  boost::asio::io_context context(1);
  std::vector<KernelTcp::acceptor> acceptors;
  KernelTcp::acceptor both(context, KernelTcp::v6());
  both.set_option(boost::asio::ip::v6_only(false));
  both.set_option(boost::asio::socket_base::reuse_address(true));
  both.bind({KernelTcp::v6(), kKernelPort});
  both.listen();
  acceptors.push_back(std::move(both));
  http::FileServer<KernelTcp> server(std::move(acceptors),
                                     std::move(http::Folder::open(folder).value()));
  server.start();
  if (::write(ready.get(), "!", 1) != 1) return 1;
  context.run();
  return 0;
}

Child start_kernel_server(const std::string& folder) {
  Pipe ready;
  Child child = Child::fork([&] {
    try {
      return serve_by_kernel(folder, ready.write);
    } catch (const std::exception& error) {
      fmt::print(stderr, "the kernel's side: {}\n", error.what());
      return 1;
    }
  });
  ready.write = os::FileDescriptor();
  char byte = 0;
  if (::read(ready.read.get(), &byte, 1) != 1) throw Failure("the kernel's server did not start");
  return child;
}

struct CurlResult {
  std::string problem;
  unsigned status = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

// curl as it is, but for what the environment of this user would make it do.
awaitable<CurlResult> curl(std::string url, std::string to) {
  const std::vector<std::string> words = {"curl",
                                          "-q",
                                          "--noproxy",
                                          "*",
                                          "--silent",
                                          "--show-error",
                                          "--max-time",
                                          "300",
                                          "--globoff",
                                          "--output",
                                          to,
                                          "--write-out",
                                          "%{http_code} %{size_download} %{time_total}",
                                          url};
  const ProgramResult program = co_await run_program(words);
  CurlResult result;
  if (program.status != 0) result.problem = program.err;
  while (result.problem.ends_with('\n')) result.problem.pop_back();
  const char* at = program.out.data();
  const char* const end = at + program.out.size();
  at = std::from_chars(at, end, result.status).ptr;
  if (at != end) at = std::from_chars(at + 1, end, result.bytes).ptr;
  if (at != end) std::from_chars(at + 1, end, result.seconds);
  if (result.problem.empty() && result.status != 200) {
    result.problem = fmt::format("HTTP status {}", result.status);
  }
  co_return result;
}

// The stage: files, curl, the kernel's server, and what is seen.
class KernelDemo {
 public:
  explicit KernelDemo(const DemoOptions& options)
      : options_(options),
        files_(options.megabytes),
        kernel_server_(start_kernel_server(files_.folder().path())) {}

  bool run() {
    small_connection();
    boost::asio::io_context context(1);
    Network network(context, demo_network(), nullptr);
    http::FileServer<net::tcp> server(network.listen(80), served());
    server.start();
    play(context, transfers(context));
    const bool good = report_.verdict();
    if (options_.keep) keep_serving(context, server);
    return good;
  }

 private:
  [[nodiscard]] http::Folder served() const {
    auto folder = http::Folder::open(files_.folder().path());
    if (!folder) throw Failure("cannot open the demo's folder: " + folder.error().message());
    return std::move(*folder);
  }

  // Runs the context until `scene` is over; what it throws comes out here. The server goes on.
  static void play(boost::asio::io_context& context, awaitable<void> scene) {
    bool over = false;
    std::exception_ptr error;
    boost::asio::co_spawn(context, std::move(scene), [&](std::exception_ptr thrown) {
      error = std::move(thrown);
      over = true;
    });
    while (!over) context.run_one();
    if (error) std::rethrow_exception(error);
  }

  void small_connection() {
    report_.heading("A page: curl, on the kernel's TCP, from Bowline");
    std::optional<trace::Ladder> drawn;
    trace::LadderCollector collector([&](const trace::Ladder& ladder) { drawn = ladder; },
                                     {.opener_left = true});
    Watch watch({.pcap = options_.pcap});
    watch.add(collector);
    boost::asio::io_context context(1);
    Network network(context, demo_network(), &watch);
    http::FileServer<net::tcp> server(network.listen(80), served());
    server.start();

    play(context, page(context, [&] { return drawn.has_value(); }));
    server.stop();
    network.drain();
    watch.finish();
    collector.finish();
    if (!drawn) throw Failure("no connection was seen on the link");
    drawn->left_note = "curl, the kernel's TCP";
    drawn->right_note = "Bowline";
    report_.ladder(*drawn);
  }

  awaitable<void> page(boost::asio::io_context& context, std::function<bool()> over) {
    const CurlResult got = co_await curl("http://10.77.0.2/", files_.folder().path("page"));
    const std::string hash = co_await sha256(files_.folder().path("page"));
    const std::string expected = co_await sha256(files_.folder().path("index.html"));
    const bool held = got.problem.empty() && hash == expected;
    report_.check("http://10.77.0.2/", held,
                  held ? fmt::format("{} bytes, SHA-256 equal", got.bytes) : got.problem);
    // curl closes as it ends: let the last segments cross.
    boost::asio::steady_timer timer(context);
    for (int i = 0; i < 100 && !over(); ++i) {
      timer.expires_after(std::chrono::milliseconds(10));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
  }

  awaitable<void> transfers(boost::asio::io_context& context) {
    const std::string big = files_.big_name();
    expected_hash_ = co_await sha256(files_.folder().path(big));
    report_.heading(fmt::format("{}: from Bowline, by curl", big));
    co_await download_by_curl("IPv4", "http://10.77.0.2/" + big);
    co_await download_by_curl("IPv6", "http://[fd77::2]/" + big);
    report_.heading(fmt::format("{}: to Bowline, from a server on the kernel's TCP", big));
    co_await download_by_bowline(context, "IPv4", "10.77.0.1");
    co_await download_by_bowline(context, "IPv6", "fd77::1");
  }

  awaitable<void> download_by_curl(std::string_view what, std::string url) {
    report_.begin(what);
    const std::string file = files_.folder().path("copy");
    const CurlResult got = co_await curl(std::move(url), file);
    Transfer transfer{what, got.bytes, got.seconds, {}, got.problem};
    if (got.problem.empty()) transfer.hash = co_await sha256(file);
    files_.folder().remove("copy");
    report_.transfer(transfer, files_.big_size(), expected_hash_);
  }

  awaitable<void> download_by_bowline(boost::asio::io_context& context, std::string_view what,
                                      const char* address) {
    report_.begin(what);
    const std::string file = files_.folder().path("copy");
    const net::tcp::endpoint server(boost::asio::ip::make_address(address), kKernelPort);
    Transfer transfer = co_await fetch_to_file(net::tcp::socket(context), server, files_.big_name(),
                                               files_.big_size(), file);
    transfer.what = what;
    if (transfer.problem.empty()) transfer.hash = co_await sha256(file);
    files_.folder().remove("copy");
    report_.transfer(transfer, files_.big_size(), expected_hash_);
  }

  void keep_serving(boost::asio::io_context& context, http::FileServer<net::tcp>& server) {
    const bool user = user_namespace_;
    const std::string enter =
        fmt::format("nsenter -t {} {}-n", ::getpid(), user ? "-U --preserve-credentials " : "");
    report_.line(fmt::format(
        "\nBowline's server stays up until Ctrl-C. From another terminal of the same user:\n"
        "  {0} curl http://10.77.0.2/\n"
        "  {0} curl -o /dev/null http://[fd77::2]/{1}",
        enter, files_.big_name()));
    EndSignals signals(context, [&] {
      server.stop();
      context.stop();
    });
    context.run();
    report_.line("Ended; the namespace, its interface and the files are gone.");
  }

 public:
  bool user_namespace_ = true;

 private:
  DemoOptions options_;
  DemoReport report_;
  DemoFiles files_;
  Child kernel_server_;
  std::string expected_hash_;
};

}  // namespace

std::string why_not_with_kernel() {
  Pipe pipe;
  Child child = Child::fork([&] {
    std::string why;
    if (const auto entered = os::enter_namespace(); !entered) {
      why = entered.error().message;
    } else if (const auto link = os::create_tun({}); !link) {
      why = link.error().message;
    }
    return ::write(pipe.write.get(), why.data(), why.size()) < 0 ? 1 : 0;
  });
  pipe.write = os::FileDescriptor();
  std::string why(4'096, '\0');
  const ssize_t size = ::read(pipe.read.get(), why.data(), why.size());
  why.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  if (const int status = child.wait(); status != 0 && why.empty()) {
    why = fmt::format("trying it ended with status {}", status);
  }
  return why;
}

bool demo_with_kernel(const DemoOptions& options) {
  if (!has_program("curl")) {
    throw Failure("curl is missing: install it (sudo apt-get install curl), or use --in-memory");
  }
  const os::Entered entered = or_fail(os::enter_namespace());
  const bool user = entered == os::Entered::user_and_network;
  fmt::print(
      "A network of its own ({} namespace), a TUN link between two hosts:\n"
      "  the Linux kernel  10.77.0.1  fd77::1\n"
      "  Bowline           10.77.0.2  fd77::2   in this process, {}\n",
      user ? "user and network" : "network", ::getpid());
  KernelDemo demo(options);
  demo.user_namespace_ = user;
  return demo.run();
}

}  // namespace bowline::tools
