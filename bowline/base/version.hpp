#pragma once

// The version of Bowline, and the one place that says it.
//
// Three things follow from it, and tests/architecture and tests/install hold them together:
//
//     0.1.0   the version of the CMake project, of the packages and of `bowline --version`
//     v0      the inline namespace of everything in bowline: the first number
//     .so.0   SOVERSION of the shared libraries: the first number
//
// CMakeLists.txt reads the text below; every file of bowline/ opens the namespace. A program that
// was compiled against v0 and meets a library with v1 fails to link, by name, instead of
// misbehaving. As long as the first number is 0 a new second number may change anything: build
// again.

#include <string_view>

namespace bowline::inline v0 {

/// The version of these headers: three numbers, as semver.org has them.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace bowline::inline v0
