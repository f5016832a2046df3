#pragma once

// A script's calls over a World: the socket calls, the clock, and who waits for what.
//
// Packetdrill has two threads. The script's own makes most calls, sleeps and watches the packets;
// blocking calls of the script are made by a second one, so that the script can go on. Virtual time
// belongs to the script's thread. A call of the second thread that has to wait sleeps on a futex
// until the script's thread has moved things so far that it is done; before the clock goes on then,
// the second thread gets to read it, for the time at which a call returns is a thing that scripts
// state. A call of the script's own thread that has to wait moves the clock by itself.

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "bowline/packetdrill/so/sysctl_watch.hpp"
#include "bowline/packetdrill/so/world.hpp"
#include "bowline/sockets/socket_table.hpp"

namespace bowline::inline v0::packetdrill {

/// A stack under test and its callers. Its functions may be called by any thread.
class Session {
 public:
  /// The thread that makes it is the script's. `sysctl_file`: see SysctlWatch. Throws
  /// std::system_error when the Stack cannot be made.
  Session(const NetworkFlags& network, std::string sysctl_file);

  /// The socket calls, for call(): the time is the second argument.
  using Table = sockets::SocketTable;

  /// A new socket, after a look at the settings of the system.
  sockets::Outcome socket(int domain, int type, int protocol);
  /// Makes a call that does not block.
  sockets::Outcome call(const std::function<sockets::Outcome(Table&, Time)>& make);
  /// Makes one that may; returns when it is done.
  sockets::Outcome wait(const std::function<sockets::Call(Table&, Time)>& make);
  /// Is `fd` a descriptor of this session?
  [[nodiscard]] bool owns(int fd);

  /// A packet from the network.
  void inject(std::span<const std::byte> packet);
  /// The next packet that the stack sends, however long that takes; nothing: none will come.
  std::optional<SentPacket> next_packet();
  /// Lets the time pass.
  void sleep(Duration time);
  /// The time, which has moved on by the microsecond that looking takes.
  Time look_at_clock();

 private:
  struct Waiting {
    explicit Waiting(sockets::Call& its_call) : call(its_call) {}
    sockets::Call& call;
    bool done = false;
    std::condition_variable woken;
  };
  using Lock = std::unique_lock<std::mutex>;

  void enter();
  [[nodiscard]] bool on_scripts_thread() const;
  void move_clock_until_done(sockets::Call& call, Lock& lock);
  void sleep_until_done(sockets::Call& call, Lock& lock);
  [[nodiscard]] Time next_event() const;
  void run_to(Time to, Lock& lock);
  void move_to(Time to, Lock& lock);
  void resume_waiting(Lock& lock);
  void let_the_returned_settle(Lock& lock);
  void let_the_time_pass(Lock& lock);
  void apply_settings();

  std::mutex mutex_;
  const std::thread::id script_ = std::this_thread::get_id();
  const pid_t script_task_;  // the same for /proc
  SysctlWatch sysctls_;
  Sysctls applied_;
  World world_;
  Table table_;
  std::list<Waiting*> waiting_;
  std::uint32_t returning_ = 0;  // threads that were woken and have not looked at the clock
  std::condition_variable returned_;
  std::optional<pid_t> came_back_;  // the thread that has returned from a call and not rested since
  std::uint64_t entries_ = 0;       // how often the script's thread has come here
  std::uint64_t waited_out_at_ = ~std::uint64_t{0};  // entries_ when the time was let pass
};

}  // namespace bowline::inline v0::packetdrill
