#include "tests/support/script.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/link/segment.hpp"
#include "tests/support/sinks.hpp"

namespace bowline::test {
namespace {

/// A timer may come this much late ("timers never fire early"): the grain of any stored deadline.
constexpr Duration kSlack = 1ms;
/// RFC 9293 3.4.1: the ISN's clock ticks every 4 microseconds.
constexpr Duration kIsnTick = 4us;
/// Not a multiple of any timer's grain.
constexpr Time kEarliestStart{1'000'000s + 123'456'789ns};

IpAddress address(Family family, std::uint8_t host) {
  if (family == Family::ipv4) return IpAddress::v4(0xc0a8'0000U | host);
  std::array<std::byte, 16> bytes{std::byte{0xfd}};
  bytes[15] = static_cast<std::byte>(host);
  return IpAddress::v6(bytes);
}

}  // namespace

// ---- beginning and end --------------------------------------------------------------------------

Script::Script(const Variant& variant) : variant_(variant) {
  peers_.push_back(&peer);
  // Room for an MSS of 1460 in both families, so that scripts need not tell them apart.
  mtu = variant.family == Family::ipv4 ? 1'500 : 1'520;
  config.seed = {0x626f776c, 0x696e65, 0x74657374, 1};
  config.tcp.cold_ack_at_once = false;
}

Script::~Script() = default;

IpAddress Script::our_address() const { return address(variant_.family, 1); }
IpAddress Script::peer_address() const { return address(variant_.family, 2); }
IpAddress Script::router_address() const { return address(variant_.family, 254); }

Stack& Script::stack() {
  if (!stack_) create();
  return *stack_;
}

void Script::create() {
  now_ = started_ = our_isn ? start_for_isn(*our_isn) : kEarliestStart;
  timeline_.begin(started_);
  config.memory = &memory_;
  if (variant_.refused_request) memory_.fail_at(*variant_.refused_request);
  auto made = Stack::create(config);
  if (!made) fail("Stack::create: " + made.error().message(), Where::current());
  stack_.emplace(std::move(*made));
  stack_->set_listener(&timeline_);
  InterfaceConfig interface;
  interface.link.mtu = mtu;
  if (variant_.large_segments) {
    interface.link.max_gso = 65'535;
    interface.link.transmit_checksum = true;
  }
  const auto id = stack_->add_interface(interface);
  if (!id) fail("add_interface: " + id.error().message(), Where::current());
  const std::uint8_t prefix = variant_.family == Family::ipv4 ? 24 : 64;
  const Status added = stack_->add_address(*id, {our_address(), prefix});
  if (!added) fail("add_address: " + added.error().message(), Where::current());
  set_up_ = true;
}

/// When to begin so that our ISN is `isn`: by RFC 9293 3.4.1 it is a clock plus a hash that depends
/// only on keys and four-tuple, so one look at another time tells.
Time Script::start_for_isn(std::uint32_t isn) const {
  StackConfig probe_config = config;
  probe_config.memory = nullptr;
  auto probe = Stack::create(probe_config);
  if (!probe) return kEarliestStart;
  const auto id = probe->add_interface({});
  const std::uint8_t prefix = variant_.family == Family::ipv4 ? 24 : 64;
  if (!id || !probe->add_address(*id, {our_address(), prefix})) return kEarliestStart;
  ConnectOptions how;
  how.remote = {peer_address(), peer.port()};
  how.local = Endpoint{our_address(), kOurPort};
  const auto socket = probe->connect(how, kEarliestStart);
  if (!socket) return kEarliestStart;
  const auto view = probe->inspect(*socket);
  if (!view) return kEarliestStart;
  const std::uint32_t ticks = isn - view->iss.raw();
  return kEarliestStart + ticks * kIsnTick;
}

void Script::run() {
  try {
    play();
    step(Where::current());
    ended_ = true;
    if (!broken_rule_.empty()) fail(broken_rule_, Where::current());
  } catch (const ScriptEnded&) {
    ended_ = true;
  }
  try {
    wind_down();
    still_serves();
  } catch (const ScriptEnded&) {
  }
  stack_.reset();
  sent_.clear();
  EXPECT_EQ(memory_.live_blocks(), 0U) << "memory that was not given back";
  EXPECT_EQ(memory_.mismatches(), 0U) << "memory given back otherwise than it was taken";
}

// ---- reporting ----------------------------------------------------------------------------------

void Script::fail(const std::string& what, Where where) {
  // Once a request for memory has been refused, the script may go any other way; then the rules,
  // the winding down and the newcomer judge.
  const bool excused = variant_.refused_request && memory_.refused() > 0;
  if (!excused) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << what << "\n  the conversation so far (< the peer, > the stack under test):\n"
        << timeline_.tail();
  }
  throw ScriptEnded{};
}

// ---- packets ------------------------------------------------------------------------------------

void Script::deliver(const Bytes& packet) {
  Frame frame = make_frame(stack().pool(), packet);
  if (frame.size == 0) return;  // no memory for it: lost
  frame.arrival = now_;
  stack().receive(InterfaceId{0}, std::span(&frame, 1), now_);
}

void Script::drain() {
  if (held_) return;
  PacketSink packets;
  RestrainedSink link(packets, variant_.refuse_every, variant_.one_at_a_time);
  CuttingSink cutter(link, stack().pool(), mtu);
  FrameSink& sink = variant_.large_segments ? static_cast<FrameSink&>(cutter) : link;
  for (int calls = 0; stack().has_output(InterfaceId{0}); ++calls) {
    const std::size_t before = packets.taken().size();
    stack().transmit(InterfaceId{0}, sink, now_);
    const bool stuck = packets.taken().size() == before && !link.refused_lately();
    if (stuck || calls > 100'000) {
      // Says that there is output, and offers none, though the link is free.
      fail("has_output() holds, and transmit() offers nothing", Where::current());
    }
  }
  for (auto& [bytes, frame] : packets.taken()) {
    SentPacket packet = parse_packet(std::move(bytes));
    packet.at = now_;
    packet.frame = frame;
    Peer* to = packet.tcp ? peer_of(packet) : nullptr;
    if (to != nullptr) to->hear(packet);
    timeline_.note(now_, "> " + print(packet));
    if (!ended_) check_invariants(packet);
    if (packet.tcp) last_tcp_ = packet;
    sent_.push_back(std::move(packet));
  }
}

Peer* Script::peer_of(const SentPacket& packet) {
  for (Peer* candidate : peers_) {
    if (packet.tcp->header.destination_port == candidate->port_) return candidate;
  }
  return nullptr;
}

void Script::remember_written(Peer& to, std::span<const std::byte> bytes) {
  for (auto& [port, all] : written_) {
    if (port == to.port()) {
      all.insert(all.end(), bytes.begin(), bytes.end());
      return;
    }
  }
  written_.emplace_back(to.port(), Bytes(bytes.begin(), bytes.end()));
}

void Script::forget_written(const Peer& to) {
  std::erase_if(written_, [&](const auto& entry) { return entry.first == to.port(); });
}

Peer& Script::add_peer(std::uint16_t port) {
  more_peers_.push_back(std::make_unique<Peer>(*this, port));
  peers_.push_back(more_peers_.back().get());
  return *peers_.back();
}

void Script::hold_output() { held_ = true; }

void Script::release_output() {
  held_ = false;
  drain();
}

void Script::router_sends(wire::IcmpKind kind, std::uint32_t word, std::uint32_t seq_offset,
                          Where where) {
  step(where);
  if (!last_tcp_) fail("nothing has been sent that a router could complain of", where);
  Bytes quoted = last_tcp_->bytes;
  if (seq_offset != 0) {
    std::byte* seq = quoted.data() + last_tcp_->ip.header_size + 4;
    store_be<std::uint32_t>(seq, load_be<std::uint32_t>(seq) + seq_offset);
  }
  note(fmt::format("< ICMP {} from a router, word {}", static_cast<int>(kind), word));
  deliver(build_icmp_error(router_address(), our_address(), kind, word, quoted));
  drain();
}

// ---- time ---------------------------------------------------------------------------------------

void Script::step(Where where) {
  (void)stack();
  if (!sent_.empty()) {
    fail("sent, and not expected:  " + print(sent_.front()), where);
  }
  if (!broken_rule_.empty()) fail(broken_rule_, where);
  slack_until_ = Time::min();
}

void Script::run_to(Time until, bool may_send_before, Where where) {
  for (;;) {
    const Time deadline = std::max(stack_->next_deadline(), now_);
    if (deadline > until) break;
    const bool stuck = deadline == now_ && stack_->next_deadline() <= now_;
    now_ = deadline;
    stack_->advance(now_);
    drain();
    if (now_ < until && !may_send_before && !sent_.empty()) {
      fail(fmt::format("sent {:.6f} s too early:  {}",
                       static_cast<double>((until - now_).count()) * 1e-9, print(sent_.front())),
           where);
    }
    if (stuck && stack_->next_deadline() <= now_) {
      fail("advance() does not get past a deadline", where);
    }
  }
  now_ = until;
}

void Script::after(Duration duration, Where where) {
  step(where);
  const Time until = now_ + duration;
  run_to(until, false, where);
  slack_until_ = until + kSlack;
}

void Script::idle(Duration duration, Where where) {
  step(where);
  run_to(now_ + duration, false, where);
  step(where);
}

void Script::lets_pass(Duration duration, Where where) {
  step(where);
  run_to(now_ + duration, true, where);
}

// ---- expecting ----------------------------------------------------------------------------------

void Script::expect(const Segment& segment, Where where) { expect(peer, segment, where); }

/// A timer may be late by its grain: lets those go off that are due within the slack.
void Script::await_sent() {
  (void)stack();
  while (sent_.empty() && stack_->next_deadline() <= slack_until_) {
    now_ = std::max(now_, stack_->next_deadline());
    stack_->advance(now_);
    drain();
    if (stack_->next_deadline() <= now_) break;
  }
}

void Script::expect(Peer& to, const Segment& segment, Where where) {
  await_sent();
  if (sent_.empty()) fail(fmt::format("expected  {}\n  and nothing was sent", segment), where);
  const SentPacket packet = std::move(sent_.front());
  sent_.pop_front();
  const std::string wrong = compare(packet, to, segment);
  if (!wrong.empty()) {
    fail(fmt::format("expected  {}\n  but sent  {}\n  {}", segment, print(packet), wrong), where);
  }
}

/// In what `packet` differs from what is expected; empty if in nothing.
std::string Script::compare(const SentPacket& packet, Peer& to, const Segment& expected) {
  if (!packet.tcp) return "it is no TCP segment";
  if (peer_of(packet) != &to) return "it is for another peer";
  const auto actual = to.read(packet);
  if (!actual) return "it cannot be read";
  Segment wanted = expected;
  // PSH is advice; whoever cares about it says it (RFC 9293 3.9.1.2 MUST-61 is a script of its
  // own).
  if (!wanted.has(wire::kPsh)) {
    wanted.flags = static_cast<std::uint16_t>(wanted.flags | (actual->flags & wire::kPsh));
  }
  return difference(wanted, *actual);
}

/// `packet` in the notation of literals.
std::string Script::print(const SentPacket& packet) {
  if (!packet.defect.empty())
    return fmt::format("({}, {} bytes)", packet.defect, packet.bytes.size());
  if (packet.icmp) return fmt::format("ICMP type {} code {}", packet.icmp->type, packet.icmp->code);
  if (!packet.tcp)
    return fmt::format("protocol {}, {} bytes", packet.ip.protocol, packet.bytes.size());
  const Peer* to = peer_of(packet);
  if (to == nullptr)
    return fmt::format("a segment to port {}", packet.tcp->header.destination_port);
  const auto segment = to->read(packet);
  std::string text = segment ? to_string(*segment) : "(unreadable)";
  if (peers_.size() > 1) text += fmt::format("  to port {}", to->port());
  return text;
}

void Script::expect_nothing(Where where) { step(where); }

std::size_t Script::skip_sent() {
  const std::size_t count = sent_.size();
  sent_.clear();
  return count;
}

SentPacket Script::take_sent(Where where) {
  await_sent();
  if (sent_.empty()) fail("expected a segment, and nothing was sent", where);
  SentPacket packet = std::move(sent_.front());
  sent_.pop_front();
  if (!packet.tcp) fail("expected a segment, but sent  " + print(packet), where);
  return packet;
}

// ---- states -------------------------------------------------------------------------------------

std::optional<ConnectionView> Script::find(const Peer& of) {
  struct Search {
    Endpoint remote;
    std::optional<ConnectionView> found;
  } search{{peer_address(), of.port()}, {}};
  stack().for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& self = *static_cast<Search*>(context);
        if (view.remote == self.remote) self.found = view;
      },
      &search);
  return search.found;
}

State Script::state(const Peer& of) {
  const auto view = find(of);
  return view ? view->state : State::closed;
}

void Script::expect_state(State expected, Where where) { expect_state(peer, expected, where); }

void Script::expect_state(const Peer& of, State expected, Where where) {
  const State is = state(of);
  if (is != expected) {
    fail(fmt::format("the state is {}, and not {}", tcp::name(is), tcp::name(expected)), where);
  }
}

ConnectionView Script::view(Where where) {
  const auto view = find(peer);
  if (!view) fail("there is no connection with the peer", where);
  return *view;
}

void Script::expect_count(Reason reason, std::uint64_t count, Where where) {
  const std::uint64_t is = stack().counters()[reason];
  if (is != count) {
    fail(fmt::format("{} was decided {} times, and not {}", info(reason).name, is, count), where);
  }
}

}  // namespace bowline::test
