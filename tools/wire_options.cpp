#include "tools/wire_options.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <functional>
#include <string_view>

#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

// Sets what one option says of one direction; false if `text` is no value of it.
template <class Way>
using Setter = std::function<bool(Way&, std::string_view text)>;

// Puts what a parser returned where it belongs.
template <class T>
bool put(T& place, const std::optional<T>& value) {
  if (value) place = *value;
  return value.has_value();
}

bool put_mtu(std::uint32_t& place, std::string_view text) {
  const auto size = sim::parse_size(text);
  if (!size || *size < 68 || *size > 65'535) return false;
  place = *size;
  return true;
}

// "ENTER,LEAVE"
bool put_bursts(sim::GilbertElliott& place, std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  return put(place.enter, sim::parse_chance(text.substr(0, comma))) &&
         put(place.leave, sim::parse_chance(text.substr(comma + 1)));
}

}  // namespace

void WireOptions::add_to(CLI::App& command) {
  const auto add = [&](const char* name, std::string_view forms, const std::string& help,
                       Setter<Way> set) {
    command
        .add_option_function<std::string>(
            name,
            [this, name, forms, set](const std::string& text) {
              const std::size_t slash = text.find('/');
              const std::string there = text.substr(0, slash);
              const std::string back = slash == std::string::npos ? there : text.substr(slash + 1);
              if (set(ways_[0], there) && set(ways_[1], back)) return;
              throw WrongUsage(
                  fmt::format("{} {}: must be {}, or two of them, THERE/BACK", name, text, forms));
            },
            help)
        ->type_name("VALUE");
  };
  add("--rate", sim::kRateForms, "Of the transmitter: 10mbit; unlimited unless given",
      [](Way& way, std::string_view text) { return put(way.wire.rate, sim::parse_rate(text)); });
  add("--delay", sim::kDurationForms, "From the last bit sent to the arrival: 10ms",
      [](Way& way, std::string_view text) {
        return put(way.wire.delay, sim::parse_duration(text));
      });
  add("--jitter", sim::kDurationForms, "Added to the delay, evenly from 0 to this; keeps the order",
      [](Way& way, std::string_view text) {
        return put(way.wire.jitter, sim::parse_duration(text));
      });
  add("--loss", sim::kChanceForms, "Of each packet: 1%",
      [](Way& way, std::string_view text) { return put(way.wire.loss, sim::parse_chance(text)); });
  add("--bursts", "the chances to enter and to leave a burst, such as 0.5%,25%",
      "Loss in bursts as well: chances to enter and to leave one",
      [](Way& way, std::string_view text) { return put_bursts(way.wire.bursts, text); });
  add("--reorder", sim::kChanceForms, "Share of packets that are held back",
      [](Way& way, std::string_view text) {
        return put(way.wire.reorder, sim::parse_chance(text));
      });
  add("--reorder-by", sim::kDurationForms, "For how long; 5ms unless given",
      [](Way& way, std::string_view text) {
        return put(way.wire.reorder_by, sim::parse_duration(text));
      });
  add("--duplicate", sim::kChanceForms, "Share of packets that arrive twice",
      [](Way& way, std::string_view text) {
        return put(way.wire.duplicate, sim::parse_chance(text));
      });
  add("--corrupt", sim::kChanceForms, "Share of packets of which a bit is flipped",
      [](Way& way, std::string_view text) {
        return put(way.wire.corrupt, sim::parse_chance(text));
      });
  add("--queue", sim::kQueueForms, "Before the transmitter: 64KiB, 100packets or bdp; else 256KiB",
      [](Way& way, std::string_view text) {
        way.queue = sim::parse_queue(text);
        return way.queue.has_value();
      });
  add("--mark-above", sim::kSizeForms, "Mark packets (ECN) that find more than this in the queue",
      [](Way& way, std::string_view text) {
        return put(way.wire.mark_above, sim::parse_size(text));
      });
  add("--mtu", "a size in bytes from 68 to 65535", "The largest IP packet; 1500 unless given",
      [](Way& way, std::string_view text) { return put_mtu(way.wire.mtu, text); });
  command.add_flag_callback(
      "--codel",
      [this] {
        for (Way& way : ways_) way.wire.codel = sim::Codel{};
      },
      "Manage the queues by CoDel (RFC 8289)");
}

WirePair WireOptions::wires() const {
  const Duration round_trip = ways_[0].wire.delay + ways_[1].wire.delay;
  const auto wire = [&](const Way& way) {
    sim::Wire result = way.wire;
    if (way.queue) result.queue = way.queue->bytes(result.rate, result.mtu, round_trip);
    return result;
  };
  return {wire(ways_[0]), wire(ways_[1])};
}

}  // namespace bowline::tools
