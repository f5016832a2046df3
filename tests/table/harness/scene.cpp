#include "tests/table/harness/scene.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::table {
namespace {

StackConfig config() {
  StackConfig config;
  config.seed = {0x7461626c65, 2, 3, 4};
  // Small tables: a scene is copied for every cell.
  config.limits.connections = 8;
  config.limits.listeners = 4;
  config.limits.udp_sockets = 1;
  config.limits.half_open = 8;
  config.limits.orphans = 8;
  config.limits.time_wait = 8;
  config.limits.interfaces = 1;
  config.limits.routes = 4;
  config.limits.path_mtu_entries = 4;
  config.limits.replies = 8;
  return config;
}

template <typename T>
T must(Result<T> result) {
  if (!result) std::abort();  // set-up of the scene itself; nothing of the protocol is involved
  return std::move(*result);
}

Stack make_stack() { return must(Stack::create(config())); }

IpAddress address_of(Family family, unsigned host) {
  if (family == Family::ipv4) return IpAddress::v4(0x0a00'0000U + host);
  std::array<std::byte, 16> bytes{};
  bytes[0] = std::byte{0xfd};
  bytes[15] = static_cast<std::byte>(host);
  return IpAddress::v6(bytes);
}

/// Parses what the Stack transmits; a packet that is not a sound TCP segment ends the test run.
class Parser final : public FrameSink {
 public:
  explicit Parser(std::vector<Sent>& sent) : sent_(sent) {}

  std::size_t take(std::span<Frame> frames) noexcept override {
    for (Frame& frame : frames) parse(frame);
    return frames.size();
  }

 private:
  void parse(const Frame& frame) {
    std::vector<std::byte> bytes(frame.size);
    if (frame.gso_size != 0 || !frame.copy_to(0, bytes)) std::abort();
    const auto ip = wire::parse_ip(bytes, frame.size);
    if (!ip || ip->protocol != wire::kProtocolTcp) std::abort();
    const auto segment =
        std::span<const std::byte>(bytes).subspan(ip->header_size, ip->payload_size);
    const auto tcp = wire::parse_tcp(segment, ip->payload_size);
    if (!tcp) std::abort();
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip->source, ip->destination, wire::kProtocolTcp, ip->payload_size);
    sum.add(segment);
    if (!sum.verifies()) std::abort();
    const auto text = segment.subspan(tcp->header_size);
    sent_.push_back({tcp->header.seq, tcp->header.ack, tcp->header.flags, tcp->header.window,
                     std::vector<std::byte>(text.begin(), text.end()), tcp->options.timestamps});
  }

  std::vector<Sent>& sent_;
};

}  // namespace

Scene::Scene(const Climate& climate, Time start)
    : irs(climate.irs),
      rcv_nxt(irs),
      rcv_right_edge(irs),
      stack_(make_stack()),
      climate_(climate),
      now_(start),
      local_{address_of(climate.family, 1), kLocalPort},
      remote_{address_of(climate.family, 2), kPeerPort} {
  interface_ = must(stack_.add_interface({}));
  const std::uint8_t prefix = climate.family == Family::ipv4 ? 24 : 64;
  if (!stack_.add_address(interface_, {local_.address, prefix})) std::abort();
  stack_.advance(now_);
}

Scene::Scene(Stack stack, const Scene& other)
    : listener(other.listener),
      socket(other.socket),
      iss(other.iss),
      snd_una(other.snd_una),
      snd_nxt(other.snd_nxt),
      irs(other.irs),
      rcv_nxt(other.rcv_nxt),
      rcv_right_edge(other.rcv_right_edge),
      timestamps(other.timestamps),
      last_timestamp(other.last_timestamp),
      stack_(std::move(stack)),
      climate_(other.climate_),
      now_(other.now_),
      local_(other.local_),
      remote_(other.remote_),
      interface_(other.interface_),
      heard_timestamp_(other.heard_timestamp_) {}

Scene Scene::clone() const { return {must(stack_.clone()), *this}; }

std::byte Scene::text_byte(SeqNumber seq) const {
  const std::uint32_t at = distance(irs, seq);
  return static_cast<std::byte>((at * 7 + at / 251) & 0xff);
}

