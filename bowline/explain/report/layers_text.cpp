#include "bowline/explain/report/layers_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bowline/explain/check/checks.hpp"
#include "bowline/explain/conversations.hpp"
#include "bowline/explain/report/text_report.hpp"
#include "bowline/trace/line.hpp"
#include "bowline/trace/names.hpp"
#include "bowline/trace/option_text.hpp"
#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::explain {
namespace {

using trace::Side;

std::string mac(const wire::MacAddress& address) {
  std::string text;
  for (const std::byte each : address) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", std::to_integer<unsigned>(each));
  }
  return text;
}

std::string type_name(std::uint16_t type) {
  switch (type) {
    case wire::kEtherTypeIpv4:
      return "0x0800 (IPv4)";
    case wire::kEtherTypeIpv6:
      return "0x86dd (IPv6)";
    case wire::kEtherTypeArp:
      return "0x0806 (ARP)";
    default:
      return fmt::format("{:#06x}", type);
  }
}

std::string checksum_words(ChecksumState state) {
  switch (state) {
    case ChecksumState::unknown:
      return "not to be checked: not all of it was captured";
    case ChecksumState::right:
      return "right";
    case ChecksumState::wrong:
      return "WRONG";
    case ChecksumState::none:
      return "none was made, as UDP over IPv4 may";
    case ChecksumState::to_device:
      return "holds only the pseudo-header's sum: the device fills in the rest";
  }
  return "?";
}

// What is printable of the first bytes.
std::string preview(std::span<const std::byte> bytes) {
  constexpr std::size_t kMost = 48;
  std::string text;
  for (const std::byte each : bytes.first(std::min(bytes.size(), kMost))) {
    const char c = std::to_integer<char>(each);
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c >= ' ' && c <= '~' ? c : '.';
    }
  }
  return fmt::format("\"{}\"{}", text, bytes.size() > kMost ? " ..." : "");
}

class Layers {
 public:
  Layers(const CapturedPacket& packet, const Decoded& decoded, const Connection* connection,
         bool from_text, bool absolute)
      : packet_(packet),
        decoded_(decoded),
        connection_(connection),
        from_text_(from_text),
        absolute_(absolute) {}

  std::string text() {
    head();
    if (from_text_) {
      note(
          "put together from a line of text: only the transport's numbers and the addresses are "
          "its");
    }
    link();
    network();
    transport();
    application();
    return std::move(text_);
  }

 private:
  // A header or the data: `begin` and `size` in bytes of the frame.
  void row(std::uint32_t begin, std::uint32_t size, std::string_view internet, std::string_view osi,
           std::string_view unit, const std::string& says) {
    const std::string bytes = size == 0 ? "-" : fmt::format("{}-{}", begin, begin + size - 1);
    text_ += fmt::format("  {:>11}  {:<11}  {:<14}  {:<8}  {}\n", bytes, internet, osi, unit, says);
  }
  void note(const std::string& text) { text_ += fmt::format("{:52}{}\n", "", text); }

  void head() {
    text_ += fmt::format("packet {}", packet_.number);
    if (packet_.time) text_ += ", " + date_text(*packet_.time);
    text_ += fmt::format(", {} bytes on the wire", packet_.size);
    if (packet_.bytes.size() < packet_.size) {
      text_ += fmt::format(", {} of them captured", packet_.bytes.size());
    }
    if (connection_ != nullptr) text_ += fmt::format(", connection {}", connection_->number());
    if (decoded_.way) text_ += *decoded_.way == trace::Way::out ? ", sent here" : ", received here";
    text_ += '\n';
    for (const std::string_view comment : packet_.comments) {
      std::string clean(comment);
      for (char& c : clean) c = c >= ' ' && c <= '~' ? c : '?';
      text_ += fmt::format("  # {}\n", clean);
    }
  }

  void link() {
    if (decoded_.link_size == 0) {
      if (!from_text_) {
        row(0, 0, "link", "2 data link", "frame",
            "none in this capture: the link carries bare IP packets");
      }
      return;
    }
    if (decoded_.ethernet) {
      row(0, wire::kEthernetHeaderSize, "link", "2 data link", "frame",
          fmt::format("Ethernet {} > {}, type {}", mac(decoded_.ethernet->source),
                      mac(decoded_.ethernet->destination), type_name(decoded_.ethernet->type)));
      if (packet_.size - decoded_.link_size < 46) {
        note("shorter than a wire carries: the device pads it to 60 bytes");
      }
    } else {
      row(0, decoded_.link_size, "link", "2 data link", "frame",
          fmt::format("{}, the capture's stand-in for the link header; type {}",
                      to_text(packet_.link), type_name(decoded_.ether_type)));
    }
    for (std::uint32_t i = 0; i < decoded_.vlan_count; ++i) {
      const VlanTag& tag = decoded_.vlans[i];
      note(fmt::format("VLAN tag {:#06x}: network {}, priority {}", tag.type, tag.id(),
                       tag.control >> 13U));
    }
  }

