#include "bowline/asio/stream_state.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "bowline/asio/error.hpp"

namespace bowline::inline v0::net {

StreamState::StreamState(std::shared_ptr<Host> host, Family family)
    : SocketState(std::move(host), family) {
  // A socket's own keepalive starts as the stack's is (tcp/settings.hpp).
  if (const Stack* const stack = this->host().stack()) {
    options_.keepalive = stack->config().tcp.keepalive;
  }
}

Stack* StreamState::stack_of_connection(Error& error) const {
  Stack* const found = stack(error);
  if (found != nullptr && phase_ != Phase::connecting && phase_ != Phase::connected) {
    error = boost::asio::error::not_connected;
    return nullptr;
  }
  return found;
}

void StreamState::become(Handle handle, Phase phase) {
  take(handle);
  phase_ = phase;
}

void StreamState::assign(Handle handle, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (this->handle()) {
      error = boost::asio::error::already_open;
    } else if (handle.kind == HandleKind::listener) {
      become(handle, Phase::listening);
    } else if (handle.kind == HandleKind::tcp && stack->local_endpoint(handle)) {
      const bool open =
          (stack->readiness(handle) & kWritable) != 0 ||
          stack->inspect(handle).value_or(ConnectionView{}).state != bowline::tcp::State::syn_sent;
      become(handle, open ? Phase::connected : Phase::connecting);
    } else {
      error = boost::asio::error::bad_descriptor;
    }
  });
}

// ---- bind, listen, the end ---------------------------------------------------------------------

void StreamState::bind(const Endpoint& local, Error& error) {
  host().call([&](OperationQueue&) {
    if (Stack* const stack = this->stack(error)) bind_to(*stack, local, error);
  });
}

void StreamState::bind_to(Stack& stack, const Endpoint& local, Error& error) {
  if (phase_ != Phase::open || bound_ || local.address.family() != family()) {
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
    if (status) status = host().reserve(chosen, *this);
  }
  if (status) {
    bound_ = chosen;
  } else {
    error = to_asio(status.error());
  }
}

void StreamState::listen(int backlog, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr || phase_ == Phase::listening) return;
    if (!bound_) bind_to(*stack, {IpAddress::any(family()), 0}, error);
    if (error) return;
    if (phase_ != Phase::open) {
      error = boost::asio::error::invalid_argument;
      return;
    }
    ListenOptions options;
    options.local = *bound_;
    options.backlog = static_cast<std::uint32_t>(std::max(backlog, 1));
    options.socket = options_;
    if (const Result<Handle> handle = stack->listen(options, host().now())) {
      become(*handle, Phase::listening);
    } else {
      error = to_asio(handle.error());
    }
  });
}

void StreamState::shutdown(boost::asio::socket_base::shutdown_type what, Error& error) {
  host().call([&](OperationQueue& done) {
    Stack* const stack = stack_of_connection(error);
    if (stack == nullptr) return;
    const Direction direction = what == boost::asio::socket_base::shutdown_receive
                                    ? Direction::receive
                                : what == boost::asio::socket_base::shutdown_send ? Direction::send
                                                                                  : Direction::both;
    if (const Status status = stack->shutdown(handle(), direction, host().now()); !status) {
      error = to_asio(status.error());
    }
    // What waits to read or write learns of it now: no frame has to come for that.
    serve(stack->readiness(handle()), done);
  });
}

void StreamState::start_connect(const Endpoint& remote, Operation* operation) {
  host().call([&](OperationQueue& done) {
    Error error;
    begin_connect(remote, error);
    if (error) {
      operation->fail(error);
      done.push(operation);
    } else {
      output().push(operation);
    }
  });
}

void StreamState::note_ready(std::uint8_t mask) {
  constexpr std::uint8_t kFailed = kError | kClosed;
  if (phase_ == Phase::connecting && (mask & kWritable) != 0 && (mask & kFailed) == 0) {
    phase_ = Phase::connected;
  }
}

// ---- options and queries -----------------------------------------------------------------------

void StreamState::set_option(int level, int name, const void* data, std::size_t size,
                             Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    bowline::tcp::SocketOptions options = options_;
    if (handle()) options = stack->options(handle()).value_or(options_);
    error = set_socket_option(options, flags_, level, name, data, size);
    if (error) return;
    options_ = options;
    if (!handle()) return;
    if (const Status status = stack->set_options(handle(), options, host().now()); !status) {
      error = to_asio(status.error());
    }
  });
}

void StreamState::get_option(int level, int name, void* data, std::size_t& size, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    const bowline::tcp::SocketOptions options =
        handle() ? stack->options(handle()).value_or(options_) : options_;
    error = get_socket_option(options, flags_, stack->config().tcp, level, name, data, size);
  });
}

std::size_t StreamState::available(Error& error) {
  return host().call([&](OperationQueue&) -> std::size_t {
    Stack* const stack = this->stack(error);
    if (stack == nullptr || !handle()) return 0;
    return stack->inspect(handle()).value_or(ConnectionView{}).receive_queue;
  });
}

Endpoint StreamState::local_endpoint(Error& error) {
  return host().call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return {};
    const Endpoint unbound{IpAddress::any(family()), 0};
    if (!handle()) return bound_.value_or(unbound);
    const Result<Endpoint> local = stack->local_endpoint(handle());
    if (!local) error = to_asio(local.error());
    return local.value_or(unbound);
  });
}

Endpoint StreamState::remote_endpoint(Error& error) {
  return host().call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = stack_of_connection(error);
    if (stack == nullptr) return {};
    if (phase_ != Phase::connected) {
      error = boost::asio::error::not_connected;
      return {};
    }
    const Result<Endpoint> remote = stack->remote_endpoint(handle());
    if (!remote) error = to_asio(remote.error());
    return remote.value_or(Endpoint{});
  });
}

}  // namespace bowline::inline v0::net
