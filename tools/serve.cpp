// bowline serve: files over HTTP, on this TCP.

#include "bowline/http/server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "bowline/http/listing.hpp"
#include "tools/command.hpp"
#include "tools/network.hpp"
#include "tools/signals.hpp"

namespace bowline::tools {
namespace {

struct ServeOptions {
  std::string folder = ".";
  std::uint16_t port = 80;
  bool log = false;
  http::ServerSettings server;
  NetworkOptions network;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo bowline serve ~/public\n"
    "      then, on this machine: curl http://10.77.0.2/\n"
    "  sudo bowline serve --link tun:web0 --address 192.0.2.2/24 --port 8080 --pcap web.pcapng\n"
    "  unshare -Urn bash -c 'bowline serve . & sleep 1; curl -s http://10.77.0.2/; kill %1'\n"
    "      the same without root, in a network namespace of its own\n"
    "  sudo bowline serve --record web.record\n"
    "      every call of the stack, for bowline sim --replay web.record; it holds the keys\n"
    "  sudo bowline serve --trace --ladder\n"
    "      see each packet and why it was sent, and each connection as a diagram\n"
    "\n"
    "Ctrl-C ends it: the capture is complete then and the interface gone.\n";

// The names of the limits, in lines of a terminal's width.
std::string limits_help() {
  constexpr std::size_t kWidth = 96;
  std::string text = "Limits: " + limit_names() + ".";
  for (std::size_t line = 0; text.size() - line > kWidth;) {
    const std::size_t comma = text.rfind(", ", line + kWidth);
    text.replace(comma, 2, ",\n        ");
    line = comma + 2;
  }
  return text;
}

// Each file that is being sent is a descriptor; the usual soft limit of 1024 is for programs that
// use select().
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

http::Folder open_folder(const std::string& path) {
  auto folder = http::Folder::open(path);
  if (!folder) {
    throw Failure(fmt::format("cannot serve {}: {}: name a folder that can be read", path,
                              folder.error().message()));
  }
  return std::move(*folder);
}

void log_access(const http::Access& access) {
  fmt::print(stderr, "{} {} {} {} {} bytes{}\n", access.peer,
             access.method.empty() ? "-" : access.method,
             access.target.empty() ? "-" : access.target, access.status, access.body_bytes,
             access.complete ? "" : ", broken off");
}

void announce(const ServeOptions& options, const Network& network) {
  std::string urls;
  for (const Cidr& each : network.addresses()) {
    urls += fmt::format("{}http://{}/", urls.empty() ? "" : " and ",
                        url_host(each.address, options.port));
  }
  fmt::print(stderr, "Serving {} at {} on {}; Ctrl-C ends it.\n", options.folder, urls,
             options.network.link.name);
}

void serve(const ServeOptions& options) {
  ignore_broken_pipes();
  allow_many_descriptors();
  http::Folder folder = open_folder(options.folder);
  std::unique_ptr<Watch> watch;
  if (options.network.watch.any()) watch = std::make_unique<Watch>(options.network.watch);

  boost::asio::io_context context(1);
  Network network(context, options.network, watch.get());
  http::FileServer<net::tcp> server(network.listen(options.port), std::move(folder),
                                    options.server);
  server.start();
  EndSignals signals(context, [&] {
    server.stop();
    network.stop_answering();
  });
  announce(options, network);
  context.run();

  network.drain();
  network.finish_record();
  if (watch) watch->finish();
  const http::ServerCounters& done = server.counters();
  fmt::print(stderr, "{} requests on {} connections, {} sent.\n", done.requests, done.connections,
             http::format_size(done.body_bytes));
}

}  // namespace

void add_serve(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* const command =
      app.add_subcommand("serve", "Serve the files of a folder over HTTP, on this TCP");
  command->footer(fmt::format("{}\n\n{}", limits_help(), kExamples));
  command->add_option("DIR", options->folder, "The folder [.]")->type_name("");
  command
      ->add_option_function<std::string>(
          "--port", [=](const std::string& text) { options->port = read_port("--port", text); },
          "Where to listen [80]")
      ->type_name("PORT");
  command
      ->add_option_function<std::string>(
          "--connections",
          [=](const std::string& text) {
            options->server.most_connections =
                static_cast<std::uint32_t>(read_number("--connections", text, 1, 1'000'000));
          },
          "Serve at most so many at a time; others wait [10000]")
      ->type_name("NUMBER");
  command
      ->add_option_function<std::string>(
          "--idle-timeout",
          [=](const std::string& text) {
            options->server.request_timeout =
                std::chrono::seconds(read_number("--idle-timeout", text, 1, 86'400));
          },
          "Close a connection without a whole request for so long [60]")
      ->type_name("SECONDS");
  command->add_flag("--log", options->log, "Print a line for each request on standard error");
  command
      ->add_option("--record", options->network.record,
                   "Record every call of the stack, for bowline sim --replay")
      ->type_name("FILE");
  add_network_options(*command, options->network);
  command->callback([options, &status] {
    complete(options->network);
    if (options->log) options->server.access_log = log_access;
    serve(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
