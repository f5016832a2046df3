#include "bowline/asio/dhcp.hpp"

#include <system_error>
#include <utility>

namespace bowline::inline v0::net {
namespace {

bool is_bound(dhcp::State state) {
  return state == dhcp::State::bound || state == dhcp::State::renewing ||
         state == dhcp::State::rebinding;
}

}  // namespace

DhcpService::DhcpService(Host& host, DhcpOptions options, const dhcp::Config& config,
                         const SipKey& secret)
    : host_(host), options_(std::move(options)), client_(options_.interface, config, secret) {}

DhcpService& DhcpService::start(Host& host, DhcpOptions options) {
  return host.call([&](OperationQueue&) -> std::reference_wrapper<DhcpService> {
    Stack& stack = host.open_stack();
    const auto link = stack.link(options.interface);
    if (!link) throw std::system_error(link.error(), "DHCP");
    if (link->kind != LinkKind::ethernet) {
      throw std::system_error(std::make_error_code(std::errc::operation_not_supported),
                              "DHCP needs an Ethernet link");
    }
    dhcp::Config config;
    config.hardware = link->mac;
    for (const char c : options.host_name) config.host_name.push_back(c);
    const SipKey secret = dhcp::derive_secret(stack.config(), options.interface);
    std::unique_ptr<DhcpService> service(new DhcpService(host, std::move(options), config, secret));
    DhcpService& started = *service;
    const Status begun = started.client_.start(stack, host.now());
    if (!begun) throw std::system_error(begun.error(), "DHCP");
    host.add_service(std::move(service));
    return started;
  });
}

bool DhcpService::wait(Duration most) {
  const Time end = saturating_add(host_.now(), most);
  for (;;) {
    const std::uint64_t seen = host_.turns();
    if (lease()) return true;
    if (host_.now() >= end || !host_.drive_past(seen, end)) return lease().has_value();
  }
}

std::optional<dhcp::Lease> DhcpService::lease() {
  return host_.call([&](OperationQueue&) {
    return is_bound(client_.client().state()) ? client_.client().lease() : std::nullopt;
  });
}

dhcp::DropCounters DhcpService::drops() {
  return host_.call([&](OperationQueue&) { return client_.client().drops(); });
}

void DhcpService::release() {
  host_.call([&](OperationQueue&) {
    if (Stack* const stack = host_.stack()) client_.send_release(*stack, host_.now());
  });
  // A turn, in which it goes out: nothing is sent from an address that is given up.
  static_cast<void>(host_.drive_past(host_.turns(), saturating_add(host_.now(), 200ms)));
  host_.call([&](OperationQueue&) {
    if (Stack* const stack = host_.stack()) client_.release(*stack, host_.now());
  });
}

bool DhcpService::serve(Stack& stack, const Ready& ready, Time now) {
  return client_.serve(stack, ready, now);
}

bool DhcpService::collect(Stack& stack, Time now, OperationQueue& /*done*/) {
  bool any = false;
  while (const std::optional<dhcp::Event> event = client_.poll_event()) {
    any = true;
    if (options_.use_name_servers) take_name_servers(stack, *event, now);
    if (options_.told) options_.told(*event);
  }
  return any;
}

void DhcpService::take_name_servers(Stack& stack, const dhcp::Event& event, Time now) {
  dns::Config config = host_.names().config();
  const dns::Config before = config;
  config.servers.clear();
  config.search.clear();
  if (event.kind != dhcp::EventKind::lost) {
    for (const IpAddress& server : event.lease.name_servers) config.add_server(server);
    const auto& domain = event.lease.domain;
    const auto name = dns::Name::parse({domain.begin(), domain.size()});
    if (name) config.search.push_back(*name);
  }
  // Setting them begins what is under way anew: not with every renewal.
  const bool changed = !(config.servers == before.servers && config.search == before.search);
  if (changed) host_.names().set_config(stack, config, now);
}

void DhcpService::give_up(OperationQueue& /*pending*/) {}

}  // namespace bowline::inline v0::net
