#include "bowline/trace/sentence.hpp"

#include <gtest/gtest.h>

#include "bowline/tcp/flood_watch.hpp"
#include "bowline/tcp/scan_watch.hpp"
#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::change;
using testing::decision;

TEST(Sentence, AStateChangeNamesBothStates) {
  EXPECT_EQ(sentence(change(Reason::state_syn_received, State::listen, State::syn_received)),
            "state LISTEN -> SYN-RECEIVED: a SYN came for a listener [RFC 9293 3.10.7.2 third]");
}

TEST(Sentence, ADropSaysSo) {
  EXPECT_EQ(sentence(decision(Reason::tcp_bad_checksum)),
            "drop: wrong TCP checksum [RFC 9293 3.1 MUST-3]");
}

TEST(Sentence, ATimerIsInMillisecondsAWindowInBytes) {
  Decision backoff = decision(Reason::rto_backoff);
  backoff.from = 1'000'000;
  backoff.to = 2'000'000;
  EXPECT_EQ(sentence(backoff), "timer 1000 ms -> 2000 ms: the RTO is doubled [RFC 6298 5.5]");
  Decision loss = decision(Reason::cwnd_timeout);
  loss.from = 14'600;
  loss.to = 1'460;
  EXPECT_EQ(sentence(loss),
            "congestion 14600 -> 1460 bytes: timeout: back to one segment [RFC 5681 3.1]");
}

TEST(Sentence, AHouseRuleHasNoParagraph) {
  EXPECT_EQ(sentence(decision(Reason::accept_queue_full)),
            "drop: the accept queue is full: the peer will repeat its ACK");
}

TEST(Sentence, AnImpossibleStateIsNoReadBeyondTheTable) {
  Decision broken = decision(Reason::state_close);
  broken.from = 99;
  EXPECT_EQ(sentence(broken), "state ? -> CLOSED: the application closed [RFC 9293 3.10.4]");
}

TEST(Sentence, AnAlarmSaysWhatWasCounted) {
  Decision scan = decision(Reason::alarm_port_scan);
  scan.from = 17;
  scan.to = static_cast<std::uint32_t>(tcp::ProbeKind::xmas);
  EXPECT_EQ(sentence(scan),
            "alarm 17 ports (Xmas): one source has tried many ports that are closed: a scan [RFC "
            "9293 3.10.7.1]");
  scan.to = 99;
  EXPECT_TRUE(sentence(scan).starts_with("alarm 17 ports (?)"));
  Decision flood = decision(Reason::alarm_syn_flood);
  flood.from = 5'000;
  flood.to = tcp::FloodWatch::kMostSources;
  EXPECT_TRUE(sentence(flood).starts_with("alarm 5000 SYNs from 64 or more sources: "));
}

TEST(Sentence, SeveralAreApartBySemicolons) {
  const std::vector<Decision> both{decision(Reason::paws), decision(Reason::no_memory)};
  EXPECT_EQ(sentences(both),
            "drop: timestamp older than the last one (PAWS) [RFC 7323 5.3]; "
            "drop: no memory left within the configured limit");
}

}  // namespace
}  // namespace bowline::trace
