#include "bowline/packetdrill/run/packets.hpp"

#include <algorithm>
#include <cmath>

#include "bowline/packetdrill/run/build.hpp"
#include "bowline/packetdrill/run/difference.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// How much longer than expected a packet is waited for, before it counts as never sent.
constexpr Duration kPatience = 2s;
// The same where any time will do.
constexpr Duration kForEver = std::chrono::hours(24) * 3'650;

bool has(const TcpSpec& segment, std::uint16_t flags) noexcept {
  return (segment.flags & flags) == flags;
}

// A stretch of segments may stand for one line of a script: may `next` follow `last` in it?
std::optional<std::string> cannot_follow(const TcpSpec& last, const TcpSpec& next) {
  constexpr auto kSame = static_cast<std::uint16_t>(~(wire::kFin | wire::kPsh | wire::kCwr));
  if ((last.flags & kSame) != (next.flags & kSame)) return "its flags differ from those before it";
  if (next.seq != last.seq + last.length) return "it does not follow the one before it";
  if (next.ack != last.ack) return "its acknowledgment differs from that before it";
  if (next.window != last.window) return "its window differs from that before it";
  if (next.urgent != last.urgent) return "its urgent pointer differs from that before it";
  if (next.options.size() != last.options.size()) return "its options differ in length";
  return std::nullopt;
}

// Of merged segments: flags, options from the last, number and CWR from the first.
void merge(Observed& all, const Observed& next) {
  auto& first = std::get<TcpSpec>(all.layer);
  const auto& last = std::get<TcpSpec>(next.layer);
  const std::uint32_t seq = first.seq;
  const std::uint32_t length = first.length + last.length;
  const std::uint16_t cwr = first.flags & wire::kCwr;
  first = last;
  first.seq = seq;
  first.length = length;
  first.flags = static_cast<std::uint16_t>((last.flags & ~wire::kCwr) | cwr);
  all.payload.insert(all.payload.end(), next.payload.begin(), next.payload.end());
}

}  // namespace

void Packets::note(const char* way, Duration at, const std::string& text) const {
  if (seen_ != nullptr) seen_->push_back(seconds_text(at) + ' ' + way + ' ' + text);
}

// ---- inbound

Conversation& Packets::conversation_for_inbound(const PacketSpec& packet) {
  Conversation* const current = session_.under_test();
  const auto* const tcp = std::get_if<TcpSpec>(&packet.layer);
  if (tcp != nullptr && (current == nullptr || current->stage == Stage::listening)) {
    // A packet for a listener (or for nobody) begins a conversation.
    Conversation& fresh = session_.begin_conversation();
    const RunConfig& config = session_.config();
    fresh.stage = Stage::packet_received;
    fresh.local = {.address = config.local, .port = config.bind_port};
    fresh.remote = {.address = config.remote, .port = session_.next_peer_port()};
    fresh.known = true;
    fresh.live_remote_isn = tcp->seq;
    return fresh;
  }
  if (current == nullptr) throw Mismatch("there is no socket that this packet could be for");
  if (!current->known && current->datagrams) {
    current->local.address = session_.config().local;
    if (current->remote.port == 0) {
      current->remote = {.address = session_.config().remote,
                         .port = session_.config().connect_port};
    }
    current->known = true;
  }
  return *current;
}

void Packets::inject(const PacketSpec& packet) {
  Conversation& conversation = conversation_for_inbound(packet);
  PacketSpec live = packet;
  if (auto* const tcp = std::get_if<TcpSpec>(&live.layer)) {
    if (conversation.stage == Stage::syn_ack_sent && has(*tcp, wire::kAck)) {
      conversation.stage = Stage::syn_ack_acked;
    } else if (conversation.stage == Stage::syn_sent && has(*tcp, wire::kSyn | wire::kAck)) {
      conversation.stage = Stage::syn_acked;
      conversation.live_remote_isn = tcp->seq;
    }
    const auto mapped = conversation.to_live(*tcp, session_.config().ts_ecr_scaled);
    if (!mapped) throw Mismatch(mapped.error());
    conversation.last_injected = *tcp;
  } else if (auto* const icmp = std::get_if<IcmpSpec>(&live.layer)) {
    const bool v6 = session_.config().mode == AddressMode::ipv6;
    if (v6 ? !icmp->for_v6 : !icmp->for_v4) {
      throw Mismatch("'" + icmp->name + "' is no message of " + (v6 ? "ICMPv6" : "ICMP"));
    }
    if (!icmp->quotes_udp) icmp->seq += conversation.live_local_isn;
    if (conversation.datagrams) icmp->quotes_udp = true;
  }
  Endpoint from = conversation.remote;
  Endpoint to = conversation.local;
  if (packet.source_port != 0) from.port = packet.source_port;
  if (packet.destination_port != 0) to.port = packet.destination_port;
  const std::vector<std::byte> bytes = build_packet(live, from, to);
  if (seen_ != nullptr) {
    std::string text;
    for (const Field& field : fields_of(packet, session_.config().mode)) {
      if (!field.text.empty()) text += (text.empty() ? "" : " ") + field.text;
    }
    note("<", session_.world().now() - World::start(), text);
  }
  session_.world().inject(bytes);
}

