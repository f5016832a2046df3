#include "bowline/asio/socket_state.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>

#include "bowline/asio/error.hpp"

namespace bowline::inline v0::net {
SocketState::SocketState(std::shared_ptr<Host> host, Family family)
    : host_(std::move(host)), family_(family) {
  // A socket's own keepalive starts as the stack's is (tcp/settings.hpp).
  if (const Stack* const stack = host_->stack()) {
    options_.keepalive = stack->config().tcp.keepalive;
  }
}

SocketState::~SocketState() { close(); }

Stack* SocketState::stack(Error& error) const {
  Stack* const stack = host_->stack();
  if (stack == nullptr) {
    error = boost::asio::error::network_down;
  } else if (phase_ == Phase::closed) {
    error = boost::asio::error::bad_descriptor;
  } else {
    error.clear();
    return stack;
  }
  return nullptr;
}

Stack* SocketState::stack_of_connection(Error& error) const {
  Stack* const found = stack(error);
  if (found != nullptr && phase_ != Phase::connecting && phase_ != Phase::connected) {
    error = boost::asio::error::not_connected;
    return nullptr;
  }
  return found;
}

void SocketState::take(Handle handle, Phase phase) {
  handle_ = handle;
  phase_ = phase;
  host_->unreserve(*this);
  host_->assign(handle, this);
}

void SocketState::forget_handle() {
  if (handle_) host_->assign(handle_, nullptr);
  handle_ = Handle{};
}

void SocketState::assign(Handle handle, Error& error) {
  host_->call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (handle_) {
      error = boost::asio::error::already_open;
    } else if (handle.kind == HandleKind::listener) {
      take(handle, Phase::listening);
    } else if (handle.kind == HandleKind::tcp && stack->local_endpoint(handle)) {
      const bool open =
          (stack->readiness(handle) & kWritable) != 0 ||
          stack->inspect(handle).value_or(ConnectionView{}).state != bowline::tcp::State::syn_sent;
      take(handle, open ? Phase::connected : Phase::connecting);
    } else {
      error = boost::asio::error::bad_descriptor;
    }
  });
}

// ---- bind, listen, the end ---------------------------------------------------------------------

void SocketState::bind(const Endpoint& local, Error& error) {
  host_->call([&](OperationQueue&) {
    if (Stack* const stack = this->stack(error)) bind_to(*stack, local, error);
  });
}

void SocketState::bind_to(Stack& stack, const Endpoint& local, Error& error) {
  if (phase_ != Phase::open || bound_ || local.address.family() != family_) {
    error = boost::asio::error::invalid_argument;
    return;
  }
  // A port that the Stack would give may be one that is reserved here: then ask for another.
  constexpr int kTries = 64;
  Status status = fail(std::errc::address_in_use);
  Endpoint chosen = local;
  for (int i = 0; i < (local.port == 0 ? kTries : 1) && !status; ++i) {
    if (local.port == 0) {
      const Result<std::uint16_t> port = stack.pick_port(local.address);
      if (!port) {
        status = fail(port.error());
        break;
      }
      chosen.port = *port;
    }
    status = stack.can_bind(chosen);
    if (status) status = host_->reserve(chosen, *this);
  }
  if (status) {
    bound_ = chosen;
  } else {
    error = to_asio(status.error());
  }
}

void SocketState::listen(int backlog, Error& error) {
  host_->call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr || phase_ == Phase::listening) return;
    if (!bound_) bind_to(*stack, {IpAddress::any(family_), 0}, error);
    if (error) return;
    if (phase_ != Phase::open) {
      error = boost::asio::error::invalid_argument;
      return;
    }
    ListenOptions options;
    options.local = *bound_;
    options.backlog = static_cast<std::uint32_t>(std::max(backlog, 1));
    options.socket = options_;
    if (const Result<Handle> handle = stack->listen(options, host_->now())) {
      take(*handle, Phase::listening);
    } else {
      error = to_asio(handle.error());
    }
  });
}

void SocketState::shutdown(boost::asio::socket_base::shutdown_type what, Error& error) {
  host_->call([&](OperationQueue& done) {
    Stack* const stack = stack_of_connection(error);
    if (stack == nullptr) return;
    const Direction direction = what == boost::asio::socket_base::shutdown_receive
                                    ? Direction::receive
                                : what == boost::asio::socket_base::shutdown_send ? Direction::send
                                                                                  : Direction::both;
    if (const Status status = stack->shutdown(handle_, direction, host_->now()); !status) {
      error = to_asio(status.error());
    }
    // What waits to read or write learns of it now: no frame has to come for that.
    serve(stack->readiness(handle_), done);
  });
}

