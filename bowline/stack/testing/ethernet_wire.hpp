#pragma once

// For the Stack's own tests: an Ethernet in virtual time, with stations that are Stacks and others
// that a test plays itself by sending frames. Everything that a Stack sends is written down as a
// line of text, so that a test reads like a capture.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/link/segment.hpp"
#include "bowline/stack/testing/two_stacks.hpp"
#include "bowline/wire/arp.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/mld.hpp"
#include "bowline/wire/ndp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::testing {

using Bytes = std::vector<std::byte>;

/// 02:00:00:00:00:`last`.
[[nodiscard]] inline wire::MacAddress mac(unsigned last) {
  return {std::byte{2}, {}, {}, {}, {}, static_cast<std::byte>(last)};
}
[[nodiscard]] inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
[[nodiscard]] inline std::string text(const IpAddress& address) {
  std::array<char, IpAddress::kMaxText> buffer{};
  return std::string(buffer.data(), address.format(buffer));
}
/// Its last byte, "all" for the broadcast address, "group" for another group.
[[nodiscard]] inline std::string text(const wire::MacAddress& address) {
  if (address == wire::kMacBroadcast) return "all";
  if (wire::is_group(address)) return "group";
  return std::to_string(std::to_integer<unsigned>(address[5]));
}

[[nodiscard]] inline Bytes ethernet(const wire::MacAddress& from, const wire::MacAddress& to,
                                    std::uint16_t type, const Bytes& payload) {
  Bytes frame(wire::kEthernetHeaderSize);
  wire::emit_ethernet(frame.data(), {to, from, type});
  frame.insert(frame.end(), payload.begin(), payload.end());
  if (frame.size() < 60) frame.resize(60);  // as every Ethernet pads
  return frame;
}

[[nodiscard]] inline Bytes arp(wire::ArpOperation operation, const wire::MacAddress& from,
                               std::string_view sender, const wire::MacAddress& to,
                               std::string_view target) {
  Bytes packet(wire::kArpSize);
  const wire::MacAddress asked = operation == wire::ArpOperation::request ? wire::MacAddress{} : to;
  wire::emit_arp(packet.data(), {operation, from, ip(sender), asked, ip(target)});
  return ethernet(from, to, wire::kEtherTypeArp, packet);
}
[[nodiscard]] inline Bytes arp_request(unsigned from, std::string_view sender,
                                       std::string_view target) {
  return arp(wire::ArpOperation::request, mac(from), sender, wire::kMacBroadcast, target);
}
[[nodiscard]] inline Bytes arp_reply(unsigned from, std::string_view sender, unsigned to,
                                     std::string_view target) {
  return arp(wire::ArpOperation::reply, mac(from), sender, mac(to), target);
}

/// An IP packet around `transport`, whose checksum is filled in at `checksum_offset` (ICMPv4 has no
/// pseudo-header).
[[nodiscard]] inline Bytes ip_packet(std::string_view from, std::string_view to,
                                     std::uint8_t protocol, Bytes transport,
                                     std::size_t checksum_offset, std::uint8_t ttl = 64) {
  wire::IpHeader header;
  header.source = ip(from);
  header.destination = ip(to);
  header.protocol = protocol;
  header.ttl = ttl;
  header.payload_size = static_cast<std::uint32_t>(transport.size());
  wire::ChecksumSum sum;
  if (protocol != wire::kProtocolIcmp) {
    sum = wire::pseudo_header_sum(header.source, header.destination, protocol, header.payload_size);
  }
  store_be<std::uint16_t>(transport.data() + checksum_offset, std::uint16_t{0});
  sum.add(transport);
  store_be<std::uint16_t>(transport.data() + checksum_offset, sum.finish());
  Bytes packet(wire::ip_header_size(header.family()));
  wire::emit_ip(packet.data(), header);
  packet.insert(packet.end(), transport.begin(), transport.end());
  return packet;
}

