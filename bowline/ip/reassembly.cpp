#include "bowline/ip/reassembly.hpp"

#include <algorithm>
#include <cstring>

#include "bowline/ip/fragment_rules.hpp"
#include "bowline/ip/source.hpp"

namespace bowline::inline v0::ip {
namespace {

// What a fragment and a datagram take beside their bytes: a node of the tree, an entry and its
// places in the tables.
constexpr std::uint32_t kFragmentCost = 64;
constexpr std::uint32_t kDatagramCost = 512;

// The bytes of `frame` from `offset` on, without pinning much more memory than they are. Empty: no
// memory.
Slice keep(const Frame& frame, std::uint32_t offset, std::uint32_t size,
           BufferPool& pool) noexcept {
  const Slice& head = frame.pieces[0];
  const bool in_one_piece = head.size() >= offset + size;
  if (in_one_piece && (head.pinned() <= 256 || head.pinned() / 4 <= size)) {
    return head.part(offset, size);
  }
  const Buffer copy = pool.allocate(size);
  if (!copy || !frame.copy_to(offset, {copy.data(), size})) return {};
  return copy.slice(0, size);
}

std::uint64_t word(const IpAddress& address, std::size_t at) noexcept {
  return detail::load_le(address.raw().data() + at, 8);
}

}  // namespace

Reassembly::Reassembly(Memory& memory, const Limits& limits, SipKey key) noexcept
    : memory_(memory),
      byte_limit_(limits.fragment_bytes),
      datagrams_per_source_(std::max(limits.fragment_datagrams_per_source, 1U)),
      fragments_per_datagram_(limits.fragments_per_datagram),
      prefix_(limits),
      key_(key),
      datagrams_(memory, limits.fragment_datagrams),
      sources_(memory, limits.fragment_datagrams),
      by_key_(memory, limits.fragment_datagrams),
      by_source_(memory, limits.fragment_datagrams) {}

FragmentVerdict Reassembly::add(Frame& frame, const Packet& packet, InterfaceId interface,
                                BufferPool& pool, Decisions& decisions, Time now) noexcept {
  if (const auto refusal = judge_fragment(frame, packet)) {
    decisions.make(refusal->why);
    return {FragmentFate::dropped, refusal->answer, refusal->pointer};
  }
  const Key key = key_of(packet, interface);
  std::uint32_t index = find(key);
  if (index == kNone) {
    index = make(key, decisions, now);
    if (index == kNone) {
      decisions.make(Reason::no_memory);
      return {};
    }
    datagrams_[index].cast = packet.cast;
    datagrams_[index].interface = interface;
  }
  const Reason result = insert(index, frame, packet, pool, decisions);
  decisions.make(result);
  if (result == Reason::fragment_kept) return {FragmentFate::waits};
  if (result == Reason::fragments_complete) return {FragmentFate::complete};
  return {};
}

Reassembly::Key Reassembly::key_of(const Packet& packet, InterfaceId interface) noexcept {
  Key key;
  key.source = packet.source;
  key.destination = packet.destination;
  key.identification = packet.identification;
  if (packet.family() == Family::ipv4) key.protocol = packet.protocol;
  if (packet.source.is_link_local()) key.interface = interface;
  return key;
}

std::uint64_t Reassembly::hash(const Key& key) const noexcept {
  const std::uint64_t rest = static_cast<std::uint64_t>(key.identification) << 16 |
                             static_cast<std::uint64_t>(key.protocol) << 8 |
                             static_cast<std::uint64_t>(key.interface);
  return siphash13(
      key_, std::array<std::uint64_t, 5>{word(key.source, 0), word(key.source, 8),
                                         word(key.destination, 0), word(key.destination, 8), rest});
}

std::uint64_t Reassembly::hash(const IpAddress& source) const noexcept {
  return address_hash(key_, source);
}

std::uint32_t Reassembly::find(const Key& key) const noexcept {
  return by_key_.find(hash(key), [&](std::uint32_t index) { return datagrams_[index].key == key; });
}

std::uint32_t Reassembly::find_or_make_source(const IpAddress& address) noexcept {
  const std::uint64_t hashed = hash(address);
  const std::uint32_t found = by_source_.find(
      hashed, [&](std::uint32_t index) { return sources_[index].address == address; });
  if (found != kNone) return found;
  const std::uint32_t index = sources_.emplace();
  if (index == kNone) return kNone;
  if (!by_source_.insert(hashed, index)) {
    sources_.erase(index);
    return kNone;
  }
  sources_[index].address = address;
  return index;
}

// An entry for the datagram with `key`; the oldest of its source, or of all, goes for it where that
// has to be.
std::uint32_t Reassembly::make(const Key& key, Decisions& decisions, Time now) noexcept {
  const IpAddress address = prefix_.of(key.source);
  const std::uint32_t known = by_source_.find(
      hash(address), [&](std::uint32_t index) { return sources_[index].address == address; });
  if (known != kNone && sources_[known].datagrams.size >= datagrams_per_source_) {
    decisions.make(Reason::fragment_source_quota);
    erase(sources_[known].datagrams.front());
  }
  if (datagrams_.size() >= datagrams_.limit() && !by_age_.empty()) {
    decisions.make(Reason::fragment_evicted);
    erase(by_age_.front());
  }
  const std::uint32_t source = find_or_make_source(address);
  if (source == kNone) return kNone;
  const std::uint64_t seed = siphash13(key_, std::array<std::uint64_t, 1>{seeds_++});
  const std::uint32_t index = datagrams_.emplace(memory_, fragments_per_datagram_, seed);
  const bool made = index != kNone && by_key_.insert(hash(key), index);
  if (!made) {
    if (index != kNone) datagrams_.erase(index);
    if (sources_[source].datagrams.empty()) {
      by_source_.erase(hash(address), source);
      sources_.erase(source);
    }
    return kNone;
  }
  Datagram& datagram = datagrams_[index];
  datagram.key = key;
  datagram.from = source;
  datagram.deadline = now + kTimeout;
  datagram.cost = kDatagramCost;
  bytes_ += kDatagramCost;
  by_age_.push_back([this](std::uint32_t i) -> ListLink& { return datagrams_[i].age; }, index);
  sources_[source].datagrams.push_back(
      [this](std::uint32_t i) -> ListLink& { return datagrams_[i].sibling; }, index);
  return index;
}

// Does the fragment fit to what has come? Nothing: yes. fragment_duplicate leaves the datagram as
// it is, every other reason discards it.
std::optional<Reason> Reassembly::judge_place(const Datagram& datagram, const Frame& frame,
                                              const Packet& packet) const noexcept {
  const std::uint32_t start = packet.fragment_offset;
  const std::uint32_t end = start + packet.payload_size;
  const std::uint32_t id = datagram.parts.at_or_after(SeqNumber(start));
  if (id != Parts::kNone) {
    const Parts::Node& other = datagram.parts[id];
    if (other.start.raw() == start && other.length == packet.payload_size) {
      // RFC 8200 section 4.5 lets us tell a duplicate from an attack: it has the same bytes.
      bool same = true;
      std::array<std::byte, 256> chunk;
      for (std::uint32_t at = 0; same && at < other.length;) {
        const std::uint32_t size =
            std::min(other.length - at, static_cast<std::uint32_t>(chunk.size()));
        same = frame.copy_to(packet.header_size + at, std::span(chunk).first(size)) &&
               std::memcmp(chunk.data(), other.value.data() + at, size) == 0;
        at += size;
      }
      return same ? Reason::fragment_duplicate : Reason::fragment_overlap;
    }
    if (other.start.raw() < end) return Reason::fragment_overlap;
  }
  // Where the datagram ends must be said once.
  const std::uint32_t last = datagram.parts.last();
  const std::uint32_t reach = last == Parts::kNone ? 0 : datagram.parts[last].end().raw();
  const bool beyond = datagram.total != kNone && end > datagram.total;
  const bool another_end =
      !packet.more_fragments && (datagram.total != kNone ? end != datagram.total : end < reach);
  if (beyond || another_end) return Reason::fragment_contradiction;
  if (datagram.parts.size() >= fragments_per_datagram_) return Reason::fragment_too_many;
  return std::nullopt;
}

// Lets the oldest go until there is room for `cost` more. False: that was `index` itself.
bool Reassembly::make_room(std::uint32_t index, std::uint32_t cost, Decisions& decisions) noexcept {
  while (bytes_ + cost > byte_limit_) {
    const std::uint32_t oldest = by_age_.front();
    if (oldest == index) return false;
    decisions.make(Reason::fragment_evicted);
    erase(oldest);
  }
  return true;
}

Reason Reassembly::insert(std::uint32_t index, Frame& frame, const Packet& packet, BufferPool& pool,
                          Decisions& decisions) noexcept {
  Datagram& datagram = datagrams_[index];
  if (datagram.discarded) return Reason::fragment_of_discarded;
  if (const auto why = judge_place(datagram, frame, packet)) {
    if (*why != Reason::fragment_duplicate) discard(index);
    return *why;
  }
  const bool is_first = packet.fragment_offset == 0;
  const std::uint32_t offset = is_first ? 0 : packet.header_size;
  Slice kept = keep(frame, offset, packet.total_size() - offset, pool);
  if (kept.empty()) return Reason::no_memory;
  const std::uint32_t cost = kept.pinned() + kFragmentCost;
  if (!make_room(index, cost, decisions)) {
    erase(index);
    return Reason::fragment_evicted;
  }
  Slice payload = kept;
  if (is_first) payload.drop_front(packet.header_size);
  if (datagram.parts.insert(SeqNumber(packet.fragment_offset), packet.payload_size,
                            std::move(payload)) == Parts::kNone) {
    return Reason::no_memory;
  }
  bytes_ += cost;
  datagram.cost += cost;
  datagram.received += packet.payload_size;
  datagram.ecn_seen |= static_cast<std::uint8_t>(1U << (packet.tos & wire::kEcnMask));
  if (!packet.more_fragments) datagram.total = packet.fragment_offset + packet.payload_size;
  if (is_first) {
    datagram.first = std::move(kept);
    datagram.protocol = packet.protocol;
    datagram.hop_limit = packet.ttl;
    datagram.traffic_class = packet.tos;
  }
  if (datagram.received != datagram.total) return Reason::fragment_kept;
  const auto failed = assemble(datagram, frame, pool);
  erase(index);
  return failed.value_or(Reason::fragments_complete);
}

// Makes `frame` the whole packet, or says why that cannot be.
std::optional<Reason> Reassembly::assemble(const Datagram& datagram, Frame& frame,
                                           BufferPool& pool) const noexcept {
  // RFC 3168 section 5.3: congestion that one fragment met, the packet met; unless others were sent
  // by somebody who knows nothing of ECN.
  constexpr unsigned kNotCapable = 1U << wire::kEcnNotCapable;
  constexpr unsigned kCongested = 1U << wire::kEcnCongested;
  std::uint8_t tos = datagram.traffic_class;
  if ((datagram.ecn_seen & kCongested) != 0) {
    if ((datagram.ecn_seen & kNotCapable) != 0) return Reason::fragment_bad_ecn;
    tos |= wire::kEcnCongested;
  }
  const Family family = datagram.key.source.family();
  const std::uint32_t header_size = wire::ip_header_size(family);
  const Buffer whole = pool.allocate(header_size + datagram.total);
  if (!whole) return Reason::no_memory;
  wire::IpHeader header;
  header.source = datagram.key.source;
  header.destination = datagram.key.destination;
  header.protocol = datagram.protocol;
  header.ttl = datagram.hop_limit;
  header.tos = tos;
  header.dont_fragment = false;
  header.identification = datagram.key.identification;
  header.payload_size = datagram.total;
  wire::emit_ip(whole.data(), header);
  for (std::uint32_t id = datagram.parts.first(); id != Parts::kNone;
       id = datagram.parts.next(id)) {
    const Parts::Node& part = datagram.parts[id];
    std::memcpy(whole.data() + header_size + part.start.raw(), part.value.data(), part.length);
  }
  Frame packet;
  packet.id = frame.id;
  packet.arrival = frame.arrival;
  packet.append(whole.slice(0, header_size + datagram.total));
  frame = std::move(packet);
  return std::nullopt;
}

// RFC 5722 section 4: the datagram is discarded, and what still comes of it. Identifications of 16
// bits come round too soon to be shut out for a minute: over IPv4 it is only discarded.
void Reassembly::discard(std::uint32_t index) noexcept {
  Datagram& datagram = datagrams_[index];
  if (datagram.key.source.is_v4()) return erase(index);
  datagram.discarded = true;
  datagram.parts.clear();
  datagram.first.reset();
  bytes_ -= datagram.cost - kDatagramCost;
  datagram.cost = kDatagramCost;
}

void Reassembly::erase(std::uint32_t index) noexcept {
  const Datagram& datagram = datagrams_[index];
  const std::uint32_t source = datagram.from;
  bytes_ -= datagram.cost;
  by_key_.erase(hash(datagram.key), index);
  by_age_.erase([this](std::uint32_t i) -> ListLink& { return datagrams_[i].age; }, index);
  sources_[source].datagrams.erase(
      [this](std::uint32_t i) -> ListLink& { return datagrams_[i].sibling; }, index);
  if (sources_[source].datagrams.empty()) {
    by_source_.erase(hash(sources_[source].address), source);
    sources_.erase(source);
  }
  datagrams_.erase(index);
}

Time Reassembly::next_deadline() const noexcept {
  return by_age_.empty() ? kNever : datagrams_[by_age_.front()].deadline;
}

bool Reassembly::evict_oldest(Decisions& decisions) noexcept {
  if (by_age_.empty()) return false;
  decisions.make(Reason::fragment_evicted);
  erase(by_age_.front());
  return true;
}

std::optional<ExpiredDatagram> Reassembly::expire(Decisions& decisions, Time now) noexcept {
  if (next_deadline() > now) return std::nullopt;
  const std::uint32_t index = by_age_.front();
  Datagram& datagram = datagrams_[index];
  ExpiredDatagram expired;
  expired.interface = datagram.interface;
  if (datagram.cast == Cast::unicast) expired.first = std::move(datagram.first);
  if (!datagram.discarded) decisions.make(Reason::fragment_timeout);
  erase(index);
  return expired;
}

}  // namespace bowline::inline v0::ip
