// Names in Asio programs: tcp::resolver over a stack, against a name server on another one.

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/two_stacks.hpp"
#include "tests/names/name_server.hpp"

namespace bowline::net::test {
namespace {

using names_test::NameServer;
using names_test::Zone;
using Results = tcp::resolver::results_type;
using Texts = std::vector<std::string>;

/// What a handler was called with.
struct Answer {
  bool called = false;
  error_code error;
  Texts endpoints;

  auto note() {
    return [this](error_code result, const Results& results) {
      EXPECT_FALSE(called) << "called twice";
      called = true;
      error = result;
      for (const auto& each : results) {
        endpoints.push_back(each.endpoint().address().to_string() + " " +
                            std::to_string(each.endpoint().port()));
        host_name = each.host_name();
      }
    };
  }
  std::string host_name;
};

dns::Config server_config() {
  dns::Config config;
  config.add_server(IpAddress::parse(kServerV4).value());
  return config;
}

/// The client's stack asks; a name server sits on the server's.
class AsioNames : public TwoStacks {
 protected:
  AsioNames() {
    client->set_name_servers(server_config());
    serve();  // it listens before anybody asks
  }

  /// Lets the name server do what there is to do.
  void serve() {
    server->with_stack([&](Stack& stack, Time now) { name_server.act(stack, {}, now); });
  }
  void run_until_called(const Answer& answer) {
    run_until([&] {
      serve();
      return answer.called;
    });
  }
  tcp on_client() { return tcp::v4().on(*client); }

  NameServer name_server{Zone{
      .hosts = {{"www.example", {"10.77.0.9", "10.77.0.8"}}, {"six.example", {"fd00:77::9"}}}}};
};

TEST_F(AsioNames, AreFound) {
  tcp::resolver resolver(context);
  Answer answer;
  resolver.async_resolve(on_client(), "www.example", "https", answer.note());
  EXPECT_FALSE(answer.called) << "never inline";
  run_until_called(answer);
  EXPECT_FALSE(answer.error) << answer.error.message();
  EXPECT_EQ(answer.endpoints, (Texts{"10.77.0.9 443", "10.77.0.8 443"}));
  EXPECT_EQ(answer.host_name, "www.example");
  EXPECT_EQ(name_server.udp_queries(), 1) << "only of the family that was asked for";
}

TEST_F(AsioNames, AreFoundOnTheContextsFirstHost) {
  server->set_name_servers(server_config());
  // Nobody sends to itself here; the hosts file does.
  dns::Config config;
  config.hosts = "10.1.2.3 local.example\nfd00::3 local.example\n";
  server->set_name_servers(config);
  tcp::resolver resolver(context);
  Answer answer;
  resolver.async_resolve("local.example", "80", answer.note());
  run_until_called(answer);
  EXPECT_EQ(answer.endpoints.size(), 2U);
}

TEST_F(AsioNames, WhatDoesNotExistIsNotFound) {
  tcp::resolver resolver(context);
  Answer none;
  resolver.async_resolve(on_client(), "none.example", "80", none.note());
  run_until_called(none);
  EXPECT_EQ(none.error, boost::asio::error::host_not_found);
  EXPECT_TRUE(none.endpoints.empty());
  EXPECT_EQ(resolve_problem(client, "none.example", none.error), "none.example does not exist");
  Answer wrong_family;
  resolver.async_resolve(on_client(), "six.example", "80", wrong_family.note());
  run_until_called(wrong_family);
  EXPECT_EQ(wrong_family.error, boost::asio::error::no_data);
}

TEST_F(AsioNames, WithoutNameServersSaysSo) {
  client->set_name_servers({});
  tcp::resolver resolver(context);
  Answer answer;
  resolver.async_resolve(on_client(), "www.example", "80", answer.note());
  run_until_called(answer);
  EXPECT_EQ(answer.error, boost::asio::error::host_not_found);
  EXPECT_EQ(resolve_problem(client, "www.example", answer.error),
            "www.example could not be resolved: there is no name server to ask");
  try {
    static_cast<void>(resolver.resolve(on_client(), "www.example", "80"));
    FAIL() << "it was found";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), boost::asio::error::host_not_found);
    EXPECT_NE(std::string(error.what()).find("there is no name server to ask"), std::string::npos)
        << error.what();
  }
}

