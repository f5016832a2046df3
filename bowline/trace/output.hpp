#pragma once

// What is observed, and who wants to know.
//
// One event is a frame together with the reasons for it: sent because of this, dropped because of
// that, and the states that changed by it. A Recorder makes the events; captures, trace lines,
// ladders and NDJSON are outputs that each turn them into a form of their own.

#include <cstdint>
#include <span>
#include <string>

#include "bowline/base/decision.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"
#include "bowline/link/link.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// Which way a frame went, as the Stack sees it.
enum class Way : std::uint8_t { in, out };

/// What is known of an interface.
struct InterfaceName {
  InterfaceId id{};  ///< its number in the Stack
  std::string name;  ///< for people
  LinkInfo link;     ///< what kind it is
};

/// A frame that was received or sent. All views end with the call that hands it over.
struct FrameEvent {
  FrameId id = FrameId::none;    ///< its number in the Stack
  InterfaceId interface{};       ///< where it was seen
  Way way = Way::in;             ///< received or sent
  Time time{};                   ///< when
  LinkKind link = LinkKind::ip;  ///< what its bytes begin with
  /// From the link header on (if there is one), as the wire carries it; see wire_copy().
  std::span<const std::byte> bytes;
  /// The same, taken apart.
  const Packet& packet;
  /// In the order in which they were made; often none.
  std::span<const Decision> decisions;
};

/// Takes events, in order, on the thread of the Stack, while the Stack is not being called. The one
/// exception is decision(), which may come inside a call of the Stack: it must not call it.
class Output {
 public:
  virtual ~Output() = default;
  /// Is told of each interface before its first frame.
  virtual void interface(const InterfaceName& /*interface*/) {}
  /// A frame and the decisions about it.
  virtual void frame(const FrameEvent& event) = 0;
  /// A decision that belongs to no frame: a call of the application, a timer.
  virtual void decision(const Decision& /*decision*/) {}
  /// Nothing more will come for a while: what is buffered should reach its reader.
  virtual void flush() {}
};

}  // namespace bowline::inline v0::trace
