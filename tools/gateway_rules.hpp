#pragma once

// The rules of `bowline gateway`, as a command line and as a file say them (docs/gateway.md).

#include <string>

#include "bowline/gateway/config.hpp"

namespace bowline::tools {

/// "allow", "deny" or "drop". Throws WrongUsage that names `argument`.
[[nodiscard]] gateway::Action read_action(const std::string& argument, const std::string& text);

/// "ACTION [from CIDR] [to CIDR] [port N[-M]] [rate N] [connections N]", the value of --rule.
/// Throws WrongUsage.
[[nodiscard]] gateway::Rule read_rule(const std::string& text);

/// Appends `rule`. Throws WrongUsage that names `argument` when there are too many.
void add_rule(const std::string& argument, gateway::Config& config, const gateway::Rule& rule);

/// Appends what the TOML file at `path` says. Throws Failure where it cannot be read, and
/// WrongUsage
/// ("FILE:LINE: what is wrong: allowed is …") where it makes no sense; `config` is then half done.
void read_rules_file(const std::string& path, gateway::Config& config);

}  // namespace bowline::tools
