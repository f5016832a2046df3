// bowline ss: the sockets of running instances.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bowline/os/file_descriptor.hpp"
#include "bowline/trace/socket_filter.hpp"
#include "bowline/trace/socket_listing.hpp"
#include "tools/arguments.hpp"
#include "tools/command.hpp"
#include "tools/control.hpp"
#include "tools/control_folder.hpp"
#include "tools/socket_record_reader.hpp"

namespace bowline::tools {
namespace {

struct SsOptions {
  bool tcp = false, udp = false;
  bool listening = false, all = false;
  bool numeric = false;  // always is; taken because hands type it
  bool summary = false, json = false, no_header = false, processes = false;
  trace::ListingOptions listing;
  int pid = 0;  // 0: every instance
  std::string socket;
  std::vector<std::string> words;  // the filter
};

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline ss -tanieo                        everything about every TCP socket\n"
    "  bowline ss -l                             listeners: Recv-Q is the accept queue, Send-Q "
    "its\n"
    "                                            limit; -e adds the SYN queue\n"
    "  bowline ss state syn-recv                 half-open connections, in any spelling\n"
    "  bowline ss -o state established 'dport > :1024 and not dst 10.0.0.0/8'\n"
    "  bowline ss --json -a | jq .               a line for each socket; docs/ss.md\n"
    "\n"
    "FILTER: state STATE... exclude STATE... then sport, dport (= != < > <= >= :PORT), src, dst\n"
    "(ADDRESS, PREFIX, :PORT), joined by and, or, not, ( ). Groups of states: all, connected,\n"
    "synchronized, bucket, big. Listed are the instances of this user; sudo shows root's.\n";

constexpr int kPatienceSeconds = 10;
constexpr std::size_t kMostLine = 64 * 1024;

// ---- an instance -------------------------------------------------------------------------------

std::string system_error() { return std::generic_category().message(errno); }

// Asks one instance and reads its answer line by line.
class Client {
 public:
  // Nothing where nobody listens at `path` any longer. Throws Failure.
  static std::optional<Client> open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      throw Failure(fmt::format("--socket {}: is no path of a socket: too long", path));
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    os::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (errno == ECONNREFUSED || errno == ENOENT) return std::nullopt;
      throw Failure(fmt::format("{}: {}", path, system_error()));
    }
    return Client(std::move(socket), path);
  }

