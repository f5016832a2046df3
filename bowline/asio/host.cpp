#include "bowline/asio/host.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "bowline/asio/socket_state.hpp"

namespace bowline::inline v0::net {
namespace {

/// The hosts of an execution context.
class HostService final : public boost::asio::execution_context::service {
 public:
  using key_type = HostService;
  static boost::asio::execution_context::id id;

  explicit HostService(boost::asio::execution_context& context) : service(context) {}

  void add(std::shared_ptr<Host> host) {
    const std::lock_guard lock(mutex_);
    hosts_.push_back(std::move(host));
  }
  void remove(const Host& gone) {
    const std::lock_guard lock(mutex_);
    std::erase_if(hosts_, [&](const auto& host) { return host.get() == &gone; });
  }
  [[nodiscard]] std::shared_ptr<OptionalMutex> calls(bool many_threads) {
    const std::lock_guard lock(mutex_);
    if (calls_ == nullptr) calls_ = std::make_shared<OptionalMutex>(many_threads);
    return calls_;
  }
  [[nodiscard]] std::shared_ptr<Host> first() {
    const std::lock_guard lock(mutex_);
    return hosts_.empty() ? nullptr : hosts_.front();
  }
  [[nodiscard]] std::vector<std::shared_ptr<Host>> all() {
    const std::lock_guard lock(mutex_);
    return hosts_;
  }

 private:
  void shutdown() override {
    for (const auto& host : all()) host->abandon();
    const std::lock_guard lock(mutex_);
    hosts_.clear();
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<Host>> hosts_;
  std::shared_ptr<OptionalMutex> calls_;  // the hosts'
};

boost::asio::execution_context::id HostService::id;

boost::system::system_error network_down() {
  return boost::system::system_error(boost::asio::error::network_down,
                                     "no stack in this execution context");
}

}  // namespace

// ---- sockets -----------------------------------------------------------------------------------

Host::Host(boost::asio::execution_context& context, bool many_threads)
    : context_(context),
      mutex_(boost::asio::use_service<HostService>(context).calls(many_threads)) {}

SocketState** Host::place(Handle handle) {
  std::vector<SocketState*>& table = handle.kind == HandleKind::listener ? listeners_
                                     : handle.kind == HandleKind::udp    ? datagrams_
                                                                         : connections_;
  if (handle.index >= table.size()) {
    table.resize(std::max<std::size_t>(handle.index + std::size_t{1}, 2 * table.size()));
  }
  return &table[handle.index];
}

void Host::assign(Handle handle, SocketState* socket) { *place(handle) = socket; }

Status Host::reserve(const Endpoint& local, const SocketState& socket) {
  const auto overlaps = [&](const Reservation& other) {
    return other.local.port == local.port &&
           other.local.address.family() == local.address.family() &&
           (other.local.address == local.address || other.local.address.is_unspecified() ||
            local.address.is_unspecified());
  };
  if (std::any_of(reservations_.begin(), reservations_.end(), overlaps)) {
    return fail(std::errc::address_in_use);
  }
  reservations_.push_back({local, &socket});
  return {};
}

void Host::unreserve(const SocketState& socket) noexcept {
  std::erase_if(reservations_, [&](const auto& held) { return held.socket == &socket; });
}

void Host::called(OperationQueue& done) {
  if (closed_) return;
  if (serve_ready(done)) turned();
  touched();
}

bool Host::serve_ready(OperationQueue& done) {
  bool any = false;
  while (const std::optional<Ready> ready = stack_->poll_ready()) {
    any = true;
    if (serve_service(*ready)) continue;
    SocketState* const socket = *place(ready->handle);
    // The place may be the next tenant's already, who asks for himself; readiness() tells him the
    // same.
    if (socket != nullptr && socket->handle() == ready->handle) socket->serve(ready->mask, done);
  }
  return collect(done) || any;
}

bool Host::collect(OperationQueue& done) {
  bool any = false;
  for (const auto& service : services_) any = service->collect(*stack_, now(), done) || any;
  return any;
}

bool Host::advance_services(OperationQueue& done) {
  const Time at = now();
  bool due = false;
  for (const auto& service : services_) {
    if (service->next_deadline() > at) continue;
    service->advance(*stack_, at);
    due = true;
  }
  return due && collect(done);
}

bool Host::serve_service(const Ready& ready) {
  return std::ranges::any_of(
      services_, [&](const auto& service) { return service->serve(*stack_, ready, now()); });
}

Time Host::services_deadline() const noexcept {
  Time next = kNever;
  for (const auto& service : services_) next = std::min(next, service->next_deadline());
  return next;
}

// ---- names -------------------------------------------------------------------------------------

void Host::serve(Stack& stack) {
  auto names = std::make_unique<NameService>(stack.config());
  names_ = names.get();
  services_.push_back(std::move(names));
  stack_ = &stack;
}

void Host::set_name_servers(const dns::Config& config) {
  call([&](OperationQueue&) { names_->set_config(open_stack(), config, now()); });
}

dns::Config Host::name_servers() {
  return call([&](OperationQueue&) {
    static_cast<void>(open_stack());
    return names_->config();
  });
}

// ---- the end -----------------------------------------------------------------------------------

Stack& Host::open_stack() const {
  if (closed_) throw network_down();
  return *stack_;
}

void Host::close_into(OperationQueue& pending) {
  const std::lock_guard lock(*mutex_);
  if (closed_.exchange(true)) return;
  for (std::vector<SocketState*>* const table : {&connections_, &listeners_, &datagrams_}) {
    for (SocketState* const socket : *table) {
      if (socket != nullptr) socket->give_up(pending);
    }
    table->clear();
  }
  reservations_.clear();
  for (const auto& service : services_) service->give_up(pending);
  close_driver();
  stack_ = nullptr;
  turned();
}

void Host::close() {
  const std::shared_ptr<Host> self = shared_from_this();
  OperationQueue pending;
  close_into(pending);
  remove_host(*this);
  pending.complete_all();
}

void Host::abandon() {
  OperationQueue pending;
  close_into(pending);
}

// ---- the hosts of a context --------------------------------------------------------------------

void add_host(std::shared_ptr<Host> host) {
  boost::asio::execution_context& context = host->context();
  boost::asio::use_service<HostService>(context).add(std::move(host));
}

void remove_host(const Host& host) {
  boost::asio::use_service<HostService>(host.context()).remove(host);
}

std::shared_ptr<Host> find_host(boost::asio::execution_context& context) {
  if (!boost::asio::has_service<HostService>(context)) return nullptr;
  return boost::asio::use_service<HostService>(context).first();
}

Host& host(boost::asio::execution_context& context) {
  const std::shared_ptr<Host> found = find_host(context);
  if (found == nullptr) throw network_down();
  return *found;
}

std::vector<std::shared_ptr<Host>> hosts(boost::asio::execution_context& context) {
  if (!boost::asio::has_service<HostService>(context)) return {};
  return boost::asio::use_service<HostService>(context).all();
}

}  // namespace bowline::inline v0::net
