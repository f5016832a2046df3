// The traced example of document 002, as CLAIMS.md has it: read in the abridged form of the
// document, printed in both notations, and as it stood on the wire.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bowline/trace/line.hpp"
#include "bowline/trace/trace_reader.hpp"
#include "tests/golden/golden.hpp"

namespace bowline {
namespace {

using trace::LineOptions;
using trace::Notation;
using trace::Segment;
using trace::TracedSegment;

std::vector<Segment> read(const std::string& text) {
  const auto traced = trace::read_trace(text);
  if (!traced) {
    ADD_FAILURE() << traced.error();
    return {};
  }
  std::vector<Segment> segments;
  for (const TracedSegment& one : *traced) segments.push_back(one.segment);
  return segments;
}

std::string print(const std::vector<Segment>& segments, LineOptions options) {
  trace::LinePrinter printer(options);
  std::string text;
  for (const Segment& segment : segments) {
    const std::vector<std::byte> bytes = trace::to_packet(segment);
    text += printer.packet(trace::take_apart(bytes, LinkKind::ip)) + '\n';
  }
  return text;
}

std::string tcp_header(const Segment& segment) {
  const std::vector<std::byte> bytes = trace::to_packet(segment);
  std::string text;
  for (const std::byte byte : std::span(bytes).subspan(wire::kIpv4HeaderSize)) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

const std::vector<std::string_view> kForms{"document_002.txt", "document_002.classic.txt",
                                           "document_002.today.txt"};

TEST(Document002, K135_AHandshakeWithItsNumbers) {
  const std::vector<Segment> segments = read(golden::text("document_002.txt"));
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0].flags, wire::kSyn);
  EXPECT_EQ(segments[0].seq, SeqNumber(3'626'544'836));
  EXPECT_EQ(segments[1].flags, wire::kSyn | wire::kAck);
  EXPECT_EQ(segments[1].seq, SeqNumber(1'739'326'486));
  EXPECT_EQ(segments[1].ack, segments[0].seq + 1);
  EXPECT_EQ(segments[2].flags, wire::kAck);
  EXPECT_EQ(segments[2].ack, segments[1].seq + 1);
  // Not printed in the third line, and known all the same.
  EXPECT_EQ(segments[2].seq, SeqNumber(3'626'544'837));
}

// The second `ack 1` is the same number once more, relative; it is no flag.
TEST(Document002, K136_TheSecondAckIsTheSameNumber) {
  const std::string text = golden::text("document_002.txt");
  const std::string_view both = ",ack 1";
  ASSERT_NE(text.find(both), std::string::npos);
  std::string without = text;
  without.erase(without.find(both), both.size());
  std::string relative = text;
  relative.replace(relative.find("ack 1739326487,ack 1"), 20, "ack 1");
  EXPECT_EQ(print(read(without), {}), print(read(text), {}));
  EXPECT_EQ(print(read(relative), {}), print(read(text), {}));
}

TEST(Document002, A23_EachFormIsReadAndPrintedInEveryOther) {
  for (const std::string_view form : kForms) {
    const std::vector<Segment> segments = read(golden::text(form));
    EXPECT_EQ(print(segments, {.notation = Notation::classic}),
              golden::text("document_002.classic.txt"))
        << form;
    EXPECT_EQ(print(segments, {}), golden::text("document_002.today.txt")) << form;
    EXPECT_EQ(print({segments.back()}, {.absolute = true}),
              golden::text("document_002.third_absolute.txt"))
        << form;
  }
}

TEST(Document002, K135_OnTheWireWithChecksums) {
  std::string headers;
  for (const Segment& segment : read(golden::text("document_002.txt"))) {
    headers += tcp_header(segment) + '\n';
  }
  EXPECT_EQ(headers, golden::text("document_002.headers.txt"));
}

// Closed by the client without data: relative numbers go on, and so do the checksums that CLAIMS
// gives.
TEST(Document002, K10_TheCloseCountsOneForEachFin) {
  const std::string handshake = golden::text("document_002.today.txt");
  const std::string close = golden::text("document_002.close.txt");
  const std::vector<Segment> segments = read(handshake + close);
  ASSERT_EQ(segments.size(), 7U);
  EXPECT_EQ(print(segments, {}), handshake + close);
  const std::vector<std::string> checksums{"0d6d", "0d6d", "0d6c", "0d6c"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(tcp_header(segments[3 + i]).substr(2 * wire::kTcpChecksumOffset, 4), checksums[i]);
  }
  EXPECT_EQ(segments[3].end(), segments[0].seq + 2);  // SYN and FIN are one number each
  EXPECT_EQ(segments[4].ack, segments[3].end());
}

}  // namespace
}  // namespace bowline
