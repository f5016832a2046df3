#include "tools/network.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bowline/os/packet.hpp"
#include "bowline/os/random.hpp"
#include "bowline/os/tun.hpp"
#include "bowline/trace/capture_link.hpp"
#include "tools/control_folder.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

// A link and the capture before it, owned together.
struct WatchedLink {
  WatchedLink(std::unique_ptr<Link> link, trace::Recorder& recorder, const std::string& name)
      : inner(std::move(link)), capture(*inner, recorder, InterfaceId{}, name) {}
  std::unique_ptr<Link> inner;
  trace::CaptureLink capture;
};

std::shared_ptr<Link> watched(std::unique_ptr<Link> link, Watch* watch, const std::string& name) {
  if (watch == nullptr) return link;
  auto both = std::make_shared<WatchedLink>(std::move(link), watch->recorder(), name);
  return {both, &both->capture};
}

// To whoever runs the tool, beside its own output.
void tell(std::string_view line) { fmt::print(stderr, "bowline: {}\n", line); }

std::unique_ptr<Link> open_link(const NetworkOptions& options) {
  const std::string& name = options.link.name;
  if (options.link.kind == LinkSpec::Kind::packet) {
    return or_fail(os::open_packet({.interface = name,
                                    .mac = options.mac,
                                    .own_addresses = options.addresses,
                                    .report = tell}));
  }
  const os::TunOptions device{.name = name,
                              .peer_addresses = options.peer_addresses,
                              .mtu = options.mtu,
                              .mac = options.mac,
                              .report = tell};
  return or_fail(options.link.kind == LinkSpec::Kind::tap ? os::create_tap(device)
                                                          : os::create_tun(device));
}

StackConfig stack_config(const NetworkOptions& options) {
  StackConfig config;
  config.limits = options.limits;
  config.tcp.congestion = options.congestion;
  const auto seed = os::random_seed();
  if (!seed) throw Failure(fmt::format("cannot draw random numbers: {}", seed.error().message()));
  config.seed = *seed;
  return config;
}

}  // namespace

Network::Network(boost::asio::io_context& context, const NetworkOptions& options, Watch* watch)
    : context_(context), options_(options) {
  auto link = watched(open_link(options), watch, options.link.name);
  try {
    const StackConfig config = stack_config(options);
    Result<Stack> made = Stack::create(config);
    if (!made) throw std::system_error(made.error(), "stack");
    if (!options.record.empty()) {
      record_ = std::make_unique<Record>(options.record, config);
      record_->attach(*made);
    }
    host_ = &net::use_stack(context, std::move(*made),
                            {{.link = std::move(link), .addresses = options.addresses}});
    host_->with_stack([&](Stack& stack, Time) {
      if (watch != nullptr) stack.set_listener(&watch->recorder());
      if (!options.gateway) return;
      const Family family = options.gateway->family();
      const Status added = stack.add_route({.destination = {IpAddress::any(family), 0},
                                            .interface = InterfaceId{},
                                            .gateway = options.gateway});
      if (!added) throw std::system_error(added.error(), "--gateway");
    });
    dns::Config names;
    for (const IpAddress& server : options.name_servers) names.add_server(server);
    host_->set_name_servers(names);
  } catch (const std::system_error& error) {
    stop_recording();
    throw Failure(fmt::format("cannot set up the stack: {}", error.what()));
  }
  try {
    get_addresses();
    start_answering();
  } catch (...) {
    stop_recording();
    host_->close();
    throw;
  }
}

void Network::get_addresses() {
  if (options_.link.kind != LinkSpec::Kind::tun && !options_.addresses.empty()) await_addresses();
  if (!options_.dhcp) return;
  lease_.emplace(*host_, options_.link.name, options_.name_servers.empty());
  options_.addresses.push_back(lease_->address());
}

// Where others share the link an address is ours only once nobody was found to have it (RFC 5227
// section 2.1, RFC 4862 section 5.4). Until then nobody is told that we serve there.
void Network::await_addresses() {
  constexpr auto kAtMost = std::chrono::seconds(15);  // RFC 5227's longest is 7 s
  tell(fmt::format("finding out whether somebody else on {} has {}; that takes some seconds",
                   options_.link.name,
                   options_.addresses.size() > 1 ? "these addresses" : "this address"));
  const Time until = host_->now() + kAtMost;
  for (const Cidr& each : options_.addresses) {
    const auto state = [&] {
      return host_->with_stack([&](Stack& stack, Time) {
        return stack.address_state(InterfaceId{}, each.address).value_or(AddressState::none);
      });
    };
    while (state() == AddressState::tentative && host_->now() < until) {
      static_cast<void>(host_->drive_past(host_->turns(), until));
    }
    if (state() == AddressState::preferred) continue;
    throw Failure(
        fmt::format("{} is the address of another station on {}: give Bowline one that "
                    "nobody has, by --address",
                    to_string(each.address), options_.link.name));
  }
}

void Network::start_answering() {
  const InspectionOptions& wanted = options_.inspection;
  if (wanted.metrics) {
    metrics_ = std::make_unique<MetricsServer>(context_, *host_, *wanted.metrics);
  }
  if (wanted.no_control) return;
  std::string path = wanted.control;
  if (path.empty()) {
    // Nobody asked for it: what is in its way must not keep the work from being done.
    try {
      path = control_path(make_control_folder(), ::getpid());
      ::unlink(path.c_str());  // of an earlier process with our number
    } catch (const Failure& failure) {
      fmt::print(stderr, "No control socket: {}; --control PATH puts it elsewhere.\n",
                 failure.what());
      return;
    }
  }
  control_ = std::make_unique<ControlServer>(context_, *host_, wanted.command, path);
}

void Network::stop_answering() {
  control_.reset();
  metrics_.reset();
}

Network::~Network() {
  stop_answering();
  if (host_ == nullptr) return;
  if (lease_) {
    lease_->release();
    drain();
  }
  // What closing does to the Stack is nothing that a record shows.
  stop_recording();
  host_->close();
}

void Network::stop_recording() {
  if (!record_ || host_ == nullptr) return;
  host_->with_stack([](Stack& stack, Time) { stack.set_call_listener(nullptr); });
}

void Network::finish_record() {
  if (!record_) return;
  host_->with_stack([this](Stack& stack, Time) { record_->finish(stack); });
  record_.reset();
}

void Network::drain() { host_->drain(std::chrono::seconds(1)); }

std::vector<net::tcp::acceptor> Network::listen(std::uint16_t port, bool v4, bool v6) {
  std::vector<net::tcp::acceptor> acceptors;
  for (const net::tcp& protocol : {net::tcp::v4(), net::tcp::v6()}) {
    const bool wanted = std::ranges::any_of(options_.addresses, [&](const Cidr& each) {
      return each.address.is_v4() == (protocol == net::tcp::v4());
    });
    if (!wanted || !(protocol == net::tcp::v4() ? v4 : v6)) continue;
    try {
      acceptors.emplace_back(context_, net::tcp::endpoint(protocol, port));
      port = acceptors.back().local_endpoint().port();
    } catch (const boost::system::system_error& error) {
      throw Failure(fmt::format("cannot listen on port {}: {}", port, error.code().message()));
    }
  }
  return acceptors;
}

}  // namespace bowline::tools