// ---- outbound

Conversation& Packets::conversation_for_outbound(const PacketSpec& packet) {
  Conversation* const current = session_.under_test();
  if (current == nullptr) throw Mismatch("there is no socket that this packet could come from");
  const auto* const tcp = std::get_if<TcpSpec>(&packet.layer);
  if (tcp == nullptr) return *current;
  const bool syn = has(*tcp, wire::kSyn);
  if (syn && !has(*tcp, wire::kAck) && current->stage == Stage::connecting) {
    current->stage = Stage::syn_sent;
    current->script_local_isn = tcp->seq;
  }
  if (current->stage == Stage::packet_received && has(*tcp, wire::kSyn | wire::kAck)) {
    current->script_local_isn = tcp->seq;
  }
  return *current;
}

// Is `packet` of the conversation? Learns of its first packet where the stack chose the port.
bool Packets::belongs(Conversation& conversation, const Observed& packet) const {
  if (std::holds_alternative<IcmpSpec>(packet.layer)) {
    return packet.ip.destination == session_.config().remote;
  }
  const auto* const tcp = std::get_if<TcpSpec>(&packet.layer);
  if (conversation.known && packet.source() == conversation.local &&
      packet.destination() == conversation.remote) {
    return true;
  }
  if (packet.destination() != conversation.remote) return false;
  if (tcp != nullptr &&
      (conversation.stage != Stage::syn_sent || !has(*tcp, wire::kSyn) || has(*tcp, wire::kAck))) {
    return false;
  }
  if (tcp == nullptr && !conversation.datagrams) return false;
  conversation.local = packet.source();
  conversation.known = true;
  if (tcp != nullptr) conversation.live_local_isn = tcp->seq;
  return true;
}

Packets::Sniffed Packets::sniff(Conversation& conversation, const PacketSpec& packet, Time until) {
  for (;;) {
    const auto sent = session_.world().next_packet(until);
    if (!sent) {
      std::string wanted;
      for (const Field& field : fields_of(packet, session_.config().mode)) {
        if (!field.text.empty()) wanted += ' ' + field.text;
      }
      throw Mismatch("no packet was sent until " + seconds_text(until - World::start()) +
                     " s\n  expected: >" + wanted);
    }
    auto observed = observe(sent->bytes);
    if (!observed) throw Mismatch("the stack sent " + observed.error());
    const Duration at = sent->at - World::start();
    if (!belongs(conversation, *observed)) {
      note("(other) >", at, to_text(*observed));
      continue;
    }
    if (auto* const tcp = std::get_if<TcpSpec>(&observed->layer)) {
      if (conversation.stage == Stage::packet_received && has(*tcp, wire::kSyn | wire::kAck)) {
        conversation.stage = Stage::syn_ack_sent;
        conversation.live_local_isn = tcp->seq;
      }
      conversation.last_sent = *tcp;
      conversation.to_script(*tcp);
    }
    note(">", at, to_text(*observed));
    return {.at = at, .packet = std::move(*observed)};
  }
}

// One packet, or as many as make up the length that the script says.
Packets::Sniffed Packets::collect(Conversation& conversation, const PacketSpec& packet,
                                  const Due& due) {
  const Duration end = std::max(due.at, due.end) + kPatience;
  const Time until =
      due.kind == TimeKind::any ? session_.world().now() + kForEver : World::start() + end;
  const Time patient = std::max(until, session_.world().now());
  Sniffed all = sniff(conversation, packet, patient);
  const auto* const wanted = std::get_if<TcpSpec>(&packet.layer);
  if (wanted == nullptr || session_.config().strict_segments) return all;
  auto* const sum = std::get_if<TcpSpec>(&all.packet.layer);
  if (sum == nullptr) return all;
  TcpSpec last = *sum;
  while (sum->length < wanted->length) {
    // A segment without data may be the first too, though the line shows some: it is looked at
    // alone where the next does not fit.
    if (sum->length == 0 && !session_.world().has_packet()) return all;
    Sniffed next = sniff(conversation, packet, patient);
    const auto* const segment = std::get_if<TcpSpec>(&next.packet.layer);
    std::optional<std::string> wrong = "it is no TCP segment";
    if (segment != nullptr) wrong = cannot_follow(last, *segment);
    if (!wrong && segment->length < wanted->length - sum->length &&
        segment->length != last.length) {
      wrong = "its length differs from that before it";
    }
    if (wrong && sum->length == 0) return all;
    if (wrong) {
      throw Mismatch("the line stands for several segments, and the next does not fit: " + *wrong +
                     side_by_side(packet, all.packet, session_.config().mode) + "\n  next:     > " +
                     to_text(next.packet));
    }
    last = *segment;
    merge(all.packet, next.packet);
    all.at = next.at;
  }
  return all;
}

