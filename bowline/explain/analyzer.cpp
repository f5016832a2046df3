#include "bowline/explain/analyzer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::explain {

using trace::Side;

bool Explanation::belongs_to_suspect(const Connection& connection) const {
  const End& left = connection.end(Side::left);
  const End& right = connection.end(Side::right);
  const bool lone_ack = connection.ending() == Ending::open && right.counters.packets == 0 &&
                        left.counters.packets == 1;
  if (!connection.is_probe_like() && !lone_ack) return false;
  const bool scanned = std::ranges::any_of(scans, [&](const Scan& scan) {
    return scan.source == left.endpoint.address && scan.target == right.endpoint.address;
  });
  return scanned || std::ranges::any_of(floods, [&](const Flood& flood) {
           return flood.target == right.endpoint && !connection.established();
         });
}

Analyzer::Analyzer(const AnalyzerSettings& settings)
    : settings_(settings),
      suspects_(settings.bounds),
      conversations_(settings.bounds),
      table_(WatchSettings{settings.bounds, settings.absolute}, settings.chosen,
             [this](std::unique_ptr<Connection> connection, bool early) {
               done(std::move(connection), early);
             }) {}

void Analyzer::count(const CapturedPacket& packet, const Decoded& decoded) {
  Totals& totals = result_.totals;
  ++totals.packets;
  totals.bytes += packet.size;
  if (packet.time) {
    now_ = *packet.time;
    if (!totals.first) totals.first = now_;
    totals.last = totals.last ? std::max(*totals.last, now_) : now_;
  }
  if (!is_known(packet.link)) {
    ++totals.unknown_link;
    if (!totals.unknown_link_type) totals.unknown_link_type = packet.link;
    return;
  }
  if (packet.bytes.size() < packet.size) ++totals.payload_cut;
  if (decoded.headers_cut) ++totals.headers_cut;
  if (decoded.ip && decoded.ip->is_fragment()) ++totals.fragments;
  if (decoded.checksum == ChecksumState::to_device) ++totals.checksums_to_device;
  if (decoded.broken) {
    ++totals.malformed;
    findings_.add(Rule::malformed, std::nullopt, packet.number,
                  [&] { return trace::why(*decoded.broken); });
  }
  if (decoded.tcp) {
    ++totals.tcp;
  } else if (decoded.udp) {
    ++totals.udp;
  } else if (decoded.icmp) {
    ++totals.icmp;
  } else if (decoded.ether_type == wire::kEtherTypeArp) {
    ++totals.arp;
  } else {
    ++totals.other;
  }
}

const Connection* Analyzer::add(const CapturedPacket& packet, const Decoded& decoded,
                                bool from_text) {
  count(packet, decoded);
  if (!decoded.ip) return nullptr;
  if (decoded.icmp) table_.icmp(packet.number, *decoded.icmp, decoded.ip->source);
  if (!decoded.tcp) {
    conversations_.add(packet.number, now_, decoded);
    return nullptr;
  }
  const wire::TcpHeader& header = decoded.tcp->header;
  Observed seen;
  seen.number = packet.number;
  seen.time = now_;
  seen.segment = {.source = {decoded.ip->source, header.source_port},
                  .destination = {decoded.ip->destination, header.destination_port},
                  .seq = header.seq,
                  .ack = header.ack,
                  .flags = header.flags,
                  .window = header.window,
                  .urgent = header.urgent,
                  .length = decoded.tcp->payload_size,
                  .options = decoded.tcp->options};
  if (!decoded.payload_cut() && !from_text) seen.payload = decoded.payload;
  seen.checksum = decoded.checksum;
  // Texts leave options out as they like; a SYN without any says nothing of the others then.
  seen.options_known = !decoded.options_cut && !(from_text && decoded.tcp_options.empty());
  seen.tos = decoded.ip->tos;
  seen.packet_size = decoded.ip->total_size();
  seen.way = decoded.way;
  seen.comments = packet.comments;
  return table_.observe(seen);
}

void Analyzer::done(std::unique_ptr<Connection> connection, bool early) {
  ++result_.connection_count;
  if (early) ++result_.finished_early;
  suspects_.add(*connection);
  const bool probe = connection->is_probe_like();
  const bool chosen = connection->number() == settings_.chosen;
  const bool room = result_.connections.size() < settings_.bounds.reports &&
                    (!probe || probes_described_ < settings_.bounds.probe_reports);
  if (!room && !chosen) {
    ++result_.not_described[connection->ending()];
    return;
  }
  if (probe) ++probes_described_;
  result_.connections.push_back(std::move(connection));
}

Explanation Analyzer::finish() && {
  table_.finish();
  std::ranges::sort(result_.connections, {},
                    [](const std::unique_ptr<Connection>& each) { return each->number(); });
  result_.scans = suspects_.scans();
  result_.floods = suspects_.floods();
  result_.blind_resets = suspects_.blind_resets();
  result_.optimistic_acks = suspects_.optimistic_acks();
  result_.conversations = conversations_.list();
  result_.uncounted_conversations = conversations_.uncounted();
  result_.findings = std::move(findings_).take();
  return std::move(result_);
}

}  // namespace bowline::inline v0::explain
