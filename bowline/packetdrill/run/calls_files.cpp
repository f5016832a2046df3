// Calls with files and pipes.

#include "bowline/packetdrill/run/call_maker.hpp"

namespace bowline::inline v0::packetdrill {

using sockets::Outcome;

MadeCall CallMaker::open(const Arguments& arguments) {
  if (arguments[0].kind != ExpressionKind::string) wrong_argument(arguments[0], "\"a path\"");
  static_cast<void>(arguments.number(1));
  return {.call = sockets::returned(session_.files().open()),
          .look =
              [session = &session_, &spec = spec_](const Outcome& done) {
                session->add_fd(spec.result.value_or(0), static_cast<int>(done.value));
              },
          .gives_descriptor = true};
}

MadeCall CallMaker::pipe(const Arguments& arguments) {
  const Expression& ends = arguments[0];
  if (ends.kind != ExpressionKind::list || ends.items.size() != 2) {
    wrong_argument(ends, "[descriptor, descriptor]");
  }
  const auto [from, to] = session_.files().pipe();
  session_.add_fd(number_of(ends.items[0], "a descriptor"), from);
  session_.add_fd(number_of(ends.items[1], "a descriptor"), to);
  return {.call = sockets::returned(0)};
}

MadeCall CallMaker::move(int from, int to, std::size_t size) {
  Files& files = session_.files();
  const auto buffer = std::make_shared<Buffer>(size);
  if (files.owns(from)) {
    const Outcome got = files.read(from, size);
    if (got.value <= 0) return {.call = got};
    const auto count = static_cast<std::size_t>(got.value);
    if (files.owns(to)) return {.call = files.write(to, count)};
    return {.call = table_.write(to, buffer->data(), count, now_), .look = keep(buffer)};
  }
  if (!files.owns(to)) return {.call = sockets::failed(EINVAL)};  // one of them is a pipe
  const auto taken = std::make_shared<sockets::Call>(table_.read(from, buffer->data(), size, now_));
  const auto step = [taken, buffer, &files, to](Time now, bool may_wait) -> std::optional<Outcome> {
    if (!may_wait) taken->interrupt(now);
    if (!taken->resume(now)) return std::nullopt;
    const Outcome& got = taken->outcome();
    return got.value > 0 ? files.write(to, static_cast<std::size_t>(got.value)) : got;
  };
  return {.call = {step, now_, taken->until()}};
}

MadeCall CallMaker::splice(const Arguments& arguments) {
  for (const std::size_t offset : {1U, 3U}) {
    if (number_of(arguments[offset], "NULL") != 0) return {.call = sockets::failed(ESPIPE)};
  }
  return move(fd(arguments), fd(arguments, 2), arguments.size_of_buffer(4));
}

MadeCall CallMaker::sendfile(const Arguments& arguments) {
  static_cast<void>(bracketed_number(arguments[2], "an offset"));
  return move(fd(arguments, 1), fd(arguments), arguments.size_of_buffer(3));
}

// Bowline knows no capabilities: whatever is asked for is had.
MadeCall CallMaker::cap_set(const Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) static_cast<void>(arguments.number(i));
  return {.call = sockets::returned(0)};
}

}  // namespace bowline::inline v0::packetdrill
