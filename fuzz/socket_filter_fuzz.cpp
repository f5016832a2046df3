// Filters of listings: they come over a Unix socket. A filter that is taken answers for every
// subject; one that is refused says where, within its text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bowline/trace/socket_filter.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check(std::string_view text) {
  const auto filter = trace::SocketFilter::parse(text);
  if (!filter) {
    require(!filter.error().message.empty());
    require(filter.error().column >= 1 && filter.error().column <= text.size() + 1);
    return;
  }
  require(text.size() <= trace::SocketFilter::kMostText);
  for (std::uint8_t state = 0; state < tcp::kStateCount; ++state) {
    const trace::FilterSubject subject{static_cast<tcp::State>(state),
                                       {IpAddress::v4(0x0a00'0001), 80},
                                       {IpAddress::v4(0x0a00'0002), 40'000}};
    // The same every time: a filter remembers nothing.
    require(filter->matches(subject) == filter->matches(subject));
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
