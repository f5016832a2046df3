#pragma once

// Which connections a person wants to see: `--filter "established port 80 host 10.0.0.1"`.
//
// States in any spelling (trace::parse_state), of which one must be that of either end; hosts,
// ports and words about how a connection ended, all of which must hold.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/explain/connection.hpp"

namespace bowline::inline v0::explain {

/// A condition on connections. The default accepts all.
class Filter {
 public:
  /// Reads `text`: words apart by blanks or commas, each a state ("SYN_RECV", "time-wait"), `host
  /// ADDRESS`, `port NUMBER`, how it ended ("reset", "refused", "unanswered", "half-closed" ...) or
  /// "trouble", "violation": connections with such findings. The error is one line.
  [[nodiscard]] static std::expected<Filter, std::string> parse(std::string_view text);

  /// Does it accept `connection`?
  [[nodiscard]] bool accepts(const Connection& connection) const;
  [[nodiscard]] bool accepts_all() const noexcept;

 private:
  std::vector<tcp::State> states_;
  std::vector<IpAddress> hosts_;
  std::vector<std::uint16_t> ports_;
  std::vector<Ending> endings_;
  std::vector<RuleKind> kinds_;
};

}  // namespace bowline::inline v0::explain
