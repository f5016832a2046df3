#include "tools/control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <expected>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "bowline/trace/names.hpp"
#include "bowline/trace/socket_filter.hpp"
#include "bowline/trace/socket_record.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;
using boost::asio::local::stream_protocol;
using Socket = stream_protocol::socket;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t kMostRequest = 8 * 1024;
constexpr std::chrono::seconds kPatience{5};
// Places of the stack's tables that are looked at in one go: some tens of microseconds.
constexpr std::uint32_t kPlaces = 256;

// What a client asked for.
struct Request {
  bool tcp = true;
  bool udp = true;
  trace::SocketFilter filter;
};

std::expected<Request, std::string> read_request(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return std::unexpected("the request is no JSON object");
  const auto text = [&](const char* name) -> std::string {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto version = object.find("version");
  if (version == object.end() || *version != kControlVersion) {
    return std::unexpected(fmt::format("this instance speaks version {}", kControlVersion));
  }
  if (text("request") != "sockets") return std::unexpected("there is no such request");
  auto filter = trace::SocketFilter::parse(text("filter"));
  if (!filter) {
    return std::unexpected(
        fmt::format("filter, column {}: {}", filter.error().column, filter.error().message));
  }
  const std::string states = text("states");
  filter->set_default_states(states == "all"         ? trace::kAllStates
                             : states == "listening" ? trace::kListeningStates
                                                     : trace::kConnectedStates);
  const std::string kind = text("kind");
  return Request{kind != "udp", kind != "tcp", std::move(*filter)};
}

std::string escaped(std::string_view text) { return nlohmann::json(text).dump(); }

// What looks like an attack: how often each kind was recognised, and what goes on now. At most so
// many scanners and listeners are named.
std::string alarms(const Stack& stack) {
  constexpr std::size_t kMostNamed = 8;
  struct Named {
    std::string text;
    std::size_t count = 0;
    void add(const std::string& one) {
      if (++count <= kMostNamed) text += (count > 1 ? "," : "") + one;
    }
  };
  Named scanners;
  stack.for_each_scanner(
      [](void* context, const ScannerView& scanner) {
        static_cast<Named*>(context)->add(
            fmt::format(R"({{"source":"{}","kind":"{}","ports":{},"probes":{}}})",
                        trace::to_text(scanner.source), tcp::name(scanner.kind), scanner.ports,
                        scanner.probes));
      },
      &scanners);
  Named flooded;
  stack.for_each_listener(
      [](void* context, const ListenerView& view) {
        if (!view.flooded) return;
        static_cast<Named*>(context)->add(fmt::format("\"{}\"", trace::to_text(view.local)));
      },
      &flooded);
  const ReasonCounters& counters = stack.counters();
  return fmt::format(R"("port_scans":{},"syn_floods":{},"blind_attacks":{},"optimistic_acks":{},)"
                     R"("scanners":[{}],"flooded":[{}])",
                     counters[Reason::alarm_port_scan], counters[Reason::alarm_syn_flood],
                     counters[Reason::alarm_blind_attack], counters[Reason::alarm_optimistic_ack],
                     scanners.text, flooded.text);
}

// The first line of an answer.
std::string heading(const Stack& stack, std::string_view command) {
  const StackUsage usage = stack.usage();
  return fmt::format(
      R"({{"version":{},"pid":{},"command":{},"connections":{},"half_open":{},"time_wait":{},)"
      R"("orphans":{},"listeners":{},"udp_sockets":{},"buffer_bytes":{},"buffers_scarce":{},{}}})"
      "\n",
      kControlVersion, ::getpid(), escaped(command), usage.connections, usage.half_open,
      usage.time_wait, usage.orphans, usage.listeners, usage.udp_sockets, usage.buffer_bytes,
      usage.buffers_scarce, alarms(stack));
}

// Lines of an answer, as they are collected from the Stack.
struct Lines {
  const trace::SocketFilter& filter;
  Time now{};
  std::string text;
  std::uint64_t count = 0;

  void add(const trace::FilterSubject& subject, auto&& record) {
    if (!filter.matches(subject)) return;
    text += to_json(record()) + "\n";
    ++count;
  }
};

void add_connection(void* context, const ConnectionView& view) {
  auto& lines = *static_cast<Lines*>(context);
  lines.add({view.state, view.local, view.remote},
            [&] { return trace::socket_record(view, lines.now); });
}

void add_listener(void* context, const ListenerView& view) {
  const Endpoint nobody{IpAddress::any(view.local.address.family()), 0};
  static_cast<Lines*>(context)->add({tcp::State::listen, view.local, nobody},
                                    [&] { return trace::socket_record(view); });
}

void add_udp(void* context, const UdpView& view) {
  const Endpoint nobody{IpAddress::any(view.local.address.family()), 0};
  static_cast<Lines*>(context)->add({view.remote ? tcp::State::established : tcp::State::closed,
                                     view.local, view.remote.value_or(nobody)},
                                    [&] { return trace::socket_record(view); });
}

// One client. Used on the stack's thread.
class Dialogue {
 public:
  Dialogue(Socket& socket, http::Deadline& deadline, net::IoHost& host, std::string_view command)
      : socket_(socket), deadline_(deadline), host_(host), command_(command) {}

  awaitable<void> run() {
    deadline_.set(kPatience);
    std::string line;
    const auto [error, size] = co_await boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(line, kMostRequest), '\n', kAwait);
    if (error || host_.is_closed()) co_return;
    const auto request = read_request(std::string_view(line).substr(0, size));
    if (!request) {
      co_await send(fmt::format("{{\"version\":{},\"error\":{}}}\n", kControlVersion,
                                escaped(request.error())));
      co_return;
    }
    co_await answer(*request);
  }

 private:
  // False: the client is gone, or too slow.
  awaitable<bool> send(std::string text) {
    deadline_.set(kPatience);
    const auto [error, size] =
        co_await boost::asio::async_write(socket_, boost::asio::buffer(text), kAwait);
    co_return !error;
  }

  awaitable<void> answer(const Request& request) {
    Lines lines{.filter = request.filter, .now = {}, .text = {}, .count = 0};
    ConnectionCursor cursor;
    bool more = request.tcp;
    host_.with_stack([&](Stack& stack, Time) {
      lines.text = heading(stack, command_);
      if (request.tcp) stack.for_each_listener(add_listener, &lines);
      if (request.udp) stack.for_each_udp(add_udp, &lines);
    });
    while (more) {
      if (!lines.text.empty() && !co_await send(std::exchange(lines.text, {}))) co_return;
      // The stack's own work comes first: a turn of the context between two pieces.
      co_await boost::asio::post(socket_.get_executor(), boost::asio::use_awaitable);
      if (host_.is_closed()) co_return;
      host_.with_stack([&](Stack& stack, Time now) {
        lines.now = now;
        more = stack.walk_connections(cursor, kPlaces, add_connection, &lines);
      });
    }
    lines.text += fmt::format("{{\"end\":true,\"sockets\":{}}}\n", lines.count);
    co_await send(std::move(lines.text));
  }

  Socket& socket_;
  http::Deadline& deadline_;
  net::IoHost& host_;
  std::string_view command_;
};

