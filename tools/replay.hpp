#pragma once

// bowline sim --replay FILE: what a Stack did, done again and compared.

#include <string>

#include "tools/network_options.hpp"

namespace bowline::tools {

/// Replays the record in `file`, watched as `watch` says, and says that all was the same. Throws
/// Failure that names the first difference, or says why the file is no whole record.
void replay_record(const std::string& file, const WatchOptions& watch, bool quiet);

}  // namespace bowline::tools
