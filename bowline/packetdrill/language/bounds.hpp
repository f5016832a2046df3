#pragma once

// How large a script may be. A script is a file that somebody wrote or downloaded: none of it may
// make the reader run out of stack or memory.

#include <cstddef>
#include <cstdint>

namespace bowline::inline v0::packetdrill {

inline constexpr std::size_t kMaxScriptBytes = 1U << 20;  ///< the longest of the stock has 30 KB
inline constexpr std::size_t kMaxTokens = 200'000;        ///< of a script
inline constexpr std::size_t kMaxDepth = 50;              ///< of nested expressions
inline constexpr std::size_t kMaxItems = 1'000;           ///< of a list, of arguments
inline constexpr std::int64_t kMaxBuffer = 64 << 20;      ///< bytes of one call
inline constexpr std::int64_t kMaxSeconds = 10'000'000;   ///< of a script: 115 days
inline constexpr std::size_t kMaxStatements = 10'000;     ///< of one %{ }% block

}  // namespace bowline::inline v0::packetdrill
