#include "bowline/asio/lookup.hpp"

#include <boost/asio/error.hpp>
#include <string>
#include <utility>

namespace bowline::inline v0::net {
namespace {

dns::Families families_of(const ResolveQuery& query) {
  return {.v4 = query.family != Family::ipv6, .v6 = query.family != Family::ipv4};
}

// Ends the lookup called `number`, if it is still under way.
void cancel_at(Host& host, std::uint64_t number) {
  host.call([&](OperationQueue& done) {
    if (Stack* const stack = host.stack()) {
      host.names().cancel(*stack, number, host.now(), done);
    }
  });
}

}  // namespace

void finish(const ResolveQuery& query, Resolved& resolved, const Resolution& resolution) {
  resolved.error = to_asio(resolution.outcome);
  if (resolved.error) {
    resolved.problem = query.host + " " + std::string(dns::sentence(resolution.outcome));
    return;
  }
  for (const IpAddress& address : resolution.addresses) {
    resolved.endpoints.emplace_back(to_asio(address), resolved.port);
  }
}

void nobody_to_ask(const ResolveQuery& query, Resolved& resolved) {
  Resolution nobody;
  nobody.outcome = dns::Outcome::no_name_servers;
  finish(query, resolved, nobody);
}

std::string resolve_problem(Host* host, const std::string& name,
                            const boost::system::error_code& error) {
  const Resolved here = resolve_here({name, {}, std::nullopt, {}});
  if (here.error) return here.problem;
  const auto says = [&](dns::Outcome outcome) {
    return name + " " + std::string(dns::sentence(outcome));
  };
  if (error == boost::asio::error::host_not_found) {
    const bool nobody =
        host == nullptr || host->is_closed() || host->name_servers().servers.empty();
    return says(nobody ? dns::Outcome::no_name_servers : dns::Outcome::no_such_name);
  }
  for (const dns::Outcome outcome : {dns::Outcome::no_data, dns::Outcome::refused}) {
    if (error == to_asio(outcome)) return says(outcome);
  }
  if (error == boost::asio::error::host_not_found_try_again) {
    return name + " could not be resolved: the name servers fail, or do not answer";
  }
  return name + " could not be resolved: " + error.message();
}

Resolved look_up(const std::shared_ptr<Host>& host, const ResolveQuery& query) {
  Resolved resolved = resolve_here(query);
  if (!resolved.name) return resolved;
  if (host == nullptr) {
    nobody_to_ask(query, resolved);
    return resolved;
  }
  const auto resolution = std::make_shared<Resolution>();
  const std::uint64_t number = host->next_number();
  host->call([&](OperationQueue& done) {
    if (Stack* const stack = host->stack()) {
      host->names().start(*stack, *resolved.name, resolved.absolute, families_of(query),
                          {number, resolution, nullptr}, host->now(), done);
    }
  });
  for (;;) {
    const std::uint64_t seen = host->turns();
    const bool over =
        host->call([&](OperationQueue&) { return resolution->done || host->stack() == nullptr; });
    if (over) break;
    if (host->drive_past(seen, kNever)) continue;
    cancel_at(*host, number);
    resolved.error = boost::asio::error::would_block;
    resolved.problem = query.host + " cannot be waited for: nothing is under way";
    return resolved;
  }
  if (!resolution->done) {
    resolved.error = boost::asio::error::operation_aborted;
    resolved.problem = query.host + " could not be resolved: the stack is closed";
    return resolved;
  }
  finish(query, resolved, *resolution);
  return resolved;
}

void Lookups::start(const std::shared_ptr<Host>& host, const ResolveQuery& query,
                    const Resolved& resolved, std::shared_ptr<Resolution> resolution,
                    Operation* operation) {
  std::erase_if(begun_, [](const Begun& each) {
    return each.resolution.use_count() == 1;  // nobody else waits for it: it is over
  });
  const std::uint64_t number = operation->number();
  begun_.push_back({host, number, resolution});
  host->call([&](OperationQueue& done) {
    if (Stack* const stack = host->stack()) {
      host->names().start(*stack, *resolved.name, resolved.absolute, families_of(query),
                          {number, std::move(resolution), operation}, host->now(), done);
    } else {
      operation->fail(boost::asio::error::network_down);
      done.push(operation);
    }
  });
}

void Lookups::cancel() noexcept {
  for (const Begun& each : std::exchange(begun_, {})) {
    if (const std::shared_ptr<Host> host = each.host.lock()) cancel_at(*host, each.number);
  }
}

std::function<void()> Lookups::canceller(const std::shared_ptr<Host>& host, std::uint64_t number) {
  return [weak = std::weak_ptr<Host>(host), number] {
    if (const std::shared_ptr<Host> still = weak.lock()) cancel_at(*still, number);
  };
}

}  // namespace bowline::inline v0::net
