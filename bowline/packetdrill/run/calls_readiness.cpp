// poll and epoll.

#include "bowline/packetdrill/run/call_maker.hpp"

namespace bowline::inline v0::packetdrill {

using sockets::Outcome;

namespace {

constexpr std::size_t kMaxDescriptors = 1'000;

std::string hexadecimal(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value > 0);
  return "0x" + text;
}

const Expression& field_of(const Expression& expression, const char* name) {
  const Expression* const value = expression.field(name);
  if (value == nullptr) wrong_argument(expression, std::string("a structure with ") + name + "=");
  return *value;
}

// {events=..., fd=...}, with ptr=, u32= or u64= in its place.
struct EventSpec {
  std::uint32_t events = 0;
  epoll_data_t data{};
  std::string_view kind;
};

EventSpec event_of(const Session& session, const Expression& expression) {
  EventSpec event;
  event.data.u64 = 0;
  event.events = static_cast<std::uint32_t>(number_of(field_of(expression, "events"), "events"));
  for (const std::string_view kind : {"fd", "ptr", "u32", "u64"}) {
    const Expression* const value = expression.field(kind);
    if (value == nullptr) continue;
    event.kind = kind;
    const std::int64_t number = number_of(*value, "a number");
    if (kind == "fd") {
      event.data.fd = session.live_fd(number);
    } else if (kind == "u32") {
      event.data.u32 = static_cast<std::uint32_t>(number);
    } else {
      event.data.u64 = static_cast<std::uint64_t>(number);
    }
    return event;
  }
  wrong_argument(expression, "{events=..., fd=...}");
}

void check_event(const EventSpec& expected, const epoll_event& got) {
  const std::uint32_t events = got.events;
  if (events != expected.events) {
    throw Mismatch("expected the events " + hexadecimal(expected.events) + ", not " +
                   hexadecimal(events));
  }
  const std::uint64_t wanted = expected.data.u64;
  std::uint64_t data = got.data.u64;
  if (expected.kind == "fd" || expected.kind == "u32") data &= 0xffff'ffffU;
  if (data != wanted) {
    throw Mismatch("expected the event's data " + std::to_string(wanted) + ", not " +
                   std::to_string(data));
  }
}

}  // namespace

MadeCall CallMaker::poll(const Arguments& arguments) {
  const Expression& list = arguments[0];
  if (list.kind != ExpressionKind::list) wrong_argument(list, "[{fd=, events=, revents=}, ...]");
  const auto all = std::make_shared<std::vector<pollfd>>();
  for (const Expression& item : list.items) {
    all->push_back({.fd = session_.live_fd(number_of(field_of(item, "fd"), "a descriptor")),
                    .events = static_cast<short>(number_of(field_of(item, "events"), "events")),
                    .revents = 0});
  }
  if (arguments.number(1) != static_cast<int>(all->size())) {
    wrong_argument(arguments[1], "the number of descriptors in the list");
  }
  return {.call = table_.poll(all->data(), all->size(), arguments.number(2), now_),
          .look = [all, &list](const Outcome&) {
            for (std::size_t i = 0; i < all->size(); ++i) {
              const Expression* const revents = list.items[i].field("revents");
              const std::int64_t wanted = revents == nullptr ? 0 : number_of(*revents, "events");
              if (wanted == (*all)[i].revents) continue;
              throw Mismatch("expected revents=" + hexadecimal(static_cast<std::uint64_t>(wanted)) +
                             " of descriptor " + std::to_string(i + 1) + " of the list, not " +
                             hexadecimal(static_cast<std::uint16_t>((*all)[i].revents)));
            }
          }};
}

MadeCall CallMaker::epoll_create(const Arguments& arguments) {
  const int flags = spec_.name == "epoll_create1" ? arguments.number(0) : 0;
  Outcome outcome = sockets::failed(EINVAL);
  if (spec_.name == "epoll_create1" || arguments.number(0) > 0) {
    outcome = table_.epoll_create1(flags, now_);
  }
  return {.call = outcome,
          .look =
              [session = &session_, &spec = spec_](const Outcome& done) {
                if (done.value < 0) return;
                session->add_fd(spec.result.value_or(0), static_cast<int>(done.value));
              },
          .gives_descriptor = true};
}

MadeCall CallMaker::epoll_ctl(const Arguments& arguments) {
  epoll_event event{};
  epoll_event* at = nullptr;
  if (arguments[3].kind == ExpressionKind::structure) {
    const EventSpec spec = event_of(session_, arguments[3]);
    if (spec.kind == "fd" && spec.data.fd != fd(arguments, 2)) {
      wrong_argument(arguments[3], "fd= to name the same descriptor as the third argument");
    }
    event.events = spec.events;
    event.data = spec.data;
    at = &event;
  }
  return {.call = table_.epoll_ctl(fd(arguments), arguments.number(1), fd(arguments, 2), at, now_)};
}

MadeCall CallMaker::epoll_wait(const Arguments& arguments) {
  // One event, or a list of them.
  const bool several = arguments[1].kind == ExpressionKind::list;
  std::vector<EventSpec> expected;
  if (several) {
    for (const Expression& item : arguments[1].items) expected.push_back(event_of(session_, item));
  } else if (!arguments.open(1)) {
    expected.push_back(event_of(session_, arguments[1]));
  }
  const int most = arguments.number(2);
  const auto events = std::make_shared<std::vector<epoll_event>>(
      most > 0 ? std::min<std::size_t>(static_cast<std::size_t>(most), kMaxDescriptors) : 1);
  return {.call = table_.epoll_wait(fd(arguments), events->data(),
                                    std::min(most, static_cast<int>(events->size())),
                                    arguments.number(3), now_),
          .look = [events, expected, several](const Outcome& done) {
            if (done.value < 0 && several) return;
            // A single one is compared even with what was not filled, as stock packetdrill does.
            const std::size_t count =
                several ? static_cast<std::size_t>(done.value) : expected.size();
            for (std::size_t i = 0; i < std::min(count, expected.size()); ++i) {
              check_event(expected[i], (*events)[i]);
            }
          }};
}

}  // namespace bowline::inline v0::packetdrill
