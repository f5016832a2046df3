#pragma once

// What can be seen after an event, and how it compares with an outcome of the table.

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "tests/table/harness/scene.hpp"
#include "tests/table/rfc9293/expansion.hpp"

namespace bowline::table {

/// The peer's account before the event, and the numbers of the segment that was injected, if any.
struct Before {
  SeqNumber iss, snd_una, snd_nxt, irs, rcv_nxt;
  std::uint32_t rcv_wnd = 0;
  std::uint32_t snd_wnd = 0;
  std::optional<Injected> segment;

  static Before of(const Scene& scene);
};

/// Everything that a peer and a user can see.
struct Observed {
  std::vector<Sent> sent;  ///< at once, or in answer to the timer
  State state{};
  std::optional<ConnectionView> view;  ///< of the connection, while there is one
  std::vector<std::byte> text;         ///< what the user could read
  bool end_of_text = false;            ///< then the user got the end of the stream
  std::error_code error;               ///< or this error
  bool user_sees = false;              ///< is there a user who can see the three above?
  std::optional<Result> result;        ///< of a user call
  Time now;
  std::string oddity;  ///< anything else that is wrong, as a sentence
};

/// What the event was meant to make the Stack do, as numbers.
struct Expected {
  const Outcome& outcome;
  State situation_state;
  std::uint32_t new_text = 0;    ///< bytes of the injected text at and after RCV.NXT
  SeqNumber text_start;          ///< the number of the first of them
  SeqNumber rcv_nxt;             ///< after the event
  bool rcv_nxt_is_open = false;  ///< the table allows any

  Expected(const Outcome& outcome, State situation_state, const Before& before);
};

/// Does what was sent have the form of `reply`?
bool has_form(Reply reply, const Observed& observed, const Before& before,
              const Expected& expected);

/// What of `observed` is not as the outcome demands, one sentence each; empty: it agrees.
std::vector<std::string> differences(const Observed& observed, const Before& before,
                                     const Expected& expected, const Scene& scene);

}  // namespace bowline::table