void Scene::send(const Injected& injected) {
  std::array<std::byte, wire::kIpv6HeaderSize + wire::kTcpMaxHeaderSize + 2'048> packet{};
  wire::TcpOptions options;
  if ((injected.flags & wire::kSyn) != 0) options.mss = kPeerMss;
  if (timestamps || injected.timestamp.has_value()) {
    // A clock of milliseconds that did not start at 0.
    const auto clock =
        static_cast<std::uint32_t>(5'000'000 + (now_ - Time{}) / std::chrono::milliseconds(1));
    last_timestamp = injected.timestamp.value_or(clock);
    options.timestamps = {last_timestamp, heard_timestamp_};
  }

  wire::IpHeader ip;
  ip.source = remote_.address;
  ip.destination = local_.address;
  ip.protocol = wire::kProtocolTcp;
  const std::uint32_t tcp_size = wire::kTcpHeaderSize + wire::options_size(options);
  ip.payload_size = tcp_size + injected.text;
  const std::uint32_t ip_size = wire::emit_ip(packet.data(), ip);

  wire::TcpHeader tcp;
  tcp.source_port = remote_.port;
  tcp.destination_port = local_.port;
  tcp.seq = injected.seq;
  tcp.ack = injected.ack;
  tcp.flags = injected.flags;
  tcp.window = injected.window;
  tcp.urgent = injected.urgent;
  const auto segment = std::span(packet).subspan(ip_size, ip.payload_size);
  const SeqNumber first = injected.seq + ((injected.flags & wire::kSyn) != 0 ? 1 : 0);
  for (std::uint32_t i = 0; i < injected.text; ++i) segment[tcp_size + i] = text_byte(first + i);
  static_cast<void>(wire::emit_tcp(segment, tcp, options));
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolTcp, ip.payload_size);
  sum.add(segment);
  tcp.checksum = sum.finish();
  static_cast<void>(wire::emit_tcp(segment, tcp, options));

  Frame frame = make_frame(stack_.pool(), std::span(packet).first(ip_size + ip.payload_size));
  stack_.receive(interface_, {&frame, 1}, now_);
  flush();
}

void Scene::flush() {
  const std::size_t before = sent_.size();
  Parser parser(sent_);
  while (stack_.has_output(interface_) && stack_.transmit(interface_, parser, now_) > 0) {
  }
  for (std::size_t i = before; i < sent_.size(); ++i) account(sent_[i]);
}

void Scene::account(const Sent& segment) {
  if (segment.timestamps.has_value()) heard_timestamp_ = segment.timestamps->value;
  if (segment.has(wire::kRst)) return;
  if (segment.has(wire::kSyn)) {
    iss = segment.seq;
    snd_una = iss;
    snd_nxt = iss + 1;
  } else {
    snd_nxt = latest(snd_nxt, segment.seq + segment.length());
  }
  if (segment.has(wire::kAck)) rcv_right_edge = segment.ack + segment.window;
}

bool Scene::pass_to_next_deadline(Time limit) {
  const Time deadline = stack_.next_deadline();
  const bool within = deadline <= limit;
  now_ = std::max(now_, within ? deadline : limit);
  stack_.advance(now_);
  flush();
  return within;
}

void Scene::pass(Duration span) {
  const Time until = now_ + span;
  while (pass_to_next_deadline(until)) {
  }
}

std::vector<Sent> Scene::take_sent() { return std::exchange(sent_, {}); }

std::optional<ConnectionView> Scene::connection() const {
  struct Search {
    const Scene* scene;
    std::optional<ConnectionView> found;
  } search{this, std::nullopt};
  stack_.for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& [scene, found] = *static_cast<Search*>(context);
        if (view.local != scene->local_ || view.remote != scene->remote_) return;
        const auto lingers = [](const ConnectionView& v) {
          return v.state == tcp::State::closed || v.state == tcp::State::time_wait;
        };
        if (!found || lingers(*found)) found = view;
      },
      &search);
  return search.found;
}

std::string describe(const Scene& scene, const Sent& segment) {
  std::string text;
  const auto flag = [&](std::uint16_t bit, std::string_view name) {
    if (!segment.has(bit)) return;
    if (!text.empty()) text += ',';
    text += name;
  };
  flag(wire::kSyn, "SYN");
  flag(wire::kFin, "FIN");
  flag(wire::kRst, "RST");
  flag(wire::kAck, "ACK");
  flag(wire::kUrg, "URG");
  text += " seq=ISS+" + std::to_string(segment.seq - scene.iss);
  if (segment.has(wire::kAck)) text += " ack=IRS+" + std::to_string(segment.ack - scene.irs);
  return text + " text=" + std::to_string(segment.text.size());
}

}  // namespace bowline::table