  void ask(const std::string& request) {
    if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      throw Failure(fmt::format("{}: cannot be asked: {}", path_, system_error()));
    }
  }

  // The next line. Throws Failure where there is none.
  std::string line() {
    for (;;) {
      const std::size_t end = input_.find('\n', at_);
      if (end != std::string::npos) {
        std::string result = input_.substr(at_, end - at_);
        at_ = end + 1;
        return result;
      }
      if (input_.size() - at_ > kMostLine) throw Failure(path_ + ": answers with endless lines");
      input_.erase(0, std::exchange(at_, 0));
      std::array<char, 65'536> block;
      const ssize_t got = ::recv(socket_.get(), block.data(), block.size(), 0);
      if (got <= 0) {
        throw Failure(fmt::format("{}: the answer breaks off: {}", path_,
                                  got == 0 ? "the instance has ended" : system_error()));
      }
      input_.append(block.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  Client(os::FileDescriptor socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}

  os::FileDescriptor socket_;
  std::string path_;
  std::string input_;
  std::size_t at_ = 0;  // what is before has been taken
};

// ---- the listing -------------------------------------------------------------------------------

std::string request_text(const SsOptions& options, const std::string& filter) {
  const nlohmann::json request = {{"version", kControlVersion},
                                  {"request", "sockets"},
                                  {"kind", options.tcp == options.udp ? ""
                                           : options.tcp              ? "tcp"
                                                                      : "udp"},
                                  {"states", options.all         ? "all"
                                             : options.listening ? "listening"
                                                                 : "connected"},
                                  {"filter", filter}};
  return request.dump() + "\n";
}

// What looks like an attack; nothing where nothing does.
void print_alarms(const nlohmann::json& heading) {
  const auto number = [&](const char* name) { return heading.value(name, std::uint64_t{0}); };
  const auto list = [&](const char* name) {
    return heading.value(name, nlohmann::json(nlohmann::json::value_t::array));
  };
  if (heading.value("buffers_scarce", false)) {
    fmt::print("  memory is short: windows stay shut (--limit buffer-bytes)\n");
  }
  const std::uint64_t floods = number("syn_floods");
  const std::uint64_t scans = number("port_scans");
  const std::uint64_t blind = number("blind_attacks");
  const std::uint64_t lies = number("optimistic_acks");
  if (floods + scans + blind + lies == 0) return;
  fmt::print("  alarms: SYN floods {}, port scans {}, blind attacks {}, optimistic ACKs {}\n",
             floods, scans, blind, lies);
  for (const auto& each : list("flooded")) {
    fmt::print("  flooded with SYNs: {}\n", each.is_string() ? each.get<std::string>() : "?");
  }
  for (const auto& each : list("scanners")) {
    if (!each.is_object()) continue;
    fmt::print("  scans: {} ({}, {} ports, {} probes)\n", each.value("source", std::string("?")),
               each.value("kind", std::string("?")), each.value("ports", std::uint64_t{0}),
               each.value("probes", std::uint64_t{0}));
  }
}

void print_summary(const nlohmann::json& heading) {
  const auto number = [&](const char* name) { return heading.value(name, std::uint64_t{0}); };
  fmt::print(
      "{} (pid {}): TCP {} (half-open {}, time-wait {}, orphaned {}, listening {}), UDP {}, "
      "buffers {} bytes\n",
      heading.value("command", std::string("?")), number("pid"),
      number("connections") + number("half_open") + number("time_wait") + number("listeners"),
      number("half_open"), number("time_wait"), number("orphans"), number("listeners"),
      number("udp_sockets"), number("buffer_bytes"));
  print_alarms(heading);
}

// Prints what one instance answers.
void list(Client& client, const SsOptions& options, const std::string& filter) {
  client.ask(request_text(options, filter));
  const auto heading = nlohmann::json::parse(client.line(), nullptr, false);
  if (!heading.is_object()) throw Failure("the instance does not answer in JSON");
  if (heading.contains("error")) {
    throw Failure(fmt::format("the instance says: {}", heading["error"].dump()));
  }
  if (options.summary) {
    if (options.json) {
      fmt::print("{}\n", heading.dump());
    } else {
      print_summary(heading);
    }
    return;
  }
  const auto pid = heading.value("pid", std::uint64_t{0});
  const std::string command = heading.value("command", std::string("?"));
  for (;;) {
    const std::string line = client.line();
    if (line.starts_with("{\"end\"")) return;
    if (options.json) {
      fmt::print("{{\"pid\":{},\"command\":\"{}\",{}\n", pid, command, line.substr(1));
      continue;
    }
    const auto record = parse_socket_record(line);
    if (!record) throw Failure("the instance answers with something that is no socket");
    std::string text = trace::listing_line(*record, options.listing);
    if (options.processes) {
      text.insert(std::min(text.find('\n'), text.size()),
                  fmt::format(" users:((\"{}\",pid={}))", command, pid));
    }
    fmt::print("{}\n", text);
  }
}

std::vector<ControlSocket> sockets_of(const SsOptions& options) {
  if (!options.socket.empty()) return {{options.socket, 0}};
  std::vector<ControlSocket> sockets = find_control_sockets();
  if (options.pid != 0) {
    std::erase_if(sockets, [&](const ControlSocket& each) { return each.pid != options.pid; });
  }
  return sockets;
}

void ss(const SsOptions& options) {
  std::string filter;
  for (const std::string& word : options.words) filter += (filter.empty() ? "" : " ") + word;
  if (const auto parsed = trace::SocketFilter::parse(filter); !parsed) {
    throw WrongUsage(
        fmt::format("FILTER, column {}: {}", parsed.error().column, parsed.error().message));
  }
  bool any = false;
  for (const ControlSocket& each : sockets_of(options)) {
    auto client = Client::open(each.path);
    if (!client) {
      if (each.pid != 0) ::unlink(each.path.c_str());  // its instance was killed
      continue;
    }
    if (!any && !options.json && !options.summary && !options.no_header) {
      fmt::print("{}\n", trace::listing_header());
    }
    any = true;
    list(*client, options, filter);
  }
  if (any) return;
  if (!options.socket.empty()) {
    throw Failure(fmt::format("--socket {}: no instance listens there", options.socket));
  }
  if (options.pid != 0) {
    throw Failure(fmt::format("--pid {}: no instance of this user has that number", options.pid));
  }
  throw Failure(
      "no instance of this user is running; those of others are seen by them (sudo bowline ss)");
}

}  // namespace

void add_ss(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<SsOptions>();
  CLI::App* const command = app.add_subcommand("ss", "List the sockets of running instances");
  command->footer(kExamples);
  command->add_option("FILTER", options->words, "Which of them; see below")->type_name("");
  command->add_flag("-t,--tcp", options->tcp, "TCP");
  command->add_flag("-u,--udp", options->udp, "UDP; without both, both");
  command->add_flag("-l,--listening", options->listening, "Only listeners, and unconnected UDP");
  command->add_flag("-a,--all", options->all,
                    "Also listeners, half-open connections and TIME-WAIT");
  command->add_flag("-n,--numeric", options->numeric, "Addresses and ports as numbers: always");
  command->add_flag("-i,--info", options->listing.internals, "What TCP knows of the path");
  command->add_flag("-e,--extended", options->listing.extended,
                    "Number and interface; of listeners the SYN queue");
  command->add_flag("-o,--options", options->listing.timers, "Timers");
  command->add_flag("-m,--memory", options->listing.memory, "Buffers");
  command->add_flag("-p,--processes", options->processes, "Whose socket it is");
  command->add_flag("-s,--summary", options->summary,
                    "Only how many there are, and what looks like an attack");
  command->add_flag("-H,--no-header", options->no_header, "Without the line of titles");
  command->add_flag("--json", options->json, "A line of JSON for each socket");
  command
      ->add_option_function<std::string>(
          "--pid",
          [=](const std::string& text) {
            options->pid = static_cast<int>(read_number("--pid", text, 1, 1U << 30));
          },
          "Only this instance")
      ->type_name("PID");
  command->add_option("--socket", options->socket, "The instance with this control socket")
      ->type_name("PATH");
  command->callback([options, &status] {
    ss(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
