#pragma once

// Which sockets to list: the filters of ss(8), for their common part.
//
//     state established state syn-recv   dst 10.0.0.0/8 and not ( sport = :80 or sport = :443 )
//
// States come first; several are any of them. Then `sport` and `dport` with = != < > <= >= (or eq
// neq lt gt le ge) and a port, `src` and `dst` with an address, a prefix, a port (":80") or both
// ("10.0.0.1:80"), joined by `and` (or nothing), `or`, `not` and parentheses. States are taken in
// every spelling (A25), and as the groups that ss has: all, connected, synchronized, bucket, big.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/tcp/state.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::trace {

/// A set of states, one bit for each.
using StateSet = std::uint16_t;

/// The set of one.
[[nodiscard]] constexpr StateSet state_set(tcp::State state) noexcept {
  return static_cast<StateSet>(1U << static_cast<unsigned>(state));
}

/// The states that `text` means: one in any spelling (trace::parse_state), or a group of ss's.
[[nodiscard]] std::optional<StateSet> parse_state_set(std::string_view text);

/// Every state.
inline constexpr StateSet kAllStates = (1U << tcp::kStateCount) - 1;
/// Those of sockets without a peer: LISTEN, and UDP that is not connected.
inline constexpr StateSet kListeningStates =
    state_set(tcp::State::listen) | state_set(tcp::State::closed);
/// What ss lists unless it is asked for more: opened by both sides, and not over.
inline constexpr StateSet kConnectedStates = kAllStates & ~kListeningStates &
                                             ~state_set(tcp::State::time_wait) &
                                             ~state_set(tcp::State::syn_received);

/// What a filter may be asked about. A UDP socket that is not connected counts as CLOSED, as with
/// ss.
struct FilterSubject {
  tcp::State state = tcp::State::closed;  ///< as the Stack says it
  Endpoint local;                         ///< our end
  Endpoint remote;                        ///< the peer's; of a listener nobody's
};

/// What is wrong with a filter, and where: columns count from 1.
struct FilterError {
  std::string message;     ///< "'x' is no port, such as :80"
  std::size_t column = 0;  ///< of the word that is wrong
};

/// How a predicate compares.
enum class Comparison : std::uint8_t {
  equal,     ///< =
  unequal,   ///< !=
  less,      ///< <
  greater,   ///< >
  at_most,   ///< <=
  at_least,  ///< >=
};

/// A filter. As made, it lets everything through.
class SocketFilter {
 public:
  /// Longer text is refused: filters come over a socket.
  static constexpr std::size_t kMostText = 4'096;
  /// The same of parentheses and `not`.
  static constexpr int kMostDepth = 32;

  /// Reads a filter; an empty one lets everything through.
  [[nodiscard]] static std::expected<SocketFilter, FilterError> parse(std::string_view text);

  /// Does it name states itself? Then those count, not the caller's default.
  [[nodiscard]] bool names_states() const noexcept { return states_.has_value(); }
  /// Lets through only these states, unless it names its own.
  void set_default_states(StateSet states) noexcept { default_states_ = states; }
  /// Does it let `subject` through?
  [[nodiscard]] bool matches(const FilterSubject& subject) const;

 private:
  friend class FilterParser;
  enum class What : std::uint8_t { all_of, any_of, none_of, port, address };
  struct Node {
    What what = What::all_of;
    bool local = false;  // of a predicate: our side
    Comparison comparison = Comparison::equal;
    std::uint16_t port = 0;
    std::optional<Cidr> prefix{};
    std::uint32_t left = 0, right = 0;
  };
  [[nodiscard]] bool holds(std::uint32_t node, const FilterSubject& subject) const;

  std::optional<StateSet> states_;
  StateSet default_states_ = kAllStates;
  std::vector<Node> nodes_;  // the last is the root; none: everything
};

}  // namespace bowline::inline v0::trace
