#pragma once

// Fragments put together again (RFC 791 section 3.2, RFC 8200 section 4.5).
//
// What has come of a datagram stands in an ordered map of ranges, so a fragment costs O(log n)
// whatever their number and order (FragmentSmack, CVE-2018-5391, was a list walked for each). One
// rule for both versions: fragments never overlap (RFC 5722, which RFC 8200 took over; over IPv4 it
// ends the attacks of RFC 1858 and 3128 as well). An exact duplicate is dropped, any other overlap
// or contradiction discards the datagram; over IPv6 an empty entry stays until its time is over, so
// that what comes later is discarded, too.
//
// Memory is bounded thrice: fragments of a datagram, incomplete datagrams of a source (an IPv6
// source is a /64: whoever has one address there has them all), and bytes and datagrams of all. A
// source that has its share loses its own oldest; when all is full the oldest of all goes. So a
// stranger shortens the time that others' fragments may take, and never stops them: 1,024 datagrams
// at once take a flood of 100,000 fragments a second ten milliseconds to go through, and honest
// fragments follow each other in microseconds.

#include <cstdint>
#include <optional>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/index_table.hpp"
#include "bowline/base/intrusive_list.hpp"
#include "bowline/base/limits.hpp"
#include "bowline/base/range_map.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/ip/input.hpp"
#include "bowline/ip/source.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::ip {

/// What is done with a fragment.
enum class FragmentFate : std::uint8_t {
  waits,     ///< kept until the others have come
  complete,  ///< it was the last one: the frame is the whole packet now
  dropped,   ///< the reason has been made known
};

/// The fate of a fragment, and what its sender is to be told.
struct FragmentVerdict {
  FragmentFate fate = FragmentFate::dropped;
  /// An ICMPv6 error to answer with: a parameter problem, pointing to the byte `pointer`. `other`:
  /// none.
  wire::IcmpKind answer = wire::IcmpKind::other;
  std::uint32_t pointer = 0;
};

/// A datagram whose time is over.
struct ExpiredDatagram {
  /// Its fragment zero from the IP header on, where that has come: what an ICMP time exceeded
  /// (RFC 1122 section 3.3.2) quotes. Empty: nobody is told.
  Slice first{};
  InterfaceId interface{};
};

/// The incomplete datagrams of one Stack.
class Reassembly {
 public:
  /// RFC 1122 section 3.3.2, RFC 8200 section 4.5: from the arrival of the first one to come.
  static constexpr Duration kTimeout = 60s;

  /// `key` is a secret: it spreads what strangers choose over the table.
  Reassembly(Memory& memory, const Limits& limits, SipKey key) noexcept;

  /// Takes the fragment in `frame`, whose header is `packet`. When it completes its datagram,
  /// `frame` becomes that: a header without options, with the traffic class and hop limit of
  /// fragment zero, and the payload. Its checksum is to be verified. Reasons are made known to
  /// `decisions`.
  [[nodiscard]] FragmentVerdict add(Frame& frame, const Packet& packet, InterfaceId interface,
                                    BufferPool& pool, Decisions& decisions, Time now) noexcept;

  /// Removes a datagram whose time is over at `now`; nothing when there is none.
  [[nodiscard]] std::optional<ExpiredDatagram> expire(Decisions& decisions, Time now) noexcept;
  /// Lets the oldest datagram go, because memory is short. False: there is none.
  bool evict_oldest(Decisions& decisions) noexcept;
  /// When expire() is due next; kNever: never.
  [[nodiscard]] Time next_deadline() const noexcept;

