#include "bowline/asio/io_host.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "bowline/asio/basic_waitable_timer.hpp"
#include "bowline/driver/clock.hpp"
#include "bowline/driver/turn.hpp"
#include "bowline/link/memory_link.hpp"

namespace bowline::inline v0::net {
namespace {

using IoExecutor = boost::asio::io_context::executor_type;
using Descriptor = boost::asio::posix::basic_stream_descriptor<IoExecutor>;
using Timer = SteadyTimer<boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

void check(const Status& status, const char* what) {
  if (!status) throw std::system_error(status.error(), what);
}

bool runs_on_one_thread(boost::asio::io_context& context) {
  return boost::asio::use_service<boost::asio::detail::scheduler>(context).concurrency_hint() == 1;
}

/// A descriptor that another thread makes readable.
class Alarm {
 public:
  Alarm() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { ::close(descriptor_); }

  void ring() const noexcept { static_cast<void>(::eventfd_write(descriptor_, 1)); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// poll(2) until one of `polled` is ready or `until` has come.
void wait_for(std::vector<pollfd>& polled, Time until) {
  const Duration left = until - driver::monotonic_now();
  timespec timeout{};
  if (until != kNever && left > Duration::zero()) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timeout.tv_sec = seconds.count();
    timeout.tv_nsec = (left - seconds).count();
  }
  // A signal ends the wait early: whoever waits looks again anyway.
  static_cast<void>(
      ::ppoll(polled.data(), polled.size(), until == kNever ? nullptr : &timeout, nullptr));
}

/// Does a connection without an owner still have something that its peer has not acknowledged?
bool is_delivering(const Stack& stack) {
  if (stack.usage().orphans == 0) return false;
  bool found = false;
  stack.for_each_connection(
      [](void* context, const ConnectionView& view) {
        const bool done = view.state == bowline::tcp::State::fin_wait_2 ||
                          view.state == bowline::tcp::State::time_wait;
        if (view.orphan && !done) *static_cast<bool*>(context) = true;
      },
      &found);
  return found;
}

class ReactorHost final : public IoHost {
 public:
  ReactorHost(boost::asio::io_context& context, Stack stack)
      : IoHost(context, !runs_on_one_thread(context)),
        executor_(context.get_executor()),
        clock_(find_virtual_clock(context)),
        stack_(std::move(stack)),
        timer_(std::in_place, executor_) {
    turn_.emplace(*stack_);
    serve(*stack_);
  }

  InterfaceId attach(const Attachment& attachment) override;
  bool drain(Duration most) override;
  void wake() override;
  [[nodiscard]] Time now() const override {
    return clock_ != nullptr ? clock_->now() : driver::monotonic_now();
  }
  [[nodiscard]] bool drive_past(std::uint64_t seen, Time until) override;

 private:
  /// A link's descriptor in the reactor. Asio takes descriptors for its own; this one gives it
  /// back.
  struct Watch {
    Watch(const IoExecutor& executor, int number) : descriptor(executor, number) {}
    ~Watch() { descriptor.release(); }
    Descriptor descriptor;
    bool reading = false, writing = false;
  };

  void touched() override;
  void turned() override;
  void close_driver() override;

  [[nodiscard]] Time next_deadline() const noexcept {
    return std::min(turn_->next_deadline(), services_deadline());
  }
  void route_back(const IpAddress& address);
  void post_turn();
  void run_turn();
  bool take_turn(OperationQueue& done);
  void arm();
  void arm_timer(Time deadline);
  void arm_watch(std::size_t index, Descriptor::wait_type what);
  template <class Start>
  void uncounted(Start start);
  void tell_others();
  Time turn_others();
  [[nodiscard]] std::vector<std::shared_ptr<ReactorHost>> others();
  [[nodiscard]] std::shared_ptr<ReactorHost> self() {
    return std::static_pointer_cast<ReactorHost>(shared_from_this());
  }

