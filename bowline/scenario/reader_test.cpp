#include "bowline/scenario/reader.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace bowline::scenario {
namespace {

constexpr const char* kWhole = R"(title = "All of it"
seed = 7
duration = "90s"

[hosts.near]
profile = "linux"
congestion_control = "reno"
ecn = "request"
pacing = false
send_buffer = "2MiB"
receive_buffer = 65536
mtu_probing = "always"
receive_buffer_max = "8MiB"
initial_window = 4
sack = false
timestamps = false
window_scaling = true
delayed_ack = "25ms"
rto_min = "250ms"
keepalive = "60s"
keepalive_interval = "5s"
keepalive_probes = 3
no_delay = true
quick_ack = true
offload = false
[hosts.far]

[[wires]]
name = "line"
between = ["near", "far"]
rate = "8mbit"
delay = "10ms"
jitter = "1ms"
loss = "0.5%"
reorder = "2%"
reorder_by = "3ms"
duplicate = "1%"
duplicate_after = "2ms"
corrupt = "0.1%"
mtu = 1280
queue = "bdp"
bursts = { enter = "1%", leave = "25%", loss_bad = "50%" }
codel = { target = "10ms", ecn = false }
mark_above = "30kB"
cuts = [{ at = "2s", for = "500ms" }]
back = { rate = "1mbit", queue = "16KiB", codel = false }

[[changes]]
at = "5s"
wire = "line"
loss = "50%"
[[changes]]
at = "6s"
wire = "line"
loss = "0%"

[[flows]]
name = "up"
from = "near"
to = "far"
size = "1MB"
answer = "20kB"
start = "1s"
count = 2
apart = "500ms"
[[flows]]
kind = "request"
from = "far"
to = "near"
request = "200"
response = "5kB"
repeat = 10
pause = "100ms"
expect = "unfinished"
)";

