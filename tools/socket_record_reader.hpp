#pragma once

// Records of sockets, read back from the JSON that trace/socket_record.hpp writes.

#include <optional>
#include <string_view>

#include "bowline/trace/socket_record.hpp"

namespace bowline::tools {

/// Reads one object; fields that are unknown and no numbers are passed over. Nothing for what is no
/// such object.
[[nodiscard]] std::optional<trace::SocketRecord> parse_socket_record(std::string_view json);

}  // namespace bowline::tools