  /// Incomplete datagrams.
  [[nodiscard]] std::uint32_t size() const noexcept { return datagrams_.size(); }
  /// What they cost, as Limits::fragment_bytes counts it.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  template <class V>
  void visit(V& v) {
    datagrams_.visit(v, memory_, fragments_per_datagram_);
    v(sources_, by_age_, bytes_, by_key_, by_source_);
    v.excluded(seeds_, "the shapes of trees, on which nothing depends");
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  using Parts = RangeMap<Slice>;

  // RFC 791 section 3.2, RFC 8200 section 4.5: what fragments of one datagram have in common.
  struct Key {
    IpAddress source;
    IpAddress destination;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;  // IPv4 only
    InterfaceId interface{};    // link-local sources only: others are the same on every link

    friend bool operator==(const Key&, const Key&) noexcept = default;
    template <class V>
    void visit(V& v) {
      v(source, destination, identification, protocol, interface);
    }
  };

  struct Datagram {
    Datagram(Memory& memory, std::uint32_t limit, std::uint64_t seed = 0) noexcept
        : parts(memory, limit, seed) {}

    Key key;
    Parts parts;                     // by the place in the payload
    Slice first;                     // fragment zero from its IP header on
    std::uint8_t protocol = 0;       // what the payload begins with, as fragment zero says
    std::uint8_t hop_limit = 0;      // of fragment zero
    std::uint8_t traffic_class = 0;  // of fragment zero
    std::uint8_t ecn_seen = 0;       // which of the four codepoints, as bits
    bool discarded = false;          // whatever still comes goes the same way
    Cast cast = Cast::unicast;       //
    InterfaceId interface{};         // by which the first to come came
    std::uint32_t received = 0;      // bytes of payload
    std::uint32_t total = kNone;     // as the last fragment says
    std::uint32_t cost = 0;          //
    std::uint32_t from = kNone;      // in sources_
    Time deadline{};                 //
    ListLink age;                    // among all, the oldest in front
    ListLink sibling;                // among those of its source

    template <class V>
    void visit(V& v) {
      v(key, parts, first, protocol, hop_limit, traffic_class, ecn_seen, discarded, cast, interface,
        received, total, cost, from, deadline, age, sibling);
    }
  };

  struct Source {
    IpAddress address;
    IndexList datagrams;
    template <class V>
    void visit(V& v) {
      v(address, datagrams);
    }
  };

  [[nodiscard]] static Key key_of(const Packet& packet, InterfaceId interface) noexcept;
  [[nodiscard]] std::uint64_t hash(const Key& key) const noexcept;
  [[nodiscard]] std::uint64_t hash(const IpAddress& source) const noexcept;
  [[nodiscard]] std::uint32_t find(const Key& key) const noexcept;
  [[nodiscard]] std::uint32_t find_or_make_source(const IpAddress& address) noexcept;
  [[nodiscard]] std::uint32_t make(const Key& key, Decisions& decisions, Time now) noexcept;
  [[nodiscard]] std::optional<Reason> judge_place(const Datagram& datagram, const Frame& frame,
                                                  const Packet& packet) const noexcept;
  [[nodiscard]] bool make_room(std::uint32_t index, std::uint32_t cost,
                               Decisions& decisions) noexcept;
  [[nodiscard]] Reason insert(std::uint32_t index, Frame& frame, const Packet& packet,
                              BufferPool& pool, Decisions& decisions) noexcept;
  [[nodiscard]] std::optional<Reason> assemble(const Datagram& datagram, Frame& frame,
                                               BufferPool& pool) const noexcept;
  void discard(std::uint32_t index) noexcept;
  void erase(std::uint32_t index) noexcept;

  Memory& memory_;
  std::uint64_t byte_limit_;
  std::uint32_t datagrams_per_source_;
  std::uint32_t fragments_per_datagram_;
  SourcePrefix prefix_;
  SipKey key_;
  Slab<Datagram> datagrams_;
  Slab<Source> sources_;
  IndexTable by_key_;
  IndexTable by_source_;
  IndexList by_age_;
  std::uint64_t bytes_ = 0;
  std::uint64_t seeds_ = 0;  // counts; hashed with the key it seeds the trees
};

}  // namespace bowline::inline v0::ip
