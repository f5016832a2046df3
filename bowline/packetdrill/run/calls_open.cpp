// Calls that open, name and end sockets.

#include <netinet/in.h>

#include "bowline/packetdrill/run/call_maker.hpp"

namespace bowline::inline v0::packetdrill {

using sockets::Outcome;

MadeCall CallMaker::socket(const Arguments& arguments) {
  const int domain = !arguments.open(0)                            ? arguments.number(0)
                     : session_.config().mode == AddressMode::ipv4 ? AF_INET
                                                                   : AF_INET6;
  const int type = arguments.number(1);
  const Outcome outcome = table_.socket(domain, type, arguments.number(2), now_);
  return {.call = outcome,
          .look =
              [this_session = &session_, &spec = spec_, type](const Outcome& done) {
                if (done.value < 0) return;
                this_session->add_fd(spec.result.value_or(0), static_cast<int>(done.value));
                Conversation& conversation = this_session->begin_conversation();
                conversation.live_fd = static_cast<int>(done.value);
                conversation.datagrams = (type & 0xf) == SOCK_DGRAM;
              },
          .gives_descriptor = true};
}

SocketAddress CallMaker::address(const Arguments& arguments, std::size_t index,
                                 const IpAddress& ours, std::uint16_t port) const {
  if (!arguments.open(index)) return socket_address_of(arguments[index]);
  return to_socket_address({.address = ours, .port = port}, session_.config().mode);
}

MadeCall CallMaker::bind(const Arguments& arguments) {
  const RunConfig& config = session_.config();
  const SocketAddress to = address(arguments, 1, config.local, config.bind_port);
  if (Conversation* const one = session_.conversation(fd(arguments)); one != nullptr) {
    one->local = to_endpoint(to);
  }
  return {.call = table_.bind(fd(arguments), to.get(), to.length, now_)};
}

MadeCall CallMaker::listen(const Arguments& arguments) {
  const int live = fd(arguments);
  return {.call = table_.listen(live, arguments.number(1), now_),
          .look = [session = &session_, live](const Outcome& done) {
            Conversation* const one = session->conversation(live);
            if (done.value == 0 && one != nullptr) one->stage = Stage::listening;
          }};
}

MadeCall CallMaker::accept(const Arguments& arguments) {
  const auto from = std::make_shared<SocketAddress>();
  from->length = sizeof from->storage;
  const int flags = arguments.size() == 4 ? arguments.number(3) : 0;
  return {
      .call = table_.accept4(fd(arguments), from->get(), &from->length, flags, now_),
      .look =
          [session = &session_, &spec = spec_, from](const Outcome& done) {
            if (done.value < 0) return;
            session->add_accepted_fd(spec.result.value_or(0), static_cast<int>(done.value));
            const Endpoint peer = to_endpoint(*from);
            for (const auto& one : session->conversations()) {
              if (one->stage != Stage::syn_ack_sent && one->stage != Stage::syn_ack_acked) continue;
              if (one->live_fd >= 0 || !one->known || one->remote != peer) continue;
              one->live_fd = static_cast<int>(done.value);
              return;
            }
            throw Mismatch("accept() gave a connection that no packet of the script has opened");
          },
      .gives_descriptor = true};
}

void CallMaker::begin_connecting(int live, const SocketAddress& to) const {
  Conversation* const one = session_.conversation(live);
  if (one == nullptr) return;
  if (to.storage.ss_family == AF_UNSPEC) {
    one->stage = Stage::fresh;
    return;
  }
  if (one->stage != Stage::fresh) return;
  one->stage = Stage::connecting;
  one->known = false;
  one->remote = to_endpoint(to);
}

MadeCall CallMaker::connect(const Arguments& arguments) {
  const RunConfig& config = session_.config();
  const SocketAddress to = address(arguments, 1, config.remote, config.connect_port);
  begin_connecting(fd(arguments), to);
  const auto kept = std::make_shared<SocketAddress>(to);
  return {.call = table_.connect(fd(arguments), kept->get(), kept->length, now_),
          .look = [kept](const Outcome&) {}};
}

MadeCall CallMaker::name(const Arguments& arguments, bool peer) {
  SocketAddress found;
  found.length = sizeof found.storage;
  const int live = fd(arguments);
  const Outcome outcome = peer ? table_.getpeername(live, found.get(), &found.length, now_)
                               : table_.getsockname(live, found.get(), &found.length, now_);
  return {.call = outcome, .look = [arguments, found](const Outcome& done) {
            if (done.value < 0 || arguments.open(1)) return;
            const SocketAddress expected = socket_address_of(arguments[1]);
            if (to_endpoint(expected) != to_endpoint(found)) {
              throw Mismatch("expected another address");
            }
          }};
}
MadeCall CallMaker::getsockname(const Arguments& arguments) { return name(arguments, false); }
MadeCall CallMaker::getpeername(const Arguments& arguments) { return name(arguments, true); }

MadeCall CallMaker::close(const Arguments& arguments) {
  const int live = fd(arguments);
  const std::int64_t script = number_of(arguments[0], "a descriptor");
  Files& files = session_.files();
  MadeCall made{.call = files.owns(live) ? files.close(live) : table_.close(live, now_)};
  session_.remove_fd(script);
  return made;
}
MadeCall CallMaker::shutdown(const Arguments& arguments) {
  return {.call = table_.shutdown(fd(arguments), arguments.number(1), now_)};
}

}  // namespace bowline::inline v0::packetdrill
