// What a stream socket does with the Stack: connect, transfer, accept; one attempt each, and the
// synchronous calls that repeat it.

#include <boost/asio/error.hpp>

#include "bowline/asio/error.hpp"
#include "bowline/asio/stream_state.hpp"

namespace bowline::inline v0::net {
namespace {

constexpr std::uint8_t kOver = kError | kClosed;

bool is_would_block(const std::error_code& error) {
  return error == std::errc::operation_would_block;
}

}  // namespace

// ---- connect -----------------------------------------------------------------------------------

void StreamState::begin_connect(const Endpoint& remote, Error& error) {
  Stack* const stack = this->stack(error);
  if (stack == nullptr) return;
  if (phase_ == Phase::connecting) {
    error = boost::asio::error::already_started;
  } else if (phase_ == Phase::connected) {
    error = boost::asio::error::already_connected;
  } else if (phase_ == Phase::listening) {
    error = boost::asio::error::invalid_argument;
  } else if (remote.address.family() != family()) {
    error = boost::asio::error::address_family_not_supported;
  }
  if (error) return;
  ConnectOptions options;
  options.remote = remote;
  options.local = bound_;
  options.socket = options_;
  if (const Result<Handle> handle = stack->connect(options, host().now())) {
    become(*handle, Phase::connecting);
  } else {
    error = to_asio(handle.error());
  }
}

bool StreamState::try_connect(Error& error) {
  Stack* const stack = stack_of_connection(error);
  if (stack == nullptr || phase_ == Phase::connected) return true;
  const std::uint8_t mask = stack->readiness(handle());
  if ((mask & kOver) != 0) {
    error = to_asio(stack->take_error(handle()));
    if (!error) error = boost::asio::error::connection_aborted;
    // Like the kernel's, the socket stays open and may connect again.
    const Handle handle = this->handle();
    forget_handle();
    phase_ = Phase::open;
    static_cast<void>(stack->close(handle, host().now()));
    return true;
  }
  if ((mask & kWritable) == 0) return false;
  phase_ = Phase::connected;
  return true;
}

void StreamState::connect(const Endpoint& remote, Error& error) {
  host().call([&](OperationQueue&) { begin_connect(remote, error); });
  // As with the kernel's sockets under Asio, non_blocking() is no matter here.
  if (!error) block([this](Error& outcome) { return try_connect(outcome); }, false, error);
}

// ---- data --------------------------------------------------------------------------------------

bool StreamState::try_read(const InPieces& to, int flags, std::size_t& bytes, Error& error) {
  bytes = 0;
  constexpr int kKnown = boost::asio::socket_base::message_peek;
  if ((flags & ~kKnown) != 0) {
    error = boost::asio::error::operation_not_supported;
    return true;
  }
  if (to.count == 0) {
    error.clear();
    return true;
  }
  Stack* const stack = stack_of_connection(error);
  if (stack == nullptr) return true;
  const bool peek = (flags & boost::asio::socket_base::message_peek) != 0;
  for (const std::span<std::byte> piece : to.all()) {
    // An error is told once and must not be taken by a call that has bytes to tell of: look first.
    if (bytes != 0 && !peek && (stack->readiness(handle()) & kReadable) == 0) break;
    const Result<std::size_t> got =
        peek ? stack->peek(handle(), piece, static_cast<std::uint32_t>(bytes))
             : stack->read(handle(), piece, host().now());
    if (!got || *got == 0) {
      if (bytes != 0) break;
      if (!got && is_would_block(got.error())) return false;
      error = got ? Error(boost::asio::error::eof) : to_asio(got.error());
      return true;
    }
    bytes += *got;
    if (*got < piece.size()) break;
  }
  return true;
}

bool StreamState::try_write(const OutPieces& from, int flags, std::size_t& bytes, Error& error) {
  bytes = 0;
  constexpr int kKnown = boost::asio::socket_base::message_out_of_band |
                         boost::asio::socket_base::message_end_of_record;
  if ((flags & ~kKnown) != 0) {
    error = boost::asio::error::operation_not_supported;
    return true;
  }
  if (from.count == 0) {
    error.clear();
    return true;
  }
  Stack* const stack = stack_of_connection(error);
  if (stack == nullptr) return true;
  for (const std::span<const std::byte> piece : from.all()) {
    const Result<std::size_t> taken = stack->write(handle(), piece, host().now());
    if (!taken) {
      if (bytes != 0) break;
      if (is_would_block(taken.error())) return false;
      error = to_asio(taken.error());
      return true;
    }
    bytes += *taken;
    if (*taken < piece.size()) break;
  }
  if ((flags & boost::asio::socket_base::message_out_of_band) != 0) {
    const Status status = stack->mark_urgent(handle(), host().now());
    if (!status) error = to_asio(status.error());
  }
  return true;
}

std::size_t StreamState::read(const InPieces& to, int flags, Error& error) {
  std::size_t bytes = 0;
  block([&](Error& outcome) { return try_read(to, flags, bytes, outcome); }, non_blocking(), error);
  return bytes;
}

std::size_t StreamState::write(const OutPieces& from, int flags, Error& error) {
  std::size_t bytes = 0;
  block([&](Error& outcome) { return try_write(from, flags, bytes, outcome); }, non_blocking(),
        error);
  return bytes;
}

// ---- accept ------------------------------------------------------------------------------------

bool StreamState::try_accept(std::shared_ptr<StreamState>& peer, Error& error) {
  Stack* const stack = this->stack(error);
  if (stack == nullptr) return true;
  if (phase_ != Phase::listening) {
    error = boost::asio::error::invalid_argument;
    return true;
  }
  const Result<Handle> handle = stack->accept(this->handle(), host().now());
  if (!handle) {
    if (is_would_block(handle.error())) return false;
    error = to_asio(handle.error());
    return true;
  }
  peer = std::make_shared<StreamState>(host().shared_from_this(), family());
  peer->become(*handle, Phase::connected);
  return true;
}

std::shared_ptr<StreamState> StreamState::accept(Error& error) {
  std::shared_ptr<StreamState> peer;
  block([&](Error& outcome) { return try_accept(peer, outcome); }, non_blocking(), error);
  return peer;
}

}  // namespace bowline::inline v0::net
