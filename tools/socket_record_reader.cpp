#include "tools/socket_record_reader.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace bowline::tools {

using trace::SocketRecord;

std::optional<SocketRecord> parse_socket_record(std::string_view json) {
  const auto object = nlohmann::ordered_json::parse(json, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  SocketRecord record;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      const auto text = value.get<std::string>();
      if (name == "kind") record.kind = text;
      if (name == "state") record.state = text;
      if (name == "local") record.local = text;
      if (name == "peer") record.peer = text;
      if (name == "timer") record.timer = text;
    } else if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (name == "recv_q") {
        record.receive_queue = number;
      } else if (name == "send_q") {
        record.send_queue = number;
      } else if (name == "timer_ms") {
        record.timer_ms = number;
      } else {
        record.numbers.emplace_back(name, number);
      }
    } else if (name == "options" && value.is_array()) {
      for (const auto& option : value) {
        if (option.is_string()) record.options.push_back(option.get<std::string>());
      }
    }
  }
  if (record.kind.empty() || record.state.empty() || record.local.empty()) return std::nullopt;
  return record;
}

}  // namespace bowline::tools
