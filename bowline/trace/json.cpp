#include "bowline/trace/json.hpp"

#include <fmt/format.h>

#include <utility>

#include "bowline/trace/line.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::trace {
namespace {

std::string_view handle_kind(HandleKind kind) {
  switch (kind) {
    case HandleKind::none:
      return "none";
    case HandleKind::tcp:
      return "tcp";
    case HandleKind::listener:
      return "listener";
    case HandleKind::udp:
      return "udp";
  }
  return "none";
}

std::string options_json(const wire::TcpOptions& options) {
  JsonObject json;
  if (options.mss) json.number("mss", *options.mss);
  if (options.window_scale) json.number("window_scale", *options.window_scale);
  if (options.sack_permitted) json.boolean("sack_permitted", true);
  if (options.timestamps) {
    json.number("timestamp", options.timestamps->value);
    json.number("timestamp_echo", options.timestamps->echo);
  }
  if (options.sack_count > 0) {
    std::string blocks;
    for (const wire::SackBlock& block : options.sack_blocks()) {
      blocks +=
          fmt::format("{}[{},{}]", blocks.empty() ? "" : ",", block.left.raw(), block.right.raw());
    }
    json.raw("sack", "[" + blocks + "]");
  }
  if (options.user_timeout) json.number("user_timeout", *options.user_timeout);
  if (options.fast_open) json.boolean("fast_open", true);
  return std::move(json).finish();
}

void add_ends(JsonObject& json, const Packet& packet) {
  json.text("source", to_text(packet.source().address));
  json.number("source_port", packet.source().port);
  json.text("destination", to_text(packet.destination().address));
  json.number("destination_port", packet.destination().port);
}

void add_segment(JsonObject& json, const Segment& segment) {
  json.text("flags", flag_letters(segment.flags));
  json.number("seq", segment.seq.raw());
  if (segment.has(wire::kAck)) json.number("ack", segment.ack.raw());
  json.number("window", segment.window);
  if (segment.has(wire::kUrg)) json.number("urgent", segment.urgent);
  json.raw("options", options_json(segment.options));
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c >= ' ' && c <= '~') {
      result += c;
    } else {
      result += '?';
    }
  }
  return result + '"';
}

void JsonObject::begin(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_ += json_string(name);
  text_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  begin(name);
  text_ += json_string(value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  begin(name);
  text_ += fmt::format("{}", value);
  return *this;
}

JsonObject& JsonObject::signed_number(std::string_view name, std::int64_t value) {
  begin(name);
  text_ += fmt::format("{}", value);
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  begin(name);
  text_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  begin(name);
  text_ += json;
  return *this;
}

std::string JsonObject::finish() && { return std::move(text_) + '}'; }

std::int64_t JsonOutput::time(Time time) const {
  return (time.time_since_epoch() + options_.epoch).count();
}

void JsonOutput::interface(const InterfaceName& interface) {
  JsonObject json;
  json.text("event", "interface");
  json.number("interface", static_cast<std::uint64_t>(interface.id));
  json.text("name", interface.name);
  json.text("link", interface.link.kind == LinkKind::ip ? "ip" : "ethernet");
  json.number("mtu", interface.link.mtu);
  sink_.append(std::move(json).finish() + '\n');
}

void JsonOutput::frame(const FrameEvent& event) {
  for (const Decision& made : event.decisions) decision(made);
  const Packet& packet = event.packet;
  JsonObject json;
  json.text("event", packet.tcp ? "segment" : "packet");
  json.signed_number("time_ns", time(event.time));
  json.text("frame", to_text(event.id));
  json.number("interface", static_cast<std::uint64_t>(event.interface));
  json.text("direction", event.way == Way::in ? "in" : "out");
  json.number("size", event.bytes.size());
  if (packet.ip) add_ends(json, packet);
  if (const auto segment = segment_of(packet)) {
    add_segment(json, *segment);
    json.number("length", segment->length);
  } else if (packet.ip) {
    json.number("protocol", packet.ip->protocol);
    json.number("length", packet.payload.size());
  }
  if (packet.broken) json.text("broken", info(*packet.broken).name);
  std::string reasons;
  for (const Decision& made : event.decisions) {
    reasons += (reasons.empty() ? "" : ",") + json_string(info(made.reason).name);
  }
  json.raw("reasons", "[" + reasons + "]");
  sink_.append(std::move(json).finish() + '\n');
}

void JsonOutput::decision(const Decision& decision) {
  const ReasonInfo& known = info(decision.reason);
  JsonObject json;
  json.text("event", "decision");
  json.signed_number("time_ns", time(decision.now));
  json.text("kind", name(known.kind));
  json.text("reason", known.name);
  json.text("reference", known.reference);
  json.text("sentence", known.sentence);
  if (decision.frame != FrameId::none) json.text("frame", to_text(decision.frame));
  if (decision.connection != 0) json.number("connection", decision.connection);
  if (decision.handle) {
    json.text("handle", fmt::format("{}:{}.{}", handle_kind(decision.handle.kind),
                                    decision.handle.index, decision.handle.generation));
  }
  if (known.kind == ReasonKind::state) {
    json.text("from", state_name(decision.from));
    json.text("to", state_name(decision.to));
  } else if (decision.from != 0 || decision.to != 0) {
    json.number("from", decision.from);
    json.number("to", decision.to);
  }
  sink_.append(std::move(json).finish() + '\n');
}

}  // namespace bowline::inline v0::trace
