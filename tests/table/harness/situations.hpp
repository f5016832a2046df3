#pragma once

// How each situation of the table is reached: by driving the production Stack through its public
// calls and raw segments, as a user and a peer would.

#include <expected>
#include <string>

#include "tests/table/harness/scene.hpp"
#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// What an event needs beyond the situation itself.
struct Preparation {
  /// 100 bytes from the peer wait for the user (received before its FIN, where there was one).
  bool text_on_hand = false;
  /// The peer's window is zero, and the user's text waits for it.
  bool peer_window_zero = false;
  /// The user has sent nothing, so that no text is outstanding (a FIN may be).
  bool no_text_sent = false;
  /// Keep-alive was asked for.
  bool keep_alive = false;
  /// The user timeout, where one is asked for.
  Duration user_timeout{};
};

/// How much text a data segment of the peer has, and how much the user sends in two full segments.
inline constexpr std::uint32_t kPeerText = 100;
inline constexpr std::uint32_t kUserText = 2 * kPeerMss;

/// A scene in `situation`, quiet: no acknowledgment is owed, nothing is about to be sent for 100
/// ms. An error text when the Stack did not get there.
std::expected<Scene, std::string> establish(const Situation& situation, const Climate& climate,
                                            const Preparation& preparation = {});

/// The state of the connection in `scene`, by the table's name. CLOSED when there is none; LISTEN
/// when there is none and `from_listen` says that a listener is what remains then.
State state_of(const Scene& scene, bool from_listen);

}  // namespace bowline::table
