// Records of a Stack's calls: whatever a file holds is read without harm and gives one line, or is
// done again as far as it makes sense. The configuration is a usual one: it is trusted as any is.

#include <cstddef>
#include <cstdint>
#include <string>

#include "bowline/replay/record.hpp"
#include "bowline/replay/replay.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check_line(const std::string& line) {
  require(!line.empty() && line.find('\n') == std::string::npos);
}

void check(std::span<const std::byte> bytes) {
  // As a whole file: the head is what is in question.
  if (const auto reader = replay::RecordReader::open(bytes); !reader) check_line(reader.error());
  // As what follows a good head: the calls are.
  StackConfig config;
  config.limits.buffer_bytes = 16U << 20;
  config.limits.connections = 64;
  std::string record = replay::record_head(config);
  record.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto outcome = replay::replay(std::as_bytes(std::span(record)));
  require(outcome.has_value());
  if (!outcome->difference.empty()) check_line(outcome->difference);
  if (!outcome->damage.empty()) check_line(outcome->damage);
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
