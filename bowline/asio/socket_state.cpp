#include "bowline/asio/socket_state.hpp"

#include <boost/asio/error.hpp>

namespace bowline::inline v0::net {

SocketState::Error SocketState::would_block() noexcept { return boost::asio::error::would_block; }

Stack* SocketState::stack(Error& error) const {
  Stack* const stack = host_->stack();
  if (stack == nullptr) {
    error = boost::asio::error::network_down;
  } else if (closed_) {
    error = boost::asio::error::bad_descriptor;
  } else {
    error.clear();
    return stack;
  }
  return nullptr;
}

void SocketState::take(Handle handle) {
  handle_ = handle;
  host_->unreserve(*this);
  host_->assign(handle, this);
}

void SocketState::forget_handle() {
  if (handle_) host_->assign(handle_, nullptr);
  handle_ = Handle{};
}

// ---- the end -----------------------------------------------------------------------------------

void SocketState::close() {
  host_->call([&](OperationQueue& done) {
    abort_all(done);
    Stack* const stack = host_->stack();
    if (stack == nullptr || closed_) return;
    host_->unreserve(*this);
    if (const Handle handle = handle_) {
      forget_handle();
      // A handle that is gone already is closed.
      static_cast<void>(stack->close(handle, host_->now()));
    }
    closed_ = true;
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
    closed_ = true;
    return handle;
  });
}

void SocketState::give_up(OperationQueue& pending) {
  abort_all(pending);
  handle_ = Handle{};
  closed_ = true;
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

void SocketState::serve(std::uint8_t mask, OperationQueue& done) {
  note_ready(mask);
  for (OperationQueue* const queue : {&input_, &output_, &exceptions_}) {
    while (!queue->empty() && queue->front()->perform(*this)) done.push(queue->pop());
  }
}

// ---- wait --------------------------------------------------------------------------------------

bool SocketState::try_wait(boost::asio::socket_base::wait_type what, Error& error) {
  constexpr std::uint8_t kOver = kError | kClosed;
  Stack* const stack = this->stack(error);
  if (stack == nullptr) return true;
  // poll(2) calls a socket that was never connected ready for everything, because no call would
  // block.
  if (!handle_) return true;
  const std::uint8_t mask = stack->readiness(handle_);
  switch (what) {
    case boost::asio::socket_base::wait_read:
      return (mask & (kReadable | kPeerClosed | kAcceptable | kOver)) != 0;
    case boost::asio::socket_base::wait_write:
      return (mask & (kWritable | kOver)) != 0;
    case boost::asio::socket_base::wait_error:
      return (mask & kOver) != 0;
  }
  error = boost::asio::error::invalid_argument;
  return true;
}

void SocketState::wait(boost::asio::socket_base::wait_type what, Error& error) {
  block([&](Error& outcome) { return try_wait(what, outcome); }, non_blocking_, error);
}

}  // namespace bowline::inline v0::net
