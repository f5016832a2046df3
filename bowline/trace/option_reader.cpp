#include "bowline/trace/option_reader.hpp"

#include "bowline/trace/scanner.hpp"

namespace bowline::inline v0::trace {
namespace {

// " val 1 ecr 0" or " 1 0".
bool read_timestamps(Scanner& scan, wire::TcpOptions& options) {
  scan.take(" val");
  scan.skip_blanks();
  const auto value = scan.number<std::uint32_t>();
  scan.take(" ecr");
  scan.skip_blanks();
  const auto echo = scan.number<std::uint32_t>();
  if (!value || !echo) return false;
  options.timestamps = wire::Timestamps{*value, *echo};
  return true;
}

// " 2 {1:101}{201:301}".
bool read_sack(Scanner& scan, wire::TcpOptions& options) {
  scan.skip_blanks();
  const auto count = scan.number<std::uint8_t>();
  if (!count || *count > wire::kMaxSackBlocks) return false;
  scan.skip_blanks();
  for (std::uint8_t i = 0; i < *count; ++i) {
    if (!scan.take("{")) return false;
    const auto left = scan.number<std::uint32_t>();
    if (!left || !scan.take(":")) return false;
    const auto right = scan.number<std::uint32_t>();
    if (!right || !scan.take("}")) return false;
    options.sack[i] = {SeqNumber(*left), SeqNumber(*right)};
  }
  options.sack_count = *count;
  return true;
}

template <class T>
bool read_number(Scanner& scan, std::optional<T>& to) {
  scan.skip_blanks();
  to = scan.number<T>();
  return to.has_value();
}

bool read_one(Scanner& scan, wire::TcpOptions& options) {
  if (scan.take("mss")) return read_number(scan, options.mss);
  if (scan.take("wscale")) {
    return read_number(scan, options.window_scale) &&
           *options.window_scale <= wire::kMaxWindowScale;
  }
  if (scan.take("sackOK")) {
    options.sack_permitted = true;
    return true;
  }
  if (scan.take("sack")) return read_sack(scan, options);
  if (scan.take("TS") || scan.take("timestamp")) return read_timestamps(scan, options);
  return true;  // padding, or an option that has no words
}

}  // namespace

std::optional<wire::TcpOptions> read_options(std::string_view text) {
  wire::TcpOptions options;
  Scanner scan(text);
  while (!scan.at_end()) {
    scan.skip_blanks();
    if (!read_one(scan, options)) return std::nullopt;
    if (!scan.until(",")) break;
  }
  return options;
}

}  // namespace bowline::inline v0::trace
