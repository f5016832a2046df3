#include "bowline/driver/turn.hpp"

#include <algorithm>

namespace bowline::inline v0::driver {

Turn::Turn(Stack& stack, std::size_t batch)
    : stack_(stack), batch_(std::clamp<std::size_t>(batch, 1, kMaxBatch)) {}

Result<InterfaceId> Turn::add_link(Link& link) {
  InterfaceConfig config;
  config.link = link.info();
  BOWLINE_TRY(interface, stack_.add_interface(config));
  ports_.push_back({.interface = interface, .link = &link, .mtu = config.link.mtu});
  return interface;
}

bool Turn::input(Time now) {
  bool changed = stack_.next_deadline() <= now;
  for (Port& port : ports_) {
    const auto frames = std::span(frames_).first(batch_);
    const std::size_t count = port.link->receive(frames, stack_.pool(), now);
    port.more = count == batch_;
    follow_mtu(port);
    if (count == 0) continue;
    stack_.receive(port.interface, frames.first(count), now);
    // What the Stack did not keep must not be pinned until the next batch.
    std::fill_n(frames_.begin(), count, Frame{});
    changed = true;
  }
  stack_.advance(now);
  return changed;
}

// Links change their MTU under way (`ip link set eth0 mtu 1400`). One that is out of every range is
// the link's lie, and the Stack keeps the one it has.
void Turn::follow_mtu(Port& port) {
  const std::uint32_t mtu = port.link->info().mtu;
  if (mtu == port.mtu) return;
  port.mtu = mtu;
  static_cast<void>(stack_.set_mtu(port.interface, mtu));
}

void Turn::output(Time now) {
  for (const Port& port : ports_) {
    if (stack_.has_output(port.interface)) stack_.transmit(port.interface, *port.link, now);
    port.link->settle();
  }
}

void Turn::step(const Application& application, Time now) {
  input(now);
  application_at_ = application ? application(stack_, now) : kNever;
  output(now);
}

Time Turn::next_deadline() const noexcept {
  Time deadline = std::min(stack_.next_deadline(), application_at_);
  for (const Port& port : ports_) {
    const bool unsent = stack_.has_output(port.interface) && !port.link->blocked();
    if (port.more || unsent) return Time{};
    deadline = std::min(deadline, port.link->next_deadline());
  }
  return deadline;
}

std::span<const Turn::Wait> Turn::waits() {
  waits_.clear();
  for (const Port& port : ports_) {
    const int descriptor = port.link->descriptor();
    if (descriptor < 0) continue;
    waits_.push_back(
        {.descriptor = descriptor, .readable = true, .writable = port.link->blocked()});
  }
  return waits_;
}

}  // namespace bowline::inline v0::driver
