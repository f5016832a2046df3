#include "bowline/packetdrill/sysctl.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::array<std::string_view, 28> kKnown{
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_moderate_rcvbuf",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_retries1",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_sack",
    "net.ipv4.tcp_window_scaling",
    "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_reordering",
    "net.ipv4.tcp_mtu_probing",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_min_tso_segs",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_early_retrans",
    "net.ipv4.tcp_rto_max_ms",
    "net.ipv4.tcp_rto_min_us",
    "net.ipv4.tcp_fastopen",
    "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
    "net.ipv4.tcp_fastopen_key",
};

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string canonical(std::string_view key) {
  constexpr std::string_view kRoot = "/proc/sys/";
  if (key.starts_with(kRoot)) key.remove_prefix(kRoot.size());
  std::string name(trimmed(key));
  std::ranges::replace(name, '/', '.');
  return name;
}

// The first word of `text`, which is taken from it; empty: there is none.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

// Decimal or 0x…: as the kernel reads them.
std::optional<std::int64_t> number(std::string_view text) {
  text = trimmed(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return negative ? -value : value;
}

// tcp_rmem and tcp_wmem: the least, the first and the most.
std::optional<std::array<std::int64_t, 3>> three_numbers(std::string_view text) {
  std::array<std::int64_t, 3> values{};
  for (std::int64_t& value : values) {
    const auto one = number(take_word(text));
    if (!one) return std::nullopt;
    value = *one;
  }
  return values;
}

// How long `retries` retransmissions take, each after twice as long as the one before, from `first`
// on and up to `most`: Linux's model of tcp_retries2 and tcp_syn_retries (tcp(7)).
Duration time_of_retries(std::int64_t retries, Duration first, Duration most) {
  Duration total{};
  Duration next = first;
  for (std::int64_t i = 0; i <= retries; ++i) {
    total += next;
    next = std::min(2 * next, most);
  }
  return total;
}

// Calls `then` with the number that `key` has, if it lies between `least` and `most`.
template <class Then>
void with_number(const Sysctls& sysctls, std::string_view key, std::int64_t least,
                 std::int64_t most, Then then) {
  const auto text = sysctls.value(key);
  if (!text) return;
  const auto value = number(*text);
  if (value && *value >= least && *value <= most) then(*value);
}

void read_switch(const Sysctls& sysctls, std::string_view key, bool& field) {
  with_number(sysctls, key, 0, 255, [&](std::int64_t value) { field = value != 0; });
}

void apply_buffers(const Sysctls& sysctls, tcp::Settings& s) {
  constexpr std::int64_t kMost = 1 << 30;
  if (const auto text = sysctls.value("net.ipv4.tcp_rmem")) {
    const auto values = three_numbers(*text);
    if (values && (*values)[1] > 0 && (*values)[2] <= kMost) {
      s.receive_buffer = static_cast<std::uint32_t>((*values)[1]);
      s.receive_buffer_max = static_cast<std::uint32_t>((*values)[2]);
    }
  }
  if (const auto text = sysctls.value("net.ipv4.tcp_wmem")) {
    const auto values = three_numbers(*text);
    if (values && (*values)[1] > 0 && (*values)[2] <= kMost) {
      s.send_buffer = static_cast<std::uint32_t>((*values)[1]);
      s.send_buffer_max = static_cast<std::uint32_t>((*values)[2]);
    }
  }
  with_number(sysctls, "net.ipv4.tcp_moderate_rcvbuf", 0, 0,
              [&](std::int64_t) { s.receive_buffer_max = s.receive_buffer; });
}

void apply_retries(const Sysctls& sysctls, tcp::Settings& s) {
  with_number(sysctls, "net.ipv4.tcp_syn_retries", 1, 127, [&](std::int64_t retries) {
    s.r2_syn = time_of_retries(retries, s.rto_initial, s.rto_max);
  });
  with_number(sysctls, "net.ipv4.tcp_synack_retries", 0, 255, [&](std::int64_t retries) {
    s.syn_ack_retries = static_cast<std::uint8_t>(retries);
  });
  with_number(sysctls, "net.ipv4.tcp_retries1", 0, 255,
              [&](std::int64_t retries) { s.r1 = static_cast<std::uint8_t>(retries); });
  with_number(sysctls, "net.ipv4.tcp_retries2", 0, 255,
              [&](std::int64_t retries) { s.r2_data = time_of_retries(retries, s.rto_min, 120s); });
  with_number(sysctls, "net.ipv4.tcp_fin_timeout", 1, 1 << 20,
              [&](std::int64_t seconds) { s.fin_wait_2 = std::chrono::seconds(seconds); });
  with_number(sysctls, "net.ipv4.tcp_keepalive_time", 1, 32'767,
              [&](std::int64_t seconds) { s.keepalive.idle = std::chrono::seconds(seconds); });
  with_number(sysctls, "net.ipv4.tcp_keepalive_intvl", 1, 32'767,
              [&](std::int64_t seconds) { s.keepalive.interval = std::chrono::seconds(seconds); });
  with_number(sysctls, "net.ipv4.tcp_keepalive_probes", 1, 127,
              [&](std::int64_t probes) { s.keepalive.probes = static_cast<std::uint8_t>(probes); });
}

void apply_options(const Sysctls& sysctls, tcp::Settings& s) {
  read_switch(sysctls, "net.ipv4.tcp_timestamps", s.timestamps);
  read_switch(sysctls, "net.ipv4.tcp_sack", s.sack);
  read_switch(sysctls, "net.ipv4.tcp_window_scaling", s.window_scaling);
  with_number(sysctls, "net.ipv4.tcp_syncookies", 0, 2, [&](std::int64_t mode) {
    constexpr std::array kModes{tcp::SynCookies::never, tcp::SynCookies::under_pressure,
                                tcp::SynCookies::always};
    s.syn_cookies = kModes[static_cast<std::size_t>(mode)];
  });
  with_number(sysctls, "net.ipv4.tcp_ecn", 0, 5, [&](std::int64_t mode) {
    constexpr std::array kModes{tcp::EcnMode::off,      tcp::EcnMode::request,
                                tcp::EcnMode::accept,   tcp::EcnMode::accurate,
                                tcp::EcnMode::accurate, tcp::EcnMode::accurate};
    s.ecn = kModes[static_cast<std::size_t>(mode)];
  });
}

// tc(8): with the queue fq below it, a stack paces what it sends.
void apply_queue(const Sysctls& sysctls, tcp::Settings& s) {
  const auto command = sysctls.value("tc");
  if (!command || !command->starts_with("qdisc")) return;
  const std::string words = " " + std::string(*command) + " ";
  s.pacing = words.find(" fq ") != std::string::npos && words.find(" del") == std::string::npos;
}

// One key: four words of eight hexadecimal digits, each little endian in the key's bytes.
std::optional<SipKey> fast_open_key(std::string_view text) {
  std::array<std::uint64_t, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t end = i + 1 < words.size() ? text.find('-') : text.size();
    if (end == std::string_view::npos || end == 0 || end > 8) return std::nullopt;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + end, words[i], 16);
    if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return SipKey{words[1] << 32U | words[0], words[3] << 32U | words[2]};
}

