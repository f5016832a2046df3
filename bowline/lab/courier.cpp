#include "bowline/lab/courier.hpp"

#include <algorithm>
#include <utility>

#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::lab {
namespace {

using sim::Packet;
using sim::Port;

}  // namespace

void Courier::forge(std::span<const std::byte> bytes, std::uint64_t number, Time now) {
  Carried carried;
  carried.forged.assign(bytes.begin(), bytes.end());
  carried.number = number;
  carried_.emplace(now + delay_, std::move(carried));
}

Port Courier::add_interface(const Cidr& address, std::uint32_t) {
  ports_.push_back({address});
  return static_cast<Port>(ports_.size() - 1);
}

void Courier::add_address(Port port, const Cidr& address) {
  ports_.at(static_cast<std::size_t>(port)).push_back(address);
}

std::span<const Cidr> Courier::addresses(Port port) const {
  return ports_.at(static_cast<std::size_t>(port));
}

void Courier::add_route(const Cidr&, Port, const IpAddress&) {}

FrameId Courier::arrive(Port port, Packet packet, Time now, sim::Outlet& outlet) {
  std::vector<std::byte> scratch;
  Carried carried;
  const bool refused = refuses(port, packet, now, outlet.pool());
  const Accident accident =
      watch_.handed_in(port, packet.bytes(scratch), now, refused, carried.number);
  if (accident.kind == Accident::Kind::lose) return FrameId::none;
  Time due = now + delay_;
  if (accident.kind == Accident::Kind::delay) due += accident.by;
  if (accident.kind == Accident::Kind::corrupt) {
    const auto view = trace::take_apart(packet.bytes(scratch), LinkKind::ip);
    const std::size_t start = packet.size() - view.payload.size();
    packet.writable(outlet.pool())[start + accident.byte] ^= std::byte{0x08};
  }
  if (accident.kind == Accident::Kind::duplicate) {
    Carried copy{packet.clone(outlet.pool()), {}, carried.number, true};
    carried_.emplace(due + accident.by, std::move(copy));
  }
  carried.packet = std::move(packet);
  carried_.emplace(due, std::move(carried));
  return FrameId::none;
}

// The first interface is the client's, inside.
bool Courier::refuses(Port port, Packet& packet, Time now, BufferPool& pool) {
  if (!firewall_) return false;
  const auto ip = wire::parse_ip(packet.head(), packet.size());
  if (!ip) return true;
  const IpAddress outside = IpAddress::any(ip->family());  // it is no NAT: it has none
  const bool leaves = static_cast<std::uint32_t>(port) == 0;
  const auto verdict = leaves ? firewall_->outbound(packet, *ip, outside, now, pool)
                              : firewall_->inbound(packet, *ip, outside, now, pool);
  return verdict != sim::Middlebox::Verdict::pass;
}

Time Courier::next_deadline() const { return carried_.empty() ? kNever : carried_.begin()->first; }

void Courier::flush(sim::Outlet& outlet, Time now) {
  while (!carried_.empty() && carried_.begin()->first <= now) {
    Carried carried = std::move(carried_.begin()->second);
    carried_.erase(carried_.begin());
    if (!carried.forged.empty()) {
      carried.packet = Packet::copy_of(carried.forged, outlet.pool());
    }
    std::vector<std::byte> scratch;
    const auto port = port_to(carried.packet.bytes(scratch));
    if (!port) continue;  // to somebody who is not there
    watch_.hands_out(carried.number, carried.copy);
    outlet.send(id(), *port, std::move(carried.packet), FrameId::none);
  }
}

std::optional<Port> Courier::port_to(std::span<const std::byte> ip) const {
  const IpAddress to = trace::take_apart(ip, LinkKind::ip).destination().address;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    for (const Cidr& network : ports_[i]) {
      if (network.contains(to)) return static_cast<Port>(i);
    }
  }
  return std::nullopt;
}

Result<std::unique_ptr<sim::Node>> Courier::clone() const {
  return fail(std::errc::operation_not_permitted);  // it tells a world of its own
}

}  // namespace bowline::inline v0::lab
