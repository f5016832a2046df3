#include "bowline/sim/host.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include "bowline/link/segment.hpp"

namespace bowline::inline v0::sim {
namespace {

template <class T>
T must(Result<T> result, const char* what) {
  if (!result) throw std::system_error(result.error(), what);
  return std::move(*result);
}

void must(const Status& status, const char* what) {
  if (!status) throw std::system_error(status.error(), what);
}

/// Cuts what the Stack hands out and puts the wire packets on the wire of one port. It takes all
/// that it is offered: what finds the transmitter's queue full is the wire's loss, as it is a
/// router's; so is what is too big, so that taps see it.
class PortSink final : public FrameSink {
 public:
  PortSink(Outlet& outlet, NodeId node, Port port) : outlet_(outlet), node_(node), port_(port) {}

  std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t packets = 0;
    for (const Frame& frame : frames) {
      packets += wire_packets(frame);
      if (frame.gso_size == 0) {
        send(frame);
        continue;
      }
      // The checksum is left to whoever looks at it.
      const Segmenter segmenter(frame, outlet_.pool(), CutChecksum::partial);
      for (std::uint32_t i = 0; i < segmenter.packets(); ++i) {
        if (segmenter.cut(i, cut_)) send(cut_);
      }
    }
    return packets;
  }

 private:
  void send(const Frame& packet) noexcept {
    outlet_.send(node_, port_, Packet::of(packet, outlet_.pool()), packet.id);
  }

  Outlet& outlet_;
  NodeId node_;
  Port port_;
  Frame cut_;
};

}  // namespace

Host::Host(NodeId id, std::string name, const HostOptions& options)
    : Node(id, std::move(name)),
      options_(options),
      stack_(must(Stack::create(options.stack), "cannot make the stack of a host")) {}

Host::Host(const Host& other, Stack stack)
    : Node(other),
      options_(other.options_),
      stack_(std::move(stack)),
      setup_(other.setup_),
      ready_(other.ready_) {
  applications_.reserve(other.applications_.size());
  for (const Application& application : other.applications_) {
    applications_.push_back({application.actor->clone(), application.wakes_at});
  }
}

Result<std::unique_ptr<Node>> Host::clone() const {
  BOWLINE_TRY(stack, stack_.clone());
  return std::unique_ptr<Node>(new Host(*this, std::move(stack)));
}

void Host::set_up_interface(std::uint32_t mtu) {
  InterfaceConfig config;
  config.link.mtu = mtu;
  config.link.max_gso = options_.max_gso;
  config.link.transmit_checksum = options_.transmit_checksum;
  static_cast<void>(must(stack_.add_interface(config), "cannot add an interface"));
}

Port Host::add_interface(const Cidr& address, std::uint32_t mtu) {
  set_up_interface(mtu);
  const auto port = static_cast<Port>(setup_.size());
  setup_.push_back({mtu, {}, {}});
  add_address(port, address);
  return port;
}

void Host::add_address(Port port, const Cidr& address) {
  must(stack_.add_address(static_cast<InterfaceId>(port), address), "cannot add an address");
  setup_.at(static_cast<std::size_t>(port)).addresses.push_back(address);
}

std::span<const Cidr> Host::addresses(Port port) const {
  return stack_.addresses(static_cast<InterfaceId>(port));
}

void Host::add_route(const Cidr& destination, Port port, const IpAddress& gateway) {
  must(stack_.add_route({destination, static_cast<InterfaceId>(port), gateway}),
       "cannot add a route");
  setup_.at(static_cast<std::size_t>(port)).routes.emplace_back(destination, gateway);
}

void Host::restart() {
  ++options_.stack.seed[0];  // a machine that starts draws other numbers than the last time
  stack_ = must(Stack::create(options_.stack), "cannot make the stack of a host");
  applications_.clear();
  ready_.clear();
  for (const Setup& setup : std::exchange(setup_, {})) {
    const auto port = static_cast<Port>(setup_.size());
    set_up_interface(setup.mtu);
    setup_.push_back({setup.mtu, {}, {}});
    for (const Cidr& address : setup.addresses) add_address(port, address);
    for (const auto& [destination, gateway] : setup.routes) add_route(destination, port, gateway);
  }
}

void Host::start(std::unique_ptr<Actor> actor) {
  applications_.push_back({std::move(actor), Time::min()});
}

FrameId Host::arrive(Port port, Packet packet, Time now, Outlet&) {
  Frame frame = packet.frame(stack_.pool());
  if (frame.size == 0) return FrameId::none;  // no buffer: a device would drop it as well
  frame.arrival = now;
  stack_.receive(static_cast<InterfaceId>(port), std::span(&frame, 1), now);
  return frame.id;
}

void Host::advance(Time now) { stack_.advance(now); }

void Host::gather_ready() {
  while (const auto ready = stack_.poll_ready()) ready_.push_back(*ready);
}

bool Host::act(Time now) {
  gather_ready();
  const std::vector<Ready> ready = std::exchange(ready_, {});
  bool acted = false;
  for (Application& application : applications_) {
    if (ready.empty() && application.wakes_at > now) continue;
    const bool first = application.wakes_at == Time::min();
    application.wakes_at =
        application.actor->act(stack_, first ? std::span<const Ready>() : ready, now);
    acted = true;
    // What became ready before its first call is part of its second.
    if (first && !ready.empty()) application.wakes_at = application.actor->act(stack_, ready, now);
  }
  return acted;
}

Time Host::next_act(Time now) const {
  Time next = kNever;
  for (const Application& application : applications_) next = std::min(next, application.wakes_at);
  if (!ready_.empty() && !applications_.empty()) return now;
  return std::max(next, now);
}

void Host::flush(Outlet& outlet, Time now) {
  for (std::uint32_t port = 0; port < setup_.size(); ++port) {
    const auto interface = static_cast<InterfaceId>(port);
    if (!stack_.has_output(interface)) continue;
    PortSink sink(outlet, id(), static_cast<Port>(port));
    stack_.transmit(interface, sink, now);
  }
  // With nobody to call, readiness is left in the Stack, for whoever looks from outside.
  if (!applications_.empty()) gather_ready();
}

}  // namespace bowline::inline v0::sim
