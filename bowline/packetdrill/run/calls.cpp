#include "bowline/packetdrill/run/calls.hpp"

#include "bowline/packetdrill/language/symbols.hpp"
#include "bowline/packetdrill/run/call_maker.hpp"

namespace bowline::inline v0::packetdrill {

const CallMaker::Entry CallMaker::kEntries[] = {
    {"socket", 3, 3, &CallMaker::socket},
    {"bind", 3, 3, &CallMaker::bind},
    {"listen", 2, 2, &CallMaker::listen},
    {"accept", 3, 3, &CallMaker::accept},
    {"accept4", 4, 4, &CallMaker::accept},
    {"connect", 3, 3, &CallMaker::connect},
    {"getsockname", 3, 3, &CallMaker::getsockname},
    {"getpeername", 3, 3, &CallMaker::getpeername},
    {"read", 3, 3, &CallMaker::read},
    {"readv", 3, 3, &CallMaker::readv},
    {"recv", 4, 4, &CallMaker::recv},
    {"recvfrom", 6, 6, &CallMaker::recv},
    {"recvmsg", 3, 3, &CallMaker::recvmsg},
    {"write", 3, 3, &CallMaker::write},
    {"writev", 3, 3, &CallMaker::writev},
    {"send", 4, 4, &CallMaker::send},
    {"sendto", 6, 6, &CallMaker::sendto},
    {"sendmsg", 3, 3, &CallMaker::sendmsg},
    {"close", 1, 1, &CallMaker::close},
    {"shutdown", 2, 2, &CallMaker::shutdown},
    {"getsockopt", 5, 5, &CallMaker::getsockopt},
    {"setsockopt", 5, 5, &CallMaker::setsockopt},
    {"fcntl", 2, 3, &CallMaker::fcntl},
    {"ioctl", 2, 3, &CallMaker::ioctl},
    {"poll", 3, 3, &CallMaker::poll},
    {"epoll_create", 1, 1, &CallMaker::epoll_create},
    {"epoll_create1", 1, 1, &CallMaker::epoll_create},
    {"epoll_ctl", 4, 4, &CallMaker::epoll_ctl},
    {"epoll_wait", 4, 4, &CallMaker::epoll_wait},
    {"open", 2, 2, &CallMaker::open},
    {"pipe", 1, 1, &CallMaker::pipe},
    {"splice", 6, 6, &CallMaker::splice},
    {"sendfile", 4, 4, &CallMaker::sendfile},
    {"cap_set", 3, 3, &CallMaker::cap_set},
};

MadeCall CallMaker::make() {
  for (const Entry& entry : kEntries) {
    if (entry.name != spec_.name) continue;
    const Arguments arguments(spec_, entry.least, entry.most);
    return (this->*entry.make)(arguments);
  }
  throw Mismatch("the call " + spec_.name + "() is not known here");
}

MadeCall make_call(Session& session, const CallSpec& spec) {
  return CallMaker(session, spec).make();
}

void check_call(const CallSpec& spec, const MadeCall& made) {
  const sockets::Outcome& got = made.call.outcome();
  const std::string came = got.value < 0
                               ? std::to_string(got.value) + " with " + error_text(got.error)
                               : std::to_string(got.value);
  if (spec.result) {
    const bool fits = made.gives_descriptor && *spec.result >= 0
                          ? got.value >= 0
                          : got.value == static_cast<int>(*spec.result);
    if (!fits) {
      throw Mismatch(spec.name + "() returned " + came + ", expected " +
                     std::to_string(*spec.result));
    }
  }
  if (spec.error && (got.value >= 0 || got.error != *spec.error)) {
    throw Mismatch(spec.name + "() failed with " + error_text(got.error) + ", expected " +
                   error_text(*spec.error));
  }
  if (made.look) made.look(got);
}

}  // namespace bowline::inline v0::packetdrill
