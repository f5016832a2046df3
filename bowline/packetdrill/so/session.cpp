#include "bowline/packetdrill/so/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "bowline/packetdrill/so/threads.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// Far beyond any descriptor of the process's own: close() and getsockopt() tell them apart by it.
constexpr int kFirstDescriptor = 1'000'000;
// How long, in real time, a woken thread may take to look at the clock. It does at once; this is so
// that a program that does not is slow instead of stuck.
constexpr std::chrono::seconds kPatience{1};
// How long packetdrill's own thread waits for a call that blocks, in the script's time.
constexpr Duration kPatienceWithACall = 1s;
// How often, in real time, a call that blocks looks whether the script's thread waits for it.
constexpr std::chrono::milliseconds kLookAround{10};
// A deadline that comes again at one instant so often would never let the time pass.
constexpr int kMostAtOneInstant = 10'000;

sockets::TableLimits limits() {
  sockets::TableLimits limits;
  limits.first_descriptor = kFirstDescriptor;
  return limits;
}

// Was this thread woken from a call, and has it not looked at the clock since?
thread_local bool returning = false;

}  // namespace

Session::Session(const NetworkFlags& network, std::string sysctl_file)
    : script_task_(::gettid()),
      sysctls_(std::move(sysctl_file)),
      applied_(sysctls_.found()),
      world_(network, applied_.apply_to(tcp::Settings::of(tcp::Profile::linux))),
      table_(world_.stack(), limits()) {
  table_.set_transmit([this] { world_.collect(); });
}

bool Session::on_scripts_thread() const { return std::this_thread::get_id() == script_; }

// A thread that was woken has got so far: the clock may move again.
void Session::enter() {
  if (on_scripts_thread()) ++entries_;
  if (!std::exchange(returning, false)) return;
  --returning_;
  returned_.notify_all();
}

void Session::apply_settings() {
  if (sysctls_.found() == applied_) return;
  if (sysctls_.found().flushes() != applied_.flushes()) {
    static_cast<void>(world_.stack().forget_servers(world_.now()));
  }
  applied_ = sysctls_.found();
  world_.refuse(applied_.interface_refuses());
  world_.stack().set_tcp_settings(applied_.apply_to(tcp::Settings::of(tcp::Profile::linux)),
                                  world_.now());
}

sockets::Outcome Session::socket(int domain, int type, int protocol) {
  const Lock lock(mutex_);
  enter();
  sysctls_.look();
  apply_settings();
  return table_.socket(domain, type, protocol, world_.now());
}

sockets::Outcome Session::call(const std::function<sockets::Outcome(Table&, Time)>& make) {
  Lock lock(mutex_);
  enter();
  sysctls_.look_at_file();
  apply_settings();
  const sockets::Outcome outcome = make(table_, world_.now());
  world_.collect();
  resume_waiting(lock);
  return outcome;
}

sockets::Outcome Session::wait(const std::function<sockets::Call(Table&, Time)>& make) {
  Lock lock(mutex_);
  enter();
  sysctls_.look_at_file();
  apply_settings();
  sockets::Call call = make(table_, world_.now());
  world_.collect();
  resume_waiting(lock);
  if (!call.done()) {
    if (on_scripts_thread()) {
      move_clock_until_done(call, lock);
    } else {
      sleep_until_done(call, lock);
    }
  }
  return call.outcome();
}

bool Session::owns(int fd) {
  if (fd < kFirstDescriptor) return false;
  const Lock lock(mutex_);
  return table_.owns(fd);
}

// The script itself waits. Nobody can send it a packet meanwhile: only timers go on.
void Session::move_clock_until_done(sockets::Call& call, Lock& lock) {
  while (!call.resume(world_.now())) {
    const Time next = std::min(next_event(), call.until());
    if (next == kNever) {
      call.interrupt(world_.now());  // it would wait for ever
      return;
    }
    move_to(next, lock);
  }
  world_.collect();
}

