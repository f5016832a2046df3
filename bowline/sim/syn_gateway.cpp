#include "bowline/sim/syn_gateway.hpp"

#include <new>
#include <stdexcept>
#include <utility>

#include "bowline/base/visit.hpp"
#include "bowline/gateway/syn_proxy.hpp"

namespace bowline::inline v0::sim {
namespace {

// What a simulated gateway may hold in frames and tables.
constexpr std::uint64_t kPoolLimit = 64U << 20;

BufferPool* make_pool() {
  BufferPool* const pool = BufferPool::make(heap_memory(), kPoolLimit);
  if (pool == nullptr) throw std::bad_alloc();
  return pool;
}

}  // namespace

struct SynGateway::Parts final : gateway::Output {
  explicit Parts(const gateway::Config& config) : pool(make_pool()), proxy(config, *pool, *this) {}

  void send(gateway::Side to, Frame frame) noexcept override {
    waiting.emplace_back(to, std::move(frame));
  }
  void put_out(Outlet& outlet, NodeId self) {
    for (auto& [side, frame] : std::exchange(waiting, {})) {
      outlet.send(self, static_cast<Port>(side), Packet::of(frame, outlet.pool()), frame.id);
    }
  }

  BufferPoolOwner pool;
  gateway::SynProxy proxy;
  std::vector<std::pair<gateway::Side, Frame>> waiting;
};

SynGateway::SynGateway(NodeId id, std::string name, const gateway::Config& config)
    : Node(id, std::move(name)), config_(config), parts_(std::make_unique<Parts>(config)) {}

SynGateway::~SynGateway() = default;

Port SynGateway::add_interface(const Cidr& address, std::uint32_t mtu) {
  if (interfaces_.size() == 2) {
    throw std::invalid_argument("the gateway " + name() + " has two wires already");
  }
  const auto port = static_cast<Port>(interfaces_.size());
  interfaces_.push_back({{address}, mtu});
  parts_->proxy.set_mtu(static_cast<gateway::Side>(port), mtu);
  return port;
}

void SynGateway::add_address(Port port, const Cidr& address) {
  interfaces_.at(static_cast<std::size_t>(port)).addresses.push_back(address);
}

std::span<const Cidr> SynGateway::addresses(Port port) const {
  return interfaces_.at(static_cast<std::size_t>(port)).addresses;
}

const ReasonCounters& SynGateway::counters() const noexcept { return parts_->proxy.counters(); }

gateway::Usage SynGateway::usage() const noexcept { return parts_->proxy.usage(); }

FrameId SynGateway::arrive(Port port, Packet packet, Time now, Outlet& outlet) {
  // Its checksum may be a promise still, which the proxy's edits would not know of.
  (void)packet.writable(outlet.pool());
  parts_->proxy.receive(static_cast<gateway::Side>(port), packet.frame(*parts_->pool), now);
  parts_->put_out(outlet, id());
  return FrameId::none;
}

void SynGateway::advance(Time now) { parts_->proxy.advance(now); }

Time SynGateway::next_deadline() const { return parts_->proxy.next_deadline(); }

void SynGateway::flush(Outlet& outlet, Time) { parts_->put_out(outlet, id()); }

Result<std::unique_ptr<Node>> SynGateway::clone() const {
  auto copy = std::make_unique<SynGateway>(id(), name(), config_);
  copy->interfaces_ = interfaces_;
  SaveVisitor saved(heap_memory());
  save(saved, parts_->proxy);
  LoadVisitor loaded(saved.bytes(), *copy->parts_->pool);
  loaded(copy->parts_->proxy);
  if (saved.failed() || !loaded.complete()) return fail(std::errc::not_enough_memory);
  return std::unique_ptr<Node>(std::move(copy));
}

SynGateway& add_syn_gateway(Simulation& net, const std::string& name, gateway::Config config) {
  if (config.seed == std::array<std::uint64_t, 4>{}) {
    Random random = net.random("gateway/" + name);
    for (std::uint64_t& word : config.seed) word = random.next();
  }
  return static_cast<SynGateway&>(
      net.add_node([&](NodeId id) { return std::make_unique<SynGateway>(id, name, config); }));
}

}  // namespace bowline::inline v0::sim
