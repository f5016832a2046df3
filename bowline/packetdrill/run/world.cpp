#include "bowline/packetdrill/run/world.hpp"

#include <algorithm>
#include <stdexcept>

#include "bowline/link/segment.hpp"
#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// Steps at one instant after which something goes round in circles.
constexpr std::uint64_t kMaxStepsAtOnce = 100'000;
constexpr std::size_t kDecisionsKept = 12;

std::string stamp(Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time - World::start());
  std::string text = std::to_string(since.count() / 1'000'000) + '.';
  const std::string part = std::to_string(since.count() % 1'000'000);
  return text + std::string(6 - std::min<std::size_t>(part.size(), 6), '0') + part;
}

}  // namespace

// The interface's other end: what the stack sends waits in `sent`. A device that cuts large
// segments to packets, as Linux's under packetdrill does and the library for the stock binary
// (so/world.cpp): how a stack sizes its bursts shows in what it pushes.
class World::Wire final : public Link {
 public:
  Wire(const Time& now, std::uint32_t mtu, BufferPool& pool)
      : queue_(*this), cutter_(queue_, pool, mtu), now_(now), mtu_(mtu) {}

  [[nodiscard]] LinkInfo info() const noexcept override {
    return {.mtu = mtu_, .max_gso = kMaxGso, .transmit_checksum = true};
  }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                    Time /*now*/) noexcept override {
    if (incoming.empty() || frames.empty()) return 0;
    frames[0] = make_frame(pool, incoming);
    frames[0].arrival = now_;
    incoming.clear();
    return frames[0].size == 0 ? 0 : 1;
  }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    return refusing ? 0 : cutter_.take(frames);
  }

  bool refusing = false;
  std::vector<std::byte> incoming;
  std::deque<SentPacket> sent;

 private:
  // Larger than any datagram of IPv4, so that the stack leaves the cutting to us.
  static constexpr std::uint32_t kMaxGso = 65'535;

  // What comes out of the cutter.
  class Queue final : public FrameSink {
   public:
    explicit Queue(Wire& wire) : wire_(wire) {}
    [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
      for (const Frame& frame : frames) {
        SentPacket packet{.at = wire_.now_, .bytes = std::vector<std::byte>(frame.size)};
        (void)frame.copy_to(0, packet.bytes);
        wire_.sent.push_back(std::move(packet));
      }
      return frames.size();
    }

   private:
    Wire& wire_;
  };

  Queue queue_;
  CuttingSink cutter_;
  const Time& now_;
  std::uint32_t mtu_;
};

// Keeps the last decisions, and passes them on to whoever records.
class World::Log final : public DecisionListener {
 public:
  explicit Log(trace::Recorder* recorder) : recorder_(recorder) {}

  void decided(const Decision& decision) noexcept override {
    last[next++ % kDecisionsKept] = decision;
    if (recorder_ != nullptr) recorder_->decided(decision);
  }

  std::array<Decision, kDecisionsKept> last{};
  std::size_t next = 0;

 private:
  trace::Recorder* recorder_;
};

World::World(const RunConfig& config, const tcp::Settings& settings, trace::Recorder* recorder)
    : config_(config) {
  StackConfig stack_config;
  stack_config.tcp = settings;
  stack_config.seed = {0x6472'696c, 0x6c, 0x7061'636b, 0x6574};
  auto made = Stack::create(stack_config);
  if (!made) throw std::runtime_error("no stack: " + made.error().message());
  stack_.emplace(std::move(*made));
  log_ = std::make_unique<Log>(recorder);
  stack_->set_listener(log_.get());
  wire_ = std::make_unique<Wire>(now_, config.mtu, stack_->pool());
  link_ = wire_.get();
  const auto interface = stack_->add_interface({.link = wire_->info()});
  if (!interface) throw std::runtime_error("no interface: " + interface.error().message());
  if (recorder != nullptr) {
    capture_ = std::make_unique<trace::CaptureLink>(*wire_, *recorder, *interface, "drill");
    link_ = capture_.get();
  }
  const Cidr local{.address = config.local, .prefix = config.prefix};
  if (const Status added = stack_->add_address(*interface, local); !added) {
    throw std::runtime_error("the local address cannot be used: " + added.error().message());
  }
  const Route everywhere{
      .destination = {.address = IpAddress::any(config.local.family()), .prefix = 0},
      .interface = *interface};
  if (const Status added = stack_->add_route(everywhere); !added) {
    throw std::runtime_error("no default route: " + added.error().message());
  }
  stack_->advance(now_);
  table_ = std::make_unique<sockets::SocketTable>(*stack_);
  table_->set_transmit([this] { take_output(); });
}

World::~World() {
  table_.reset();  // closes what is open, while there is a stack
  if (capture_ != nullptr) capture_->settle();
}

void World::inject(std::span<const std::byte> packet) {
  wire_->incoming.assign(packet.begin(), packet.end());
  Frame frame;
  if (link_->receive(std::span(&frame, 1), stack_->pool(), now_) == 1) {
    stack_->receive(InterfaceId{0}, std::span(&frame, 1), now_);
  }
  settle();
}

void World::refuse(bool refusing) noexcept { wire_->refusing = refusing; }

void World::take_output() {
  // What is offered is always taken, so that each round leaves less, except where the Stack makes
  // more of it.
  for (std::size_t i = 0; i < 1'000 && stack_->has_output(InterfaceId{0}); ++i) {
    if (stack_->transmit(InterfaceId{0}, *link_, now_) == 0) break;
  }
  link_->settle();
}

void World::settle() {
  take_output();
  hook_at_ = hook_ ? hook_() : kNever;
  take_output();
}

// Goes on to the next instant at which anything happens, `until` at the latest. False: nothing
// happens until then.
bool World::step(Time until) {
  const Time next = next_event();
  if (next > until) return false;
  steps_at_once_ = next > now_ ? 0 : steps_at_once_ + 1;
  now_ = std::max(now_, next);
  stack_->advance(now_);
  settle();
  return steps_at_once_ < kMaxStepsAtOnce;
}

bool World::has_packet() const noexcept { return !wire_->sent.empty(); }

Time World::next_event() const noexcept { return std::min(stack_->next_deadline(), hook_at_); }

bool World::run_until(Time until) {
  settle();
  while (step(until)) {
  }
  if (steps_at_once_ >= kMaxStepsAtOnce) return false;
  if (until > now_) {
    now_ = until;
    steps_at_once_ = 0;
    stack_->advance(now_);
    settle();
  }
  return true;
}

std::optional<SentPacket> World::next_packet(Time until) {
  if (wire_->sent.empty()) settle();
  while (wire_->sent.empty() && step(until)) {
  }
  if (wire_->sent.empty()) return std::nullopt;
  SentPacket packet = std::move(wire_->sent.front());
  wire_->sent.pop_front();
  return packet;
}

std::vector<std::string> World::last_decisions() const {
  std::vector<std::string> lines;
  const std::size_t count = std::min(log_->next, kDecisionsKept);
  for (std::size_t i = log_->next - count; i < log_->next; ++i) {
    const Decision& decision = log_->last[i % kDecisionsKept];
    lines.push_back(stamp(decision.now) + "  " + trace::sentence(decision));
  }
  return lines;
}

}  // namespace bowline::inline v0::packetdrill
