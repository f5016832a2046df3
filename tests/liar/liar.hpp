#pragma once

// A liar: stands between two hosts of a simulation and speaks for one of them.
//
// Packets from the host at its first wire (the victim) go on to the one at its second (the
// accomplice) as they are. Those of the accomplice are altered on their way, and others are made up
// in its name: each time by one of the lies that this liar tells, drawn from its own random
// numbers. It keeps its story straight where a contradiction would only end it early: what it has
// acknowledged once it goes on acknowledging.
//
// One connection, opened by either host; the wire to the accomplice must lose nothing, or what was
// acknowledged too early never comes.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/sim/node.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::liar {

/// What it may lie about.
enum class Lie : std::uint8_t {
  tiny_mss,           ///< its SYN asks for segments of 1 to 40 bytes
  ack_of_unsent,      ///< acknowledges what was never sent
  ack_of_old,         ///< acknowledges what was acknowledged long before
  early_ack,          ///< acknowledges data as soon as it has passed, before it arrives
  divided_ack,        ///< acknowledges a packet in many pieces
  duplicate_storm,    ///< the same bare ACK many times
  sack_of_unsent,     ///< reports what was never sent, or backwards, or long acknowledged
  sack_crumbs,        ///< reports single bytes of what is under way
  sack_not_had,       ///< reports all that is under way, had or lost
  dsack_flood,        ///< reports duplicates that never were
  shrunk_window,      ///< takes window back, down to nothing
  boasted_window,     ///< offers more window than there is
  old_timestamp,      ///< its clock runs backwards
  invented_echo,      ///< echoes timestamps that nobody sent
  marks,              ///< says that everything met congestion
  repeats_otherwise,  ///< sends other bytes under numbers that were acknowledged
  beyond_the_window,  ///< sends bytes that nobody asked for
  stray_reset,        ///< a reset, or a SYN, that is not exactly in place
  urgency,            ///< urgent pointers to anywhere
};
inline constexpr std::size_t kLies = 19;

/// The node.
class Liar final : public sim::Node {
 public:
  /// Tells the lies of the bits of `lies` (bit i: the i-th Lie), about one packet in `seldom`.
  Liar(sim::NodeId id, std::string name, std::uint32_t lies, std::uint64_t seldom, Random random);

  /// How often it told `lie`.
  [[nodiscard]] std::uint64_t told(Lie lie) const { return told_[static_cast<std::size_t>(lie)]; }
  /// How many packets it sent to the victim, true ones and others.
  [[nodiscard]] std::uint64_t said() const noexcept { return said_; }

  sim::Port add_interface(const Cidr& address, std::uint32_t mtu) override;
  void add_address(sim::Port port, const Cidr& address) override;
  [[nodiscard]] std::span<const Cidr> addresses(sim::Port port) const override;
  void add_route(const Cidr&, sim::Port, const IpAddress&) override {}
  [[nodiscard]] bool forwards() const noexcept override { return true; }
  FrameId arrive(sim::Port port, sim::Packet packet, Time now, sim::Outlet& outlet) override;
  void advance(Time) override {}
  [[nodiscard]] Time next_deadline() const override { return kNever; }
  bool act(Time) override { return false; }
  [[nodiscard]] Time next_act(Time) const override { return kNever; }
  void flush(sim::Outlet&, Time) override {}
  [[nodiscard]] Result<std::unique_ptr<sim::Node>> clone() const override;

 private:
  /// A segment that is about to be said.
  struct Saying {
    wire::IpHeader ip;
    wire::TcpHeader tcp;
    wire::TcpOptions options;
    std::vector<std::byte> data;
  };

  void watch(const sim::Packet& packet);
  void embroider(Saying& saying, sim::Outlet& outlet);
  void tell(Lie lie, Saying& saying, sim::Outlet& outlet);
  void say(const Saying& saying, sim::Outlet& outlet);
  void report(Saying bare, SeqNumber left, SeqNumber right, sim::Outlet& outlet);
  [[nodiscard]] Saying bare(const Saying& like) const;
  [[nodiscard]] bool tells(Lie lie) const noexcept {
    return (lies_ >> static_cast<unsigned>(lie) & 1U) != 0;
  }
  void count(Lie lie) noexcept { ++told_[static_cast<std::size_t>(lie)]; }
  [[nodiscard]] std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(random_.below(n));
  }

  std::uint32_t lies_;
  std::uint64_t seldom_;
  Random random_;
  std::vector<std::vector<Cidr>> addresses_;
  std::array<std::uint64_t, kLies> told_{};
  std::uint64_t said_ = 0;

  // What it has seen of the victim.
  bool met_ = false;  // its SYN
  SeqNumber victim_iss_;
  SeqNumber victim_sent_;      // the number after its highest
  SeqNumber victim_whole_;     // all before it has passed in order, a FIN not counted
  SeqNumber claimed_;          // what was acknowledged to it, by anybody
  SeqNumber believed_;         // its ACK number: what it has of the accomplice's
  SeqNumber accomplice_sent_;  // the number after the accomplice's highest
};

}  // namespace bowline::liar
