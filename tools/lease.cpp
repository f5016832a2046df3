#include "tools/lease.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "tools/arguments.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

// Five DISCOVERs, and the probe of the address (up to 7 s, RFC 5227 section 2.1).
constexpr auto kPatience = std::chrono::seconds(45);

void tell(const dhcp::Event& event) {
  const std::string address = to_string(event.lease.address);
  if (event.kind == dhcp::EventKind::bound) {
    fmt::print(stderr, "bowline: {} by DHCP from {}\n", address, to_string(event.lease.server));
  } else if (event.kind == dhcp::EventKind::lost) {
    fmt::print(stderr, "bowline: the lease of {} is over\n", address);
  }
}

net::DhcpService& start(net::IoHost& host, bool use_name_servers) {
  try {
    net::DhcpOptions options;
    options.use_name_servers = use_name_servers;
    options.told = tell;
    return net::DhcpService::start(host, std::move(options));
  } catch (const std::system_error& error) {
    throw Failure(fmt::format("--address dhcp: {}", error.what()));
  }
}

// What was heard instead, for the message.
std::string heard(net::DhcpService& service) {
  const dhcp::DropCounters drops = service.drops();
  if (drops.total() == 0) return "no server answered";
  std::string reasons;
  for (std::size_t i = 0; i < dhcp::kDropCount; ++i) {
    const auto drop = static_cast<dhcp::Drop>(i);
    if (drops[drop] == 0) continue;
    reasons += fmt::format("{}{} ({} times)", reasons.empty() ? "" : ", ",
                           dhcp::text_of(drop).sentence, drops[drop]);
  }
  return "what came was of no use: " + reasons;
}

}  // namespace

LeaseKeeper::LeaseKeeper(net::IoHost& host, const std::string& link, bool use_name_servers)
    : service_(start(host, use_name_servers)) {
  if (!service_.wait(kPatience)) {
    throw Failure(fmt::format(
        "--address dhcp: no address on {} within {} s: {}; give one with --address CIDR", link,
        kPatience.count(), heard(service_)));
  }
  address_ = service_.lease()->address;
}

}  // namespace bowline::tools