void SocketState::close() {
  host_->call([&](OperationQueue& done) {
    abort_all(done);
    Stack* const stack = host_->stack();
    if (stack == nullptr || phase_ == Phase::closed) return;
    host_->unreserve(*this);
    if (const Handle handle = handle_) {
      forget_handle();
      // A handle that is gone already is closed.
      static_cast<void>(stack->close(handle, host_->now()));
    }
    phase_ = Phase::closed;
  });
}

Handle SocketState::release() {
  return host_->call([&](OperationQueue& done) {
    abort_all(done);
    const Handle handle = handle_;
    if (host_->stack() != nullptr) {
      host_->unreserve(*this);
      forget_handle();
    }
    phase_ = Phase::closed;
    return handle;
  });
}

// ---- pending operations ------------------------------------------------------------------------

void SocketState::abort_all(OperationQueue& done) {
  for (OperationQueue* const queue : {&input_, &output_, &exceptions_}) {
    queue->fail_into(done, boost::asio::error::operation_aborted);
  }
}

void SocketState::cancel() {
  host_->call([&](OperationQueue& done) { abort_all(done); });
}

void SocketState::cancel(std::uint64_t number) {
  host_->call([&](OperationQueue& done) {
    for (OperationQueue* const queue : {&input_, &output_, &exceptions_}) {
      if (Operation* const operation = queue->remove(number)) {
        operation->fail(boost::asio::error::operation_aborted);
        done.push(operation);
        return;
      }
    }
  });
}

void SocketState::start(Operation* operation, Queue which) {
  host_->call([&](OperationQueue& done) {
    OperationQueue& queue = which == Queue::input    ? input_
                            : which == Queue::output ? output_
                                                     : exceptions_;
    if (queue.empty() && operation->perform(*this)) {
      done.push(operation);
    } else {
      queue.push(operation);
    }
  });
}

void SocketState::start_connect(const Endpoint& remote, Operation* operation) {
  host_->call([&](OperationQueue& done) {
    Error error;
    begin_connect(remote, error);
    if (error) {
      operation->fail(error);
      done.push(operation);
    } else {
      output_.push(operation);
    }
  });
}

void SocketState::serve(std::uint8_t mask, OperationQueue& done) {
  constexpr std::uint8_t kFailed = kError | kClosed;
  if (phase_ == Phase::connecting && (mask & kWritable) != 0 && (mask & kFailed) == 0) {
    phase_ = Phase::connected;
  }
  for (OperationQueue* const queue : {&input_, &output_, &exceptions_}) {
    while (!queue->empty() && queue->front()->perform(*this)) done.push(queue->pop());
  }
}

void SocketState::give_up(OperationQueue& pending) {
  abort_all(pending);
  handle_ = Handle{};
  phase_ = Phase::closed;
}

// ---- options and queries -----------------------------------------------------------------------

void SocketState::set_option(int level, int name, const void* data, std::size_t size,
                             Error& error) {
  host_->call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    bowline::tcp::SocketOptions options = options_;
    if (handle_) options = stack->options(handle_).value_or(options_);
    error = set_socket_option(options, flags_, level, name, data, size);
    if (error) return;
    options_ = options;
    if (!handle_) return;
    if (const Status status = stack->set_options(handle_, options, host_->now()); !status) {
      error = to_asio(status.error());
    }
  });
}

void SocketState::get_option(int level, int name, void* data, std::size_t& size, Error& error) {
  host_->call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    const bowline::tcp::SocketOptions options =
        handle_ ? stack->options(handle_).value_or(options_) : options_;
    error = get_socket_option(options, flags_, stack->config().tcp, level, name, data, size);
  });
}

std::size_t SocketState::available(Error& error) {
  return host_->call([&](OperationQueue&) -> std::size_t {
    Stack* const stack = this->stack(error);
    if (stack == nullptr || !handle_) return 0;
    return stack->inspect(handle_).value_or(ConnectionView{}).receive_queue;
  });
}

Endpoint SocketState::local_endpoint(Error& error) {
  return host_->call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return {};
    const Endpoint unbound{IpAddress::any(family_), 0};
    if (!handle_) return bound_.value_or(unbound);
    const Result<Endpoint> local = stack->local_endpoint(handle_);
    if (!local) error = to_asio(local.error());
    return local.value_or(unbound);
  });
}

Endpoint SocketState::remote_endpoint(Error& error) {
  return host_->call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = stack_of_connection(error);
    if (stack == nullptr) return {};
    if (phase_ != Phase::connected) {
      error = boost::asio::error::not_connected;
      return {};
    }
    const Result<Endpoint> remote = stack->remote_endpoint(handle_);
    if (!remote) error = to_asio(remote.error());
    return remote.value_or(Endpoint{});
  });
}

}  // namespace bowline::inline v0::net
