#include "bowline/trace/names.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace bowline::inline v0::trace {
namespace {

using tcp::State;

constexpr std::array<std::pair<std::string_view, State>, 24> kSpellings{{
    {"CLOSED", State::closed},
    {"CLOSE", State::closed},  // Linux
    {"LISTEN", State::listen},
    {"LISTENING", State::listen},  // Windows
    {"SYNSENT", State::syn_sent},
    {"SYNSEND", State::syn_sent},  // tutorials
    {"SYNRECEIVED", State::syn_received},
    {"SYNRECIEVED", State::syn_received},
    {"SYNRECEIVE", State::syn_received},
    {"SYNRECV", State::syn_received},  // Linux
    {"SYNRECVD", State::syn_received},
    {"SYNRECD", State::syn_received},
    {"SYNRCVD", State::syn_received},  // BSD
    {"SYNRCV", State::syn_received},
    {"ESTABLISHED", State::established},
    {"ESTABLISH", State::established},
    {"ESTAB", State::established},  // ss
    {"FINWAIT1", State::fin_wait_1},
    {"FINWAIT2", State::fin_wait_2},
    {"CLOSEWAIT", State::close_wait},
    {"CLOSING", State::closing},
    {"LASTACK", State::last_ack},
    {"TIMEWAIT", State::time_wait},
    {"TIMEDWAIT", State::time_wait},
}};

// Capitals and digits alone; nothing when there is anything that no spelling has.
std::optional<std::string> bare(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      result += static_cast<char>(c - 'a' + 'A');
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      result += c;
    } else if (c != '-' && c != '_' && c != ' ') {
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace

std::optional<State> parse_state(std::string_view text) {
  const std::optional<std::string> bare_text = bare(text);
  if (!bare_text) return std::nullopt;
  std::string_view word = *bare_text;
  // Prefixes of the kernels' enumerators: TCP_SYN_RECV, TCPS_SYN_RECEIVED.
  for (const std::string_view prefix : {"TCPS", "TCP"}) {
    if (word.starts_with(prefix) && parse_state(word.substr(prefix.size()))) {
      word.remove_prefix(prefix.size());
      break;
    }
  }
  for (const auto& [spelling, state] : kSpellings) {
    if (word == spelling) return state;
  }
  return std::nullopt;
}

std::string_view state_name(std::uint32_t number) noexcept {
  if (number >= tcp::kStateCount) return "?";
  return tcp::name(static_cast<State>(number));
}

std::string to_text(const IpAddress& address) {
  std::array<char, IpAddress::kMaxText> text;
  return {text.data(), address.format(text)};
}

std::string to_text(const Endpoint& endpoint) {
  const std::string address = to_text(endpoint.address);
  return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                  : fmt::format("[{}]:{}", address, endpoint.port);
}

std::string to_dotted(const Endpoint& endpoint) {
  return fmt::format("{}.{}", to_text(endpoint.address), endpoint.port);
}

namespace {

constexpr std::uint64_t kCaptured = 1ULL << 63U;
constexpr unsigned kInterfaceShift = 56;
constexpr std::uint64_t kCounterMask = (1ULL << kInterfaceShift) - 1;

}  // namespace

FrameId captured_frame_id(InterfaceId interface, std::uint64_t counter) noexcept {
  const std::uint64_t number = static_cast<std::uint64_t>(interface) & 0x7fU;
  return static_cast<FrameId>(kCaptured | number << kInterfaceShift | (counter & kCounterMask));
}

std::string to_text(FrameId id) {
  const auto value = static_cast<std::uint64_t>(id);
  if (id == FrameId::none) return "-";
  if ((value & kCaptured) == 0) return fmt::format("{}", value);
  return fmt::format("if{}-{}", value >> kInterfaceShift & 0x7fU, value & kCounterMask);
}

}  // namespace bowline::inline v0::trace
