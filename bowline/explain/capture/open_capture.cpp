#include <string_view>

#include "bowline/explain/capture/capture.hpp"
#include "bowline/explain/capture/pcap_reader.hpp"
#include "bowline/explain/capture/pcapng_reader.hpp"
#include "bowline/explain/capture/text_reader.hpp"

namespace bowline::inline v0::explain {
namespace {

// Enough to tell text from anything else.
constexpr std::size_t kLook = 512;

// Formats that are met under a capture's name and not read here, by their first bytes.
std::string_view other_format(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return "it is compressed by gzip: unpack it first (gunzip)";
  if (head.starts_with("\x28\xb5\x2f\xfd"))
    return "it is compressed by zstd: unpack it first (unzstd)";
  if (head.starts_with("\xfd"
                       "7zXZ"))
    return "it is compressed by xz: unpack it first (unxz)";
  if (head.starts_with("BZh")) return "it is compressed by bzip2: unpack it first (bunzip2)";
  if (head.starts_with("snoop"))
    return "it is a snoop capture: convert it first (editcap -F pcapng)";
  return {};
}

}  // namespace

std::expected<std::unique_ptr<CaptureReader>, std::string> open_capture(InputBuffer& input) {
  const auto head = input.peek(kLook);
  if (!input.error().empty()) return std::unexpected(input.error());
  if (head.empty()) return std::unexpected("it is empty: no packet was captured");
  if (PcapReader::recognises(head)) return std::make_unique<PcapReader>(input);
  if (PcapngReader::recognises(head)) return std::make_unique<PcapngReader>(input);
  const std::string_view other =
      other_format({reinterpret_cast<const char*>(head.data()), head.size()});
  if (!other.empty()) return std::unexpected(std::string(other));
  if (TextReader::recognises(head)) return std::make_unique<TextReader>(input);
  return std::unexpected(
      "it is no capture: neither pcap nor pcapng, nor text as tcpdump -n prints it");
}

}  // namespace bowline::inline v0::explain