void Session::sleep_until_done(sockets::Call& call, Lock& lock) {
  Waiting self(call);
  waiting_.push_back(&self);
  std::uint64_t entries = entries_;
  while (!self.woken.wait_for(lock, kLookAround, [&] { return self.done; })) {
    // The script's thread has not been here since, and waits for another: for this one.
    const bool waited_for = std::exchange(entries, entries_) == entries_ &&
                            waited_out_at_ != entries_ && waits_for_a_thread(script_task_);
    if (waited_for) let_the_time_pass(lock);
  }
  waiting_.remove(&self);
  returning = true;
  came_back_ = ::gettid();
}

// The second that packetdrill waits for the call of this thread, as far as it is needed.
void Session::let_the_time_pass(Lock& lock) {
  waited_out_at_ = entries_;
  const Time end = world_.now() + kPatienceWithACall;
  int at_one_instant = 0;
  for (Time next = next_event(); next <= end; next = next_event()) {
    at_one_instant = next > world_.now() ? 0 : at_one_instant + 1;
    if (at_one_instant > kMostAtOneInstant) return;
    move_to(next, lock);
    if (returning_ > 0) return;
  }
  move_to(end, lock);
}

// A thread that has come back from its call still has to note what the call gave. It needs the lock
// that packetdrill lets go only to sleep: that is now.
void Session::let_the_returned_settle(Lock& lock) {
  if (!came_back_) return;
  const pid_t task = *std::exchange(came_back_, std::nullopt);
  lock.unlock();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!is_asleep(task) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  lock.lock();
}

// Whatever has happened may have ended a wait.
void Session::resume_waiting(Lock& lock) {
  for (Waiting* one : waiting_) {
    if (one->done || !one->call.resume(world_.now())) continue;
    world_.collect();
    one->done = true;
    ++returning_;
    one->woken.notify_one();
  }
  if (on_scripts_thread()) {
    returned_.wait_for(lock, kPatience, [this] { return returning_ == 0; });
  }
}

Time Session::next_event() const {
  Time next = world_.next_deadline();
  for (const Waiting* one : waiting_) {
    if (!one->done && one->call.until() < next) next = one->call.until();
  }
  return next;
}

void Session::move_to(Time to, Lock& lock) {
  world_.move_to(to);
  resume_waiting(lock);
}

void Session::run_to(Time to, Lock& lock) {
  int at_one_instant = 0;
  for (Time next = next_event(); next <= to; next = next_event()) {
    at_one_instant = next > world_.now() ? 0 : at_one_instant + 1;
    if (at_one_instant > kMostAtOneInstant) break;
    move_to(next, lock);
  }
  move_to(to, lock);
}

void Session::inject(std::span<const std::byte> packet) {
  Lock lock(mutex_);
  enter();
  sysctls_.look_at_file();
  apply_settings();
  world_.inject(packet);
  resume_waiting(lock);
}

std::optional<SentPacket> Session::next_packet() {
  Lock lock(mutex_);
  enter();
  int at_one_instant = 0;
  while (!world_.has_packet()) {
    const Time next = next_event();
    if (next == kNever) return std::nullopt;
    at_one_instant = next > world_.now() ? 0 : at_one_instant + 1;
    if (at_one_instant > kMostAtOneInstant) return std::nullopt;
    move_to(next, lock);
  }
  return world_.take_packet();
}

void Session::sleep(Duration time) {
  Lock lock(mutex_);
  enter();
  let_the_returned_settle(lock);
  run_to(world_.now() + time, lock);
}

Time Session::look_at_clock() {
  Lock lock(mutex_);
  const bool came_back = returning;
  enter();
  // A thread that comes back reads the time at which it was woken.
  if (!came_back) run_to(world_.now() + 1us, lock);
  return world_.now();
}

}  // namespace bowline::inline v0::packetdrill
