// A Stack in conversation: segments whose checksums are right and whose numbers are near the true
// ones, amid the calls of an application and the passing of time.
//
// An input is a row of steps: a byte that picks one, and its arguments. Four flows, by the peer's
// port, have to do with the listener; connections that the Stack opens itself go to the peer's port
// 9. What the Stack sends tells the numbers that the next segment is near to.

#include <map>
#include <optional>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/udp.hpp"
#include "fuzz/stack_world.hpp"

namespace bowline::fuzz {
namespace {

constexpr InterfaceId kInterface{0};
constexpr std::uint16_t kFirstPeerPort = 1'000;
constexpr std::uint16_t kPeerListens = 9;

// What the peer knows of one conversation.
struct Flow {
  Endpoint local;
  Endpoint remote;
  SeqNumber seq{0xffff'fff0};  // next that the peer sends
  SeqNumber ack;               // next that it expects
  std::uint32_t timestamp = 1'000;
  std::uint32_t echo = 0;
  std::vector<std::byte> last_sent;  // by the Stack: what ICMP errors quote
};

class World {
 public:
  World(Input& input, const StackConfig& config, std::uint32_t max_gso)
      : input_(input), stack_(make_stack(config, max_gso)) {
    listen();
    UdpOptions udp;
    udp.local = {IpAddress::any(Family::ipv4), kUdpPort};
    const auto socket = stack_.open_udp(udp, now_);
    require(socket.has_value());
    udp_ = *socket;
    for (std::uint16_t i = 0; i < 4; ++i) {
      Flow flow;
      flow.local = {ours(), kListenPort};
      flow.remote = {theirs(), static_cast<std::uint16_t>(kFirstPeerPort + i)};
      flows_.push_back(flow);
    }
    open(flows_[0]);
  }

  void step() {
    switch (input_.byte() % 24) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        return receive(1);
      case 6:
        return receive(1 + input_.byte() % 8U);
      case 7:
        return open(pick_flow());
      case 8:
      case 9:
        return write();
      case 10:
        return read();
      case 11:
        return static_cast<void>(
            stack_.shutdown(pick_socket(), static_cast<Direction>(input_.byte() % 3), now_));
      case 12:
        return static_cast<void>(stack_.close(pick_socket(), now_));
      case 13:
        return static_cast<void>(stack_.abort(pick_socket(), now_));
      case 14:
        return accept();
      case 15:
        return connect();
      case 16:
        return set_options();
      case 17:
        return pass(1ms * input_.byte());
      case 18:
        return pass(1s * input_.byte());
      case 19:
        return pass_to_deadline();
      case 20:
        return transmit(input_.byte() % 8);
      case 21:
        return datagram();
      case 22:
        return icmp_error();
      default:
        return odd_call();
    }
  }

  void check_all() {
    check(stack_);
    check_views(stack_);
  }

  // Everything comes to an end: with the application gone and the peer silent, nothing is left.
  void finish() {
    for (const Handle socket : sockets_) static_cast<void>(stack_.close(socket, now_));
    static_cast<void>(stack_.close(listener_, now_));
    for (int i = 0;
         i < 4'000 &&
         stack_.usage().connections + stack_.usage().half_open + stack_.usage().time_wait > 0;
         ++i) {
      transmit(1'000'000);
      const Time next = stack_.next_deadline();
      require(next != kNever);
      now_ = std::max(now_, next);
      advance(stack_, now_);
    }
    require(stack_.usage().connections == 0 && stack_.usage().half_open == 0 &&
            stack_.usage().time_wait == 0 && stack_.usage().orphans == 0);
  }

 private:
  void listen() {
    ListenOptions options;
    options.local = {IpAddress::any(Family::ipv4), kListenPort};
    options.backlog = 2;
    options.syn_backlog = 3;
    const auto listener = stack_.listen(options, now_);
    require(listener.has_value());
    listener_ = *listener;
  }

  Flow& pick_flow() { return flows_[input_.byte() % flows_.size()]; }
  Handle pick_socket() {
    return sockets_.empty() ? Handle{} : sockets_[input_.byte() % sockets_.size()];
  }

  // -- from the peer

