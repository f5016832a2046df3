// What `bowline explain` prints, as golden files; and the production stack judged by it: a stack
// that keeps the rules must not be found to break one, however bad the wire.

#include "bowline/explain/report/text_report.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bowline/explain/report/json_report.hpp"
#include "bowline/sim/simulation.hpp"
#include "bowline/trace/pcapng.hpp"
#include "bowline/trace/trace_reader.hpp"
#include "tests/golden/golden.hpp"

namespace bowline {
namespace {

using explain::Explanation;
using explain::RuleKind;
using sim::operator""_mbps;
using sim::operator""_percent;
using trace::Side;

struct Explained {
  explain::CaptureInfo info;
  Explanation explanation;
};

Explained explained(std::string_view bytes) {
  explain::MemorySource source(std::as_bytes(std::span(bytes)));
  explain::InputBuffer input(source);
  auto reader = explain::open_capture(input);
  if (!reader) throw std::invalid_argument(reader.error());
  explain::Analyzer analyzer;
  explain::CapturedPacket packet;
  while ((*reader)->next(packet) == explain::Read::packet) {
    analyzer.add(packet, explain::decode(packet), (*reader)->info().from_text);
  }
  return {(*reader)->info(), std::move(analyzer).finish()};
}

std::string report(std::string_view name, std::string_view bytes) {
  const Explained result = explained(bytes);
  trace::MemorySink sink;
  explain::write_text(sink, name, result.info, result.explanation, {});
  return sink.bytes();
}

// Writes the packets at one host of a simulation as pcapng.
class CaptureTap final : public sim::Tap {
 public:
  explicit CaptureTap(sim::NodeId at) : at_(at), writer_(sink_) {
    writer_.interface({InterfaceId{0}, "wire", {}});
  }
  void sent(const sim::Passage& passage) override {
    if (passage.from == at_) write(passage, trace::Way::out);
  }
  void arrived(const sim::Passage& passage) override {
    if (passage.to == at_) write(passage, trace::Way::in);
  }
  [[nodiscard]] const std::string& bytes() const { return sink_.bytes(); }

 private:
  void write(const sim::Passage& passage, trace::Way way) {
    const trace::Packet packet = trace::take_apart(passage.bytes, LinkKind::ip);
    writer_.frame({.id = passage.frame,
                   .way = way,
                   .time = passage.at,
                   .link = LinkKind::ip,
                   .bytes = passage.bytes,
                   .packet = packet,
                   .decisions = {}});
  }

  sim::NodeId at_;
  trace::MemorySink sink_;
  trace::PcapngOutput writer_;
};

// K135, K136: the traced example of document 002, explained.
TEST(GoldenExplain, K135_K136_TheTracedExampleOf002) {
  golden::expect_drawing("document_002.explain.txt",
                         report("document_002", golden::text("document_002.classic.txt")));
}

// A conversation with a loss, a shut window, a challenge and an abort, in a capture of our own
// writer.
TEST(GoldenExplain, ACaptureWithTroubleAndViolations) {
  const auto traced = trace::read_trace(golden::text("trouble.txt"));
  ASSERT_TRUE(traced) << traced.error();
  trace::MemorySink sink;
  trace::PcapngOutput writer(sink, {.epoch = std::chrono::seconds(1'700'000'000)});
  writer.interface({InterfaceId{0}, "tun0", {}});
  for (const trace::TracedSegment& each : *traced) {
    const auto bytes = trace::to_packet(each.segment);
    const trace::Packet packet = trace::take_apart(bytes, LinkKind::ip);
    writer.frame({.time = Time{*each.time},
                  .link = LinkKind::ip,
                  .bytes = bytes,
                  .packet = packet,
                  .decisions = {}});
  }
  golden::expect_drawing("trouble.explain.txt", report("trouble.pcapng", sink.bytes()));
}

// The production stack on a wire that loses, delays, swaps and doubles: nothing that it sends
// breaks a rule, and what is found to have been sent again is what the stack says it sent again.
TEST(ExplainTheStack, BreaksNoRuleAndRepeatsWhatItSaysItRepeats) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    sim::Simulation net(seed);
    auto& client = net.add_host("client").stack();
    auto& server = net.add_host("server").stack();
    net.connect(net.host("client"), *Cidr::parse("10.0.0.1/24"), net.host("server"),
                *Cidr::parse("10.0.0.2/24"),
                {.rate = 10_mbps,
                 .delay = 20ms,
                 .loss = 3_percent,
                 .reorder = 3_percent,
                 .reorder_by = 15ms,
                 .duplicate = 2_percent});
    CaptureTap tap(net.host("client").id());
    net.observe(tap);
    const Endpoint service{*IpAddress::parse("10.0.0.2"), 80};
    const auto listener = *server.listen({.local = service}, net.now());
    const auto socket = *client.connect({.remote = service}, net.now());
    net.run_for(10s);
    const auto peer = server.accept(listener, net.now());
    const std::string text(100'000, 'x');
    const auto written = client.write(socket, std::as_bytes(std::span(text)), net.now());
    ASSERT_TRUE(written);
    net.run_for(60s);
    const std::uint64_t again = client.inspect(socket)->retransmissions;

    const Explained result = explained(tap.bytes());
    ASSERT_EQ(result.explanation.connections.size(), 1u);
    const explain::Connection& one = *result.explanation.connections[0];
    EXPECT_EQ(one.end(Side::left).counters.new_bytes, *written);
    EXPECT_EQ(one.end(Side::left).counters.again_segments, again);
    EXPECT_EQ(one.end(Side::left).state.state(), tcp::State::established);
    for (const explain::Finding& finding : one.findings().list()) {
      EXPECT_NE(explain::info(finding.rule).kind, RuleKind::violation) << to_text(finding);
    }
    EXPECT_TRUE(result.explanation.findings.empty());
    (void)peer;
  }
}

}  // namespace
}  // namespace bowline
