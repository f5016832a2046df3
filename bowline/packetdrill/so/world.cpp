#include "bowline/packetdrill/so/world.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace bowline::inline v0::packetdrill {
namespace {

// A clock that begins at 0 would make times before the script's negative.
constexpr Time kBeginning = Time(1'000'000s);
// Larger than any datagram of IPv4, so that the stack leaves the cutting to us.
constexpr std::uint32_t kMaxGso = 65'535;

void must(const Status& status, const char* what) {
  if (!status) throw std::system_error(status.error(), what);
}

template <class T>
T must(Result<T> result, const char* what) {
  if (!result) throw std::system_error(result.error(), what);
  return std::move(*result);
}

StackConfig configuration(const tcp::Settings& settings) {
  StackConfig config;
  config.tcp = settings;
  // The same in every run: a script that fails must fail the same way again.
  config.seed = {0x626f776c696e65, 1, 2, 3};
  return config;
}

}  // namespace

World::World(const NetworkFlags& network, const tcp::Settings& settings)
    : network_(network),
      stack_(must(Stack::create(configuration(settings)), "cannot make the stack")),
      now_(kBeginning),
      cutter_(queue_, stack_.pool(), network.mtu) {
  InterfaceConfig interface;
  interface.link.mtu = network.mtu;
  interface.link.max_gso = kMaxGso;
  interface.link.transmit_checksum = true;
  interface_ = must(stack_.add_interface(interface), "cannot add an interface");
  must(stack_.add_address(interface_, {network.local, network.prefix}), "cannot add the address");
  const Cidr everywhere{IpAddress::any(network.local.family()), 0};
  must(stack_.add_route({everywhere, interface_, std::nullopt}), "cannot add the route");
}

bool World::inject(std::span<const std::byte> packet) {
  Frame frame = make_frame(stack_.pool(), packet);
  if (frame.size == 0) return false;
  frame.arrival = now_;
  stack_.receive(interface_, std::span(&frame, 1), now_);
  stack_.advance(now_);
  collect();
  return true;
}

void World::collect() {
  while (stack_.has_output(interface_)) {
    if (stack_.transmit(interface_, cutter_, now_) == 0) return;
  }
}

std::optional<SentPacket> World::take_packet() {
  if (sent_.empty()) return std::nullopt;
  SentPacket packet = std::move(sent_.front());
  sent_.pop_front();
  return packet;
}

Time World::next_deadline() const noexcept {
  const Time deadline = stack_.next_deadline();
  return deadline == kNever ? deadline : std::max(deadline, now_);
}

void World::move_to(Time to) {
  now_ = std::max(now_, to);
  stack_.advance(now_);
  collect();
}

std::size_t World::Queue::take(std::span<Frame> frames) noexcept {
  if (world_.refusing_) return 0;
  std::size_t packets = 0;
  for (const Frame& frame : frames) {
    SentPacket& packet = world_.sent_.emplace_back();
    packet.bytes.resize(frame.size);
    packet.at = world_.now_;
    if (!frame.copy_to(0, packet.bytes)) world_.sent_.pop_back();
    ++packets;
  }
  return packets;
}

}  // namespace bowline::inline v0::packetdrill
