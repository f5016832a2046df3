// Calls that move bytes.

#include <algorithm>

#include "bowline/packetdrill/run/call_maker.hpp"
#include "bowline/packetdrill/run/control.hpp"

namespace bowline::inline v0::packetdrill {

using sockets::Outcome;

MadeCall CallMaker::read(const Arguments& arguments) {
  const auto to = buffer(arguments, 2);
  if (Files& files = session_.files(); files.owns(fd(arguments))) {
    return {.call = files.read(fd(arguments), to->size())};
  }
  void* const at = arguments.is_null_buffer(1) ? nullptr : to->data();
  return {.call = table_.read(fd(arguments), at, to->size(), now_), .look = keep(to)};
}
MadeCall CallMaker::write(const Arguments& arguments) {
  const auto from = buffer(arguments, 2);
  if (Files& files = session_.files(); files.owns(fd(arguments))) {
    return {.call = files.write(fd(arguments), from->size())};
  }
  const void* const at = arguments.is_null_buffer(1) ? nullptr : from->data();
  return {.call = table_.write(fd(arguments), at, from->size(), now_), .look = keep(from)};
}
MadeCall CallMaker::recv(const Arguments& arguments) {
  const auto to = buffer(arguments, 2);
  void* const at = arguments.is_null_buffer(1) ? nullptr : to->data();
  return {.call = table_.recvfrom(fd(arguments), at, to->size(), arguments.number(3), nullptr,
                                  nullptr, now_),
          .look = keep(to)};
}
MadeCall CallMaker::send(const Arguments& arguments) {
  const auto from = buffer(arguments, 2);
  const void* const at = arguments.is_null_buffer(1) ? nullptr : from->data();
  return {
      .call = table_.sendto(fd(arguments), at, from->size(), arguments.number(3), nullptr, 0, now_),
      .look = keep(from)};
}
MadeCall CallMaker::sendto(const Arguments& arguments) {
  struct Kept {
    Buffer bytes;
    SocketAddress to;
  };
  const RunConfig& config = session_.config();
  const auto kept = std::make_shared<Kept>();
  kept->bytes.resize(arguments.size_of_buffer(2));
  kept->to = address(arguments, 4, config.remote, config.connect_port);
  begin_connecting(fd(arguments), kept->to);
  const void* const at = arguments.is_null_buffer(1) ? nullptr : kept->bytes.data();
  return {.call = table_.sendto(fd(arguments), at, kept->bytes.size(), arguments.number(3),
                                kept->to.get(), kept->to.length, now_),
          .look = keep(kept)};
}

std::shared_ptr<CallMaker::Scattered> CallMaker::scattered(const Arguments& arguments) {
  auto kept = std::make_shared<Scattered>();
  fill_iov(arguments[1], kept->buffers, kept->iov);
  if (arguments.number(2) != static_cast<int>(kept->iov.size())) {
    wrong_argument(arguments[2], "the number of buffers in the list");
  }
  return kept;
}
MadeCall CallMaker::readv(const Arguments& arguments) {
  const auto kept = scattered(arguments);
  return {.call = table_.readv(fd(arguments), kept->iov.data(), static_cast<int>(kept->iov.size()),
                               now_),
          .look = keep(kept)};
}
MadeCall CallMaker::writev(const Arguments& arguments) {
  const auto kept = scattered(arguments);
  return {.call = table_.writev(fd(arguments), kept->iov.data(), static_cast<int>(kept->iov.size()),
                                now_),
          .look = keep(kept)};
}

MadeCall CallMaker::sendmsg(const Arguments& arguments) {
  const auto message = std::make_shared<Message>();
  fill_message(arguments[1], *message);
  if (message->flags != 0) wrong_argument(arguments[1], "msg_flags=0: sendmsg() passes over them");
  if (message->has_name) {
    const RunConfig& config = session_.config();
    message->name =
        to_socket_address({.address = config.remote, .port = config.connect_port}, config.mode);
    begin_connecting(fd(arguments), message->name);
    message->header.msg_name = message->name.get();
    message->header.msg_namelen = message->name.length;
  }
  return {.call = table_.sendmsg(fd(arguments), &message->header, arguments.number(2), now_),
          .look = keep(message)};
}

MadeCall CallMaker::recvmsg(const Arguments& arguments) {
  const auto message = std::make_shared<Message>();
  fill_message(arguments[1], *message);
  if (message->has_name) {
    message->header.msg_name = message->name.get();
    message->header.msg_namelen = message->name.length;
  }
  message->header.msg_control = message->control.data();
  message->header.msg_controllen =
      std::min(message->control.size(), room_for_control(arguments[1].field("msg_control")));
  return {.call = table_.recvmsg(fd(arguments), &message->header, arguments.number(2), now_),
          .look = [message, arguments](const Outcome& done) {
            if (done.value < 0) return;
            if (message->header.msg_flags != message->flags) {
              throw Mismatch("expected msg_flags " + std::to_string(message->flags) + ", not " +
                             std::to_string(message->header.msg_flags));
            }
            check_control(arguments[1].field("msg_control"), message->header);
          }};
}

}  // namespace bowline::inline v0::packetdrill
