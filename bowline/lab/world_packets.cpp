// The packets of a World: what the ladder says of each, and what became of it.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "bowline/lab/world.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::lab {
namespace {

// What stands on a packet's line. PSH is left out: it says nothing to the receiver (K19).
std::string flags_of(const trace::Segment& segment) {
  std::string text;
  const auto add = [&](std::uint16_t flag, std::string_view name) {
    if (!segment.has(flag)) return;
    if (!text.empty()) text += '+';
    text += name;
  };
  add(wire::kSyn, "SYN");
  add(wire::kFin, "FIN");
  add(wire::kRst, "RST");
  add(wire::kAck, "ACK");
  return text;
}

}  // namespace

std::string World::label(const trace::Segment& segment, bool datagram, Side from,
                         std::size_t size) {
  if (datagram) return fmt::format("UDP {} bytes", size);
  // Numbers count from the ISNs of this pair of ports, a new one from a SYN on.
  const Side to = trace::opposite(from);
  const Endpoint& client = from == Side::left ? segment.source : segment.destination;
  if (segment.has(wire::kSyn)) {
    origins_[{from, client}] = segment.seq.raw();
    if (!segment.has(wire::kAck)) origins_.erase({to, client});
  }
  const auto relative = [&](Side side, SeqNumber number) {
    const auto origin = origins_.find({side, client});
    const std::uint32_t base = origin == origins_.end() ? number.raw() - 1 : origin->second;
    return static_cast<std::int32_t>(number.raw() - base);
  };
  std::string text = flags_of(segment);
  const std::int32_t first = relative(from, segment.seq);
  text += segment.length == 0
              ? fmt::format(" seq {}", first)
              : fmt::format(" seq {}:{}", first, first + static_cast<std::int32_t>(segment.length));
  if (segment.has(wire::kAck)) {
    const bool known = origins_.contains({to, client});
    text += known ? fmt::format(" ack {}", relative(to, segment.ack)) : " ack ?";
  }
  if (options_.windows && segment.numbers() == 0 && segment.has(wire::kAck)) {
    // There is room for what matters alone.
    text = fmt::format("{} {} win {}", flags_of(segment), relative(to, segment.ack),
                       segment.window << scale_of(from, segment));
  }
  return text;
}

// The shift that this end's windows need: as its stack says, which is asked while it lasts.
unsigned World::scale_of(Side from, const trace::Segment& segment) {
  struct Search {
    const trace::Segment& segment;
    unsigned shift = 0;
  } search{segment};
  stack(from).for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& wanted = *static_cast<Search*>(context);
        if (view.local == wanted.segment.source && view.remote == wanted.segment.destination) {
          wanted.shift = view.rcv_wind_shift;
        }
      },
      &search);
  return search.shift;
}

std::size_t World::draw(Rung rung) {
  diagram_.rungs.push_back(std::move(rung));
  return diagram_.rungs.size() - 1;
}

// In the order of time. Rungs stand in the order of departure, so a state that was drawn again with
// each packet would seem to come back where packets cross.
std::optional<tcp::State> World::news(Side side, std::optional<tcp::State> state) {
  std::optional<tcp::State>& drawn = drawn_[index(side)];
  if (!state || state == drawn) return std::nullopt;
  drawn = state;
  return state;
}

Accident World::handed_in(sim::Port port, std::span<const std::byte> bytes, Time at, bool refused,
                          std::uint64_t& number) {
  const trace::Packet packet = trace::take_apart(bytes, LinkKind::ip);
  Crossing crossing;
  crossing.at = at;
  crossing.from = static_cast<std::uint32_t>(port) == 0 ? Side::left : Side::right;
  crossing.number = static_cast<std::uint32_t>(++counts_[index(crossing.from)]);
  ++packets_;
  crossing.datagram = packet.udp.has_value();
  if (const auto segment = trace::segment_of(packet)) crossing.segment = *segment;
  if (crossing.datagram) {
    crossing.segment.source = packet.source();
    crossing.segment.destination = packet.destination();
    crossing.segment.length = static_cast<std::uint32_t>(packet.payload.size());
  }
  payload_[index(crossing.from)] += crossing.segment.length;
  const bool gone = refused || unplugged_ || off_[0] || off_[1];
  const Accident accident = gone ? kLost : director_.fate(crossing);

  number = ++next_number_;
  Sent sent;
  sent.from = crossing.from;
  sent.to = trace::opposite(crossing.from);
  sent.segment = crossing.segment;
  sent.label = label(crossing.segment, crossing.datagram, crossing.from, packet.payload.size());
  sent.accident = accident.kind;
  const IpAddress& to = crossing.segment.destination.address;
  const bool for_nobody = to != client_endpoint().address && to != server_endpoint().address;
  if (draws() && shows(sent.segment, sent.from) &&
      (!for_nobody || ++for_nobody_ <= options_.most_in_vain)) {
    Rung rung;
    rung.at = at;
    rung.side = sent.from;
    rung.packet = true;
    rung.label = sent.label;
    switch (accident.kind) {
      case Accident::Kind::lose:
        rung.crossed = Crossed::lost;
        break;
      case Accident::Kind::delay:
        rung.crossed = Crossed::leaves;
        break;
      case Accident::Kind::corrupt:
        rung.crossed = Crossed::corrupted;
        break;
      default:
        break;
    }
    if (!crossing.datagram) {
      (sent.from == Side::left ? rung.left : rung.right) =
          news(sent.from, state_of(sent.from, sent.segment.source, sent.segment.destination));
    }
    sent.rung = draw(std::move(rung));
    sent.drawn = true;
  }
  on_their_way_.emplace(number, std::move(sent));
  return accident;
}

