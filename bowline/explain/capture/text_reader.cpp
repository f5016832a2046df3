#include "bowline/explain/capture/text_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bowline/trace/line_reader.hpp"

namespace bowline::inline v0::explain {
namespace {

// A line of the hex dump that tcpdump -x prints below its packet: "\t0x0000:  4500 ...".
bool is_hex_dump(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && first > 0 && line.substr(first).starts_with("0x");
}

bool is_blank_or_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#';
}

}  // namespace

bool TextReader::recognises(std::span<const std::byte> head) noexcept {
  return std::ranges::none_of(head, [](std::byte each) {
    const auto value = std::to_integer<unsigned>(each);
    return value < 0x20 && value != '\n' && value != '\r' && value != '\t' && value != '\f';
  });
}

TextReader::TextReader(InputBuffer& input) : input_(input) {
  info_.format = "text";
  info_.from_text = true;
  info_.interfaces.push_back({"", LinkType::raw});
}

Read TextReader::fault(const std::string& what) {
  if (!understood_) {
    return broken(
        fmt::format("it is no capture (pcap, pcapng) and no trace as tcpdump -n prints "
                    "it: line {}: {}",
                    line_, what));
  }
  return broken(fmt::format("line {}: {}", line_, what));
}

Read TextReader::next(CapturedPacket& packet) {
  for (;;) {
    const auto bytes = input_.peek(kLongestLine);
    if (!input_.error().empty()) return broken(input_.error());
    if (bytes.empty()) return Read::end;
    const std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t end = rest.find('\n');
    ++line_;
    if (end == std::string_view::npos && rest.size() == kLongestLine) {
      return fault(fmt::format("more than {} bytes long", kLongestLine));
    }
    const std::string_view text = rest.substr(0, end);
    const auto line = trace::read_line(text);
    const bool counts = !is_blank_or_comment(text) && !is_hex_dump(text);
    input_.consume(end == std::string_view::npos ? rest.size() : end + 1);
    if (!counts) continue;
    if (!line) return fault(line.error());
    ++packets_;
    if (!line->has_value()) continue;
    const auto traced = reader_.resolve(**line);
    if (!traced) return fault(traced.error());
    packet_ = trace::to_packet(traced->segment);
    if (packet_.empty()) return fault("the segment does not fit in a packet");
    understood_ = true;
    packet = {};
    packet.number = packets_;
    if (traced->time) packet.time = Time{*traced->time};
    packet.link = LinkType::raw;
    packet.bytes = packet_;
    packet.size = static_cast<std::uint32_t>(packet_.size());
    return Read::packet;
  }
}

}  // namespace bowline::inline v0::explain
