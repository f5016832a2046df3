#include "bowline/asio/name_service.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

namespace bowline::inline v0::net {
namespace {

void finish(NameService::Waiter& waiter, OperationQueue& done) {
  waiter.resolution->done = true;
  if (waiter.operation != nullptr) done.push(waiter.operation);
}

void abort(NameService::Waiter& waiter, OperationQueue& done) {
  if (waiter.operation != nullptr) waiter.operation->fail(boost::asio::error::operation_aborted);
  finish(waiter, done);
}

}  // namespace

NameService::NameService(const StackConfig& config)
    : resolver_({}, {}, dns::derive_secret(config.seed),
                config.memory != nullptr ? *config.memory : heap_memory()) {}

void NameService::set_config(Stack& stack, const dns::Config& config, Time now) {
  auto hosts = std::make_unique<const std::string>(config.hosts);
  dns::Config ours = config;
  ours.hosts = *hosts;
  resolver_.set_config(stack, ours, now);
  hosts_ = std::move(hosts);  // the old text goes only now
}

void NameService::start(Stack& stack, const dns::Name& name, bool absolute, dns::Families families,
                        Waiter waiter, Time now, OperationQueue& done) {
  pending_.reserve(pending_.size() + 1);
  const auto lookup = resolver_.start(stack, name, absolute, families, now);
  if (lookup) {
    pending_.push_back({*lookup, std::move(waiter)});
  } else {
    waiter.resolution->outcome = dns::Outcome::no_memory;
    finish(waiter, done);
  }
}

void NameService::cancel(Stack& stack, std::uint64_t number, Time now, OperationQueue& done) {
  const auto place = std::ranges::find_if(
      pending_, [&](const Pending& each) { return each.waiter.number == number; });
  if (place == pending_.end()) return;
  resolver_.cancel(stack, place->lookup, now);
  abort(place->waiter, done);
  pending_.erase(place);
}

bool NameService::serve(Stack& stack, const Ready& ready, Time now) {
  return resolver_.sockets() > 0 && resolver_.serve(stack, ready, now);
}

bool NameService::collect(Stack& stack, Time now, OperationQueue& done) {
  if (pending_.empty()) return false;
  bool any = false;
  while (const std::optional<dns::Finished> finished = resolver_.poll_finished(stack, now)) {
    const auto place = std::ranges::find(pending_, finished->lookup, &Pending::lookup);
    if (place == pending_.end()) continue;
    Resolution& resolution = *place->waiter.resolution;
    resolution.outcome = finished->outcome;
    resolution.addresses.assign(finished->addresses.begin(), finished->addresses.end());
    finish(place->waiter, done);
    pending_.erase(place);
    any = true;
  }
  return any;
}

void NameService::give_up(OperationQueue& pending) {
  for (Pending& each : pending_) abort(each.waiter, pending);
  pending_.clear();
}

}  // namespace bowline::inline v0::net
