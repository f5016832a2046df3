#include "tests/attack/forge/ground.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace bowline::attack {
namespace {

constexpr InterfaceId kInterface{0};
constexpr std::uint16_t kKeptPort = 90;
constexpr std::byte kByte{'x'};

// Takes everything and keeps the bytes.
class Taking final : public FrameSink {
 public:
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    for (const Frame& frame : frames) {
      Bytes& bytes = packets.emplace_back(frame.size);
      if (!frame.copy_to(0, bytes)) std::abort();
    }
    return frames.size();  // the link cuts nothing: a frame is a packet
  }
  std::vector<Bytes> packets;
};

void receive_by(Stack& stack, std::span<const Bytes> packets, Time now) {
  constexpr std::size_t kBatch = 16;
  while (!packets.empty()) {
    std::array<Frame, kBatch> frames;
    const std::size_t count = std::min(packets.size(), kBatch);
    for (std::size_t i = 0; i < count; ++i) frames[i] = make_frame(stack.pool(), packets[i]);
    stack.receive(kInterface, std::span(frames).first(count), now);
    packets = packets.subspan(count);
  }
}

Stack made(const StackConfig& config, std::uint32_t last) {
  auto stack = Stack::create(config);
  if (!stack || !stack->add_interface({})) std::abort();
  std::array<std::byte, 16> v6{std::byte{0xfd}};
  v6[15] = static_cast<std::byte>(last);
  const bool ready =
      stack->add_address(kInterface, {IpAddress::v4(0x0a00'0000 + last), 24}) &&
      stack->add_address(kInterface, {IpAddress::v6(v6), 64}) &&
      stack->add_route({{IpAddress::any(Family::ipv4), 0}, kInterface, std::nullopt}) &&
      stack->add_route({{IpAddress::any(Family::ipv6), 0}, kInterface, std::nullopt});
  if (!ready) std::abort();
  return std::move(*stack);
}

IpAddress address(Family family, std::uint32_t last) {
  if (family == Family::ipv4) return IpAddress::v4(0x0a00'0000 + last);
  std::array<std::byte, 16> v6{std::byte{0xfd}};
  v6[15] = static_cast<std::byte>(last);
  return IpAddress::v6(v6);
}

}  // namespace

// ---- the program --------------------------------------------------------------------------------

void Greeter::listen(Stack& stack, const ListenOptions& options, Time now) {
  const auto opened = stack.listen(options, now);
  if (!opened) std::abort();
  listener_ = *opened;
}

void Greeter::act(Stack& stack, Time now) {
  if (hangs_) return;
  while (stack.poll_ready()) {
  }
  accept_all(stack, now);
  std::erase_if(guests_, [&](Guest& guest) { return !serve(stack, guest, now); });
}

void Greeter::accept_all(Stack& stack, Time now) {
  while (const auto accepted = stack.accept(listener_, now)) {
    guests_.push_back({.handle = *accepted, .left = text_, .asked = false});
  }
}

bool Greeter::serve(Stack& stack, Guest& guest, Time now) {
  static const Bytes text(16'384, kByte);
  std::array<std::byte, 2'048> bytes{};
  for (;;) {
    const auto got = stack.read(guest.handle, bytes, now);
    if (got && *got > 0) {
      guest.asked = true;
      continue;
    }
    const bool waits = !got && got.error() == std::errc::operation_would_block;
    if (waits) break;
    // The peer has finished or is gone.
    if (!got || !guest.asked) {
      (void)stack.close(guest.handle, now);
      return false;
    }
    break;
  }
  while (guest.asked && guest.left > 0) {
    const std::size_t some = std::min<std::size_t>(guest.left, text.size());
    const auto written = stack.write(guest.handle, std::span(text).first(some), now);
    if (!written) {
      if (written.error() == std::errc::operation_would_block) return true;
      (void)stack.close(guest.handle, now);
      return false;
    }
    guest.left -= static_cast<std::uint32_t>(*written);
  }
  if (!guest.asked || guest.left > 0) return true;
  (void)stack.close(guest.handle, now);
  return false;
}

// ---- the ground ---------------------------------------------------------------------------------

StackConfig Ground::seeded() {
  StackConfig config;
  config.seed = {1, 2, 3, 4};
  return config;
}

Ground::Ground(Family family, StackConfig config, std::uint32_t text)
    : family_(family), forger_(7, family), greeter_(text), text_(text) {
  config.memory = &memory_;
  victim_ = made(config, 1);
  StackConfig clients = seeded();
  clients.seed = {5, 6, 7, 8};
  client_ = made(clients, 2);
  ListenOptions options;
  options.local = {IpAddress::any(family), kPort};
  greeter_.listen(*victim_, options, now_);
}

IpAddress Ground::victim_address() const { return address(family_, 1); }
IpAddress Ground::client_address() const { return address(family_, 2); }

void Ground::receive(std::span<const Bytes> packets) {
  for (const Bytes& each : packets) {
    ++traffic_.packets_in;
    traffic_.bytes_in += each.size();
    if (witness) witness(true, each);
  }
  receive_by(*victim_, packets, now_);
}

std::size_t Ground::carry_from_victim() {
  Taking sink;
  (void)victim_->transmit(kInterface, sink, now_);
  std::vector<Bytes> to_client;
  for (Bytes& each : sink.packets) {
    const auto header = wire::parse_ip(each, static_cast<std::uint32_t>(each.size()));
    if (header && header->destination == client_address()) {
      ++traffic_.packets_to_client;
      to_client.push_back(std::move(each));
      continue;
    }
    ++traffic_.packets_out;
    traffic_.bytes_out += each.size();
    if (witness) witness(false, each);
    if (const auto seen = retort ? read(each) : std::nullopt) {
      if (auto said = retort(*seen)) retorts_.push_back(std::move(*said));
    }
    back_.push_back(std::move(each));
  }
  receive_by(*client_, to_client, now_);
  return sink.packets.size();
}

std::size_t Ground::carry_from_client() {
  Taking sink;
  (void)client_->transmit(kInterface, sink, now_);
  receive_by(*victim_, sink.packets, now_);
  return sink.packets.size();
}

void Ground::settle() {
  // Whatever came, it must be done with at some time: else the two would spin.
  for (int turn = 0; turn < 100'000; ++turn) {
    greeter_.act(*victim_, now_);
    const std::size_t moved = carry_from_victim() + carry_from_client();
    if (!retorts_.empty()) receive(std::exchange(retorts_, {}));
    if (moved == 0) return;
  }
  std::abort();
}

bool Ground::step(Time end) {
  const Time next = std::min(victim_->next_deadline(), client_->next_deadline());
  if (next > end) return false;
  now_ = std::max(now_, next);
  victim_->advance(now_);
  client_->advance(now_);
  settle();
  return true;
}

std::vector<Bytes> Ground::hit(const Bytes& packet) { return hit(std::span(&packet, 1)); }

std::vector<Bytes> Ground::hit(std::span<const Bytes> packets) {
  back_.clear();
  receive(packets);
  settle();
  return std::move(back_);
}

std::vector<Bytes> Ground::pass(Duration time) {
  back_.clear();
  const Time end = now_ + time;
  settle();
  while (step(end)) {
  }
  now_ = end;
  return std::move(back_);
}

bool Ground::serves(Duration patience) {
  const Time began = now_;
  const Time end = now_ + patience;
  ConnectOptions options;
  options.remote = service();
  const auto socket = client_->connect(options, now_);
  if (!socket) return false;
  std::array<std::byte, 4'096> bytes{};
  std::uint32_t got = 0;
  bool asked = false;
  bool ended = false;
  for (;;) {
    settle();
    if (!asked && (client_->readiness(*socket) & kWritable) != 0) {
      asked = client_->write(*socket, std::span(&kByte, 1), now_).has_value();
      continue;
    }
    const auto read = client_->read(*socket, bytes, now_);
    if (read && *read > 0) {
      got += static_cast<std::uint32_t>(*read);
      continue;
    }
    ended = read.has_value() && *read == 0;
    const bool failed = !read && read.error() != std::errc::operation_would_block &&
                        read.error() != std::errc::not_connected;
    if (ended || failed || !step(end)) break;
  }
  (void)client_->close(*socket, now_);
  settle();
  served_in_ = now_ - began;
  return ended && got == text_;
}

std::optional<Ground::Held> Ground::open(const Endpoint& from, std::uint16_t window,
                                         const wire::TcpOptions& options) {
  const SeqNumber iss = forger_.number();
  const auto answers = hit(packet(Tcp{.from = from,
                                      .to = service(),
                                      .seq = iss,
                                      .flags = wire::kSyn,
                                      .window = window,
                                      .options = options}));
  for (const Bytes& each : answers) {
    const auto seen = read(each);
    if (!seen || !seen->has(wire::kSyn | wire::kAck)) continue;
    Held held{from, iss + 1, seen->tcp->header.seq + 1};
    (void)hit(say(held, wire::kAck, 0, 0, window));
    return held;
  }
  return std::nullopt;
}

Bytes Ground::say(const Held& held, std::uint16_t flags, std::size_t payload, std::uint32_t ahead,
                  std::uint16_t window) const {
  return packet(Tcp{.from = held.from,
                    .to = service(),
                    .seq = held.seq + ahead,
                    .ack = (flags & wire::kAck) != 0 ? held.ack : SeqNumber{},
                    .flags = flags,
                    .window = window,
                    .payload = Bytes(payload, kByte)});
}

std::optional<Bytes> Ground::keeps_shut(const Seen& answer) {
  if (!answer.tcp || answer.tcp->payload_size == 0) return std::nullopt;
  const wire::TcpHeader& said = answer.tcp->header;
  return packet(Tcp{.from = {answer.ip.destination, said.destination_port},
                    .to = {answer.ip.source, said.source_port},
                    .seq = said.ack,
                    .ack = said.seq,
                    .flags = wire::kAck,
                    .window = 0});
}

bool Ground::keep_open() {
  ListenOptions listening;
  listening.local = {IpAddress::any(family_), kKeptPort};
  const auto listener = victim_->listen(listening, now_);
  ConnectOptions connecting;
  connecting.remote = {victim_address(), kKeptPort};
  const auto socket = client_->connect(connecting, now_);
  if (!listener || !socket) return false;
  kept_ = *socket;
  settle();
  const auto accepted = victim_->accept(*listener, now_);
  const auto local = client_->local_endpoint(kept_);
  if (!accepted || !local) return false;
  kept_server_ = *accepted;
  kept_local_ = *local;
  return still_open();
}

bool Ground::still_open() {
  std::array<std::byte, 16> bytes{};
  const auto passes = [&](Stack& from, Handle sender, Stack& to, Handle receiver) {
    if (!from.write(sender, std::span(&kByte, 1), now_)) return false;
    const Time end = now_ + 10s;
    do {
      settle();
      const auto got = to.read(receiver, bytes, now_);
      if (got) return *got == 1 && bytes[0] == kByte;
    } while (step(end));
    return false;
  };
  return passes(*client_, kept_, *victim_, kept_server_) &&
         passes(*victim_, kept_server_, *client_, kept_);
}

}  // namespace bowline::attack