  // Near: mostly exact, often off by a little, seldom far.
  std::uint32_t offset() {
    const std::uint8_t choice = input_.byte();
    if (choice < 128) return 0;
    if (choice < 200) return static_cast<std::uint32_t>(static_cast<std::int8_t>(input_.byte()));
    if (choice < 230) return input_.word();
    if (choice < 245) return 0U - input_.word();
    return static_cast<std::uint32_t>(input_.word()) << 16;
  }

  std::vector<std::byte> segment(Flow& flow, std::uint16_t flags, std::uint32_t size) {
    wire::TcpHeader tcp;
    tcp.source_port = flow.remote.port;
    tcp.destination_port = flow.local.port;
    tcp.seq = flow.seq + offset();
    tcp.ack = flow.ack + offset();
    tcp.flags = flags;
    tcp.window = input_.byte() < 128 ? std::uint16_t{0x4000} : input_.word();
    if ((flags & wire::kUrg) != 0) tcp.urgent = input_.word();
    wire::TcpOptions options;
    const std::uint8_t choice = input_.byte();
    if ((flags & wire::kSyn) != 0) {
      if ((choice & 2U) != 0) options.mss = input_.word();
      if ((choice & 4U) != 0) options.window_scale = input_.byte() % 15U;
      options.sack_permitted = (choice & 8U) != 0;
    } else if ((choice & 2U) != 0) {
      options.sack_count = 1 + (choice >> 2 & 1U);
      for (std::uint8_t i = 0; i < options.sack_count; ++i) {
        options.sack[i].left = flow.ack + input_.word();
        options.sack[i].right = options.sack[i].left + input_.word();
      }
    }
    if ((choice & 1U) == 0) {
      flow.timestamp += choice >> 4;
      options.timestamps = {flow.timestamp, flow.echo};
      if ((choice & 0x70) == 0x70) options.timestamps->value -= 100'000;
    }
    // What the Stack takes as it comes moves the peer's numbering on.
    if ((choice & 0x80) != 0) flow.seq = tcp.seq + size + ((flags & 3) != 0 ? 1 : 0);
    return packet(flow, tcp, options, size);
  }

  static std::vector<std::byte> packet(const Flow& flow, wire::TcpHeader tcp,
                                       const wire::TcpOptions& options, std::uint32_t size) {
    const std::uint32_t header = wire::kTcpHeaderSize + wire::options_size(options);
    if (header > wire::kTcpMaxHeaderSize) return {};
    std::vector<std::byte> bytes(wire::kIpv4HeaderSize + header + size);
    wire::IpHeader ip;
    ip.source = flow.remote.address;
    ip.destination = flow.local.address;
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = header + size;
    wire::emit_ip(bytes.data(), ip);
    const auto body = std::span(bytes).subspan(wire::kIpv4HeaderSize);
    require(wire::emit_tcp(body, tcp, options) == header);
    for (std::uint32_t i = 0; i < size; ++i) {
      body[header + i] = static_cast<std::byte>((tcp.seq + i).raw());
    }
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
    sum.add(body);
    store_be<std::uint16_t>(body.data() + wire::kTcpChecksumOffset, sum.finish());
    return bytes;
  }

  void give(std::vector<std::vector<std::byte>> packets) {
    std::vector<Frame> frames;
    for (const auto& bytes : packets) frames.push_back(make_frame(stack_.pool(), bytes));
    stack_.receive(kInterface, frames, now_);
  }

  void receive(std::uint32_t count) {
    std::vector<std::vector<std::byte>> packets;
    for (std::uint32_t i = 0; i < count; ++i) {
      Flow& flow = pick_flow();
      static constexpr std::array<std::uint16_t, 16> kUsual{wire::kAck,
                                                            wire::kAck,
                                                            wire::kAck,
                                                            wire::kAck,
                                                            wire::kAck | wire::kPsh,
                                                            wire::kAck | wire::kPsh,
                                                            wire::kAck | wire::kFin,
                                                            wire::kAck | wire::kFin,
                                                            wire::kSyn,
                                                            wire::kSyn | wire::kAck,
                                                            wire::kSyn | wire::kAck,
                                                            wire::kRst,
                                                            wire::kRst | wire::kAck,
                                                            wire::kAck | wire::kUrg,
                                                            0,
                                                            wire::kAck | wire::kFin | wire::kPsh};
      const std::uint8_t choice = input_.byte();
      const std::uint16_t flags =
          choice < 240 ? kUsual[choice % 16] : static_cast<std::uint16_t>(input_.word() & 0x1ffU);
      const std::uint8_t much = input_.byte();
      const std::uint32_t size = much < 100 ? 0 : much < 200 ? much : input_.word() % 1'461U;
      packets.push_back(segment(flow, flags, size));
    }
    give(std::move(packets));
  }

