// The resolver over real stacks: sockets, ports, ICMP, TCP, loss.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bowline/dns/stack_resolver.hpp"
#include "bowline/sim/simulation.hpp"
#include "tests/names/name_server.hpp"

namespace bowline::names_test {
namespace {

using dns::testing::name;

/// An application that looks names up one after another.
class Asker final : public sim::Actor {
 public:
  Asker(const dns::Config& config, std::vector<std::string> names)
      : resolver_(config, {}, SipKey{3, 4}, heap_memory()), names_(std::move(names)) {}

  Time act(Stack& stack, std::span<const Ready> ready, Time now) override {
    for (const Ready& each : ready) resolver_.serve(stack, each, now);
    resolver_.advance(stack, now);
    while (auto finished = resolver_.poll_finished(stack, now)) {
      results.push_back(*finished);
      busy_ = false;
    }
    if (!busy_ && results.size() < names_.size()) {
      busy_ = true;
      static_cast<void>(
          resolver_.start(stack, name(names_[results.size()]), false, {}, now).value());
      return now;
    }
    return resolver_.next_deadline();
  }
  [[nodiscard]] std::unique_ptr<Actor> clone() const override { return nullptr; }  // never forked

  [[nodiscard]] bool done() const { return results.size() == names_.size(); }
  [[nodiscard]] const dns::StackResolver& resolver() const { return resolver_; }

  std::vector<dns::Finished> results;

 private:
  dns::StackResolver resolver_;
  std::vector<std::string> names_;
  bool busy_ = false;
};

class Names : public ::testing::Test {
 protected:
  Names() : net(7, Time{} + 1h) { config.add_server(IpAddress::parse("10.77.0.1").value()); }

  void serve(Zone zone) {
    server_.start(std::make_unique<NameServer>(std::move(zone)));
    net.run_until(net.now());
  }
  Asker& ask(std::vector<std::string> names) {
    client_.start(std::make_unique<Asker>(config, std::move(names)));
    return static_cast<Asker&>(client_.actor(0));
  }
  void run(const Asker& asker, Duration most = 5min) {
    EXPECT_TRUE(net.run_until([&] { return asker.done(); }, net.now() + most));
  }
  NameServer& server() { return static_cast<NameServer&>(server_.actor(0)); }
  static std::vector<std::string> texts(const dns::Finished& finished) {
    std::vector<std::string> all;
    for (const IpAddress& each : finished.addresses) {
      std::array<char, IpAddress::kMaxText> text;
      all.emplace_back(text.data(), each.format(text));
    }
    return all;
  }