TEST(Reader, ReadsEveryKey) {
  const auto read = read_scenario(kWhole, "some/all.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->name, "all");
  EXPECT_EQ(read->title, "All of it");
  EXPECT_EQ(read->seed, 7U);
  EXPECT_EQ(read->duration, 90s);
  ASSERT_EQ(read->hosts.size(), 2U);
  const HostPlan& near = read->hosts[0];  // in the order of the file, not of the alphabet
  EXPECT_EQ(near.name, "near");
  EXPECT_EQ(near.tcp.profile, tcp::Profile::linux);
  EXPECT_EQ(near.tcp.ecn, tcp::EcnMode::request);
  EXPECT_FALSE(near.tcp.pacing);
  EXPECT_EQ(near.tcp.mtu_probing, tcp::MtuProbing::always);
  EXPECT_EQ(near.tcp.send_buffer, 2U << 20);
  EXPECT_EQ(near.tcp.receive_buffer, 65'536U);
  EXPECT_EQ(near.tcp.send_buffer_max, 2U << 20) << "fixed";
  EXPECT_EQ(near.tcp.receive_buffer_max, 8U << 20);
  EXPECT_EQ(near.tcp.initial_window_segments, 4);
  EXPECT_FALSE(near.tcp.sack);
  EXPECT_FALSE(near.tcp.timestamps);
  EXPECT_EQ(near.tcp.delayed_ack, 25ms);
  EXPECT_EQ(near.tcp.rto_min, 250ms);
  EXPECT_TRUE(near.socket.keepalive.enabled);
  EXPECT_EQ(near.socket.keepalive.idle, 60s);
  EXPECT_EQ(near.socket.keepalive.interval, 5s);
  EXPECT_EQ(near.socket.keepalive.probes, 3);
  EXPECT_TRUE(near.socket.no_delay);
  EXPECT_TRUE(near.socket.quick_ack);
  EXPECT_FALSE(near.offload);
  EXPECT_TRUE(read->hosts[1].offload);
}

TEST(Reader, ReadsBothDirectionsOfAWire) {
  const auto read = read_scenario(kWhole, "all.toml");
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->wires.size(), 1U);
  const WirePlan& wire = read->wires[0];
  EXPECT_EQ(wire.name, "line");
  EXPECT_EQ(wire.there.rate.bits_per_second, 8'000'000U);
  EXPECT_EQ(wire.back.rate.bits_per_second, 1'000'000U);
  EXPECT_EQ(wire.there.delay, 10ms);
  EXPECT_EQ(wire.back.jitter, 1ms);
  EXPECT_EQ(wire.there.loss.probability, 0.005);
  EXPECT_EQ(wire.back.mtu, 1'280U);
  EXPECT_EQ(wire.there.queue, 20'480U);  // the least: 16 packets; 8 Mbit/s x 20 ms is less
  EXPECT_EQ(wire.back.queue, 16'384U);
  EXPECT_EQ(wire.there.bursts.leave.probability, 0.25);
  EXPECT_EQ(wire.back.bursts.loss_bad.probability, 0.5);
  ASSERT_TRUE(wire.there.codel);
  EXPECT_EQ(wire.there.codel->target, 10ms);
  EXPECT_EQ(wire.there.codel->interval, 100ms);
  EXPECT_FALSE(wire.back.codel);
  EXPECT_EQ(wire.back.mark_above, 30'000U);
  EXPECT_EQ(wire.there.cuts, (std::vector<sim::Cut>{{Time{2s}, Time{2500ms}}}));
  ASSERT_EQ(read->changes.size(), 2U);
  EXPECT_EQ(read->changes[0].there.loss.probability, 0.5);
  EXPECT_EQ(read->changes[1].at, Time{6s});
  EXPECT_EQ(read->changes[1].there.loss.probability, 0);
  EXPECT_EQ(read->changes[1].back.rate.bits_per_second, 1'000'000U);  // as it was
}

TEST(Reader, ReadsFlowsAndCountsThem) {
  const auto read = read_scenario(kWhole, "all.toml");
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->flows.size(), 3U);
  EXPECT_EQ(read->flows[0].name, "up-1");
  EXPECT_EQ(read->flows[1].name, "up-2");
  EXPECT_EQ(read->flows[1].start, Time{1500ms});
  EXPECT_EQ(read->flows[1].size, 1'000'000U);
  EXPECT_EQ(read->flows[1].answer, 20'000U);
  const FlowPlan& request = read->flows[2];
  EXPECT_EQ(request.name, "flow3");
  EXPECT_EQ(request.kind, FlowKind::request);
  EXPECT_EQ(request.from, 1U);
  EXPECT_EQ(request.request, 200U);
  EXPECT_EQ(request.response, 5'000U);
  EXPECT_EQ(request.repeat, 10U);
  EXPECT_EQ(request.pause, 100ms);
  EXPECT_EQ(request.expect, Expectation::unfinished);
  EXPECT_FALSE(request.forward());
}

// RFC 8200 section 5: a link that carries IPv6 takes 1280 bytes.
TEST(Reader, ReadsTheFamilyAndWhatItNeeds) {
  std::string text = kWhole;
  const auto read = read_scenario("family = \"ipv6\"\n" + text, "x.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->family, Family::ipv6);
  EXPECT_EQ(read_scenario(text, "x.toml")->family, Family::ipv4);
  text.replace(text.find("mtu = 1280"), 10, "mtu = 1279");
  EXPECT_TRUE(read_scenario(text, "x.toml"));
  EXPECT_EQ(read_scenario("family = \"ipv6\"\n" + text, "x.toml").error(),
            "x.toml:41:7: mtu: allowed is 1280 or more where the family is ipv6 (RFC 8200 5)");
}

// A scenario of nine lines, in which one is replaced.
struct Wrong {
  int line;
  const char* text;
  const char* error;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.text; }

class WrongScenario : public testing::TestWithParam<Wrong> {};

TEST_P(WrongScenario, IsOneLineWithFileAndLineAndWhatIsAllowed) {
  std::string lines[] = {
      "seed = 1",         "[hosts.a]", "[hosts.b]",    "[[wires]]",  "between = [\"a\", \"b\"]",
      "rate = \"1mbit\"", "[[flows]]", "from = \"a\"", "to = \"b\"", "size = \"1kB\""};
  lines[GetParam().line - 1] = GetParam().text;
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  const auto read = read_scenario(text, "x.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().find('\n'), std::string::npos);
  EXPECT_EQ(read.error(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongScenario,
    testing::Values(
        Wrong{1, "sead = 1",
              "x.toml:1:1: a scenario has no key sead: allowed are title, seed, duration, family, "
              "hosts, "
              "routers, "
              "wires, changes, flows"},
        Wrong{1, "seed = -1",
              "x.toml:1:8: seed = -1: allowed is a whole number from 0 to 9223372036854775807"},
        Wrong{1, "duration = \"10\"",
              "x.toml:1:12: duration = \"10\": allowed is a duration such as 10ms, 250us or 1.5s"},
        Wrong{1, "duration = \"0s\"", "x.toml:1:12: duration = 0: allowed is more"},
        Wrong{
            1, "seed = ",
            "x.toml:1:8: Error while parsing key-value pair: expected value, saw '\\n': allowed is "
            "TOML 1.0"},
        Wrong{6, "rate = 10",
              "x.toml:6:8: rate = 10: allowed is a rate such as 10mbit, 2.5gbit or unlimited"},
        Wrong{
            3, "[hosts.\"b c\"]",
            "x.toml:3:8: the name of a table in hosts: allowed is a name of letters, digits, '-', "
            "'_' and '.', at most 40"},
        Wrong{2, "[hosts.a]\ncongestion_control = \"vegas\"",
              "x.toml:3:22: congestion_control = \"vegas\": allowed is \"reno\", \"cubic\", "
              "\"bbr\""},
        Wrong{5, "between = [\"a\", \"z\"]",
              "x.toml:5:11: between: there is no such node: allowed are a, b"},
        Wrong{5, "between = [\"a\"]",
              "x.toml:5:11: between = an array: allowed is two names such as [\"client\", "
              "\"server\"]"},
        Wrong{5, "between = [\"a\", \"a\"]",
              "x.toml:5:11: between: allowed are two different ones"},
        Wrong{5, "# nothing", "x.toml:4:1: a wire without between = [\"NODE\", \"NODE\"]"},
        Wrong{6, "loss = \"101%\"",
              "x.toml:6:8: loss = \"101%\": allowed is a share in percent such as 1% or 0.1%"},
        Wrong{6, "loss = 0.01",
              "x.toml:6:8: loss = 0.01: allowed is a share in percent such as 1% or 0.1%"},
        Wrong{6, "mtu = 20", "x.toml:6:7: mtu = 20: allowed is a size from 68 to 65535 bytes"},
        Wrong{6, "back = { lag = \"1ms\" }",
              "x.toml:6:10: back has no key lag: allowed are rate, delay, jitter, loss, reorder, "
              "reorder_by, duplicate, duplicate_after, corrupt, mark_above, mtu, bursts, codel, "
              "cuts, queue"},
        Wrong{9, "to = \"a\"",
              "x.toml:9:6: no wire leads from a to a: allowed are hosts that [[wires]] join, over "
              "routers if need be"},
        Wrong{9, "# nothing", "x.toml:7:1: a flow needs from = \"HOST\" and to = \"HOST\""},
        Wrong{10, "# nothing",
              "x.toml:7:1: a bulk flow needs size = \"SIZE\" or duration = \"TIME\""},
        Wrong{10, "size = \"1kB\"\nkind = \"burst\"",
              "x.toml:11:8: kind = \"burst\": allowed is \"bulk\", \"request\""},
        Wrong{1, "seed = 1\nseed = 2",
              "x.toml:2:8: Error while parsing key-value pair: cannot redefine existing integer "
              "'seed': allowed is TOML 1.0"},
        Wrong{2, "[hosts.a]\n[hosts.a]",
              "x.toml:3:1: Error while parsing table header: cannot redefine existing table "
              "'hosts.a': allowed is TOML 1.0"},
        Wrong{1, "family = \"ipv5\"",
              "x.toml:1:10: family = \"ipv5\": allowed is \"ipv4\", \"ipv6\""},
        Wrong{
            1, "duration = \"1e99s\"",
            "x.toml:1:12: duration = \"1e99s\": allowed is a duration such as 10ms, 250us or 1.5s"},
        Wrong{1, "seed = 99999999999999999999",
              "x.toml:1:28: Error while parsing decimal integer: '99999999999999999999' is not "
              "representable in 64 bits: allowed is TOML 1.0"},
        Wrong{1, "title = \"a\\u001b[2Jb\"",
              "x.toml:1:9: title = \"a?[2Jb\": allowed is a text of one line, at most 200 bytes"},
        Wrong{6, "rate = \"99999999999999999999gbit\"",
              "x.toml:6:8: rate = \"99999999999999999999gbit\": allowed is a rate such as 10mbit, "
              "2.5gbit or unlimited"},
        Wrong{
            6, "rate = \"\\u001b[31m\"",
            "x.toml:6:8: rate = \"?[31m\": allowed is a rate such as 10mbit, 2.5gbit or unlimited"},
        Wrong{6, "rate = -1",
              "x.toml:6:8: rate = -1: allowed is a rate such as 10mbit, 2.5gbit or unlimited"},
        Wrong{6, "loss = \"nan%\"",
              "x.toml:6:8: loss = \"nan%\": allowed is a share in percent such as 1% or 0.1%"},
        Wrong{6, "queue = \"9999999999999bdp\"",
              "x.toml:6:9: queue = \"9999999999999bdp\": allowed is a length such as 256KiB, "
              "100packets, bdp (what the wire takes in a round trip) or 2bdp"},
        Wrong{6, "delay = [[[[\"1ms\"]]]]",
              "x.toml:6:9: delay = an array: allowed is a duration such as 10ms, 250us or 1.5s"},
        Wrong{10, "size = \"99999999999999999999GB\"",
              "x.toml:10:8: size = \"99999999999999999999GB\": allowed is a size in bytes such as "
              "1500, 64KiB, 100kB or 1MB"},
        Wrong{10, "size = \"1kB\"\ncount = 1001",
              "x.toml:11:9: count = 1001: allowed is a whole number from 1 to 1000"}));

TEST(Reader, SaysWhatIsMissing) {
  EXPECT_EQ(read_scenario("", "x.toml").error(),
            "x.toml:1:1: no hosts: each needs a table, [hosts.NAME]");
  EXPECT_EQ(read_scenario("[hosts.a]\n", "x.toml").error(),
            "x.toml:1:1: 1 hosts: allowed are 2 to 256");
  EXPECT_EQ(read_scenario("[hosts.a]\n[hosts.b]\n", "x.toml").error(),
            "x.toml:1:1: 0 wires: allowed are 1 to 256, each under its own [[wires]]");
}

}  // namespace
}  // namespace bowline::scenario