  // A whole handshake with the listener, when there is room.
  void open(Flow& flow) {
    if (flow.local.port != kListenPort) return;
    flow.seq += 100'000;  // a new incarnation is newer
    wire::TcpHeader syn;
    syn.source_port = flow.remote.port;
    syn.destination_port = flow.local.port;
    syn.seq = flow.seq;
    syn.flags = wire::kSyn;
    syn.window = 0xffff;
    wire::TcpOptions options;
    options.mss = std::uint16_t{1'460};
    options.window_scale = std::uint8_t{2};
    options.sack_permitted = true;
    flow.timestamp += 1'000;
    options.timestamps = {flow.timestamp, 0};
    give({packet(flow, syn, options, 0)});
    transmit(1'000);
    wire::TcpHeader third = syn;
    third.seq = flow.seq = flow.seq + 1;
    third.ack = flow.ack;
    third.flags = wire::kAck;
    wire::TcpOptions plain;
    plain.timestamps = {flow.timestamp, flow.echo};
    give({packet(flow, third, plain, 0)});
    accept();
  }

  void datagram() {
    const std::uint32_t size = input_.byte();
    std::vector<std::byte> bytes(wire::kIpv4HeaderSize + wire::kUdpHeaderSize + size);
    wire::IpHeader ip;
    ip.source = theirs();
    ip.destination = ours();
    ip.protocol = wire::kProtocolUdp;
    ip.payload_size = wire::kUdpHeaderSize + size;
    wire::emit_ip(bytes.data(), ip);
    const std::uint16_t port = (size & 1U) != 0 ? kUdpPort : std::uint16_t{7};
    wire::emit_udp(bytes.data() + wire::kIpv4HeaderSize,
                   {kFirstPeerPort, port, static_cast<std::uint16_t>(size), 0});
    give({bytes});
    std::array<std::byte, 64> to;
    static_cast<void>(stack_.receive_from(udp_, to, now_));
    static_cast<void>(stack_.send_to(udp_, to, Endpoint{theirs(), 53}, now_));
  }

  void icmp_error() {
    const Flow& flow = pick_flow();
    if (flow.last_sent.empty()) return;
    static constexpr std::array kKinds{wire::IcmpKind::packet_too_big,
                                       wire::IcmpKind::port_unreachable,
                                       wire::IcmpKind::host_unreachable};
    const wire::IcmpKind kind = kKinds[input_.byte() % kKinds.size()];
    std::vector<std::byte> bytes(600);
    const auto offending =
        std::span(flow.last_sent).first(std::min<std::size_t>(flow.last_sent.size(), 200));
    const std::uint32_t size =
        wire::emit_icmp_error(std::span(bytes).subspan(wire::kIpv4HeaderSize), kind, input_.word(),
                              theirs(), ours(), offending);
    if (size == 0) return;
    bytes.resize(wire::kIpv4HeaderSize + size);
    wire::IpHeader ip;
    ip.source = theirs();
    ip.destination = ours();
    ip.protocol = wire::kProtocolIcmp;
    ip.payload_size = size;
    wire::emit_ip(bytes.data(), ip);
    give({bytes});
  }

  // -- to the peer

  void transmit(std::size_t packets) {
    CollectingSink sink(packets);
    static_cast<void>(stack_.transmit(kInterface, sink, now_));
    for (const auto& bytes : sink.frames()) hear(bytes);
  }

  void hear(const std::vector<std::byte>& bytes) {
    const auto ip = wire::parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()),
                                   wire::HeaderChecksum::trust);
    require(ip.has_value());
    if (ip->protocol != wire::kProtocolTcp) return;
    const auto tcp = wire::parse_tcp(std::span(bytes).subspan(ip->header_size),
                                     static_cast<std::uint32_t>(bytes.size()) - ip->header_size);
    require(tcp.has_value());
    const wire::TcpHeader& header = tcp->header;
    for (Flow& flow : flows_) {
      if (flow.local.port != header.source_port || flow.remote.port != header.destination_port) {
        continue;
      }
      flow.last_sent = bytes;
      if (header.has(wire::kRst)) return;
      flow.ack = header.seq + tcp->payload_size +
                 (header.has(wire::kSyn) || header.has(wire::kFin) ? 1U : 0U);
      if (header.has(wire::kAck)) flow.seq = header.ack;
      if (tcp->options.timestamps) flow.echo = tcp->options.timestamps->value;
    }
  }

