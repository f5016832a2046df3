#include "tests/table/harness/observe.hpp"

#include <array>

#include "tests/table/harness/situations.hpp"

namespace bowline::table {
namespace {

/// The user's name for the connection; after a passive open it may have to be accepted first.
Handle users_handle(Scene& scene) {
  if (scene.socket || !scene.listener) return scene.socket;
  const auto accepted = scene.stack().accept(scene.listener, scene.now());
  return accepted ? *accepted : Handle{};
}

}  // namespace

void look_as_user(Scene& scene, Observed& observed) {
  const Handle handle = users_handle(scene);
  if (!handle) return;
  observed.user_sees = true;
  std::array<std::byte, 4'096> buffer{};
  for (;;) {
    const auto got = scene.stack().read(handle, buffer, scene.now());
    if (!got) {
      if (got.error() != std::errc::operation_would_block) observed.error = got.error();
      return;
    }
    if (*got == 0) {
      // Whatever else ended the connection comes after the end of the text.
      observed.end_of_text = true;
      observed.error = scene.stack().take_error(handle);
      return;
    }
    observed.text.insert(observed.text.end(), buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

Observed look(Scene& scene, const Situation& situation) {
  Observed observed;
  observed.sent = scene.take_sent();
  observed.view = scene.connection();
  observed.state = state_of(
      scene, situation.state == State::kListen ||
                 (situation.state == State::kSynReceived && situation.origin == Origin::kPassive));
  observed.now = scene.now();
  return observed;
}

}  // namespace bowline::table
