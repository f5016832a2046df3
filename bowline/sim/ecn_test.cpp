// ECN end to end (RFC 3168, RFC 9768): routers mark, nothing is lost, and the window goes down all
// the same.

#include <gtest/gtest.h>

#include <memory>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

enum class Marks { from_a_quarter, by_codel };

// Four megabytes over a bottleneck whose queue marks.
class OverAMarkingQueue {
 public:
  OverAMarkingQueue(tcp::EcnMode client, tcp::EcnMode server, Marks marks = Marks::from_a_quarter)
      : client_(net_.add_host("client", with(client))),
        server_(net_.add_host("server", with(server))) {
    const Cidr at_client = *Cidr::parse("10.0.0.1/24");
    const Cidr at_server = *Cidr::parse("10.0.0.2/24");
    Wire there{.rate = 10_mbps, .delay = 10ms, .queue = 100'000};
    if (marks == Marks::by_codel) {
      there.codel = Codel{.ecn = true};
      there.queue = 1_MiB;  // CoDel waits for 100 ms before it marks
    } else {
      there.mark_above = 25'000;
    }
    net_.connect(client_, at_client, server_, at_server, there, {.rate = 10_mbps, .delay = 10ms});
    TalkerPlan serving;
    serving.local = {at_server.address, 80};
    serving.receive_key = 1;
    serving.receive_bytes = 4'000'000;
    TalkerPlan calling;
    calling.connect = serving.local;
    calling.local = {at_client.address, 0};
    calling.send_key = 1;
    calling.send_bytes = 4'000'000;
    server_.start(std::make_unique<Talker>(serving, net_.random("server")));
    net_.run_until(net_.now());
    client_.start(std::make_unique<Talker>(calling, net_.random("client")));
    net_.run_for(1min);
  }

  [[nodiscard]] const Talker& receiver() { return static_cast<const Talker&>(server_.actor(0)); }
  [[nodiscard]] std::uint64_t sender_decided(Reason reason) const {
    return client_.stack().counters()[reason];
  }

 private:
  static HostOptions with(tcp::EcnMode mode) {
    HostOptions options;
    options.stack.tcp.ecn = mode;
    return options;
  }

  Simulation net_{1};
  Host& client_;
  Host& server_;
};

TEST(Ecn, MarksReduceTheWindowAndNothingIsLost) {
  OverAMarkingQueue run(tcp::EcnMode::request, tcp::EcnMode::accept);
  EXPECT_TRUE(run.receiver().done()) << run.receiver().failure();
  EXPECT_GT(run.sender_decided(Reason::cwnd_ecn), 2U);
  EXPECT_EQ(run.sender_decided(Reason::retransmit_rack), 0U);
  EXPECT_EQ(run.sender_decided(Reason::retransmit_timeout), 0U);
}

// Either side may do without: then marks cannot be made, and the queue drops.
TEST(Ecn, WithoutAgreementTheQueueDrops) {
  for (const auto& [client, server] : {std::pair{tcp::EcnMode::request, tcp::EcnMode::off},
                                       std::pair{tcp::EcnMode::accept, tcp::EcnMode::accept}}) {
    OverAMarkingQueue run(client, server);
    EXPECT_TRUE(run.receiver().done()) << run.receiver().failure();
    EXPECT_EQ(run.sender_decided(Reason::cwnd_ecn), 0U);
    EXPECT_GT(run.sender_decided(Reason::retransmit_rack), 0U);
  }
}

// Whoever asks for AccECN does as well with a peer that knows RFC 3168 alone, and the other way
// round (RFC 9768 section 3.1.2).
TEST(Ecn, AccurateOrClassicTheWindowGoesDown) {
  using enum tcp::EcnMode;
  for (const Marks marks : {Marks::from_a_quarter, Marks::by_codel}) {
    for (const auto& [client, server] : {std::pair{accurate, accurate}, std::pair{accurate, accept},
                                         std::pair{request, accurate}}) {
      OverAMarkingQueue run(client, server, marks);
      EXPECT_TRUE(run.receiver().done()) << run.receiver().failure();
      EXPECT_GT(run.sender_decided(Reason::cwnd_ecn), 2U);
      EXPECT_EQ(run.sender_decided(Reason::retransmit_rack), 0U);
      EXPECT_EQ(run.sender_decided(Reason::retransmit_timeout), 0U);
    }
  }
}

TEST(Ecn, AccurateWithoutAnAnswerTheQueueDrops) {
  OverAMarkingQueue run(tcp::EcnMode::accurate, tcp::EcnMode::off);
  EXPECT_TRUE(run.receiver().done()) << run.receiver().failure();
  EXPECT_EQ(run.sender_decided(Reason::cwnd_ecn), 0U);
  EXPECT_GT(run.sender_decided(Reason::retransmit_rack), 0U);
}

}  // namespace
}  // namespace bowline::sim
