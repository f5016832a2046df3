#pragma once

// What `bowline nc` is asked for.

#include "bowline/asio.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "tools/network_options.hpp"

namespace bowline::tools {

/// The command line of `bowline nc`.
struct NcOptions {
  std::vector<std::string> words;  ///< [HOST] PORT
  std::string host;                ///< empty with -l: every address of ours
  std::uint16_t first_port = 0, last_port = 0;
  std::uint16_t source_port = 0;  ///< 0: any
  std::uint32_t wait = 0;         ///< seconds; 0: for ever
  bool listen = false, keep_listening = false, scan = false, verbose = false, udp = false;
  bool only_v4 = false, only_v6 = false;
  NetworkOptions network;

  /// Is this family asked for?
  [[nodiscard]] bool takes(bool v4) const { return v4 ? !only_v6 : !only_v4; }
};

}  // namespace bowline::tools