void World::forge(const trace::Segment& segment, std::string_view payload) {
  trace::Segment whole = segment;
  whole.length = static_cast<std::uint32_t>(payload.size());
  ++forged_;
  const std::uint64_t number = ++next_number_;
  Sent sent;
  sent.to = whole.destination.address == client_endpoint().address ? Side::left : Side::right;
  sent.from = trace::opposite(sent.to);
  sent.segment = whole;
  sent.label = label(whole, false, sent.from, payload.size());
  sent.forged = true;
  on_their_way_.emplace(number, std::move(sent));
  courier_->forge(trace::to_packet(whole, std::as_bytes(std::span(payload))), number, now());
}

void World::hands_out(std::uint64_t number, bool copy) { handing_out_ = {number, copy}; }

void World::sent(const sim::Passage& passage) {
  if (passage.from != courier_->id()) return;
  if (sim::arrives(passage.fate)) {
    handed_out_[passage.packet] = handing_out_;
    return;
  }
  // The queue before the bottleneck was full.
  const Sent& sent = on_their_way_.at(handing_out_.first);
  if (sent.drawn) diagram_.rungs.at(sent.rung).crossed = Crossed::lost;
}

void World::arrived(const sim::Passage& passage) {
  if (passage.to == courier_->id()) return;
  const auto found = handed_out_.find(passage.packet);
  if (found == handed_out_.end()) return;
  const auto [number, copy] = found->second;
  handed_out_.erase(found);
  Sent& sent = on_their_way_.at(number);
  const trace::Segment& segment = sent.segment;
  arrivals_[index(sent.to)] += fmt::format("{} {}\n", (now() - start_).count(), sent.label);
  if (segment.has(wire::kSyn | wire::kAck) && sent.to == Side::left) {
    saw_syn_ack_[segment.destination] = true;
  }
  if (segment.has(wire::kRst)) {
    const auto met = states_.find({sent.to, {segment.destination, segment.source}});
    Reset reset;
    reset.at = sent.to;
    if (met != states_.end()) reset.met = met->second;
    reset.forged = sent.forged;
    reset.asked_for = std::ranges::any_of(conns_, [&](const Conn& conn) {
      return conn.side == sent.from && conn.local == segment.source && conn.aborted;
    });
    resets_.push_back(reset);
  }
  const auto state = state_of(sent.to, segment.destination, segment.source);
  const auto before = states_.find({sent.to, {segment.destination, segment.source}});
  const bool changes = state != (before != states_.end() ? before->second : tcp::State::listen);
  const bool shown = !sent.forged || changes || ++in_vain_ <= options_.most_in_vain;
  const bool late = copy || sent.accident == Accident::Kind::delay || sent.forged;
  if (late && shown && draws() && shows(segment, sent.from)) {
    Rung rung;
    rung.at = now();
    rung.side = sent.from;
    rung.packet = true;
    rung.label = sent.label;
    rung.crossed = sent.forged ? Crossed::forged : Crossed::late;
    (sent.to == Side::left ? rung.left : rung.right) = news(sent.to, state);
    draw(std::move(rung));
  } else if (!late && sent.drawn) {
    Rung& rung = diagram_.rungs.at(sent.rung);
    (sent.to == Side::left ? rung.left : rung.right) = news(sent.to, state);
  }
}

}  // namespace bowline::inline v0::lab