// ip-sysctl: tcp_fastopen is a sum of bits; tcp_fastopen_key is one key, or two with a comma.
void apply_fast_open(const Sysctls& sysctls, tcp::Settings& s) {
  if (s.profile == tcp::Profile::linux) s.fast_open.client = true;  // its default is 1
  with_number(sysctls, "net.ipv4.tcp_fastopen", 0, 0xffffff, [&](std::int64_t bits) {
    s.fast_open.client = (bits & 0x1) != 0;
    s.fast_open.server = (bits & 0x2) != 0;
    s.fast_open.client_without_cookie = (bits & 0x4) != 0;
    s.fast_open.server_without_cookie = (bits & 0x200) != 0;
    s.fast_open.every_listener = (bits & 0x400) != 0;
  });
  with_number(
      sysctls, "net.ipv4.tcp_fastopen_blackhole_timeout_sec", 0, 1 << 20,
      [&](std::int64_t seconds) { s.fast_open.black_hole_pause = std::chrono::seconds(seconds); });
  if (const auto text = sysctls.value("net.ipv4.tcp_fastopen_key")) {
    const std::size_t comma = text->find(',');
    if (const auto key = fast_open_key(text->substr(0, comma))) {
      s.fast_open.key = key;
      s.fast_open.previous_key =
          comma == std::string_view::npos ? std::nullopt : fast_open_key(text->substr(comma + 1));
    }
  }
}

void apply_timers(const Sysctls& sysctls, tcp::Settings& s) {
  with_number(sysctls, "net.ipv4.tcp_rto_max_ms", 1'000, 120'000,
              [&](std::int64_t ms) { s.rto_max = std::chrono::milliseconds(ms); });
  with_number(sysctls, "net.ipv4.tcp_rto_min_us", 1, 1'000'000'000,
              [&](std::int64_t us) { s.rto_min = std::chrono::microseconds(us); });
  // ip-sysctl: 0 turns the tail loss probe off; 3 and more have it.
  with_number(sysctls, "net.ipv4.tcp_early_retrans", 0, 4,
              [&](std::int64_t mode) { s.tail_probe = mode >= 3; });
}

