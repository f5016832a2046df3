#pragma once

// What %{ }% blocks know of the connection: TCP_INFO and its kin as variables.

#include <optional>
#include <string>

#include "bowline/packetdrill/code/run.hpp"
#include "bowline/sockets/socket_table.hpp"

namespace bowline::inline v0::packetdrill {

/// The names of states and options (TCP_ESTABLISHED, TCP_CA_Open, TCPI_OPT_SACK, ...).
void add_constants(code::Variables& variables);

/// TCP_INFO (tcpi_...), SO_MEMINFO (SK_MEMINFO_...) and, where BBR governs, TCP_CC_INFO (bbr_...)
/// of `fd` at `now`. The error: there is none of it.
[[nodiscard]] std::optional<std::string> add_info(sockets::SocketTable& table, int fd, Time now,
                                                  code::Variables& variables);

}  // namespace bowline::inline v0::packetdrill
