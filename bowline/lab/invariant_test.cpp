// Each invariant, once held and once broken, on observations made by hand: what judges the
// experiments is itself judged here.

#include "bowline/lab/invariant.hpp"

#include <gtest/gtest.h>

namespace bowline::lab {
namespace {

using trace::Side;

// A client and a server that talked and closed as they should.
Observation good() {
  Facts client;
  client.local = {*IpAddress::parse("10.0.1.2"), 1'000};
  client.remote = {*IpAddress::parse("10.0.2.2"), 80};
  client.incarnation = 1;
  client.established = client.closed = client.end_seen = true;
  client.established_at = Time(20ms);
  client.patience = 5s;
  client.written = "question";
  client.read = "answer";
  Facts server = client;
  server.side = Side::right;
  std::swap(server.local, server.remote);
  std::swap(server.written, server.read);
  server.passive = server.wanted_by_peer = true;
  Observation seen;
  seen.end = Time(120s);
  seen.connections = {client, server};
  seen.established = {{Side::left, Time(10ms), true, true}, {Side::right, Time(20ms), true, true}};
  seen.half_open = 1;
  seen.half_open_bound = 10;
  return seen;
}

bool holds(Invariant invariant, const Observation& seen) { return !check(invariant, seen); }

TEST(Invariants, AllHoldForAnOrdinaryConnection) {
  for (int i = 1; i <= 11; ++i) {
    const auto broken = check(static_cast<Invariant>(i), good());
    EXPECT_FALSE(broken.has_value()) << label_of(static_cast<Invariant>(i)) << broken->what.en;
  }
}

TEST(Invariants, I1BreaksWhereThePeerDoesNotKnow) {
  Observation seen = good();
  seen.established[1].peer_knows = false;
  EXPECT_FALSE(holds(Invariant::agreement, seen));
  seen.established[1] = {Side::right, Time{}, true, false};
  EXPECT_FALSE(holds(Invariant::agreement, seen));
}

TEST(Invariants, I2BreaksForAnUnwantedConnection) {
  Observation seen = good();
  seen.connections[1].wanted_by_peer = false;
  EXPECT_FALSE(holds(Invariant::no_phantom, seen));
  seen = good();
  seen.connections[1].incarnation = 0;
  EXPECT_FALSE(holds(Invariant::no_phantom, seen));
}

TEST(Invariants, I3BreaksForBytesThatWereNotWrittenSo) {
  Observation seen = good();
  seen.connections[1].read = "quest";
  EXPECT_TRUE(holds(Invariant::prefix, seen)) << "a prefix is enough";
  for (const char* const wrong : {"quEst", "questionquestion", "uestion"}) {
    seen.connections[1].read = wrong;
    EXPECT_FALSE(holds(Invariant::prefix, seen)) << wrong;
  }
  seen = good();
  seen.connections[1].incarnation = 0;  // nobody wrote them
  EXPECT_FALSE(holds(Invariant::prefix, seen));
}

TEST(Invariants, I4BreaksWhereBothAreContentAndBytesAreMissing) {
  Observation seen = good();
  seen.connections[0].read = "ans";
  EXPECT_FALSE(holds(Invariant::whole, seen));
  seen.connections[1].error = std::make_error_code(std::errc::connection_reset);
  EXPECT_TRUE(holds(Invariant::whole, seen)) << "who was told of an error is not content";
  seen = good();
  seen.connections[0].read = "ans";
  seen.connections[0].closed = false;
  EXPECT_TRUE(holds(Invariant::whole, seen)) << "it may still come";
}

TEST(Invariants, I5BreaksForACallThatDoesNotEnd) {
  Observation seen = good();
  seen.connections[0].established = false;
  EXPECT_FALSE(holds(Invariant::progress, seen));
  seen.connections[0].error = std::make_error_code(std::errc::timed_out);
  EXPECT_TRUE(holds(Invariant::progress, seen)) << "it has ended";
  seen = good();
  seen.connections[1].awaits_end = true;
  seen.connections[1].end_seen = seen.connections[1].closed = false;
  EXPECT_FALSE(holds(Invariant::progress, seen));
  seen.end = Time(59s);
  EXPECT_TRUE(holds(Invariant::progress, seen)) << "there is time yet";
}

TEST(Invariants, I6BreaksForARecordHeldForNobody) {
  Observation seen = good();
  seen.left = {{Side::right, tcp::State::established, {}, {}, 61s, true, false}};
  EXPECT_FALSE(holds(Invariant::no_leak, seen));
  seen.left[0].peer_gone = false;
  EXPECT_TRUE(holds(Invariant::no_leak, seen));
  seen.left[0] = {Side::right, tcp::State::established, {}, {}, 59s, true, false};
  EXPECT_TRUE(holds(Invariant::no_leak, seen));
}

TEST(Invariants, I7BreaksForMoreThanEntriesHeldForTheUnproven) {
  Observation seen = good();
  seen.unproven = 1;
  EXPECT_FALSE(holds(Invariant::bounded, seen));
  seen = good();
  seen.half_open = 11;
  EXPECT_FALSE(holds(Invariant::bounded, seen));
}

TEST(Invariants, I8BreaksWherePatienceEnds) {
  Observation seen = good();
  seen.connections[0].established_at = Time(6s);
  EXPECT_FALSE(holds(Invariant::service, seen));
  seen.connections[0].honest = false;
  EXPECT_TRUE(holds(Invariant::service, seen));
}

TEST(Invariants, I9BreaksForAResetThatNobodyAskedFor) {
  Observation seen = good();
  seen.resets = {{Side::right, tcp::State::last_ack, false, false}};
  EXPECT_FALSE(holds(Invariant::orderly, seen));
  seen.resets[0].asked_for = true;
  EXPECT_TRUE(holds(Invariant::orderly, seen));
  seen.resets[0] = {Side::right, tcp::State::syn_received, false, false};
  EXPECT_TRUE(holds(Invariant::orderly, seen)) << "a half-open entry is no live connection";
}

TEST(Invariants, I9BreaksForALiveConnectionThatIsGivenUp) {
  Observation seen = good();
  seen.connections[0].error = std::make_error_code(std::errc::timed_out);
  EXPECT_FALSE(holds(Invariant::orderly, seen));
  seen.connections[1].silent_since = Time(30s);
  EXPECT_TRUE(holds(Invariant::orderly, seen)) << "there was nobody any more";
  seen.connections[1].silent_since = kNever;
  seen.hosts_alive = false;
  EXPECT_TRUE(holds(Invariant::orderly, seen)) << "a machine that crashed is no such accident";
}

TEST(Invariants, I10BreaksForWhatAnOutsiderBringsAbout) {
  Observation seen = good();
  seen.forged = 5;
  EXPECT_TRUE(holds(Invariant::off_path, seen)) << "in vain";
  seen.connections[1].incarnation = 0;
  EXPECT_FALSE(holds(Invariant::off_path, seen));
  seen = good();
  seen.forged = 5;
  seen.connections[0].error = std::make_error_code(std::errc::connection_reset);
  EXPECT_FALSE(holds(Invariant::off_path, seen));
}

TEST(Invariants, I11BreaksWhereNobodyIsTold) {
  Observation seen = good();
  seen.connections[1].read = "quest";
  EXPECT_FALSE(holds(Invariant::told, seen));
  seen.connections[0].error = std::make_error_code(std::errc::timed_out);
  EXPECT_TRUE(holds(Invariant::told, seen));
}

TEST(Invariants, I11BreaksWhereThePeerHasFallenSilentAndNobodyKnows) {
  Observation seen = good();
  seen.connections[1].closed = seen.connections[1].end_seen = false;
  seen.connections[0].silent_since = Time(50s);
  EXPECT_FALSE(holds(Invariant::told, seen));
  seen.connections[1].error = std::make_error_code(std::errc::timed_out);
  EXPECT_TRUE(holds(Invariant::told, seen));
  seen.connections[1].error = {};
  seen.end = Time(100s);
  EXPECT_TRUE(holds(Invariant::told, seen)) << "there is time yet";
}

TEST(Words, ChineseIsTwoColumnsWideAndBreaksAnywhereButBeforeAComma) {
  EXPECT_EQ(width_of("三次握手"), 8U);
  EXPECT_EQ(width_of("SYN ─▶"), 6U);
  EXPECT_EQ(padded("三", 4), "三  ");
  EXPECT_EQ(wrapped("三次握手，四次挥手", 8),
            (std::vector<std::string>{"三次握", "手，四次", "挥手"}));
  EXPECT_EQ(wrapped("one two three", 8), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("a\nb", 8), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace bowline::lab
