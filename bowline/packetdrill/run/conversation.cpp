#include "bowline/packetdrill/run/conversation.hpp"

#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

void store32(std::uint8_t* to, std::uint32_t value) noexcept {
  for (unsigned i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// Moves the edges of all SACK blocks.
void shift_sack_blocks(std::vector<std::uint8_t>& options, std::uint32_t by) {
  for (const RawOption& option : split_options(options)) {
    if (option.kind != wire::tcp_option::kSack) continue;
    std::uint8_t* const blocks = options.data() + (option.value.data() - options.data());
    for (std::size_t i = 0; i + 4 <= option.value.size(); i += 4) {
      store32(blocks + i, load32(blocks + i) + by);
    }
  }
}

bool is_syn(const TcpSpec& segment) noexcept { return (segment.flags & wire::kSyn) != 0; }
bool is_ack(const TcpSpec& segment) noexcept { return (segment.flags & wire::kAck) != 0; }

}  // namespace

std::uint32_t load32(const std::uint8_t* from) noexcept {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value = value << 8U | from[i];
  return value;
}

TimestampPlace find_timestamps(std::vector<std::uint8_t>& options) noexcept {
  for (const RawOption& option : split_options(options)) {
    if (option.kind != wire::tcp_option::kTimestamps || option.value.size() != 8) continue;
    return {options.data() + (option.value.data() - options.data())};
  }
  return {};
}

std::expected<void, std::string> Conversation::to_live(TcpSpec& segment, bool scaled) const {
  const bool syn = is_syn(segment);
  if (!syn) segment.seq += live_remote_isn;
  const std::uint32_t ours = syn ? live_local_isn - script_local_isn : live_local_isn;
  if (is_ack(segment)) segment.ack += ours;
  shift_sack_blocks(segment.options, ours);
  const TimestampPlace place = find_timestamps(segment.options);
  if (place.value == nullptr || !is_ack(segment)) return {};
  const std::uint32_t echo = load32(place.value + 4);
  const auto found = ts_values.find(echo);
  if (found != ts_values.end()) {
    store32(place.value + 4, found->second);
  } else if (scaled && has_ts) {
    store32(place.value + 4, echo - first_script_ts + first_live_ts);
  } else {
    return std::unexpected("the echo (ecr " + std::to_string(echo) +
                           ") is no timestamp of a packet that the stack has sent");
  }
  return {};
}

void Conversation::to_script(TcpSpec& segment) const {
  const bool syn = is_syn(segment);
  segment.seq -= syn ? live_local_isn - script_local_isn : live_local_isn;
  const std::uint32_t theirs = syn ? 0 : live_remote_isn;
  if (is_ack(segment)) segment.ack -= theirs;
  shift_sack_blocks(segment.options, -theirs);
}

void Conversation::map_timestamp(const TcpSpec& expected, TcpSpec& sent) {
  std::vector<std::uint8_t> wanted = expected.options;
  const TimestampPlace in_script = find_timestamps(wanted);
  const TimestampPlace on_wire = find_timestamps(sent.options);
  if (on_wire.value == nullptr) return;
  const std::uint32_t live = load32(on_wire.value);
  if (in_script.value != nullptr) {
    const std::uint32_t script = load32(in_script.value);
    ts_values.insert_or_assign(script, live);
    if (!has_ts) {
      has_ts = true;
      first_script_ts = script;
      first_live_ts = live;
    }
  }
  if (has_ts) store32(on_wire.value, first_script_ts + (live - first_live_ts));
}

std::optional<std::string> Conversation::check_flow_label(std::uint32_t script,
                                                          std::uint32_t live) {
  if (live == 0) return "the packet has no flow label";
  const bool same_name = script_flow_label == script;
  const bool same_label = live == live_flow_label;
  if (script_flow_label && same_name && !same_label) return "the flow label has changed";
  if (script_flow_label && !same_name && same_label) return "the flow label has not changed";
  script_flow_label = script;
  live_flow_label = live;
  return std::nullopt;
}

}  // namespace bowline::inline v0::packetdrill
