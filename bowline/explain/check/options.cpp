// Options after the handshake (RFC 9293 section 3.2, RFC 7323, RFC 2018).

#include <fmt/format.h>

#include "bowline/explain/check/checks.hpp"

namespace bowline::inline v0::explain::check {
namespace {

void handshake_options(Step& step) {
  const wire::TcpOptions& options = step.segment().options;
  if (!options.mss && !options.window_scale && !options.sack_permitted) return;
  step.found(Rule::option_after_handshake, [&] {
    std::string names;
    const auto add = [&](bool is_there, std::string_view name) {
      if (is_there) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    };
    add(options.mss.has_value(), "MSS");
    add(options.window_scale.has_value(), "window scale");
    add(options.sack_permitted, "SACK-permitted");
    return fmt::format(
        "{} in a segment without SYN: only a SYN may offer it, the receiver passes "
        "over it",
        names);
  });
}

void timestamps(Step& step, bool agreed) {
  End& from = step.from;
  const auto& stamps = step.segment().options.timestamps;
  const trace::Segment& segment = step.segment();
  // An old acknowledgment that was overtaken proves nothing; new data and a new acknowledgment do.
  const bool is_new = segment.numbers() > 0
                          ? !from.snd_nxt || at_or_after(segment.seq, *from.snd_nxt)
                          : from.ack && after(segment.ack, *from.ack);
  // RFC 7323 4.3: only what leaves no gap is remembered, for it may have overtaken others.
  const bool no_gap = !from.snd_nxt || at_or_before(segment.seq, *from.snd_nxt);
  if (!stamps) {
    if (agreed && from.timestamp) {
      step.found(Rule::timestamp_missing, [] {
        return "no timestamp, though both ends agreed on them in the handshake: every segment but "
               "a "
               "RST has one from then on";
      });
    }
    return;
  }
  if (!agreed && from.offer.known && step.to.offer.known) {
    step.found(Rule::timestamp_unasked, [] {
      return "a timestamp that the handshake did not agree on: the receiver passes over it";
    });
    return;
  }
  if (from.timestamp && is_new && before(SeqNumber(stamps->value), SeqNumber(*from.timestamp))) {
    step.found(Rule::timestamp_back, [&] {
      return fmt::format(
          "the timestamp {} is older than {} before it: PAWS takes such a segment for "
          "an old duplicate and drops it",
          stamps->value, *from.timestamp);
    });
    return;
  }
  if (!from.timestamp || (no_gap && after(SeqNumber(stamps->value), SeqNumber(*from.timestamp)))) {
    from.timestamp = stamps->value;
  }
}

}  // namespace

void options(Step& step) {
  if (step.segment().has(wire::kRst) || !step.seen.options_known) return;
  const bool agreed = step.from.offer.timestamps && step.to.offer.timestamps;
  if (step.segment().has(wire::kSyn)) {
    if (step.segment().options.timestamps)
      step.from.timestamp = step.segment().options.timestamps->value;
    return;
  }
  handshake_options(step);
  timestamps(step, agreed);
}

}  // namespace bowline::inline v0::explain::check
