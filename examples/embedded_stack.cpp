// A stack inside a program, without Asio: sixty lines from nothing to bytes across.
//
// Three things are all there is. The Stack is a value that never waits and knows no clock. A Link
// carries its packets (here in memory; os::create_tun() gives one to the kernel of this machine). A
// driver waits, with poll(2), until the link has something or the stack's next deadline has come,
// and gives the stack a turn; in the middle of each turn the program looks at which sockets have
// become ready. That is the loop that every embedding writes in its own way: an existing event loop
// calls driver::Turn itself instead of leaving the waiting to PollDriver.
//
// The program talks to itself: it listens on port 7, connects to it, sends a line and reads it
// back.

#include <cstdio>
#include <span>
#include <string_view>

#include "bowline/driver/clock.hpp"
#include "bowline/driver/poll_driver.hpp"
#include "bowline/link/memory_link.hpp"
#include "bowline/os/random.hpp"
#include "bowline/stack/stack.hpp"

using bowline::operator""s;

int main() {
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();  // a guessable seed makes guessable sequence numbers
  auto stack = *bowline::Stack::create(config);
  auto link = *bowline::LoopbackLink::create();

  bowline::driver::Turn turn(stack);
  const auto interface = *turn.add_link(link);
  (void)stack.add_address(interface, *bowline::Cidr::parse("127.0.0.1/8"));

  const auto start = bowline::driver::monotonic_now();
  const bowline::Endpoint service{*bowline::IpAddress::parse("127.0.0.1"), 7};
  const auto listener = *stack.listen({.local = service}, start);
  const auto client = *stack.connect({.remote = service}, start);
  const std::string_view line = "what goes around comes around\n";
  bool written = false;
  std::string_view back;
  char bytes[100];

  const auto application = [&](bowline::Stack& ready_stack, bowline::Time now) {
    while (const auto ready = ready_stack.poll_ready()) {
      if (ready->handle == listener) {
        (void)ready_stack.accept(listener, now);  // its bytes will make it ready by itself
      } else if (ready->handle == client && !written && (ready->mask & bowline::kWritable) != 0) {
        written = ready_stack.write(client, std::as_bytes(std::span(line)), now).has_value();
      } else if ((ready->mask & bowline::kReadable) != 0) {
        const auto count =
            *ready_stack.read(ready->handle, std::as_writable_bytes(std::span(bytes)), now);
        if (ready->handle == client)
          back = {bytes, count};
        else
          (void)ready_stack.write(ready->handle, std::as_bytes(std::span(bytes, count)), now);
      }
    }
    return bowline::kNever;  // nothing of ours waits for a time
  };

  bowline::driver::PollDriver driver;
  (void)driver.start();
  driver.add(turn, application);
  (void)driver.run_until([&] { return back == line; }, start + 5s);
  std::printf("sent and got back: %.*s", static_cast<int>(back.size()), back.data());
  return back == line ? 0 : 1;
}