  sim::Simulation net;
  dns::Config config;
  sim::Host& client_ = net.add_host("client");
  sim::Host& server_ = net.add_host("server");
  sim::WireId wire_ = net.connect(client_, *Cidr::parse("10.77.0.2/24"), server_,
                                  *Cidr::parse("10.77.0.1/24"), {.delay = 10ms});
};

using Texts = std::vector<std::string>;

TEST_F(Names, AreResolvedOverUdpEachQueryFromAPortOfItsOwn) {  // RFC 5452 section 9.2
  serve({.hosts = {{"a.example", {"10.77.0.9"}}, {"b.example", {"10.77.0.8"}}}});
  Asker& asker = ask({"a.example", "b.example", "a.example", "none.example"});
  run(asker);
  EXPECT_EQ(texts(asker.results[0]), Texts{"10.77.0.9"});
  EXPECT_EQ(texts(asker.results[1]), Texts{"10.77.0.8"});
  EXPECT_EQ(asker.results[3].outcome, dns::Outcome::no_such_name);
  // The third needs no A query; without a SOA record "no AAAA" is not remembered.
  EXPECT_EQ(server().udp_queries(), 7);
  const std::set<std::uint16_t> ports(server().ports().begin(), server().ports().end());
  EXPECT_EQ(ports.size(), 7U);
  EXPECT_GE(*ports.begin(), 49'152);
  EXPECT_EQ(asker.resolver().sockets(), 0U) << "all are closed again";
}

TEST_F(Names, ATruncatedAnswerIsFetchedByTcp) {  // RFC 7766
  std::vector<std::string> many;
  for (int i = 1; i <= 12; ++i) many.push_back("10.77.1." + std::to_string(i));
  serve({.hosts = {{"many.example", many}}, .truncates = true});
  Asker& asker = ask({"many.example"});
  run(asker);
  EXPECT_EQ(texts(asker.results[0]), many);
  EXPECT_EQ(server().tcp_queries(), 2) << "A and AAAA";
  EXPECT_EQ(asker.resolver().sockets(), 0U);
  net.run_for(5min);
  EXPECT_EQ(client_.stack().usage().connections, 0U);
}

TEST_F(Names, AddressesThatCannotBeReachedComeLast) {  // RFC 6724 section 6 rule 1
  serve({.hosts = {{"both.example", {"2a00::1", "10.77.0.9"}}}});
  Asker& asker = ask({"both.example"});
  run(asker);
  EXPECT_EQ(texts(asker.results[0]), (Texts{"10.77.0.9", "2a00::1"}));
}

TEST_F(Names, NobodyOnTheServersPortIsFoundOutByIcmp) {
  Asker& asker = ask({"a.example"});  // no server was started
  const Time start = net.now();
  run(asker);
  EXPECT_EQ(asker.results[0].outcome, dns::Outcome::unreachable);
  EXPECT_EQ(net.now() - start, 20ms) << "one round trip, no timeout";
}

TEST_F(Names, AServerThatIsSilentIsGivenUp) {
  serve({.hosts = {}, .silent = true});
  Asker& asker = ask({"a.example"});
  const Time start = net.now();
  run(asker);
  EXPECT_EQ(asker.results[0].outcome, dns::Outcome::timed_out);
  EXPECT_EQ(net.now() - start, 15s) << "5 s, then 10 s";
}

TEST_F(Names, AServerWithoutARouteIsUnreachableAtOnce) {
  config.servers.clear();
  config.add_server(IpAddress::parse("192.0.2.1").value());
  Asker& asker = ask({"a.example"});
  run(asker);
  EXPECT_EQ(asker.results[0].outcome, dns::Outcome::unreachable);
}

TEST_F(Names, ForgedAnswersInFrontOfTheTrueOneChangeNothing) {  // RFC 5452
  serve({.hosts = {{"a.example", {"10.77.0.9"}}}, .forgeries = 5});
  Asker& asker = ask({"a.example"});
  run(asker);
  EXPECT_EQ(texts(asker.results[0]), Texts{"10.77.0.9"});
  EXPECT_EQ(asker.resolver().resolver().drops()[dns::Drop::wrong_id], 10U);
}

TEST_F(Names, ManyForgedAnswersMakeItAskByTcp) {  // RFC 5452 section 9.3
  serve({.hosts = {{"a.example", {"10.77.0.9"}}}, .forgeries = 40});
  Asker& asker = ask({"a.example"});
  run(asker);
  EXPECT_EQ(texts(asker.results[0]), Texts{"10.77.0.9"});
  EXPECT_EQ(server().tcp_queries(), 2);
}

TEST_F(Names, AreResolvedThroughLoss) {
  net.change(wire_, {.delay = 10ms, .loss = sim::Chance{0.3}});
  config.attempts = 5;
  serve({.hosts = {{"a.example", {"10.77.0.9"}},
                   {"b.example", {"10.77.0.8"}},
                   {"c.example", {"10.77.0.7"}},
                   {"d.example", {"10.77.0.6"}}}});
  Asker& asker = ask({"a.example", "b.example", "c.example", "d.example"});
  run(asker, 1h);
  for (const dns::Finished& each : asker.results) EXPECT_EQ(each.outcome, dns::Outcome::found);
  EXPECT_GT(server().udp_queries(), 0);
}

}  // namespace
}  // namespace bowline::names_test
