// Reassembly of fragments that make sense: of a few datagrams from a few hosts, in places and sizes
// of the input's choice, so that overlaps, duplicates, contradictions and completions are common.
//
// What is demanded: bounds hold after every step; a whole datagram holds at each place the bytes of
// the fragment that was kept for it; a copy behaves as its original; nothing is left at the end.
//
// An input is a row of steps of six bytes: choices, host and datagram, offset (two), size, time.

#include "bowline/base/visit.hpp"
#include "bowline/ip/reassembly.hpp"
#include "bowline/ip/testing/fragments.hpp"
#include "fuzz/stack_world.hpp"

namespace bowline::fuzz {
namespace {

using ip::testing::FragmentOf;

Limits tight_limits() {
  Limits limits;
  limits.fragment_bytes = 48U << 10;
  limits.fragment_datagrams = 12;
  limits.fragment_datagrams_per_source = 4;
  limits.fragments_per_datagram = 16;
  return limits;
}

FragmentOf read_fragment(Input& input) {
  const std::uint8_t choices = input.byte();
  const std::uint8_t whose = input.byte();
  FragmentOf fragment;
  fragment.family = (choices & 1U) != 0 ? Family::ipv6 : Family::ipv4;
  fragment.more = (choices & 2U) != 0;
  fragment.first_byte = (choices & 4U) != 0 ? 1 : 0;
  fragment.protocol = (choices & 8U) != 0 ? wire::kProtocolTcp : wire::kProtocolUdp;
  fragment.tos = choices >> 6U;
  // Hosts of several /64, some of which share one.
  fragment.host = 2 + ((whose & 3U) << 16U) + (whose >> 2U & 1U);
  fragment.id = whose >> 3U;
  fragment.offset = input.word() & 0xfff8U;
  // Near the start most of the time: there they meet.
  if ((choices & 16U) != 0) fragment.offset &= 0xffU;
  fragment.size = input.byte() * 8U;
  if (!fragment.more && (choices & 32U) != 0) fragment.size += 3;
  return fragment;
}

// Every byte is what one of the two kinds of fragments has there.
void check_whole(const Frame& frame) {
  const auto header = wire::parse_ip(frame.head(), frame.size);
  require(header.has_value() && !header->is_fragment());
  require(header->total_size() == frame.size);
  const auto payload = ip::testing::payload_of(frame);
  require(payload.size() == header->payload_size);
  const auto pattern = ip::testing::pattern(0, header->payload_size);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const unsigned difference =
        (std::to_integer<unsigned>(payload[i]) - std::to_integer<unsigned>(pattern[i])) & 0xffU;
    require(difference <= 1);
  }
}

class World {
 public:
  void step(Input& input) {
    const FragmentOf fragment = read_fragment(input);
    now_ += 1s * (input.byte() & 7U);
    while (reassembly_.expire(decisions_, now_)) {
    }
    require(reassembly_.next_deadline() > now_);
    Frame frame = ip::testing::frame_of(*pool_, fragment);
    const auto header = wire::parse_ip(frame.head(), frame.size);
    if (!header || !header->is_fragment()) return;
    const ip::Packet packet{*header};
    const auto verdict = reassembly_.add(frame, packet, InterfaceId{0}, *pool_, decisions_, now_);
    if (verdict.fate == ip::FragmentFate::complete) check_whole(frame);
    require(reassembly_.bytes() <= limits_.fragment_bytes);
    require(reassembly_.size() <= limits_.fragment_datagrams);
    require((reassembly_.size() == 0) == (reassembly_.bytes() == 0));
    require(pool_->usage().live_bytes <= limits_.fragment_bytes + BufferPool::kLargest * 2);
  }
  void check_copy() const {
    SaveVisitor save(heap_memory());
    bowline::save(save, reassembly_);
    require(!save.failed());
    const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 22));
    ip::Reassembly copy(heap_memory(), limits_, kKey);
    LoadVisitor load(save.bytes(), *pool);
    load(copy);
    require(load.complete());
    require(canonical_hash(copy, now_) == canonical_hash(reassembly_, now_));
  }
  void finish() {
    while (reassembly_.expire(decisions_, now_ + 1h)) {
    }
    require(reassembly_.bytes() == 0 && reassembly_.size() == 0);
    require(pool_->usage().live_blocks == 0);
  }

 private:
  static constexpr SipKey kKey{3, 4};
  Limits limits_ = tight_limits();
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 22)};
  ip::Reassembly reassembly_{heap_memory(), limits_, kKey};
  Decisions decisions_;
  Time now_{1h};
};

void run(std::span<const std::byte> bytes) {
  Input input(bytes);
  World world;
  for (int steps = 0; !input.empty() && steps < 300; ++steps) world.step(input);
  world.check_copy();
  world.finish();
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