TEST_F(AsioNames, AConnectionIsOpenedByName) {
  name_server.zone().hosts["server.example"] = {kServerV4};
  tcp::acceptor acceptor(context, endpoint(kServerV4, 7));
  std::optional<tcp::socket> there;
  acceptor.async_accept([&](error_code, tcp::socket socket) { there = std::move(socket); });
  tcp::resolver resolver(context);
  tcp::socket here(context);
  bool connected = false;
  resolver.async_resolve(on_client(), "server.example", "7",
                         [&](error_code error, const Results& results) {
                           ASSERT_FALSE(error) << error.message();
                           here.open(on_client());
                           here.async_connect(results.begin()->endpoint(), [&](error_code failure) {
                             EXPECT_FALSE(failure) << failure.message();
                             connected = true;
                           });
                         });
  run_until([&] {
    serve();
    return connected && there.has_value();
  });
}

// ---- the end -----------------------------------------------------------------------------------

TEST_F(AsioNames, CancelAbortsWhatIsPending) {
  name_server.zone().silent = true;
  tcp::resolver resolver(context);
  Answer one;
  Answer two;
  resolver.async_resolve(on_client(), "www.example", "80", one.note());
  resolver.async_resolve(on_client(), "six.example", "80", two.note());
  resolver.cancel();
  resolver.cancel();
  run_until([&] { return one.called && two.called; });
  EXPECT_EQ(one.error, boost::asio::error::operation_aborted);
  EXPECT_EQ(two.error, boost::asio::error::operation_aborted);
}

TEST_F(AsioNames, ASlotCancelsOneOfThem) {
  name_server.zone().silent = true;
  tcp::resolver resolver(context);
  boost::asio::cancellation_signal signal;
  Answer one;
  Answer two;
  resolver.async_resolve(on_client(), "www.example", "80",
                         boost::asio::bind_cancellation_slot(signal.slot(), one.note()));
  resolver.async_resolve(on_client(), "www.example", "80", two.note());
  signal.emit(boost::asio::cancellation_type::terminal);
  run_until([&] { return one.called; });
  EXPECT_EQ(one.error, boost::asio::error::operation_aborted);
  EXPECT_FALSE(two.called);
  name_server.zone().silent = false;
  resolver.cancel();
  run_until([&] { return two.called; });
}

TEST_F(AsioNames, DestroyingTheResolverAborts) {
  name_server.zone().silent = true;
  std::optional<tcp::resolver> resolver(context);
  Answer answer;
  resolver->async_resolve(on_client(), "www.example", "80", answer.note());
  tcp::resolver moved(std::move(*resolver));
  resolver.reset();
  context.restart();
  context.run_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(answer.called) << "it went with what was moved";
  {
    const tcp::resolver gone(std::move(moved));
  }
  run_until([&] { return answer.called; });
  EXPECT_EQ(answer.error, boost::asio::error::operation_aborted);
}

TEST_F(AsioNames, ClosingTheHostAborts) {
  name_server.zone().silent = true;
  tcp::resolver resolver(context);
  Answer answer;
  resolver.async_resolve(on_client(), "www.example", "80", answer.note());
  client->close();
  run_until([&] { return answer.called; });
  EXPECT_EQ(answer.error, boost::asio::error::operation_aborted);
  server->close();
  error_code error;
  EXPECT_TRUE(resolver.resolve("www.example", "80", error).empty());
  EXPECT_EQ(error, boost::asio::error::host_not_found) << "there is nobody left to ask";
}