/// A datagram of four bytes.
[[nodiscard]] inline Bytes udp_packet(std::string_view from, std::string_view to) {
  Bytes datagram(wire::kUdpHeaderSize + 4);
  wire::emit_udp(datagram.data(), {9'999, 53, 4, 0});
  return ip_packet(from, to, wire::kProtocolUdp, datagram, 6);
}

/// An ICMPv6 message, as an Ethernet frame to `to`.
[[nodiscard]] inline Bytes icmp6(unsigned from_mac, const wire::MacAddress& to_mac,
                                 std::string_view from, std::string_view to, Bytes message,
                                 std::uint8_t hop_limit = 255) {
  return ethernet(mac(from_mac), to_mac, wire::kEtherTypeIpv6,
                  ip_packet(from, to, wire::kProtocolIcmpV6, std::move(message), 2, hop_limit));
}

/// A neighbour solicitation or advertisement, or a router solicitation.
[[nodiscard]] inline Bytes ndp(const wire::NdpMessage& message) {
  Bytes bytes(wire::kNdpMaxEmitted);
  bytes.resize(wire::emit_ndp(bytes.data(), ip("::"), ip("::"), message));
  return bytes;
}

/// A line for a frame: "arp who-has 10.0.0.2 tell 10.0.0.1 > all", "ns fe80::1 :: > group", ...
[[nodiscard]] std::string inline describe(const Bytes& frame) {
  const auto header = wire::parse_ethernet(frame);
  if (!header) return "nothing";
  const std::string to = " > " + text(header->destination);
  const auto payload = std::span(frame).subspan(wire::kEthernetHeaderSize);
  if (header->type == wire::kEtherTypeArp) {
    const auto packet = wire::parse_arp(payload);
    if (!packet) return "bad arp";
    if (packet->operation == wire::ArpOperation::reply) {
      return "arp " + text(packet->sender_ip) + " is-at " + text(packet->sender_mac) + to;
    }
    return "arp who-has " + text(packet->target_ip) + " tell " + text(packet->sender_ip) + to;
  }
  const auto packet = wire::parse_ip(payload, static_cast<std::uint32_t>(payload.size()));
  if (!packet) return "bad ip";
  const std::string way = text(packet->source) + " " + text(packet->destination) + to;
  const auto transport = payload.subspan(packet->header_size, packet->payload_size);
  const bool icmp6 = packet->protocol == wire::kProtocolIcmpV6 && !transport.empty();
  const auto type = std::to_integer<std::uint8_t>(transport.empty() ? std::byte{} : transport[0]);
  if (icmp6 && wire::is_ndp(type)) {
    const auto message = wire::parse_ndp(transport);
    if (!message) return "bad ndp";
    wire::ChecksumSum sum = wire::pseudo_header_sum(packet->source, packet->destination,
                                                    packet->protocol, packet->payload_size);
    sum.add(transport);
    if (!sum.verifies() || packet->ttl != 255) return "wrong ndp";
    switch (message->type) {
      case wire::NdpType::router_solicitation:
        return "rs " + way;
      case wire::NdpType::neighbour_solicitation:
        return "ns " + text(message->target) + " " + way;
      case wire::NdpType::neighbour_advertisement:
        return std::string("na ") + (message->solicited ? "solicited " : "") +
               text(message->target) + " " + way;
      default:
        return "ndp " + way;
    }
  }
  if (icmp6 && type == wire::kMldReportV2) return "mld " + way;
  if (packet->protocol == wire::kProtocolTcp) return "tcp " + way;
  if (packet->protocol == wire::kProtocolUdp) return "udp " + way;
  return "icmp " + way;
}

/// The wire. Stations are numbered from 0; station n has the MAC address mac(n + 1).
class EthernetWire {
 public:
  /// Adds a Stack with one Ethernet interface.
  Stack& add(StackConfig config = config_with_seed(1), InterfaceConfig interface = quiet()) {
    auto stack = Stack::create(config);
    EXPECT_TRUE(stack.has_value());
    stations_.push_back(std::make_unique<Stack>(std::move(*stack)));
    interface.link.kind = LinkKind::ethernet;
    interface.link.mac = mac(static_cast<unsigned>(stations_.size()));
    EXPECT_TRUE(stations_.back()->add_interface(interface).has_value());
    return *stations_.back();
  }
  /// An interface that asks for nothing by itself.
  [[nodiscard]] static InterfaceConfig quiet() {
    InterfaceConfig interface;
    interface.detect_duplicates = interface.link_local = interface.router_discovery = false;
    return interface;
  }
  [[nodiscard]] Stack& station(std::size_t number) { return *stations_[number]; }

  /// A frame from somebody that the test plays, to all Stacks, and what follows at once.
  void send(const Bytes& frame) {
    for (const auto& stack : stations_) {
      Frame copy = make_frame(stack->pool(), frame);
      stack->receive(kInterface, {&copy, 1}, now);
    }
    exchange();
  }
  /// Carries frames, and lets what is due happen, until all are silent.
  void exchange() {
    for (int i = 0; i < 10'000; ++i) {
      bool quiet = true;
      for (const auto& stack : stations_) {
        if (stack->next_deadline() <= now) stack->advance(now);
        const bool said_nothing = carry(*stack) == 0;
        quiet = quiet && said_nothing && stack->next_deadline() > now;
      }
      if (quiet) return;
    }
    ADD_FAILURE() << "the stations do not fall silent";
  }
  void pass(Duration time) {
    const Time end = now + time;
    exchange();
    for (int i = 0; i < 100'000; ++i) {
      Time next = kNever;
      for (const auto& stack : stations_) next = std::min(next, stack->next_deadline());
      if (next > end) break;
      now = std::max(now, next);
      for (const auto& stack : stations_) stack->advance(now);
      exchange();
    }
    now = end;
    exchange();
  }
  /// The lines of what was sent since the last call.
  [[nodiscard]] std::vector<std::string> said() { return std::exchange(lines_, {}); }
  [[nodiscard]] std::vector<std::pair<Time, std::string>> said_when() {
    lines_.clear();
    return std::exchange(times_, {});
  }

  Time now{1h};
  /// Which frames get through; nothing: all.
  std::function<bool(const std::string& line)> passes;

 private:
  std::size_t carry(Stack& from) {
    KeepingSink sink;
    CuttingSink wire(sink, from.pool(), 1'500, LinkKind::ethernet);
    static_cast<void>(from.transmit(kInterface, wire, now));
    EXPECT_EQ(wire.counters().malformed + wire.counters().too_big, 0U);
    for (const Frame& frame : sink.whole) {
      Bytes bytes(frame.size);
      EXPECT_TRUE(frame.copy_to(0, bytes));
      EXPECT_EQ(frame.checksum, Checksum::complete);
      lines_.push_back(describe(bytes));
      times_.emplace_back(now, lines_.back());
      if (passes && !passes(lines_.back())) continue;
      for (const auto& to : stations_) {
        if (to.get() == &from) continue;
        Frame copy = make_frame(to->pool(), bytes);
        to->receive(kInterface, {&copy, 1}, now);
      }
    }
    return sink.whole.size();
  }

  std::vector<std::unique_ptr<Stack>> stations_;
  std::vector<std::string> lines_;
  std::vector<std::pair<Time, std::string>> times_;
};

/// The neighbours that `stack` knows or asks for.
[[nodiscard]] inline std::vector<NeighbourView> neighbours_of(const Stack& stack) {
  std::vector<NeighbourView> all;
  stack.for_each_neighbour(
      [](void* to, const NeighbourView& view) {
        static_cast<std::vector<NeighbourView>*>(to)->push_back(view);
      },
      &all);
  return all;
}

}  // namespace bowline::inline v0::testing
