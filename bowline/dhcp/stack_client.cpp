#include "bowline/dhcp/stack_client.hpp"

#include <algorithm>
#include <array>

namespace bowline::inline v0::dhcp {
namespace {

// How often the address's state is looked at: while it is being probed, and after that, for the
// case that somebody else takes it.
constexpr Duration kWhileProbing = 50ms;
constexpr Duration kWhileBound = 10s;

Route default_route(InterfaceId interface, const IpAddress& router) noexcept {
  return {
      .destination = {IpAddress::any(Family::ipv4), 0}, .interface = interface, .gateway = router};
}

}  // namespace

SipKey derive_secret(const StackConfig& config, InterfaceId interface) noexcept {
  const auto& seed = config.seed;
  const auto word = [&](std::uint64_t purpose) {
    return siphash24({seed[0], seed[1]}, std::array<std::uint64_t, 3>{purpose, seed[2], seed[3]});
  };
  constexpr std::uint64_t kPurpose = 0x7063'6864;  // "dhcp"; tcp/secrets.cpp counts from 0
  const std::uint64_t purpose = kPurpose | static_cast<std::uint64_t>(interface) << 40U;
  return {word(purpose), word(purpose | 1ULL << 63U)};
}

Status StackClient::start(Stack& stack, Time now) noexcept {
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), kClientPort};
  options.interface = interface_;
  options.configures_interface = true;
  options.socket.broadcast = true;
  BOWLINE_TRY(socket, stack.open_udp(options, now));
  socket_ = socket;
  client_.start(now);
  settle(stack, now);
  return {};
}

void StackClient::send_release(Stack& stack, Time now) noexcept {
  client_.release(now);
  while (const auto transmit = client_.poll_transmit(now)) send(stack, *transmit, now);
  releasing_ = true;
}

void StackClient::release(Stack& stack, Time now) noexcept {
  if (!releasing_) send_release(stack, now);
  releasing_ = false;
  settle(stack, now);
  unconfigure(stack);
  if (socket_) static_cast<void>(stack.close(socket_, now));
  socket_ = {};
}

bool StackClient::serve(Stack& stack, const Ready& ready, Time now) noexcept {
  if (!socket_ || ready.handle != socket_) return false;
  std::array<std::byte, kLargestReply> bytes;
  while (const auto datagram = stack.receive_from(socket_, bytes, now)) {
    // One that was cut off is no more whole than its options: it fails there.
    client_.receive(datagram->from, std::span(bytes).first(datagram->size), now);
    settle(stack, now);
  }
  return true;
}

void StackClient::advance(Stack& stack, Time now) noexcept {
  if (watch_at_ <= now) watch_address(stack, now);
  client_.advance(now);
  settle(stack, now);
}

Time StackClient::next_deadline() const noexcept {
  return std::min(client_.next_deadline(), watch_at_);
}

std::optional<Event> StackClient::poll_event() noexcept {
  if (events_.empty()) return std::nullopt;
  const Event oldest = events_[0];
  FixedVector<Event, 4> rest;
  for (std::size_t i = 1; i < events_.size(); ++i) rest.push_back(events_[i]);
  events_ = rest;
  return oldest;
}

// ---- what the client wants ---------------------------------------------------------------------

void StackClient::settle(Stack& stack, Time now) noexcept {
  if (releasing_) return;  // the address must stay until the message has gone out from it
  for (;;) {
    while (const auto transmit = client_.poll_transmit(now)) send(stack, *transmit, now);
    const auto event = client_.poll_event();
    if (!event) return;
    if (event->kind == EventKind::probe) {
      unconfigure(stack);
      if (!stack.add_address(interface_, event->lease.address)) {
        client_.probed(false, now);  // it is ours by another way already
        continue;
      }
      applied_ = event->lease;
      watch_address(stack, now);
    } else {
      take(stack, *event);
      if (events_.full()) static_cast<void>(poll_event());  // who does not ask learns the latest
      events_.push_back(*event);
    }
  }
}

// A message that cannot be sent now is as good as lost: it is repeated.
void StackClient::send(Stack& stack, const Transmit& transmit, Time now) noexcept {
  UdpMessage message;
  message.to = Endpoint{transmit.destination, kServerPort};
  message.source = transmit.source;
  static_cast<void>(stack.send_message(socket_, transmit.message, message, now));
}

void StackClient::watch_address(Stack& stack, Time now) noexcept {
  watch_at_ = kNever;
  if (!applied_) return;
  const auto state = stack.address_state(interface_, applied_->address.address);
  const bool probing = client_.state() == State::probing;
  const bool taken = !state || *state == AddressState::duplicate || *state == AddressState::none;
  if (taken) {
    unconfigure(stack);
    return probing ? client_.probed(false, now) : client_.conflict(now);
  }
  if (*state != AddressState::tentative && probing) client_.probed(true, now);
  watch_at_ = saturating_add(now, *state == AddressState::tentative ? kWhileProbing : kWhileBound);
}

// ---- the interface -----------------------------------------------------------------------------

void StackClient::take(Stack& stack, const Event& event) noexcept {
  if (event.kind == EventKind::lost) {
    unconfigure(stack);
  } else {
    configure(stack, event.lease);
  }
}

void StackClient::configure(Stack& stack, const Lease& lease) noexcept {
  if (!applied_ || applied_->address != lease.address) {  // no probe, or another mask
    unconfigure(stack);
    static_cast<void>(stack.add_address(interface_, lease.address));
  }
  applied_ = lease;
  const auto router = lease.routers.empty() ? std::nullopt : std::optional(lease.routers.front());
  if (router_ != router) {
    if (router_) static_cast<void>(stack.remove_route(default_route(interface_, *router_)));
    if (router) static_cast<void>(stack.add_route(default_route(interface_, *router)));
    router_ = router;
  }
  const auto link = stack.link(interface_);
  if (lease.mtu && link) {
    if (!own_mtu_) own_mtu_ = link->mtu;
    // No larger than what the link takes by itself.
    static_cast<void>(stack.set_mtu(interface_, std::min<std::uint32_t>(*lease.mtu, *own_mtu_)));
  }
}

void StackClient::unconfigure(Stack& stack) noexcept {
  if (router_) static_cast<void>(stack.remove_route(default_route(interface_, *router_)));
  if (applied_) static_cast<void>(stack.remove_address(interface_, applied_->address.address));
  if (own_mtu_) static_cast<void>(stack.set_mtu(interface_, *own_mtu_));
  router_.reset();
  applied_.reset();
  own_mtu_.reset();
  watch_at_ = kNever;
}

}  // namespace bowline::inline v0::dhcp