TEST_F(AsioNames, AContextThatGoesTakesWhatIsPendingWithIt) {
  auto short_lived = std::make_unique<boost::asio::io_context>(1);
  const Ends ends = cable();
  use_stack(*short_lived, config(3), {{ends.left, addresses(3)}}).set_name_servers(server_config());
  tcp::resolver resolver(*short_lived);
  const auto token = std::make_shared<int>(0);
  resolver.async_resolve("www.example", "80", [token](error_code, const Results&) { FAIL(); });
  EXPECT_EQ(token.use_count(), 2);
  short_lived.reset();
  EXPECT_EQ(token.use_count(), 1) << "destroyed, not called";
}

// ---- synchronous, and in virtual time ----------------------------------------------------------

TEST(AsioNamesSynchronous, WaitForTheAnswerInPlace) {
  // The context runs on another thread, which gives the server's stack its turns.
  boost::asio::io_context context(2);
  const Ends ends = cable();
  IoHost& server = use_stack(context, config(1), {{ends.left, addresses(1)}});
  IoHost& client = use_stack(context, config(2), {{ends.right, addresses(2)}});
  client.set_name_servers(server_config());
  NameServer name_server(Zone{.hosts = {{"www.example", {"10.77.0.9"}}}});
  const auto serve = [&] {
    server.with_stack([&](Stack& stack, Time now) { name_server.act(stack, {}, now); });
  };
  serve();  // it listens before anybody asks
  std::atomic<bool> stop = false;
  std::thread serving([&] {
    while (!stop) {
      serve();
      context.restart();
      context.run_for(std::chrono::milliseconds(1));
    }
  });
  tcp::resolver resolver(context);
  error_code error;
  const Results results = resolver.resolve(tcp::v4().on(client), "www.example", "80", error);
  stop = true;
  serving.join();
  EXPECT_FALSE(error) << error.message();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results.begin()->endpoint(), endpoint("10.77.0.9", 80));
}

class AsioNamesVirtual : public ::testing::Test {
 protected:
  AsioNamesVirtual() {
    use_virtual_time(context, clock);
    const Ends ends = cable();
    server = &use_stack(context, config(1), {{ends.left, addresses(1)}});
    client = &use_stack(context, config(2), {{ends.right, addresses(2)}});
    client->set_name_servers(server_config());
  }
  void run_until_called(const Answer& answer) {
    for (int i = 0; i < 100'000 && !answer.called; ++i) {
      server->with_stack([&](Stack& stack, Time now) { name_server.act(stack, {}, now); });
      context.restart();
      if (context.poll() == 0 && clock.next() != kNever) clock.advance_to(clock.next());
    }
    EXPECT_TRUE(answer.called);
  }

  VirtualClock clock{Time{} + 1h};
  boost::asio::io_context context{1};
  IoHost* server = nullptr;
  IoHost* client = nullptr;
  NameServer name_server{Zone{.hosts = {}, .silent = true}};
};

TEST_F(AsioNamesVirtual, ASilentServerCostsNoTime) {
  tcp::resolver resolver(context);
  Answer answer;
  resolver.async_resolve(tcp::v4().on(*client), "www.example", "80", answer.note());
  const Time start = clock.now();
  run_until_called(answer);
  EXPECT_EQ(answer.error, boost::asio::error::host_not_found_try_again);
  EXPECT_EQ(clock.now() - start, 15s) << "5 s, then 10 s";
  EXPECT_EQ(name_server.udp_queries(), 2);
}

TEST_F(AsioNamesVirtual, ASynchronousCallCannotWait) {
  tcp::resolver resolver(context);
  error_code error;
  static_cast<void>(resolver.resolve(tcp::v4().on(*client), "www.example", "80", error));
  EXPECT_EQ(error, boost::asio::error::would_block);
}

}  // namespace
}  // namespace bowline::net::test