// Is somebody listening there?
bool is_served(boost::asio::io_context& context, const std::string& path) {
  Socket probe(context);
  boost::system::error_code error;
  probe.connect(stream_protocol::endpoint(path), error);
  return !error;
}

stream_protocol::acceptor listen_at(boost::asio::io_context& context, const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw Failure(
        fmt::format("--control {}: is longer than the {} bytes that a socket's path may "
                    "have",
                    path, sizeof(sockaddr_un::sun_path) - 1));
  }
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode) || is_served(context, path)) {
      throw Failure(fmt::format("--control {}: is there already; give another path", path));
    }
    ::unlink(path.c_str());
  }
  stream_protocol::acceptor acceptor(context);
  boost::system::error_code error;
  const stream_protocol::endpoint endpoint(path);
  acceptor.open(endpoint.protocol(), error);
  // The mode has to be right from the first moment. There is one thread.
  const mode_t before = ::umask(0177);
  if (!error) acceptor.bind(endpoint, error);
  ::umask(before);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) throw Failure(fmt::format("--control {}: {}", path, error.message()));
  return acceptor;
}

}  // namespace

ControlServer::ControlServer(boost::asio::io_context& context, net::IoHost& host,
                             std::string command, std::string path)
    : path_(std::move(path)) {
  server_ = std::make_shared<SmallServer<stream_protocol>>(
      listen_at(context, path_),
      [&host, command = std::move(command)](Socket& socket,
                                            http::Deadline& deadline) -> awaitable<void> {
        Dialogue dialogue(socket, deadline, host, command);
        co_await dialogue.run();
      });
  server_->start();
}

ControlServer::~ControlServer() {
  server_->stop();
  ::unlink(path_.c_str());
}

}  // namespace bowline::tools