void Packets::compare(Conversation& conversation, const PacketSpec& packet,
                      const Sniffed& sniffed) {
  const AddressMode mode = session_.config().mode;
  if (auto wrong = difference(packet, sniffed.packet, mode, session_.config().strict_echo))
    throw Mismatch(*wrong);
  if (packet.ip.flow_label && *packet.ip.flow_label != 0 && mode == AddressMode::ipv6) {
    const auto wrong =
        conversation.check_flow_label(*packet.ip.flow_label, sniffed.packet.ip.flow_label);
    if (wrong) throw Mismatch(*wrong + side_by_side(packet, sniffed.packet, mode));
  }
  const bool zeros = std::ranges::all_of(sniffed.packet.payload,
                                         [](std::byte byte) { return byte == std::byte{0}; });
  if (!zeros) {
    throw Mismatch("the payload is not what was written (zeros)" +
                   side_by_side(packet, sniffed.packet, mode));
  }
}

// With --tcp_ts_tick_usecs: the TSval may be off by as much time as an event may.
void Packets::check_timestamp(const PacketSpec& packet, const Sniffed& sniffed,
                              const Due& due) const {
  const RunConfig& config = session_.config();
  const auto* const wanted = std::get_if<TcpSpec>(&packet.layer);
  const auto* const got = std::get_if<TcpSpec>(&sniffed.packet.layer);
  if (!config.ts_tick || wanted == nullptr || got == nullptr || wanted->any_options) return;
  std::vector<std::uint8_t> expected = wanted->options;
  std::vector<std::uint8_t> sent = got->options;
  const TimestampPlace from = find_timestamps(expected);
  const TimestampPlace to = find_timestamps(sent);
  if (from.value == nullptr || to.value == nullptr) return;
  const auto off = static_cast<std::int32_t>(load32(to.value) - load32(from.value));
  const Duration share(static_cast<std::int64_t>(config.tolerance_percent / 100.0 *
                                                 static_cast<double>(due.at.count())));
  const Duration tolerance = std::max(config.tolerance, share);
  if (std::chrono::abs(off * *config.ts_tick) <= tolerance) return;
  throw Mismatch("the timestamp is off by " + std::to_string(off) + " ticks" +
                 side_by_side(packet, sniffed.packet, config.mode));
}

void Packets::expect(const PacketSpec& packet, const Due& due, std::optional<Duration> before) {
  Conversation& conversation = conversation_for_outbound(packet);
  Sniffed sniffed = collect(conversation, packet, due);
  auto* const sent = std::get_if<TcpSpec>(&sniffed.packet.layer);
  const auto* const wanted = std::get_if<TcpSpec>(&packet.layer);
  if (sent != nullptr && wanted != nullptr) conversation.map_timestamp(*wanted, *sent);
  compare(conversation, packet, sniffed);
  check_timestamp(packet, sniffed, due);
  const auto late = check_time(session_.config(), due, sniffed.at, before, "the packet was sent");
  if (late) throw Mismatch(*late + side_by_side(packet, sniffed.packet, session_.config().mode));
}

// ---- the end

void Packets::reset_all() {
  for (const auto& conversation : session_.conversations()) {
    if (!conversation->known || conversation->datagrams) continue;
    TcpSpec reset;
    reset.flags = wire::kRst | wire::kAck;
    reset.window = 0;
    if (conversation->last_injected && has(*conversation->last_injected, wire::kAck)) {
      const TcpSpec& last = *conversation->last_injected;
      reset.seq = last.seq + last.length + (has(last, wire::kSyn) ? 1U : 0U) +
                  (has(last, wire::kFin) ? 1U : 0U);
      reset.ack = last.ack;
    } else if (conversation->last_sent && has(*conversation->last_sent, wire::kAck)) {
      reset.seq = conversation->last_sent->ack;
      reset.ack = conversation->last_sent->seq;
    } else if (conversation->last_sent) {
      reset.ack = conversation->last_sent->seq + 1;
    }
    PacketSpec packet;
    packet.layer = reset;
    session_.world().inject(build_packet(packet, conversation->remote, conversation->local));
  }
}

}  // namespace bowline::inline v0::packetdrill
