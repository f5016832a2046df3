// The page of metrics, read by a parser of the format's own rules.
#include "bowline/trace/metrics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace bowline::trace {
namespace {

struct Metric {
  std::string type;
  bool help = false;
  std::map<std::string, std::uint64_t> samples;  // by their labels
};

// Prometheus's text format 0.0.4, as far as counters and gauges with integer values use it.
std::map<std::string, Metric> parse(const std::string& page) {
  static const std::regex help("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) [^\\n]+");
  static const std::regex type("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)");
  static const std::regex sample(
      "([a-zA-Z_:][a-zA-Z0-9_:]*)"
      "(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"[^\"\\\\\\n]*\"(,[a-zA-Z_][a-zA-Z0-9_]*=\"[^\"\\\\\\n]*\")*\\})"
      "?"
      " ([0-9]+)");
  std::map<std::string, Metric> metrics;
  EXPECT_TRUE(page.ends_with('\n'));
  std::istringstream lines(page);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, help)) {
      EXPECT_FALSE(metrics[match[1]].help) << line;
      metrics[match[1]].help = true;
    } else if (std::regex_match(line, match, type)) {
      EXPECT_TRUE(metrics[match[1]].samples.empty()) << "TYPE comes before the samples: " << line;
      metrics[match[1]].type = match[2];
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_TRUE(metrics[match[1]].samples.emplace(match[2], std::stoull(match[4])).second)
          << "twice: " << line;
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }
  return metrics;
}

TEST(Metrics, KeepToTheFormat) {
  StackConfig config;
  auto stack = Stack::create(config);
  ASSERT_TRUE(stack);
  const auto metrics = parse(metrics_text(*stack));
  for (const auto& [name, metric] : metrics) {
    EXPECT_TRUE(name.starts_with("bowline_")) << name;
    EXPECT_TRUE(metric.help) << name;
    EXPECT_FALSE(metric.type.empty()) << name;
    EXPECT_EQ(name.ends_with("_total"), metric.type == "counter") << name;
  }
  EXPECT_EQ(metrics.at("bowline_decisions_total").samples.size(), kReasonCount);
  EXPECT_EQ(metrics.at("bowline_connections_limit").samples.at(""), config.limits.connections);
}

TEST(Metrics, CountWhatHappened) {
  auto stack = Stack::create(StackConfig{});
  ASSERT_TRUE(stack);
  const auto interface = stack->add_interface({});
  ASSERT_TRUE(interface);
  ASSERT_TRUE(stack->add_address(*interface, *Cidr::parse("10.0.0.2/24")));
  ASSERT_TRUE(stack->listen({.local = {*IpAddress::parse("10.0.0.2"), 80}}, Time{}));
  ASSERT_TRUE(stack->connect({.remote = {*IpAddress::parse("10.0.0.1"), 81}}, Time{}));
  const auto metrics = parse(metrics_text(*stack));
  EXPECT_EQ(metrics.at("bowline_connections").samples.at(""), 1u);
  EXPECT_EQ(metrics.at("bowline_listeners").samples.at(""), 1u);
  EXPECT_EQ(metrics.at("bowline_buffers_scarce").samples.at(""), 0u);
  EXPECT_EQ(metrics.at("bowline_scanners").samples.at(""), 0u);
  EXPECT_EQ(metrics.at("bowline_listener_flooded").samples.at("{local=\"10.0.0.2:80\"}"), 0u);
  EXPECT_EQ(metrics.at("bowline_listener_accept_queue_limit").samples.at("{local=\"10.0.0.2:80\"}"),
            128u);
}

}  // namespace
}  // namespace bowline::trace
