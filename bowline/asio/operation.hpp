#pragma once

// An operation that an Asio program has started and that is not finished.
//
// It is one block of memory, from the handler's own allocator, that holds what is to be done, the
// handler and the work that keeps both executors running. Whoever finishes it calls complete(): the
// block is given back first and the handler posted after, never called from here, so that a handler
// may destroy anything, and a chain of operations that could all finish at once needs no stack.
//
// While an operation waits it belongs to a queue; a queue that goes takes its operations with it,
// uncalled.

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/detail/recycling_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace bowline::inline v0::net {

class SocketState;

/// A pending operation without its types.
class Operation {
 public:
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// Tries to do the work on `socket`, under its host's lock; true: it is finished, well or not.
  [[nodiscard]] virtual bool perform(SocketState& socket) = 0;
  /// Posts the handler with the outcome. Ends the operation's life. Not under a lock: the handler's
  /// executor and allocator are the program's.
  virtual void complete() = 0;
  /// Destroys handler and operation without a call (the context is going). Not under a lock either.
  virtual void abandon() noexcept = 0;

  /// The outcome is `error`, whatever the work says.
  void fail(boost::system::error_code error) noexcept { error_ = error; }

  /// A name for a cancellation slot to keep: the operation may be gone when the slot is triggered.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  void set_number(std::uint64_t number) noexcept { number_ = number; }

 protected:
  Operation() = default;
  ~Operation() = default;

  boost::system::error_code error_;

 private:
  friend class OperationQueue;
  Operation* next_ = nullptr;
  std::uint64_t number_ = 0;
};

/// Operations, first in, first out. Owns them.
class OperationQueue {
 public:
  OperationQueue() = default;
  OperationQueue(const OperationQueue&) = delete;
  OperationQueue& operator=(const OperationQueue&) = delete;
  ~OperationQueue() {
    while (Operation* operation = pop()) operation->abandon();
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] Operation* front() const noexcept { return first_; }

  void push(Operation* operation) noexcept {
    operation->next_ = nullptr;
    *last_ = operation;
    last_ = &operation->next_;
  }

  /// The oldest, or null.
  Operation* pop() noexcept {
    Operation* const operation = first_;
    if (operation != nullptr) {
      first_ = operation->next_;
      if (first_ == nullptr) last_ = &first_;
    }
    return operation;
  }

  /// Takes out the one called `number`, or null.
  Operation* remove(std::uint64_t number) noexcept {
    for (Operation** place = &first_; *place != nullptr; place = &(*place)->next_) {
      Operation* const operation = *place;
      if (operation->number_ != number) continue;
      *place = operation->next_;
      if (*place == nullptr) last_ = place;
      return operation;
    }
    return nullptr;
  }

  /// Moves all to the end of `to`, with `error` as their outcome.
  void fail_into(OperationQueue& to, boost::system::error_code error) noexcept {
    while (Operation* operation = pop()) {
      operation->fail(error);
      to.push(operation);
    }
  }

  /// Completes all, oldest first. What throws (a handler's allocator may) leaves the rest in the
  /// queue.
  void complete_all() {
    while (Operation* operation = pop()) operation->complete();
  }

 private:
  Operation* first_ = nullptr;
  Operation** last_ = &first_;
};

namespace detail {

/// What is posted: the handler and its arguments. It has the handler's allocator and no executor,
/// for it is already where the handler wants to be.
template <class Handler, class Arguments>
class Completion {
 public:
  using allocator_type = boost::asio::associated_allocator_t<Handler>;

  Completion(Handler&& handler, Arguments&& arguments)
      : handler_(std::move(handler)), arguments_(std::move(arguments)) {}

  [[nodiscard]] allocator_type get_allocator() const noexcept {
    return boost::asio::get_associated_allocator(handler_);
  }

  void operator()() {
    std::apply([this](auto&&... arguments) { std::move(handler_)(std::move(arguments)...); },
               std::move(arguments_));
  }

 private:
  Handler handler_;
  Arguments arguments_;
};

/// Keeps the object's executor and the handler's at work; one guard does where they are the same.
template <class Handler, class IoExecutor>
class HandlerWork {
 public:
  using Executor = boost::asio::associated_executor_t<Handler, IoExecutor>;

  HandlerWork(const Handler& handler, const IoExecutor& io)
      : handler_(boost::asio::get_associated_executor(handler, io)) {
    if constexpr (std::is_same_v<Executor, IoExecutor>) {
      if (handler_.get_executor() == io) return;
    }
    io_.emplace(io);
  }

  [[nodiscard]] Executor executor() const { return handler_.get_executor(); }

 private:
  boost::asio::executor_work_guard<Executor> handler_;
  std::optional<boost::asio::executor_work_guard<IoExecutor>> io_;
};

/// An operation: `Work` with a handler. `Work` has the type of its socket, State; perform(State&,
/// error_code&) → bool; and arguments(error_code) → the tuple for the handler.
template <class Work, class Handler, class IoExecutor>
class HandlerOperation final : public Operation {
  // Asio's own cache of blocks, for handlers that have no allocator of their own.
  using Recycling = boost::asio::detail::get_recycling_allocator<
      boost::asio::associated_allocator_t<Handler>,
      boost::asio::detail::thread_info_base::default_tag>;
  using Allocator = typename std::allocator_traits<typename Recycling::type>::template rebind_alloc<
      HandlerOperation>;
  using Traits = std::allocator_traits<Allocator>;

 public:
  /// Throws what the handler's allocator throws.
  [[nodiscard]] static HandlerOperation* create(Work&& work, Handler&& handler,
                                                const IoExecutor& io) {
    Allocator allocator = allocator_of(handler);
    HandlerOperation* const place = Traits::allocate(allocator, 1);
    try {
      return ::new (static_cast<void*>(place))
          HandlerOperation(std::move(work), std::move(handler), io);
    } catch (...) {
      Traits::deallocate(allocator, place, 1);
      throw;
    }
  }

  [[nodiscard]] bool perform(SocketState& socket) override {
    if constexpr (requires { typename Work::State; }) {
      return work_.perform(static_cast<typename Work::State&>(socket), error_);
    } else {
      return work_.perform(socket, error_);
    }
  }

  void complete() override {
    auto arguments = work_.arguments(error_);
    const HandlerWork<Handler, IoExecutor> work(std::move(guards_));
    Completion<Handler, decltype(arguments)> completion(std::move(handler_), std::move(arguments));
    // The memory goes back before the handler is posted, so that it serves the next operation.
    release(allocator_of(completion));
    boost::asio::post(work.executor(), std::move(completion));
  }

  void abandon() noexcept override {
    // The handler may own what it is allocated from: it is destroyed after the block.
    const Handler handler(std::move(handler_));
    release(allocator_of(handler));
  }

 private:
  HandlerOperation(Work&& work, Handler&& handler, const IoExecutor& io)
      : guards_(handler, io), work_(std::move(work)), handler_(std::move(handler)) {}
  ~HandlerOperation() = default;

  template <class Associated>
  static Allocator allocator_of(const Associated& associated) {
    return Allocator(Recycling::get(boost::asio::get_associated_allocator(associated)));
  }

  void release(Allocator allocator) noexcept {
    this->~HandlerOperation();
    Traits::deallocate(allocator, this, 1);
  }

  HandlerWork<Handler, IoExecutor> guards_;
  Work work_;
  Handler handler_;
};

}  // namespace detail

/// Makes an operation of `work` and `handler`, whose object runs on `io`.
template <class Work, class Handler, class IoExecutor>
[[nodiscard]] Operation* make_operation(Work work, Handler&& handler, const IoExecutor& io) {
  using Plain = std::decay_t<Handler>;
  return detail::HandlerOperation<Work, Plain, IoExecutor>::create(
      std::move(work), Plain(std::forward<Handler>(handler)), io);
}

}  // namespace bowline::inline v0::net