  void network() {
    const std::uint32_t at = decoded_.link_size;
    if (decoded_.arp) {
      const wire::ArpPacket& arp = *decoded_.arp;
      const bool request = arp.operation == wire::ArpOperation::request;
      row(at, wire::kArpSize, "link", "2 for 3", "packet",
          request ? fmt::format("ARP: who has {}? tell {} at {}", trace::to_text(arp.target_ip),
                                trace::to_text(arp.sender_ip), mac(arp.sender_mac))
                  : fmt::format("ARP: {} is at {}", trace::to_text(arp.sender_ip),
                                mac(arp.sender_mac)));
      note("rides in a frame like IP, and finds the link address for a network address");
      return;
    }
    if (!decoded_.ip) {
      if (decoded_.headers_cut) note("the capture ends before the headers do");
      if (decoded_.broken) note("malformed: " + trace::why(*decoded_.broken));
      return;
    }
    const wire::IpHeader& ip = *decoded_.ip;
    const bool v4 = ip.family() == Family::ipv4;
    row(at, ip.header_size, "internet", "3 network", "packet",
        fmt::format("{} {} > {}, {} {}, carries {}", v4 ? "IPv4" : "IPv6",
                    trace::to_text(ip.source), trace::to_text(ip.destination),
                    v4 ? "TTL" : "hop limit", ip.ttl, protocol_name(ip.protocol)));
    std::string more;
    if (v4) more = "header checksum " + checksum_words(decoded_.ip_checksum);
    if (v4 && ip.dont_fragment) more += ", must not be cut (DF)";
    if (ip.is_fragment()) {
      more += fmt::format("{}fragment: bytes {} on of packet {}{}", more.empty() ? "" : ", ",
                          ip.fragment_offset, ip.identification,
                          ip.more_fragments ? ", more follow" : ", the last");
    }
    if ((ip.tos & wire::kEcnMask) != 0)
      more += fmt::format("{}ECN {}", more.empty() ? "" : ", ", ip.tos & wire::kEcnMask);
    if (!more.empty() && !from_text_) note(more);
  }

