// Two connected stacks with a hostile middle.
//
// Both ends write a known pattern and read what comes; an input is what the middle does to the
// packets between them, one choice for each: let through, lose, double, hold back and let out
// later, damage (the checksum tells), or rewrite with the checksum made right, which only somebody
// on the path can do. Whatever it does, both ends keep their bounds and say nothing impossible of
// themselves. As long as it rewrites nothing, what is read is what was written (RFC 9293 section
// 1); and once it lets all through, the connection goes on or has ended.

#include <deque>
#include <optional>

#include "bowline/wire/checksum.hpp"
#include "fuzz/stack_world.hpp"

namespace bowline::fuzz {
namespace {

constexpr InterfaceId kInterface{0};
constexpr std::size_t kMostHeld = 64;

std::byte pattern(bool to_server, std::uint64_t offset) {
  const std::uint64_t mixed =
      (offset + 1) * (to_server ? 0x9e3779b97f4a7c15U : 0xbf58476d1ce4e5b9U);
  return static_cast<std::byte>(mixed >> 56U);
}

/// One of the two, and what its application has done.
struct End {
  End(Stack made, bool client) : stack(std::move(made)), is_client(client) {}

  Stack stack;
  bool is_client;
  std::optional<Handle> socket;
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  bool closed = false;
  bool released = false;

  void write(std::size_t most, Time now) {
    if (!socket || closed) return;
    std::vector<std::byte> bytes(most);
    for (std::size_t i = 0; i < most; ++i) bytes[i] = pattern(is_client, written + i);
    const auto taken = stack.write(*socket, bytes, now);
    if (taken) written += *taken;
  }

  /// `intact`: nobody on the way could have changed it.
  void read_all(bool intact, std::uint64_t peer_wrote, Time now) {
    if (!socket) return;
    std::array<std::byte, 4'096> room{};
    for (;;) {
      const auto got = stack.read(*socket, room, now);
      if (!got || *got == 0) return;
      for (std::size_t i = 0; intact && i < *got; ++i) {
        require(room[i] == pattern(!is_client, read + i));
      }
      read += *got;
      if (intact) require(read <= peer_wrote);
    }
  }
};

using Packet = std::vector<std::byte>;

/// Makes the checksums of an IPv4 TCP packet right again.
void mend(Packet& packet) {
  if (packet.size() < wire::kIpv4HeaderSize + wire::kTcpHeaderSize) return;
  store_be<std::uint16_t>(packet.data() + 10, 0);
  store_be<std::uint16_t>(packet.data() + 10,
                          wire::sum_of(std::span(packet).first(wire::kIpv4HeaderSize)).finish());
  const auto ip = wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()),
                                 wire::HeaderChecksum::trust);
  if (!ip || ip->header_size != wire::kIpv4HeaderSize) return;
  const auto segment = std::span(packet).subspan(ip->header_size);
  store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, 0);
  wire::ChecksumSum sum = wire::pseudo_header_sum(ip->source, ip->destination, wire::kProtocolTcp,
                                                  static_cast<std::uint32_t>(segment.size()));
  sum.add(segment);
  store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, sum.finish());
}

class World {
 public:
  explicit World(std::span<const std::byte> bytes) : input_(bytes) {
    const std::uint8_t choices = input_.byte();
    StackConfig config = small_config();
    if ((choices & 1U) != 0) config.tcp.syn_cookies = tcp::SynCookies::always;
    if ((choices & 2U) != 0) config.tcp.timestamps = false;
    if ((choices & 4U) != 0) config.tcp.sack = false;
    if ((choices & 8U) != 0) config.tcp.ecn = tcp::EcnMode::accurate;
    if ((choices & 16U) != 0) config.tcp.congestion = tcp::CongestionAlgorithm::bbr;
    if ((choices & 32U) != 0) config.tcp.profile = tcp::Profile::linux;
    ends_.emplace_back(make_end(config, theirs()), true);
    config.seed = {5, 6, 7, 8};
    ends_.emplace_back(make_end(config, ours()), false);
    ListenOptions listen;
    listen.local = {ours(), kListenPort};
    const auto listener = server().stack.listen(listen, now_);
    require(listener.has_value());
    listener_ = *listener;
    const auto socket = client().stack.connect({.remote = {ours(), kListenPort}}, now_);
    require(socket.has_value());
    client().socket = *socket;
  }

  void run() {
    for (int steps = 0; steps < 600 && !input_.empty(); ++steps) {
      applications(input_.byte());
      pass(Duration(1ms) * (1U << (input_.byte() % 13U)), true);
    }
    // From here on the network is fair and nobody writes.
    std::uint64_t read_before = 0;
    for (int steps = 0; steps < 400; ++steps) {
      if (steps == 300) read_before = client().read + server().read;
      for (End& end : ends_) finish(end);
      pass(steps < 200 ? Duration(50ms) : Duration(10s), false);
    }
    const bool goes_on = client().read + server().read > read_before;
    for (End& end : ends_) require(tampered_ || goes_on || has_ended(end));
    // And when nobody holds them any more, nothing is left of them.
    for (End& end : ends_) release(end);
    require(server().stack.close(listener_, now_).has_value());
    for (int steps = 0; steps < 60; ++steps) pass(20s, false);
    for (const End& end : ends_) {
      require(end.stack.usage().half_open == 0);
      require(end.stack.usage().connections == 0);
      require(end.stack.usage().buffer_bytes == 0);
    }
  }

