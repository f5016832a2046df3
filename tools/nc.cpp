// bowline nc: bytes between standard input and output and a connection, on this TCP.

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/command.hpp"
#include "tools/datagram_relay.hpp"
#include "tools/descriptor_stream.hpp"
#include "tools/nc.hpp"
#include "tools/network.hpp"
#include "tools/relay.hpp"
#include "tools/signals.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo bowline nc -l 9000 > file            receive a file; the other side: nc -N 10.77.0.2 "
    "9000\n"
    "  sudo bowline nc 10.77.0.1 9000 < file     send one\n"
    "  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sudo bowline nc 10.77.0.1 80\n"
    "  sudo bowline nc -z -v 10.77.0.1 20-25     which of these ports are open\n"
    "  sudo bowline nc -l -k 0                   one connection after the other, on any free port\n"
    "\n"
    "When the input ends, this side is closed for sending (a FIN, as OpenBSD's nc -N does) and "
    "goes\n"
    "on receiving until the peer closes. Exit status: 0 when both sides finished, or -w SECONDS\n"
    "passed without a byte after that connection was there; 1 when it could not be made or "
    "broke.\n";

std::string text_of(const net::tcp::endpoint& endpoint) {
  return endpoint.address().is_v6()
             ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
             : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

// ---- connecting --------------------------------------------------------------------------------

// A socket that connects within a time, or says why not.
class Connector {
 public:
  Connector(boost::asio::io_context& context, const NcOptions& options)
      : context_(context),
        options_(options),
        resolver_(context),
        deadline_(context.get_executor(), [this] {
          timed_out_ = true;
          stop();
        }) {}

  // Throws Failure.
  awaitable<std::vector<net::tcp::endpoint>> look_up(std::uint16_t port) {
    const std::string service = std::to_string(port);
    set_deadline();
    const auto [error, found] = co_await resolver_.async_resolve(options_.host, service, kAwait);
    deadline_.clear();
    std::vector<net::tcp::endpoint> endpoints;
    for (const auto& entry : found) {
      const net::tcp::endpoint endpoint = entry.endpoint();
      if (options_.takes(endpoint.address().is_v4())) endpoints.push_back(endpoint);
    }
    if (error) {
      throw Failure(fmt::format("cannot resolve {}: {}", options_.host, error.message()));
    }
    if (endpoints.empty()) {
      throw Failure(fmt::format("{} has no address of the family asked for", options_.host));
    }
    co_return endpoints;
  }

  // The first of `endpoints` that answers; else nothing, and why() tells.
  awaitable<bool> connect(net::tcp::socket& socket,
                          const std::vector<net::tcp::endpoint>& endpoints) {
    timed_out_ = false;
    for (const net::tcp::endpoint& endpoint : endpoints) {
      boost::system::error_code error;
      socket.close(error);
      socket.open(endpoint.protocol(), error);
      if (!error && options_.source_port != 0) {
        socket.bind(net::tcp::endpoint(endpoint.protocol(), options_.source_port), error);
      }
      if (!error) {
        pending_ = &socket;
        set_deadline();
        const auto [refused] = co_await socket.async_connect(endpoint, kAwait);
        deadline_.clear();
        pending_ = nullptr;
        error = refused;
      }
      if (!error) co_return true;
      why_ = fmt::format(
          "cannot connect to {}: {}", text_of(endpoint),
          timed_out_ ? fmt::format("no answer within {} s (-w)", options_.wait) : error.message());
    }
    co_return false;
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  void stop() {
    boost::system::error_code ignored;
    resolver_.cancel();
    if (pending_ != nullptr) pending_->close(ignored);
  }

 private:
  void set_deadline() {
    if (options_.wait > 0) deadline_.set(std::chrono::seconds(options_.wait));
  }

  boost::asio::io_context& context_;
  const NcOptions& options_;
  net::tcp::resolver resolver_;
  http::Deadline deadline_;
  net::tcp::socket* pending_ = nullptr;
  bool timed_out_ = false;
  std::string why_;
};

// ---- listening ---------------------------------------------------------------------------------

// Connections of several acceptors, one after the other.
class Arrivals {
 public:
  Arrivals(boost::asio::io_context& context, std::vector<net::tcp::acceptor> acceptors)
      : acceptors_(std::move(acceptors)), arrived_(context) {}

  void start() {
    for (net::tcp::acceptor& acceptor : acceptors_) accept(acceptor);
  }
  // Nothing after stop().
  awaitable<std::optional<net::tcp::socket>> next() {
    while (waiting_.empty() && !stopped_) {
      arrived_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await arrived_.async_wait(kAwait);
    }
    if (stopped_) co_return std::nullopt;
    Arrival arrival = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    accept(*arrival.acceptor);
    co_return std::optional(std::move(arrival.socket));
  }
  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    for (net::tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
    waiting_.clear();
    arrived_.cancel();
  }

 private:
  struct Arrival {
    net::tcp::socket socket;
    net::tcp::acceptor* acceptor;
  };

  // One from each, until it is taken: further ones wait in the listener's queue, which is bounded.
  void accept(net::tcp::acceptor& acceptor) {
    acceptor.async_accept(
        [this, &acceptor](const boost::system::error_code& error, net::tcp::socket socket) {
          if (stopped_ || error == boost::asio::error::operation_aborted) return;
          if (error) {
            accept(acceptor);
            return;
          }
          waiting_.push_back({std::move(socket), &acceptor});
          arrived_.cancel();
        });
  }

  std::vector<net::tcp::acceptor> acceptors_;
  std::vector<Arrival> waiting_;
  boost::asio::steady_timer arrived_;
  bool stopped_ = false;
};

// ---- the work ----------------------------------------------------------------------------------

class Nc {
 public:
  Nc(boost::asio::io_context& context, Network& network, const NcOptions& options)
      : context_(context),
        network_(network),
        options_(options),
        input_(context.get_executor(), STDIN_FILENO),
        output_(context.get_executor(), STDOUT_FILENO),
        connector_(context, options) {}

  awaitable<void> run() {
    if (options_.udp) {
      co_await exchange_datagrams();
    } else if (options_.listen) {
      co_await serve();
    } else if (options_.scan) {
      co_await scan();
    } else {
      co_await talk();
    }
  }

  void interrupt() {
    if (!options_.keep_listening) problem_ = "interrupted";
    connector_.stop();
    if (arrivals_) arrivals_->stop();
    if (relay_ != nullptr) relay_->stop();
    if (datagrams_ != nullptr) datagrams_->stop();
    input_.cancel();
    output_.cancel();
    interrupted_ = true;
  }

  // Throws Failure if it failed.
  void check() const {
    if (!problem_.empty()) throw Failure(problem_);
  }

 private:
  void say(const std::string& text) const {
    if (options_.verbose) fmt::print(stderr, "{}\n", text);
  }

  awaitable<void> talk() {
    net::tcp::socket socket(context_);
    const auto endpoints = co_await connector_.look_up(options_.first_port);
    if (!co_await connector_.connect(socket, endpoints)) {
      if (problem_.empty()) problem_ = connector_.why();
      co_return;
    }
    say(fmt::format("Connected to {}.", text_of(socket.remote_endpoint())));
    co_await relay(socket);
  }

  awaitable<void> relay(net::tcp::socket& socket) {
    Relay relay(socket, input_, output_, std::chrono::seconds(options_.wait));
    relay_ = &relay;
    const RelayEnd end = co_await relay.run();
    relay_ = nullptr;
    say(fmt::format("{} bytes sent, {} received{}.", end.sent, end.received,
                    end.idle ? fmt::format("; idle for {} s", options_.wait) : ""));
    deserted_ = end.deserted;
    if (interrupted_ || end.problem.empty()) co_return;
    // One broken connection does not end a server that goes on listening.
    if (options_.keep_listening && !end.deserted) {
      fmt::print(stderr, "bowline nc: {}\n", end.problem);
    } else {
      problem_ = end.problem;
    }
  }

  awaitable<void> serve() {
    std::vector<net::tcp::acceptor> acceptors = open_acceptors();
    arrivals_.emplace(context_, std::move(acceptors));
    arrivals_->start();
    for (;;) {
      std::optional<net::tcp::socket> socket = co_await arrivals_->next();
      if (!socket) break;
      if (!options_.keep_listening) arrivals_->stop();
      boost::system::error_code error;
      const auto peer = socket->remote_endpoint(error);
      say(fmt::format("Connection from {}.", error ? "a peer that is gone" : text_of(peer)));
      co_await relay(*socket);
      if (!options_.keep_listening || deserted_) break;
    }
    arrivals_->stop();
  }

  // -u: to and from one peer, or with -l whoever sends (with -k, all of them).
  awaitable<void> exchange_datagrams() {
    net::udp::socket socket(context_);
    co_await open_datagrams(socket);
    const Peer peer = !options_.listen          ? Peer::known
                      : options_.keep_listening ? Peer::whoever
                                                : Peer::first;
    DatagramRelay relay(socket, peer, input_, output_, std::chrono::seconds(options_.wait));
    datagrams_ = &relay;
    const RelayEnd end = co_await relay.run();
    datagrams_ = nullptr;
    say(fmt::format("{} bytes sent, {} received{}.", end.sent, end.received,
                    end.idle ? fmt::format("; idle for {} s", options_.wait) : ""));
    if (!interrupted_) problem_ = end.problem;
  }

  // Binds or connects. Throws Failure.
  awaitable<void> open_datagrams(net::udp::socket& socket) {
    try {
      if (options_.listen) {
        boost::asio::ip::address address = boost::asio::ip::address_v4::any();
        if (options_.only_v6) address = boost::asio::ip::address_v6::any();
        if (!options_.host.empty()) address = boost::asio::ip::make_address(options_.host);
        const net::udp::endpoint local(address, options_.first_port);
        socket.open(local.protocol());
        socket.bind(local);
        if (options_.first_port == 0 || options_.verbose) {
          const auto bound = socket.local_endpoint();
          fmt::print(stderr, "Listening on {}.\n",
                     text_of(net::tcp::endpoint(bound.address(), bound.port())));
        }
        co_return;
      }
      const auto endpoints = co_await connector_.look_up(options_.first_port);
      const net::udp::endpoint peer(endpoints.front().address(), endpoints.front().port());
      socket.open(peer.protocol());
      if (options_.source_port != 0) {
        socket.bind(net::udp::endpoint(peer.protocol(), options_.source_port));
      }
      socket.connect(peer);
    } catch (const boost::system::system_error& error) {
      throw Failure(fmt::format("no UDP socket: {}", error.code().message()));
    }
  }

  // Throws Failure.
  std::vector<net::tcp::acceptor> open_acceptors() {
    std::vector<net::tcp::acceptor> acceptors;
    if (options_.host.empty()) {
      acceptors = network_.listen(options_.first_port, options_.takes(true), options_.takes(false));
    } else {
      boost::system::error_code error;
      const auto address = boost::asio::ip::make_address(options_.host, error);
      if (error)
        throw WrongUsage(fmt::format("HOST {}: where to listen is an address", options_.host));
      try {
        acceptors.emplace_back(context_, net::tcp::endpoint(address, options_.first_port));
      } catch (const boost::system::system_error& failure) {
        throw Failure(
            fmt::format("cannot listen at {}: {}", options_.host, failure.code().message()));
      }
    }
    if (acceptors.empty()) throw Failure("there is no address of the family asked for");
    for (const net::tcp::acceptor& acceptor : acceptors) {
      // A port that was picked has to be told; others are known.
      if (options_.first_port == 0 || options_.verbose) {
        fmt::print(stderr, "Listening on {}.\n", text_of(acceptor.local_endpoint()));
      }
    }
    return acceptors;
  }

  // Which ports are open: a connection to each, closed again at once.
  awaitable<void> scan() {
    bool any = false;
    for (std::uint32_t port = options_.first_port; port <= options_.last_port; ++port) {
      if (interrupted_) co_return;
      net::tcp::socket socket(context_);
      const auto endpoints = co_await connector_.look_up(static_cast<std::uint16_t>(port));
      if (co_await connector_.connect(socket, endpoints)) {
        any = true;
        say(fmt::format("{} is open.", text_of(socket.remote_endpoint())));
      } else {
        say(connector_.why());
      }
    }
    if (!any && problem_.empty()) {
      problem_ = options_.first_port == options_.last_port
                     ? connector_.why()
                     : fmt::format("{}: none of the ports {} to {} is open", options_.host,
                                   options_.first_port, options_.last_port);
    }
  }

  boost::asio::io_context& context_;
  Network& network_;
  const NcOptions& options_;
  DescriptorInput input_;
  DescriptorOutput output_;
  Connector connector_;
  std::optional<Arrivals> arrivals_;
  Relay* relay_ = nullptr;
  DatagramRelay* datagrams_ = nullptr;
  bool interrupted_ = false;
  bool deserted_ = false;
  std::string problem_;
};

void nc(const NcOptions& options) {
  ignore_broken_pipes();
  std::unique_ptr<Watch> watch;
  if (options.network.watch.any()) watch = std::make_unique<Watch>(options.network.watch);

  boost::asio::io_context context(1);
  Network network(context, options.network, watch.get());
  Nc nc(context, network, options);
  EndSignals signals(context, [&] { nc.interrupt(); });
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, nc.run(), [&](const std::exception_ptr& error) {
    thrown = error;
    signals.cancel();
    network.stop_answering();
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);

  network.drain();
  if (watch) watch->finish();
  nc.check();
}

// ---- the command line --------------------------------------------------------------------------

void read_ports(NcOptions& options, const std::string& text) {
  const std::size_t dash = text.find('-');
  const std::uint64_t least = options.listen ? 0 : 1;
  const auto port = [&](const std::string& part) {
    return static_cast<std::uint16_t>(read_number("PORT", part, least, 65'535));
  };
  if (dash == std::string::npos || dash == 0) {
    options.first_port = options.last_port = port(text);
    return;
  }
  if (!options.scan) throw WrongUsage(fmt::format("PORT {}: several ports are for -z alone", text));
  options.first_port = port(text.substr(0, dash));
  options.last_port = port(text.substr(dash + 1));
  if (options.last_port < options.first_port) {
    throw WrongUsage(fmt::format("PORT {}: the first is above the last", text));
  }
}

void complete(NcOptions& options) {
  if (options.words.size() == 2) options.host = options.words[0];
  if (options.host.empty() && !options.listen) {
    throw WrongUsage("needs HOST and PORT; to wait for a connection, -l PORT");
  }
  read_ports(options, options.words.back());
  if (options.only_v4 && options.only_v6) throw WrongUsage("-4: contradicts -6");
  if (options.listen && options.scan) throw WrongUsage("-z: contradicts -l");
  if (options.listen && options.source_port != 0) {
    throw WrongUsage("-p: is the port to connect from; with -l give PORT alone");
  }
  if (options.udp && options.scan) {
    throw WrongUsage("-z: contradicts -u; UDP does not say whether a port is open");
  }
  if (options.keep_listening && !options.listen) throw WrongUsage("-k: goes with -l");
  const WatchOptions& watch = options.network.watch;
  if (watch.trace || watch.ladder || watch.json) {
    throw WrongUsage(
        fmt::format("{}: is for standard output, where what is received goes; use --pcap FILE",
                    watch.trace    ? "--trace"
                    : watch.ladder ? "--ladder"
                                   : "--json"));
  }
  complete(options.network);
}

}  // namespace

void add_nc(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<NcOptions>();
  CLI::App* const command = app.add_subcommand(
      "nc", "Bytes between standard input and output and a connection, on this TCP");
  command->footer(kExamples);
  command->add_option("HOST PORT", options->words, "Whom to connect to; with -l where to listen")
      ->type_name("")
      ->required()
      ->expected(1, 2);
  command->add_flag("-l,--listen", options->listen, "Wait for a connection; port 0: any, and told");
  command->add_flag("-k,--keep-listening", options->keep_listening,
                    "One connection after the other");
  command->add_flag("-u,--udp", options->udp,
                    "Datagrams: what is read at a time is one; it ends by -w or Ctrl-C");
  command->add_flag("-z,--scan", options->scan,
                    "Only see whether PORT, or one of FIRST-LAST, is open");
  command->add_flag("-v,--verbose", options->verbose, "Say what happens on standard error");
  command->add_flag("-4", options->only_v4, "Only IPv4");
  command->add_flag("-6", options->only_v6, "Only IPv6");
  command
      ->add_option_function<std::string>(
          "-w,--wait",
          [=](const std::string& text) {
            options->wait = static_cast<std::uint32_t>(read_number("-w", text, 1, 1'000'000));
          },
          "Wait for so long, for the connection and later for any byte [for ever]")
      ->type_name("SECONDS");
  command
      ->add_option_function<std::string>(
          "-p,--source-port",
          [=](const std::string& text) { options->source_port = read_port("-p", text); },
          "The port to connect from [any]")
      ->type_name("PORT");
  add_network_options(*command, options->network);
  command->callback([options, &status] {
    complete(*options);
    nc(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
