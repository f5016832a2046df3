#include "bowline/trace/pcapng.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::trace {
namespace {

// Block types, option codes, link types of the format.
constexpr std::uint32_t kSectionHeader = 0x0a0d'0d0a;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b'3c4d;
constexpr std::uint16_t kOptionEnd = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kUserApplication = 4;  // section header
constexpr std::uint16_t kInterfaceName = 2;    // interface description
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;  // enhanced packet
constexpr std::uint16_t kPacketId = 5;
constexpr std::uint16_t kLinkTypeEthernet = 1;
constexpr std::uint16_t kLinkTypeRaw = 101;
constexpr std::uint32_t kInbound = 1;
constexpr std::uint32_t kOutbound = 2;
constexpr char kNanoseconds = 9;
// tcpdump takes 0 for "nothing captured"; this is what it writes for "all".
constexpr std::uint32_t kNoSnapLength = 262'144;
// Decisions that wait for a frame of their connection. It may never come.
constexpr std::size_t kMostWaiting = 256;

// A block in the making. Numbers are little-endian: the magic says so.
class Block {
 public:
  explicit Block(std::uint32_t type) {
    u32(type);
    u32(0);  // the length, see finish()
  }

  void u16(std::uint16_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void bytes(std::string_view bytes) {
    text_ += bytes;
    text_.append((4 - bytes.size() % 4) % 4, '\0');
  }
  void option(std::uint16_t code, std::string_view value) {
    constexpr std::size_t kLongest = 0xffff;
    value = value.substr(0, kLongest);
    u16(code);
    u16(static_cast<std::uint16_t>(value.size()));
    bytes(value);
  }

  // The options' end, and the block's length in front and behind.
  std::string finish() {
    u16(kOptionEnd);
    u16(0);
    const auto length = static_cast<std::uint32_t>(text_.size() + sizeof(std::uint32_t));
    u32(length);
    for (std::size_t i = 0; i < 4; ++i) text_[4 + i] = text_[text_.size() - 4 + i];
    return std::move(text_);
  }

 private:
  template <class T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      text_ += static_cast<char>(value >> (8 * i) & 0xffU);
    }
  }

  std::string text_;
};

template <class T>
std::string little_endian(T value) {
  std::string text;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    text += static_cast<char>(value >> (8 * i) & 0xffU);
  }
  return text;
}

}  // namespace

PcapngOutput::PcapngOutput(ByteSink& sink, PcapngOptions options) : sink_(sink), options_(options) {
  Block block(kSectionHeader);
  block.u32(kByteOrderMagic);
  block.u16(1);  // version 1.0
  block.u16(0);
  block.u64(~std::uint64_t{0});  // section length: not known beforehand
  block.option(kUserApplication, "Bowline");
  sink_.append(block.finish());
}

void PcapngOutput::interface(const InterfaceName& interface) {
  Block block(kInterfaceDescription);
  block.u16(interface.link.kind == LinkKind::ethernet ? kLinkTypeEthernet : kLinkTypeRaw);
  block.u16(0);
  block.u32(options_.snap_length == 0 ? kNoSnapLength : options_.snap_length);
  block.option(kInterfaceName, interface.name);
  block.option(kTimeResolution, std::string_view(&kNanoseconds, 1));
  interfaces_.push_back(interface.id);
  sink_.append(block.finish());
}

void PcapngOutput::frame(const FrameEvent& event) {
  const auto interface = std::ranges::find(interfaces_, event.interface);
  if (interface == interfaces_.end()) return;
  const auto time =
      static_cast<std::uint64_t>((event.time.time_since_epoch() + options_.epoch).count());
  const std::size_t captured =
      options_.snap_length == 0 ? event.bytes.size()
                                : std::min<std::size_t>(event.bytes.size(), options_.snap_length);

  Block block(kEnhancedPacket);
  block.u32(static_cast<std::uint32_t>(interface - interfaces_.begin()));
  block.u32(static_cast<std::uint32_t>(time >> 32U));
  block.u32(static_cast<std::uint32_t>(time));
  block.u32(static_cast<std::uint32_t>(captured));
  block.u32(static_cast<std::uint32_t>(event.bytes.size()));
  block.bytes({reinterpret_cast<const char*>(event.bytes.data()), captured});
  for (const std::string& comment : comments(event)) block.option(kComment, comment);
  block.option(kPacketFlags, little_endian(event.way == Way::in ? kInbound : kOutbound));
  block.option(kPacketId, little_endian(static_cast<std::uint64_t>(event.id)));
  sink_.append(block.finish());
}

void PcapngOutput::decision(const Decision& decision) {
  if (decision.connection == 0) return;
  if (waiting_.size() == kMostWaiting) waiting_.erase(waiting_.begin());
  waiting_.push_back(decision);
}

// What was decided for the connection since its last frame (the application closed, a timer ran
// out), then what was decided about this one.
std::vector<std::string> PcapngOutput::comments(const FrameEvent& event) {
  std::vector<std::string> comments;
  for (const Decision& about : event.decisions) {
    if (about.connection == 0) continue;
    std::erase_if(waiting_, [&](const Decision& waiting) {
      if (waiting.connection != about.connection) return false;
      comments.push_back(sentence(waiting));
      return true;
    });
  }
  for (const Decision& decision : event.decisions) comments.push_back(sentence(decision));
  return comments;
}

}  // namespace bowline::inline v0::trace
