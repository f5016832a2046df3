#pragma once

// What is drawn of a run: the ladder between client and server.
//
// trace::Ladder is what one stack, or a capture, knows of one connection. Here both ends are known,
// packets come late, twice or changed, and one picture may hold several connections of the same
// ports; so a rung is a departure with or without its arrival, or an arrival alone.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/lab/text.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::lab {

/// How a packet's line is drawn.
enum class Crossed : std::uint8_t {
  arrives,    ///< from end to end
  lost,       ///< breaks off
  leaves,     ///< held back on its way: breaks off in dots
  late,       ///< comes out of the dots: held back, or a copy
  forged,     ///< from nowhere: somebody else sent it in this name
  corrupted,  ///< arrives changed
};

/// One line: a packet, or a remark at one end.
struct Rung {
  Time at{};                             ///< when it left, or arrived if it is late
  trace::Side side = trace::Side::left;  ///< who sent it, or whom the remark is about
  bool packet = false;                   ///< else a remark
  std::string label;                     ///< "SYN seq 0"
  Crossed crossed = Crossed::arrives;    ///< of a packet
  std::optional<tcp::State> left;        ///< the left end's state then, if this touched it
  std::optional<tcp::State> right;       ///< the right end's
  Text remark;                           ///< of a remark
};

/// All of it, in order of time.
struct Diagram {
  Text left{"client", "客户端"};   ///< who stands left
  Text right{"server", "服务器"};  ///< and right
  std::vector<Rung> rungs;         ///< in order
};

}  // namespace bowline::inline v0::lab
