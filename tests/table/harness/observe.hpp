#pragma once

// Looking at a scene after an event, as its peer and its user.

#include "tests/table/harness/observation.hpp"
#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// What was sent, and what has become of the connection: everything but the user's view and a
/// call's result.
Observed look(Scene& scene, const Situation& situation);

/// Adds what the user can see: the text, then its end or an error. Nothing where there is no user.
void look_as_user(Scene& scene, Observed& observed);

}  // namespace bowline::table
