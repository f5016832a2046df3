#include "bowline/explain/report/json_report.hpp"

#include <fmt/format.h>

#include <utility>

#include "bowline/trace/json.hpp"
#include "bowline/trace/names.hpp"

namespace bowline::inline v0::explain {
namespace {

using trace::JsonObject;
using trace::Side;

std::string packets_json(const Finding& finding) {
  return fmt::format("[{}]", fmt::join(finding.packets, ","));
}

std::string_view side_name(Side side) { return side == Side::left ? "left" : "right"; }

std::string end_json(const End& end) {
  JsonObject object;
  object.text("address", trace::to_text(end.endpoint.address)).number("port", end.endpoint.port);
  const auto state = end.state.state();
  if (state) object.text("state", tcp::name(*state));
  const EndCounters& counters = end.counters;
  object.number("segments", counters.packets)
      .number("bytes", counters.new_bytes)
      .number("again_segments", counters.again_segments)
      .number("again_bytes", counters.again_bytes)
      .number("out_of_order", counters.out_of_order)
      .number("duplicate_acks", counters.duplicate_acks)
      .number("zero_windows", counters.zero_windows);
  if (end.isn) object.number("isn", end.isn->raw());
  if (end.offer.known) {
    if (end.offer.mss) object.number("mss", *end.offer.mss);
    if (end.offer.window_scale) object.number("window_scale", *end.offer.window_scale);
    object.boolean("sack", end.offer.sack).boolean("timestamps", end.offer.timestamps);
  }
  if (end.round_trips.count > 0) {
    object.signed_number("round_trip_least_ns", end.round_trips.least.count())
        .signed_number("round_trip_most_ns", end.round_trips.most.count());
  }
  return std::move(object).finish();
}

std::string finding_json(const Finding& finding, std::uint64_t connection) {
  JsonObject object;
  object.text("event", "finding");
  if (connection != 0) object.number("connection", connection);
  const RuleInfo& rule = info(finding.rule);
  object.text("rule", rule.name).text("kind", name(rule.kind)).text("reference", rule.paragraph);
  if (finding.side) object.text("end", side_name(*finding.side));
  object.text("sentence", finding.text)
      .number("count", finding.count)
      .raw("packets", packets_json(finding));
  return std::move(object).finish();
}

std::string connection_json(const Connection& one, bool suspect) {
  JsonObject object;
  object.text("event", "connection").number("connection", one.number());
  object.number("first_packet", one.first_packet()).number("last_packet", one.last_packet());
  object.signed_number("first_time_ns", one.first_time().time_since_epoch().count())
      .signed_number("last_time_ns", one.last_time().time_since_epoch().count());
  object.raw("left", end_json(one.end(Side::left))).raw("right", end_json(one.end(Side::right)));
  if (const auto opener = one.opener()) object.text("opener", side_name(*opener));
  if (const auto time = one.handshake_time()) object.signed_number("handshake_ns", time->count());
  object.text("ended", to_text(one.ending())).text("sentence", one.ending_text());
  object.boolean("part_of_scan_or_flood", suspect);
  return std::move(object).finish();
}

std::string scan_json(const Scan& scan) {
  JsonObject object;
  object.text("event", "scan")
      .text("kind", to_text(scan.kind))
      .text("source", trace::to_text(scan.source))
      .text("target", trace::to_text(scan.target))
      .number("ports", scan.ports)
      .number("attempts", scan.attempts)
      .number("open", scan.open)
      .number("closed", scan.closed)
      .number("silent", scan.silent)
      .raw("open_ports", fmt::format("[{}]", fmt::join(scan.open_ports, ",")))
      .number("first_packet", scan.first_packet)
      .signed_number("duration_ns", (scan.last - scan.first).count());
  return std::move(object).finish();
}

std::string flood_json(const Flood& flood) {
  JsonObject object;
  object.text("event", "flood")
      .text("target", trace::to_text(flood.target.address))
      .number("port", flood.target.port)
      .number("attempts", flood.attempts)
      .number("sources", static_cast<std::uint64_t>(flood.sources + 0.5))
      .number("first_packet", flood.first_packet)
      .signed_number("duration_ns", (flood.last - flood.first).count());
  return std::move(object).finish();
}

std::string conversation_json(const Conversation& one) {
  JsonObject object;
  object.text("event", "conversation")
      .text("protocol", protocol_name(one.protocol))
      .text("left", trace::to_text(one.left.address))
      .number("left_port", one.left.port)
      .text("right", trace::to_text(one.right.address))
      .number("right_port", one.right.port)
      .number("packets_right", one.packets_right)
      .number("packets_left", one.packets_left)
      .number("bytes_right", one.bytes_right)
      .number("bytes_left", one.bytes_left)
      .number("errors", one.errors)
      .number("first_packet", one.first_packet);
  return std::move(object).finish();
}

std::string capture_json(std::string_view name, const CaptureInfo& capture,
                         const Explanation& explanation) {
  const Totals& totals = explanation.totals;
  JsonObject object;
  object.text("event", "capture").text("name", name).text("format", capture.format);
  object.number("packets", totals.packets).number("bytes", totals.bytes);
  object.number("tcp", totals.tcp).number("udp", totals.udp).number("icmp", totals.icmp);
  object.number("arp", totals.arp).number("other", totals.other);
  object.number("malformed", totals.malformed)
      .number("payload_cut", totals.payload_cut)
      .number("headers_cut", totals.headers_cut)
      .number("unknown_link", totals.unknown_link)
      .number("checksums_to_device", totals.checksums_to_device);
  object.number("connections", explanation.connection_count)
      .number("finished_early", explanation.finished_early);
  if (totals.first) object.signed_number("first_time_ns", totals.first->time_since_epoch().count());
  if (totals.last) object.signed_number("last_time_ns", totals.last->time_since_epoch().count());
  JsonObject others;
  for (const auto& [ending, count] : explanation.not_described) {
    others.number(to_text(ending), count);
  }
  object.raw("not_described", std::move(others).finish());
  return std::move(object).finish();
}

}  // namespace

void write_json(trace::ByteSink& sink, std::string_view name, const CaptureInfo& capture,
                const Explanation& explanation, const ReportOptions& options) {
  const auto line = [&](const std::string& text) { sink.append(text + '\n'); };
  line(capture_json(name, capture, explanation));
  for (const auto& each : explanation.connections) {
    if (!options.selects(*each)) continue;
    line(connection_json(*each, explanation.belongs_to_suspect(*each)));
    for (const Finding& finding : each->findings().list()) {
      line(finding_json(finding, each->number()));
    }
  }
  for (const Finding& finding : explanation.findings) line(finding_json(finding, 0));
  for (const Scan& scan : explanation.scans) line(scan_json(scan));
  for (const Flood& flood : explanation.floods) line(flood_json(flood));
  for (const BlindResets& guess : explanation.blind_resets) {
    JsonObject object;
    object.text("event", "blind_reset")
        .number("connection", guess.connection)
        .number("attempts", guess.attempts)
        .number("first_packet", guess.first_packet);
    line(std::move(object).finish());
  }
  for (const OptimisticAcks& lies : explanation.optimistic_acks) {
    JsonObject object;
    object.text("event", "optimistic_acks")
        .number("connection", lies.connection)
        .text("by", trace::to_text(lies.liar))
        .number("attempts", lies.attempts)
        .number("first_packet", lies.first_packet);
    line(std::move(object).finish());
  }
  for (const Conversation& one : explanation.conversations) line(conversation_json(one));
}

}  // namespace bowline::inline v0::explain
