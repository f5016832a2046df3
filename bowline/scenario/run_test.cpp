#include "bowline/scenario/run.hpp"

#include <gtest/gtest.h>

#include "bowline/scenario/capture.hpp"
#include "bowline/scenario/reader.hpp"
#include "bowline/scenario/report/json.hpp"
#include "bowline/scenario/report/page.hpp"
#include "bowline/scenario/report/table.hpp"

namespace bowline::scenario {
namespace {

constexpr std::string_view kHead = R"(
[hosts.client]
[hosts.server]
[[wires]]
between = ["client", "server"]
rate = "10mbit"
delay = "10ms"
)";

Scenario scenario(const std::string& rest) {
  auto read = read_scenario(std::string(kHead) + rest, "test.toml");
  if (!read) throw std::runtime_error(read.error());
  return std::move(*read);
}

void finish(scenario::Run& run) {
  while (run.advance()) {
  }
}

TEST(Run, ABulkFlowArrivesWholeAndAnAnswerComesBack) {
  const Scenario plan = scenario(
      "[[flows]]\nfrom = \"client\"\nto = \"server\"\nsize = \"200kB\"\nanswer = \"30kB\"\n");
  scenario::Run run(plan, 1'000);
  finish(run);
  const FlowResult result = run.results()[0];
  EXPECT_EQ(result.state, FlowState::done) << result.failure;
  EXPECT_TRUE(result.as_expected());
  EXPECT_EQ(result.bytes, 200'000U);
  EXPECT_EQ(result.bytes_back, 30'000U);
  EXPECT_GE(result.trace->rtt_min(), 20ms);
  EXPECT_LT(result.goodput, 10e6);
}

// Over a router, so that the hosts need routes; the same wires, so the same way for the bytes.
TEST(Run, GoesOverIpv6) {
  const auto run_over = [](const std::string& family) {
    const auto plan = read_scenario("family = \"" + family +
                                        "\"\n[hosts.a]\n[hosts.b]\n[routers.r]\n"
                                        "[[wires]]\nbetween = [\"a\", \"r\"]\nrate = \"10mbit\"\n"
                                        "[[wires]]\nbetween = [\"r\", \"b\"]\ndelay = \"10ms\"\n"
                                        "[[flows]]\nfrom = \"a\"\nto = \"b\"\nsize = \"200kB\"\n",
                                    "six.toml");
    if (!plan) throw std::runtime_error(plan.error());
    scenario::Run run(*plan, 1'000);
    finish(run);
    const FlowResult result = run.results()[0];
    EXPECT_EQ(result.state, FlowState::done) << result.failure;
    EXPECT_EQ(result.bytes, 200'000U);
    return std::pair(run.wire(0, false).bytes(), result.trace->segments());
  };
  const auto [bytes4, segments4] = run_over("ipv4");
  const auto [bytes6, segments6] = run_over("ipv6");
  EXPECT_GT(bytes6, bytes4);  // a header of 40 bytes instead of 20
  EXPECT_GE(segments6, segments4);
}

TEST(Run, ABulkFlowOfADurationEndsThen) {
  const Scenario plan = scenario(
      "[[flows]]\nfrom = \"server\"\nto = \"client\"\nduration = \"2s\"\nstart = \"1s\"\n");
  scenario::Run run(plan, 1'000);
  finish(run);
  const FlowResult result = run.results()[0];
  EXPECT_EQ(result.state, FlowState::done) << result.failure;
  EXPECT_GT(result.bytes, 500'000U);
  EXPECT_GE(result.time, 1900ms);
}

TEST(Run, RequestsAndResponsesTakeTurns) {
  const Scenario plan = scenario(
      "[[flows]]\nkind = \"request\"\nfrom = \"client\"\nto = \"server\"\nrequest = 100\n"
      "response = \"1kB\"\nrepeat = 20\npause = \"50ms\"\n");
  scenario::Run run(plan, 1'000);
  finish(run);
  const FlowResult result = run.results()[0];
  EXPECT_EQ(result.state, FlowState::done) << result.failure;
  EXPECT_EQ(result.exchanges, 20U);
  EXPECT_EQ(result.bytes, 20'000U);  // from the server: more than the requests
  EXPECT_EQ(result.bytes_back, 2'000U);
  EXPECT_GE(result.exchange_min, 20ms);  // a round trip
  EXPECT_LT(result.exchange_min, 25ms);
  EXPECT_GE(result.exchange_max, 40ms);  // the first has the handshake in front
}

// The connection dies on a wire that stays cut; the application hears of it.
TEST(Run, AFlowThatFailsSaysWhy) {
  const Scenario plan = scenario(
      "cuts = [{ at = \"100ms\", for = \"3600s\" }]\n[[flows]]\nfrom = "
      "\"client\"\n"
      "to = \"server\"\nsize = \"1MB\"\nexpect = \"failed\"\n");
  Scenario longer = plan;
  longer.duration = 1h;
  scenario::Run run(longer, 1'000);
  finish(run);
  const FlowResult result = run.results()[0];
  EXPECT_EQ(result.state, FlowState::failed);
  EXPECT_TRUE(result.as_expected());
  EXPECT_NE(result.failure.find("client: "), std::string::npos) << result.failure;
  EXPECT_NE(result.failure.find("timed out"), std::string::npos) << result.failure;
  EXPECT_LT(result.bytes, 1'000'000U);
}

TEST(Run, AFlowThatIsCutShortIsUnfinished) {
  Scenario plan = scenario("[[flows]]\nfrom = \"client\"\nto = \"server\"\nsize = \"10MB\"\n");
  plan.duration = 1s;
  scenario::Run run(plan, 1'000);
  finish(run);
  EXPECT_EQ(run.now(), Time{1s});
  EXPECT_EQ(run.results()[0].state, FlowState::unfinished);
  EXPECT_FALSE(run.results()[0].as_expected());
}

constexpr const char* kTwoFlows =
    "loss = \"1%\"\njitter = \"1ms\"\nduplicate = \"1%\"\ncorrupt = \"1%\"\nreorder = \"1%\"\n"
    "[[flows]]\nfrom = \"client\"\nto = \"server\"\nsize = \"300kB\"\ncount = 2\n";

TEST(Run, TheSameSeedIsTheSameRunAndAnotherIsAnother) {
  Scenario plan = scenario(kTwoFlows);
  const auto digest = [&] {
    scenario::Run run(plan, 1'000);
    finish(run);
    for (const FlowResult& result : run.results()) {
      EXPECT_EQ(result.state, FlowState::done) << result.failure;
    }
    return run.digest();
  };
  const std::uint64_t first = digest();
  EXPECT_EQ(digest(), first);
  plan.seed = 2;
  EXPECT_NE(digest(), first);
}

constexpr const char* kBehindANat = R"(
[hosts.home]
KEEPALIVE
[hosts.server]
[routers.nat]
kind = "nat"
idle_limit = "60s"
[[wires]]
between = ["home", "nat"]
delay = "1ms"
[[wires]]
between = ["nat", "server"]
rate = "10mbit"
delay = "10ms"
[[flows]]
kind = "request"
from = "home"
to = "server"
repeat = 2
pause = "120s"
)";

FlowResult behind_a_nat(const std::string& keepalive) {
  std::string text = kBehindANat;
  text.replace(text.find("KEEPALIVE"), 9, keepalive);
  const auto plan = read_scenario(text, "nat.toml");
  if (!plan) throw std::runtime_error(plan.error());
  Scenario longer = *plan;
  longer.duration = 1h;
  scenario::Run run(longer, 100);
  finish(run);
  FlowResult result = run.results()[0];
  result.plan = nullptr;  // it ends with this function
  result.trace = nullptr;
  return result;
}

// A NAT forgets an idle connection; keepalive, if it comes often enough, keeps it (RFC 5382 section
// 5).
TEST(Run, ANatForgetsWhoIsSilentUnlessKeepaliveSpeaks) {
  const FlowResult silent = behind_a_nat("");
  EXPECT_EQ(silent.state, FlowState::failed);
  EXPECT_EQ(silent.exchanges, 1U);
  const FlowResult kept = behind_a_nat("keepalive = \"30s\"");
  EXPECT_EQ(kept.state, FlowState::done) << kept.failure;
  EXPECT_EQ(kept.exchanges, 2U);
}

// Two hosts on each side of two routers.
TEST(Run, FlowsFindTheirWayOverRouters) {
  const auto plan = read_scenario(R"(
[hosts.a]
[hosts.b]
[hosts.c]
[routers.left]
[routers.right]
[[wires]]
between = ["a", "left"]
[[wires]]
between = ["b", "left"]
[[wires]]
between = ["left", "right"]
rate = "10mbit"
delay = "5ms"
[[wires]]
between = ["right", "c"]
[[flows]]
from = "a"
to = "c"
size = "100kB"
[[flows]]
from = "c"
to = "b"
size = "100kB"
)",
                                  "routers.toml");
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_EQ(plan->flows[0].path.size(), 3U);
  scenario::Run run(*plan, 1'000);
  finish(run);
  for (const FlowResult& result : run.results()) {
    EXPECT_EQ(result.state, FlowState::done) << result.failure;
    EXPECT_EQ(result.bytes, 100'000U);
    EXPECT_GE(result.trace->rtt_min(), 10ms);
  }
  EXPECT_GT(run.wire(2, false).packets(), 70U);
  EXPECT_GT(run.wire(2, true).packets(), 70U);
}

// Counts what it is given.
class CountingOutput final : public trace::Output {
 public:
  void interface(const trace::InterfaceName&) override { ++interfaces; }
  void frame(const trace::FrameEvent& event) override {
    ++(event.way == trace::Way::out ? out : in);
    if (!event.decisions.empty()) ++explained;
    EXPECT_GE(event.time, last);
    last = event.time;
  }
  int interfaces = 0, out = 0, in = 0, explained = 0;
  Time last{};
};

TEST(Capture, ShowsEveryPacketAtBothEndsWithReasonsAndChangesNothing) {
  const Scenario plan = scenario(kTwoFlows);
  scenario::Run without(plan, 1'000);
  finish(without);
  CountingOutput output;
  scenario::Run run(plan, 1'000);
  Capture capture(run, output);
  finish(run);
  capture.finish();
  EXPECT_EQ(run.digest(), without.digest());
  EXPECT_EQ(output.interfaces, 2);
  EXPECT_EQ(output.out, static_cast<int>(run.packets()));
  EXPECT_GT(output.in, output.out * 9 / 10);
  EXPECT_GT(output.explained, output.out / 4);
}

// ---- reports ------------------------------------------------------------------------------------

std::string without_digest(std::string text) {
  const std::size_t at = text.find("digest ");
  return at == std::string::npos ? text : text.substr(0, at) + "digest\n";
}

TEST(Report, ATableOfFlowsAndWires) {
  const Scenario plan =
      scenario("[[flows]]\nname = \"small\"\nfrom = \"client\"\nto = \"server\"\nsize = \"1kB\"\n");
  scenario::Run run(plan, 1'000);
  finish(run);
  EXPECT_EQ(
      without_digest(table_text(run)),
      R"(flow   from > to          bytes     time     goodput  retrans  rtt min      avg      max  cwnd max
small  client > server  1.00 kB  30.9 ms  259 kbit/s        0  20.9 ms  20.9 ms  20.9 ms   14.5 kB  done

wire           from > to        packets    bytes  lost  dropped  marked  reordered  doubled  corrupted  queue max
client-server  client > server        4  1.22 kB     0        0       0          0        0          0    1.10 kB
client-server  server > client        3    164 B     0        0       0          0        0          0      104 B

7 packets in 60.0 ms of virtual time, seed 1, digest
)");
}

TEST(Report, AnObjectOnALineForEachThing) {
  const Scenario plan = scenario(kTwoFlows);
  scenario::Run run(plan, 1'000);
  finish(run);
  const std::string text = json_text(run);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 2 + 2);
  EXPECT_NE(
      text.find(R"({"event":"flow","flow":"flow1-2","kind":"bulk","from":"client","to":"server",)"),
      std::string::npos)
      << text;
}

// The page asks the network for nothing, is bounded, and is the same for the same run.
TEST(Report, APageThatNeedsNothingElse) {
  Scenario plan = scenario(kTwoFlows);
  plan.title = "</script> & <b>";
  scenario::Run run(plan, page_points(plan));
  finish(run);
  const std::string page = page_text(run);
  EXPECT_EQ(page_text(run), page);
  for (const char* word : {"http:", "https:", "src=", "href=", "fetch(", "import"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;/script> &amp; &lt;b></title>"), std::string::npos);
  EXPECT_NE(page.find(R"("title":"\u003c/script> & \u003cb>")"), std::string::npos);
}

TEST(Report, APageOfALongFastRunStaysBelow10Megabytes) {
  Scenario plan = scenario(
      "loss = \"0.1%\"\n[[flows]]\nfrom = \"client\"\nto = \"server\"\nduration = \"30s\"\n");
  plan.wires[0].there.rate = plan.wires[0].back.rate = sim::Rate{100'000'000};
  plan.duration = 31s;
  scenario::Run run(plan, page_points(plan));
  finish(run);
  EXPECT_LT(page_text(run).size(), 10'000'000U);
}

}  // namespace
}  // namespace bowline::scenario