 private:
  static Stack make_end(const StackConfig& config, const IpAddress& address) {
    auto stack = Stack::create(config);
    require(stack.has_value());
    const auto id = stack->add_interface({});
    require(id.has_value());
    require(stack->add_address(*id, {address, 24}).has_value());
    return std::move(*stack);
  }

  End& client() { return ends_.front(); }
  End& server() { return ends_.back(); }
  End& other(const End& end) { return &end == &ends_.front() ? ends_.back() : ends_.front(); }

  void applications(std::uint8_t choices) {
    client().write(std::size_t{64} * (choices & 7U) * (choices & 7U), now_);
    server().write(std::size_t{64} * (choices >> 3U & 7U) * (choices >> 3U & 7U), now_);
    if ((choices & 64U) != 0) {
      for (End& end : ends_) end.read_all(!tampered_, other(end).written, now_);
    }
    if (choices == 0xff) finish(client());
    if (choices == 0xfe) finish(server());
  }

  void finish(End& end) {
    end.read_all(!tampered_, other(end).written, now_);
    if (!end.socket || end.closed) return;
    end.closed = true;
    static_cast<void>(end.stack.shutdown(*end.socket, Direction::send, now_));
  }

  /// It has closed and is closed; or it waits for the FIN of one who gave up meanwhile, which only
  /// its application can end (RFC 9293 section 3.6, a half-open connection).
  bool has_ended(End& end) {
    const auto view = view_of(end);
    if (!view || view->state == tcp::State::closed) return true;
    const auto peer = view_of(other(end));
    return view->state == tcp::State::fin_wait_2 && (!peer || peer->ended == EndReason::timed_out);
  }

  static std::optional<ConnectionView> view_of(const End& end) {
    if (!end.socket) return std::nullopt;
    const auto view = end.stack.inspect(*end.socket);
    return view ? std::optional(*view) : std::nullopt;
  }

  void release(End& end) {
    if (end.socket) static_cast<void>(end.stack.close(*end.socket, now_));
    end.socket.reset();
    end.released = true;
  }

  void pass(Duration time, bool hostile) {
    now_ += time;
    for (End& end : ends_) {
      advance(end.stack, now_);
      carry(end, hostile);
    }
    if (!server().socket && !server().released) {
      if (const auto taken = server().stack.accept(listener_, now_)) {
        server().socket = *taken;
        accepted_ = true;
      }
    }
    for (End& end : ends_) {
      while (end.stack.poll_ready()) {
      }
      check(end.stack);
      check_views(end.stack);
    }
  }

  /// What `from` sends goes to the other end, as the input says.
  void carry(End& from, bool hostile) {
    CollectingSink sink(64);
    static_cast<void>(from.stack.transmit(kInterface, sink, now_));
    for (const Packet& packet : sink.frames()) meddle(other(from), packet, hostile);
    for (std::size_t i = held_.size(); i > 0 && (!hostile || (input_.byte() & 1U) != 0); --i) {
      Held held = std::move(held_.front());
      held_.pop_front();
      deliver(*held.to, held.packet);
    }
  }

  void meddle(End& to, const Packet& packet, bool hostile) {
    const std::uint8_t choice = hostile ? input_.byte() : std::uint8_t{0};
    switch (choice & 15U) {
      case 8:
        return;
      case 9:
        deliver(to, packet);
        return deliver(to, packet);
      case 10:
        if (held_.size() < kMostHeld) held_.push_back({&to, packet});
        return;
      case 11: {
        Packet damaged = packet;
        damaged[input_.word() % damaged.size()] ^=
            std::byte{static_cast<std::uint8_t>(1U << (choice >> 5U))};
        return deliver(to, damaged);
      }
      case 12:
      case 13:
        return rewrite(to, packet);
      case 14:
        deliver(to, packet);
        return rewrite(to, packet);
      default:
        return deliver(to, packet);
    }
  }

  // A few bytes behind the addresses and ports are changed, the length stays, the checksums are
  // right.
  void rewrite(End& to, Packet packet) {
    constexpr std::size_t kFrom = wire::kIpv4HeaderSize + 4;
    tampered_ = true;
    for (unsigned i = 1U + input_.byte() % 4U; i > 0; --i) {
      const std::size_t room = packet.size() - kFrom;
      packet[kFrom + input_.byte() % room] = std::byte{input_.byte()};
    }
    mend(packet);
    deliver(to, packet);
  }

  void deliver(End& to, const Packet& packet) {
    Frame frame = make_frame(to.stack.pool(), packet);
    if (frame.size == 0) return;  // no room
    to.stack.receive(kInterface, {&frame, 1}, now_);
    check(to.stack);
  }

  struct Held {
    End* to;
    Packet packet;
  };
  Input input_;
  Time now_{1h};
  std::deque<End> ends_;
  std::deque<Held> held_;
  Handle listener_;
  bool tampered_ = false;
  bool accepted_ = false;
};

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8'192) return 0;
  bowline::fuzz::World(std::as_bytes(std::span(data, size))).run();
  return 0;
}