  const IoExecutor executor_;
  VirtualClock* const clock_;
  std::vector<std::shared_ptr<Link>> links_;
  bool in_memory_ = false;  // has a link without a descriptor
  std::optional<InterfaceId> loopback_;
  std::vector<IpAddress> addresses_;  // all of them
  std::optional<Stack> stack_;
  std::optional<driver::Turn> turn_;
  std::vector<std::unique_ptr<Watch>> watches_;  // in the order of Turn::waits()
  std::optional<Timer> timer_;
  Time timer_at_ = kNever;  // when the timer gives a turn; kNever: not armed
  bool turn_posted_ = false;
  std::vector<const Alarm*> sleepers_;  // synchronous calls that wait, on whatever thread
};

InterfaceId ReactorHost::attach(const Attachment& attachment) {
  return call([&](OperationQueue&) {
    if (!stack_) throw boost::system::system_error(boost::asio::error::network_down);
    const Result<InterfaceId> interface = turn_->add_link(*attachment.link);
    if (!interface) throw std::system_error(interface.error(), "interface");
    links_.push_back(attachment.link);
    if (attachment.is_loopback) {
      loopback_ = *interface;
      for (const IpAddress& address : addresses_) route_back(address);
    }
    for (const Cidr& address : attachment.addresses) {
      check(stack_->add_address(*interface, address), "address");
      addresses_.push_back(address.address);
      if (loopback_) route_back(address.address);
    }
    const int descriptor = attachment.link->descriptor();
    if (descriptor >= 0) {
      watches_.push_back(std::make_unique<Watch>(executor_, descriptor));
    } else {
      in_memory_ = true;
    }
    post_turn();
    return *interface;
  });
}

/// A stack sends to its own addresses as to others, by its routes: the narrowest leads back.
void ReactorHost::route_back(const IpAddress& address) {
  const auto whole = static_cast<std::uint8_t>(address.is_v4() ? 32 : 128);
  check(stack_->add_route({Cidr{address, whole}, *loopback_, std::nullopt}), "loopback route");
}

// ---- turns -------------------------------------------------------------------------------------

void ReactorHost::touched() {
  if (!turn_posted_ && next_deadline() < timer_at_) post_turn();
  // Outside the handlers there may never be a run(): what is to go out goes now.
  if (!executor_.running_in_this_thread()) turn_->output(now());
}

void ReactorHost::turned() {
  Host::turned();
  for (const Alarm* const sleeper : sleepers_) sleeper->ring();
}

void ReactorHost::post_turn() {
  if (std::exchange(turn_posted_, true)) return;
  boost::asio::post(executor_, [self = self()] { self->run_turn(); });
}

bool ReactorHost::take_turn(OperationQueue& done) {
  const Time now = this->now();
  const bool input = turn_->input(now);
  const bool ready = serve_ready(done);
  const bool due = advance_services(done);
  turn_->output(now);
  turned();
  return input || ready || due;
}

void ReactorHost::run_turn() {
  OperationQueue done;
  {
    const std::lock_guard lock(mutex());
    turn_posted_ = false;
    if (is_closed()) return;
    take_turn(done);
    arm();
  }
  if (in_memory_) tell_others();
  done.complete_all();
}

// ---- what is waited for ------------------------------------------------------------------------

// Asio counts every wait as work, and run() would never return. So the count is taken back after a
// wait has begun and given again before it ends. Taking it back must not leave 0, which would stop
// the context: all this happens inside a handler of the context, which is counted itself.
template <class Start>
void ReactorHost::uncounted(Start start) {
  start();
  executor_.on_work_finished();
}

void ReactorHost::arm() {
  const Time deadline = next_deadline();
  if (deadline <= now()) {
    // There is more to do. A turn at a time: the handlers that it posted come first.
    post_turn();
    return;
  }
  arm_timer(deadline);
  const std::span<const driver::Turn::Wait> waits = turn_->waits();
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (!watches_[i]->reading) arm_watch(i, Descriptor::wait_read);
    if (waits[i].writable && !watches_[i]->writing) arm_watch(i, Descriptor::wait_write);
  }
}

void ReactorHost::arm_timer(Time deadline) {
  // A timer that comes too early costs one turn; moving it with every ACK would cost more.
  if (deadline >= timer_at_) return;
  timer_at_ = deadline;
  uncounted([&] {
    timer_->expires_at(Timer::time_point(deadline.time_since_epoch()));
    timer_->async_wait([self = self()](const boost::system::error_code& error) {
      self->executor_.on_work_started();
      if (error) return;  // moved, or closed
      {
        const std::lock_guard lock(self->mutex());
        self->timer_at_ = kNever;
      }
      self->run_turn();
    });
  });
}

void ReactorHost::arm_watch(std::size_t index, Descriptor::wait_type what) {
  Watch& watch = *watches_[index];
  const bool read = what == Descriptor::wait_read;
  (read ? watch.reading : watch.writing) = true;
  uncounted([&] {
    watch.descriptor.async_wait(
        what, [self = self(), index, read](const boost::system::error_code& error) {
          self->executor_.on_work_started();
          if (error) return;  // closed
          {
            const std::lock_guard lock(self->mutex());
            if (self->is_closed()) return;
            Watch& ready = *self->watches_[index];
            (read ? ready.reading : ready.writing) = false;
          }
          self->run_turn();
        });
  });
}

// ---- stacks of the same context, joined in memory ----------------------------------------------

std::vector<std::shared_ptr<ReactorHost>> ReactorHost::others() {
  std::vector<std::shared_ptr<ReactorHost>> found;
  for (const std::shared_ptr<Host>& host : hosts(context())) {
    auto other = std::dynamic_pointer_cast<ReactorHost>(host);
    if (other != nullptr && other.get() != this && other->in_memory_) {
      found.push_back(std::move(other));
    }
  }
  return found;
}

void ReactorHost::tell_others() {
  for (const auto& other : others()) other->wake();
}

void ReactorHost::wake() {
  const std::lock_guard lock(mutex());
  if (!is_closed() && next_deadline() <= now()) post_turn();
}

/// A turn in place for each of the others; returns when the next is due.
Time ReactorHost::turn_others() {
  Time next = kNever;
  for (const auto& other : others()) {
    OperationQueue done;
    {
      const std::lock_guard lock(other->mutex());
      if (other->is_closed()) continue;
      other->take_turn(done);
      next = std::min(next, other->next_deadline());
    }
    done.complete_all();
  }
  return next;
}

// ---- synchronous calls -------------------------------------------------------------------------

bool ReactorHost::drive_past(std::uint64_t seen, Time until) {
  if (clock_ != nullptr) return false;
  std::optional<Alarm> alarm;
  if (mutex().enabled()) alarm.emplace();
  std::vector<pollfd> polled;
  OperationQueue done;
  Time deadline = kNever;
  {
    const std::lock_guard lock(mutex());
    if (is_closed() || turns() != seen) return true;
    const bool changed = take_turn(done);
    deadline = next_deadline();
    if (changed || deadline <= now()) {
      deadline = Time{};
    } else if (alarm) {
      sleepers_.push_back(&*alarm);
    }
    for (const driver::Turn::Wait& wait : turn_->waits()) {
      const int events = (wait.readable ? POLLIN : 0) | (wait.writable ? POLLOUT : 0);
      polled.push_back({wait.descriptor, static_cast<short>(events), 0});
    }
  }
  done.complete_all();
  if (in_memory_) {
    deadline = std::min(deadline, turn_others());
    const std::lock_guard lock(mutex());
    if (!is_closed()) deadline = std::min(deadline, next_deadline());
  }
  const Time end = std::min(deadline, until);
  const bool hopeless = polled.empty() && !alarm && end == kNever;
  if (!hopeless && end > now()) {
    if (alarm) polled.push_back({alarm->descriptor(), POLLIN, 0});
    wait_for(polled, end);
  }
  if (alarm) {
    const std::lock_guard lock(mutex());
    std::erase(sleepers_, &*alarm);
  }
  return !hopeless;
}

bool ReactorHost::drain(Duration most) {
  const Time end = saturating_add(now(), most);
  for (;;) {
    const std::uint64_t seen = turns();
    const bool delivered = call([&](OperationQueue&) {
      return !stack_ || (!is_delivering(*stack_) && next_deadline() > now());
    });
    if (delivered) return true;
    if (now() >= end || !drive_past(seen, end)) return false;
  }
}

// ---- the end -----------------------------------------------------------------------------------

void ReactorHost::close_driver() {
  timer_.reset();
  watches_.clear();
  turn_.reset();
  stack_.reset();
  links_.clear();
}

}  // namespace

Attachment loopback() {
  Result<LoopbackLink> link = LoopbackLink::create();
  if (!link) throw std::system_error(link.error(), "loopback");
  return {.link = std::make_shared<LoopbackLink>(std::move(*link)),
          .addresses = {*Cidr::parse("127.0.0.1/8"), *Cidr::parse("::1/128")},
          .is_loopback = true};
}

IoHost& use_stack(boost::asio::io_context& context, Stack stack,
                  const std::vector<Attachment>& links) {
  auto host = std::make_shared<ReactorHost>(context, std::move(stack));
  add_host(host);
  try {
    for (const Attachment& link : links) host->attach(link);
  } catch (...) {
    host->close();
    throw;
  }
  return *host;
}

IoHost& use_stack(boost::asio::io_context& context, const StackConfig& config,
                  const std::vector<Attachment>& links) {
  Result<Stack> stack = Stack::create(config);
  if (!stack) throw std::system_error(stack.error(), "stack");
  return use_stack(context, std::move(*stack), links);
}

}  // namespace bowline::inline v0::net