  // -- the application

  void write() {
    static const std::vector<std::byte> bytes(70'000);
    const std::uint8_t choice = input_.byte();
    const std::size_t size = choice < 200 ? choice * 16U : bytes.size();
    static_cast<void>(stack_.write(pick_socket(), std::span(bytes).first(size), now_));
  }
  void read() {
    static std::vector<std::byte> to(20'000);
    const std::uint32_t size = input_.word() % 20'000U;
    const auto got = stack_.read(pick_socket(), std::span(to).first(size), now_);
    require(!got || *got <= size);
  }
  void accept() {
    const auto socket = stack_.accept(listener_, now_);
    if (socket && sockets_.size() < 64) sockets_.push_back(*socket);
  }
  void connect() {
    ConnectOptions options;
    options.remote = {theirs(), kPeerListens};
    const auto socket = stack_.connect(options, now_);
    if (!socket || sockets_.size() >= 64) return;
    sockets_.push_back(*socket);
    Flow flow;
    flow.local = *stack_.local_endpoint(*socket);
    flow.remote = options.remote;
    flows_.push_back(flow);
    transmit(1'000);
  }
  void set_options() {
    tcp::SocketOptions options;
    const std::uint8_t choice = input_.byte();
    options.no_delay = (choice & 1U) != 0;
    options.cork = (choice & 2U) != 0;
    options.quick_ack = (choice & 4U) != 0;
    options.linger = (choice & 8U) != 0;
    options.keepalive.enabled = (choice & 16U) != 0;
    options.keepalive.idle = 10s;
    if ((choice & 32U) != 0) options.user_timeout = 5s;
    if ((choice & 64U) != 0) options.receive_buffer = input_.word();
    if ((choice & 128U) != 0) options.send_buffer = input_.word();
    static_cast<void>(stack_.set_options(pick_socket(), options, now_));
  }
  void pass(Duration time) {
    now_ += time;
    advance(stack_, now_);
  }
  void pass_to_deadline() {
    const Time next = stack_.next_deadline();
    if (next == kNever) return;
    now_ = std::max(now_, next);
    advance(stack_, now_);
  }
  void odd_call() {
    const Handle socket = pick_socket();
    switch (input_.byte() % 7) {
      case 0:
        return static_cast<void>(stack_.mark_urgent(socket, now_));
      case 1:
        return static_cast<void>(stack_.take_error(socket));
      case 2:
        return static_cast<void>(stack_.set_mtu(kInterface, 68U + input_.word() % 1'433U));
      case 3:
        static_cast<void>(stack_.close(listener_, now_));
        return listen();
      case 4: {
        const auto copy = stack_.clone();
        require(!copy || copy->canonical_hash(now_) == stack_.canonical_hash(now_));
        return;
      }
      case 5:
        while (const auto ready = stack_.poll_ready()) {
          require(ready->mask == stack_.readiness(ready->handle));
        }
        return;
      default: {
        const auto slice = stack_.read_slice(socket, input_.word(), now_);
        if (slice && !slice->empty()) {
          static_cast<void>(stack_.write_owned(socket, *slice, now_));
        }
        return;
      }
    }
  }

  Input& input_;
  Stack stack_;
  Time now_{1h};
  Handle listener_;
  Handle udp_;
  std::vector<Flow> flows_;
  std::vector<Handle> sockets_;
};

void run(std::span<const std::byte> bytes) {
  Input input(bytes);
  const std::uint8_t choice = input.byte();
  StackConfig config = small_config();
  if ((choice & 1U) != 0) config.tcp = tcp::Settings::of(tcp::Profile::linux);
  if ((choice & 2U) != 0) config.tcp.timestamps = false;
  if ((choice & 4U) != 0) config.tcp.sack = false;
  config.tcp.send_buffer = config.tcp.receive_buffer = 128U << 10;
  World world(input, config, (choice & 8U) != 0 ? 65'535 : 0);
  for (int steps = 0; !input.empty() && steps < 300; ++steps) {
    world.step();
    world.check_all();
  }
  world.finish();
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