void apply_recovery(const Sysctls& sysctls, tcp::Settings& s) {
  with_number(sysctls, "net.ipv4.tcp_reordering", 1, 127, [&](std::int64_t threshold) {
    s.duplicate_ack_threshold = static_cast<std::uint8_t>(threshold);
  });
  with_number(sysctls, "net.ipv4.tcp_mtu_probing", 0, 2, [&](std::int64_t mode) {
    constexpr std::array kModes{tcp::MtuProbing::off, tcp::MtuProbing::on_black_hole,
                                tcp::MtuProbing::always};
    s.mtu_probing = kModes[static_cast<std::size_t>(mode)];
  });
  with_number(sysctls, "route.initcwnd", 1, 255, [&](std::int64_t segments) {
    s.initial_window_segments = static_cast<std::uint8_t>(segments);
  });
  with_number(sysctls, "net.ipv4.tcp_slow_start_after_idle", 0, 255,
              [&](std::int64_t restart) { s.idle_restart = restart != 0; });
  with_number(sysctls, "net.ipv4.tcp_min_tso_segs", 1, 65'535,
              [&](std::int64_t segments) { s.least_burst = static_cast<std::uint16_t>(segments); });
  with_number(sysctls, "net.ipv4.tcp_notsent_lowat", 0, 0xffffffff,
              [&](std::int64_t bytes) { s.unsent_low_water = static_cast<std::uint32_t>(bytes); });
  if (const auto name = sysctls.value("net.ipv4.tcp_congestion_control")) {
    for (const auto algorithm : {tcp::CongestionAlgorithm::reno, tcp::CongestionAlgorithm::cubic,
                                 tcp::CongestionAlgorithm::bbr}) {
      if (*name == tcp::name(algorithm)) s.congestion = algorithm;
    }
  }
}

}  // namespace

void Sysctls::assign(std::string_view key, std::string_view value) {
  std::string name = canonical(key);
  if (name == "tcp_metrics.flush" ||
      (name == "net.ipv4.tcp_fastopen_cookies" && trimmed(value) == "0")) {
    ++flushes_;
  }
  if (!name.empty()) values_.insert_or_assign(std::move(name), std::string(trimmed(value)));
}

bool Sysctls::assign_line(std::string_view line) {
  line = trimmed(line);
  while (line.starts_with('-')) {  // options: no value follows any of those that set something
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    line = trimmed(line.substr(end));
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  std::string_view value = trimmed(line.substr(equals + 1));
  if (line.substr(0, equals) == "ip") return assign_route(value);
  if (value.size() >= 2 && value.front() == value.back() &&
      (value.front() == '"' || value.front() == '\'')) {
    value = value.substr(1, value.size() - 2);
  }
  assign(line.substr(0, equals), value);
  return true;
}

bool Sysctls::assign_route(std::string_view arguments) {
  bool all = true;
  bool is_route = false;
  for (std::string_view word = take_word(arguments); !word.empty(); word = take_word(arguments)) {
    is_route |= word == "route";
    if (!is_route) continue;
    if (word == "mtu" || word == "initcwnd") {
      std::string_view value = take_word(arguments);
      if (value == "lock") value = take_word(arguments);
      assign("route." + std::string(word), value);
    }
    for (const std::string_view other :
         {"quickack", "initrwnd", "features", "rto_min", "congctl", "advmss"}) {
      all &= word != other;
    }
  }
  return is_route && all;
}

std::span<const std::string_view> Sysctls::known() noexcept { return kKnown; }

std::optional<std::string_view> Sysctls::value(std::string_view key) const {
  const auto found = values_.find(canonical(key));
  if (found == values_.end()) return std::nullopt;
  return std::string_view(found->second);
}

std::optional<std::int64_t> Sysctls::number(std::string_view key) const {
  const auto text = value(key);
  return text ? packetdrill::number(*text) : std::nullopt;
}

bool Sysctls::interface_refuses() const {
  const auto queue = value("tc");
  return queue && queue->ends_with(" limit 0");
}

tcp::Settings Sysctls::apply_to(tcp::Settings settings) const {
  apply_buffers(*this, settings);
  apply_timers(*this, settings);
  apply_retries(*this, settings);
  apply_options(*this, settings);
  apply_recovery(*this, settings);
  apply_fast_open(*this, settings);
  apply_queue(*this, settings);
  return settings;
}

}  // namespace bowline::inline v0::packetdrill