  void pseudo_header(std::uint32_t size) {
    const wire::IpHeader& ip = *decoded_.ip;
    const std::uint16_t sum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, size).partial();
    note(
        fmt::format("pseudo-header, {} bytes, never sent: {} + {} + protocol {} + length {}, sum "
                    "{:#06x}",
                    ip.family() == Family::ipv4 ? 12 : 40, trace::to_text(ip.source),
                    trace::to_text(ip.destination), ip.protocol, size, sum));
  }

  void transport() {
    if (!decoded_.ip || decoded_.ip->is_fragment()) return;
    const std::uint32_t at = decoded_.link_size + decoded_.ip->header_size;
    if (decoded_.tcp) {
      tcp(at);
    } else if (decoded_.udp) {
      row(at, wire::kUdpHeaderSize, "transport", "4 transport", "datagram",
          fmt::format("UDP port {} > {}, {} bytes of data", decoded_.udp->source_port,
                      decoded_.udp->destination_port, decoded_.udp->payload_size));
      pseudo_header(decoded_.ip->payload_size);
      note(fmt::format("checksum {:#06x}: {}", decoded_.udp->checksum,
                       checksum_words(decoded_.checksum)));
    } else if (decoded_.icmp) {
      row(at, wire::kIcmpHeaderSize, "internet", "3 network", "message",
          fmt::format("ICMP type {}, code {}: part of IP, although it rides in it",
                      decoded_.icmp->type, decoded_.icmp->code));
    } else if (decoded_.broken) {
      note("malformed: " + trace::why(*decoded_.broken));
    } else if (decoded_.headers_cut) {
      note("the capture ends before the headers do");
    }
  }

  void tcp(std::uint32_t at) {
    const wire::TcpView& view = *decoded_.tcp;
    const wire::TcpHeader& header = view.header;
    std::uint32_t seq = header.seq.raw();
    std::uint32_t ack = header.ack.raw();
    const bool syn = header.has(wire::kSyn);
    if (connection_ != nullptr && !absolute_) {
      const Endpoint source{decoded_.ip->source, header.source_port};
      const Side side = connection_->end(Side::left).endpoint == source ? Side::left : Side::right;
      seq = connection_->shown(side, header.seq);
      ack = connection_->shown(trace::opposite(side), header.ack);
    }
    std::string says =
        fmt::format("TCP port {} > {}, flags [{}], seq {}", header.source_port,
                    header.destination_port, trace::flag_letters(header.flags),
                    syn && !absolute_ ? fmt::format("{} (ISN {})", seq, header.seq.raw())
                                      : fmt::format("{}", seq));
    if (header.has(wire::kAck)) says += fmt::format(", ack {}", ack);
    says += fmt::format(", window {}", header.window);
    row(at, view.header_size, "transport", "4 transport", "segment", says);
    const std::uint32_t options = view.header_size - wire::kTcpHeaderSize;
    if (options > 0) {
      note(fmt::format(
          "data offset {} words: {} bytes of header, {} of them options{}", view.header_size / 4,
          view.header_size, options,
          decoded_.options_cut
              ? ", cut off by the capture"
              : " <" + trace::option_text(decoded_.tcp_options, trace::Notation::today, 0) + ">"));
    } else {
      note("data offset 5 words: 20 bytes of header, no options");
    }
    pseudo_header(decoded_.ip->payload_size);
    note(fmt::format("checksum {:#06x} over pseudo-header, header and data: {}", header.checksum,
                     checksum_words(decoded_.checksum)));
    if (connection_ != nullptr && connection_->third_segment() == packet_.number) {
      note(fmt::format(
          "the third segment of the handshake: the number y+1 = {} stands in the ack field "
          "alone; its data part {}",
          header.ack.raw(),
          view.payload_size == 0
              ? "is empty"
              : fmt::format("is {} bytes of the application's", view.payload_size)));
    }
  }

  void application() {
    if (!decoded_.ip || decoded_.ip->is_fragment() || (!decoded_.tcp && !decoded_.udp)) return;
    if (decoded_.payload_size == 0) {
      row(0, 0, "application", "5-7", "data", "none");
      return;
    }
    const std::uint32_t at = decoded_.link_size + decoded_.ip->header_size +
                             (decoded_.tcp ? decoded_.tcp->header_size : wire::kUdpHeaderSize);
    std::string says = fmt::format("{} bytes", decoded_.payload_size);
    if (!from_text_ && !decoded_.payload.empty()) says += ": " + preview(decoded_.payload);
    if (decoded_.payload_cut()) {
      says += fmt::format(" ({} captured)", decoded_.payload.size());
    }
    row(at, decoded_.payload_size, "application", "5-7", "data", says);
  }

  const CapturedPacket& packet_;
  const Decoded& decoded_;
  const Connection* connection_;
  bool from_text_;
  bool absolute_;
  std::string text_;
};

}  // namespace

std::string layers_legend() {
  return "Layers: the Internet's four (RFC 1122 1.1.3) beside the seven of OSI, and who does what\n"
         "\n"
         "  Internet     OSI              unit      made and read by\n"
         "  application  7 application    data      the application: what the bytes mean; layers 5 "
         "and 6\n"
         "               6 presentation             are its own business as well (TLS, encodings)\n"
         "               5 session\n"
         "  transport    4 transport      segment   Bowline (TCP, UDP): ports, numbers, flags, "
         "windows, and\n"
         "                                          a checksum over a pseudo-header, header and "
         "data\n"
         "  internet     3 network        packet    Bowline (IP, ICMP): addresses, hop limit, "
         "fragments\n"
         "  link         2 data link      frame     Bowline writes the Ethernet header where the "
         "link has\n"
         "                                          one; the device adds and checks the 4 bytes of "
         "check\n"
         "                                          sequence: a bad frame is dropped, never "
         "repaired\n"
         "               1 physical       bits      the device alone; no capture shows them\n"
         "\n"
         "On the way down each layer puts its header in front of what it was given; on the way up "
         "each\n"
         "takes its own off. Bytes are counted from the frame's first one.\n";
}

std::string layers_text(const CapturedPacket& packet, const Decoded& decoded,
                        const Connection* connection, bool from_text, bool absolute) {
  return Layers(packet, decoded, connection, from_text, absolute).text();
}

}  // namespace bowline::inline v0::explain
