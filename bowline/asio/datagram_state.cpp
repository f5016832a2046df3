#include "bowline/asio/datagram_state.hpp"

#include <boost/asio/error.hpp>

#include "bowline/asio/error.hpp"

namespace bowline::inline v0::net {
namespace {

bool is_would_block(const std::error_code& error) {
  return error == std::errc::operation_would_block;
}

}  // namespace

void DatagramState::open_on(Stack& stack, const Endpoint& local, Error& error) {
  UdpOptions options;
  options.local = local;
  options.reuse_address = flags_.reuse_address;
  options.socket = options_;
  if (const Result<Handle> handle = stack.open_udp(options, host().now())) {
    take(*handle);
  } else {
    error = to_asio(handle.error());
  }
}

bool DatagramState::is_connected(const Stack& stack) const {
  return handle() && stack.remote_endpoint(handle()).has_value();
}

void DatagramState::assign(Handle handle, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (this->handle()) {
      error = boost::asio::error::already_open;
    } else if (handle.kind == HandleKind::udp && stack->local_endpoint(handle)) {
      take(handle);
    } else {
      error = boost::asio::error::bad_descriptor;
    }
  });
}

// ---- bind, connect, shutdown -------------------------------------------------------------------

void DatagramState::bind(const Endpoint& local, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (handle() || local.address.family() != family()) {
      error = boost::asio::error::invalid_argument;
    } else {
      open_on(*stack, local, error);
    }
  });
}

void DatagramState::connect(const Endpoint& remote, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (remote.address.family() != family()) {
      error = boost::asio::error::address_family_not_supported;
      return;
    }
    if (!handle()) open_on(*stack, {IpAddress::any(family()), 0}, error);
    if (error) return;
    if (const Status status = stack->connect_udp(handle(), remote, host().now()); !status) {
      error = to_asio(status.error());
    }
  });
}

void DatagramState::start_connect(const Endpoint& remote, Operation* operation) {
  Error error;
  connect(remote, error);
  operation->fail(error);
  operation->complete();
}

void DatagramState::shutdown(boost::asio::socket_base::shutdown_type what, Error& error) {
  host().call([&](OperationQueue& done) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (!is_connected(*stack)) {
      error = boost::asio::error::not_connected;
      return;
    }
    if (what != boost::asio::socket_base::shutdown_send) receives_ = false;
    if (what != boost::asio::socket_base::shutdown_receive) sends_ = false;
    // Who waits to receive learns of it now: no datagram has to come for that.
    serve(stack->readiness(handle()), done);
  });
}

// ---- data --------------------------------------------------------------------------------------

bool DatagramState::try_send(std::span<const std::byte> bytes, const std::optional<Endpoint>& to,
                             int flags, std::size_t& sent, Error& error) {
  sent = 0;
  Stack* const stack = this->stack(error);
  if (stack == nullptr) return true;
  if (flags != 0) {
    error = boost::asio::error::operation_not_supported;
  } else if (!sends_) {
    error = boost::asio::error::broken_pipe;
  } else if (!handle()) {
    open_on(*stack, {IpAddress::any(family()), 0}, error);
  }
  if (error) return true;
  const Result<std::size_t> count = stack->send_to(handle(), bytes, to, host().now());
  if (count) {
    sent = *count;
  } else {
    if (is_would_block(count.error())) return false;
    error = to_asio(count.error());
  }
  return true;
}

bool DatagramState::try_receive(std::span<std::byte> to, Endpoint& from, int flags,
                                std::size_t& received, Error& error) {
  received = 0;
  Stack* const stack = this->stack(error);
  if (stack == nullptr) return true;
  constexpr int kPeek = boost::asio::socket_base::message_peek;
  if ((flags & ~kPeek) != 0) {
    error = boost::asio::error::operation_not_supported;
    return true;
  }
  if (!handle()) return false;  // nobody can send to it yet
  const Result<Datagram> datagram = (flags & kPeek) != 0
                                        ? stack->peek_from(handle(), to, host().now())
                                        : stack->receive_from(handle(), to, host().now());
  if (datagram) {
    received = datagram->size;
    from = datagram->from;
  } else if (!is_would_block(datagram.error())) {
    error = to_asio(datagram.error());
  } else {
    return !receives_;  // with no bytes, as recv(2) says it
  }
  return true;
}

std::size_t DatagramState::send(std::span<const std::byte> bytes, const std::optional<Endpoint>& to,
                                int flags, Error& error) {
  std::size_t sent = 0;
  block([&](Error& outcome) { return try_send(bytes, to, flags, sent, outcome); }, non_blocking(),
        error);
  return sent;
}

std::size_t DatagramState::receive(std::span<std::byte> to, Endpoint& from, int flags,
                                   Error& error) {
  std::size_t received = 0;
  block([&](Error& outcome) { return try_receive(to, from, flags, received, outcome); },
        non_blocking(), error);
  return received;
}

// ---- options and queries -----------------------------------------------------------------------

void DatagramState::set_option(int level, int name, const void* data, std::size_t size,
                               Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (handle()) options_ = stack->udp_options(handle()).value_or(options_);
    error = set_socket_option(options_, flags_, level, name, data, size);
    if (error || !handle()) return;
    if (const Status status = stack->set_udp_options(handle(), options_); !status) {
      error = to_asio(status.error());
    }
  });
}

void DatagramState::get_option(int level, int name, void* data, std::size_t& size, Error& error) {
  host().call([&](OperationQueue&) {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return;
    if (handle()) options_ = stack->udp_options(handle()).value_or(options_);
    error = get_socket_option(options_, flags_, stack->config().limits, level, name, data, size);
  });
}

std::size_t DatagramState::available(Error& error) {
  return host().call([&](OperationQueue&) -> std::size_t {
    Stack* const stack = this->stack(error);
    if (stack == nullptr || !handle()) return 0;
    // An error is told once, and not here: look first.
    const std::uint8_t mask = stack->readiness(handle());
    if ((mask & kReadable) == 0 || (mask & kError) != 0) return 0;
    return stack->peek_from(handle(), {}, host().now()).value_or(Datagram{}).full_size;
  });
}

Endpoint DatagramState::local_endpoint(Error& error) {
  return host().call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return {};
    const Endpoint unbound{IpAddress::any(family()), 0};
    if (!handle()) return unbound;
    const Result<Endpoint> local = stack->local_endpoint(handle());
    if (!local) error = to_asio(local.error());
    return local.value_or(unbound);
  });
}

Endpoint DatagramState::remote_endpoint(Error& error) {
  return host().call([&](OperationQueue&) -> Endpoint {
    Stack* const stack = this->stack(error);
    if (stack == nullptr) return {};
    if (!handle()) {
      error = boost::asio::error::not_connected;
      return {};
    }
    const Result<Endpoint> remote = stack->remote_endpoint(handle());
    if (!remote) error = to_asio(remote.error());
    return remote.value_or(Endpoint{});
  });
}

}  // namespace bowline::inline v0::net
