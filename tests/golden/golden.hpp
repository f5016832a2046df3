#pragma once

// Golden files: what is printed must be what stands in tests/golden/, byte for byte.
//
// The files of document_002 are CLAIMS.md's own lines and are never written by a program. The
// others may be written anew after a deliberate change: script/golden does it; then read the
// difference.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace bowline::golden {

/// Where the golden file `name` is.
inline std::string path(std::string_view name) {
  return fmt::format("{}/tests/golden/{}", BOWLINE_SOURCE_DIR, name);
}

/// What stands in the golden file `name`.
inline std::string text(std::string_view name) {
  std::ifstream file(path(name), std::ios::binary);
  EXPECT_TRUE(file) << "there is no " << path(name);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

/// Demands that `printed` is the golden file `name`; writes it if asked to.
inline void expect_drawing(std::string_view name, const std::string& printed) {
  const char* how = std::getenv("BOWLINE_GOLDEN");
  if (how != nullptr && std::string_view(how) == "write") {
    std::ofstream(path(name), std::ios::binary) << printed;
    GTEST_SKIP() << "wrote " << name;
  }
  EXPECT_EQ(printed, text(name))
      << "tests/golden/" << name
      << " says otherwise. If that is meant: script/golden, and read the "
         "difference";
}

}  // namespace bowline::golden
