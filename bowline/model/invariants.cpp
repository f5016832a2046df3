#include "bowline/model/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::model {
namespace {

struct Side {
  const HostRecord& own;
  const HostRecord& peer;
  std::string_view name;
};

// Somebody gave something up on purpose: cancelled, reset, lost everything, or closed and waited
// the minute for which an orphan stays in FIN-WAIT-2.
bool gave_up(const Application& app) {
  return app.left_waiting || app.cancels != 0 || app.aborts != 0 || app.crashes != 0;
}

// The program of `app` closed a connection although the peer had bytes for it: it gave those up,
// and RFC 9293 section 3.6.1 answers with RST.
bool closed_on_data(const Application& app, const Application& peer) {
  return std::ranges::any_of(app.all(), [&](const Socket& socket) {
    const Socket* const writer = peer.counterpart(socket);
    return (socket.closed || socket.failure != Failure::none) && writer != nullptr &&
           socket.read < writer->written;
  });
}

std::optional<Breach> judge_agreement(const Side& side) {
  for (const Tcb& tcb : side.own.connections) {
    if (tcb.state != tcp::State::established) continue;
    if (side.peer.application.knows(tcb.irs, tcb.iss)) continue;
    return Breach{
        Invariant::agreement,
        fmt::format("the {} is ESTABLISHED, but its peer never had its initial number", side.name)};
  }
  return std::nullopt;
}

std::optional<Breach> judge_phantoms(const Side& side) {
  const auto sockets = side.own.application.all();
  for (const Socket& socket : sockets) {
    if (!socket.passive) continue;
    const Socket* asked = nullptr;
    for (const Socket& other : side.peer.application.all()) {
      if (!other.passive && other.iss == socket.irs) asked = &other;
    }
    if (asked == nullptr) {
      return Breach{Invariant::no_phantom,
                    fmt::format("the {} accepted a connection that nobody asked for", side.name)};
    }
    if (!asked->connected) {
      return Breach{
          Invariant::no_phantom,
          fmt::format("the {} accepted a connection whose connect {}", side.name,
                      asked->open ? "has not succeeded yet" : "had been given up before")};
    }
    const auto same = std::ranges::count_if(
        sockets, [&](const Socket& other) { return other.passive && other.irs == socket.irs; });
    if (same > 1) {
      return Breach{Invariant::no_phantom,
                    fmt::format("the {} accepted two connections for one connect", side.name)};
    }
  }
  return std::nullopt;
}

std::optional<Breach> judge_prefix(const Side& side, const Socket& reader, const Socket* writer,
                                   Host writer_host) {
  if (reader.read == 0) return std::nullopt;
  if (writer == nullptr || reader.read > writer->written) {
    return Breach{Invariant::prefix,
                  fmt::format("the {} read bytes that its peer never wrote", side.name)};
  }
  const auto number = static_cast<std::size_t>(writer - side.peer.application.sockets.data());
  for (std::size_t i = 0; i < reader.read; ++i) {
    if (reader.log[i] == written_byte(writer_host, number, i)) continue;
    return Breach{Invariant::prefix,
                  fmt::format("byte {} that the {} read is not byte {} that its peer wrote in this "
                              "connection",
                              i + 1, side.name, i + 1)};
  }
  return std::nullopt;
}

std::optional<Breach> judge_end(const Side& side, const Socket& reader, const Socket* writer,
                                const Invariants& wanted) {
  if (!reader.end_seen) return std::nullopt;
  if (wanted.has(Invariant::told) && (writer == nullptr || !writer->finished)) {
    return Breach{
        Invariant::told,
        fmt::format("the {} was told the end of a stream that its peer never ended", side.name)};
  }
  if (wanted.has(Invariant::whole) && writer != nullptr && reader.read != writer->written) {
    return Breach{Invariant::whole,
                  fmt::format("the {} was told the end of the stream after {} of {} bytes",
                              side.name, reader.read, writer->written)};
  }
  return std::nullopt;
}

std::optional<Breach> judge_errors(const Side& side) {
  if (gave_up(side.own.application, side.peer.application)) return std::nullopt;
  for (const Socket& socket : side.own.application.all()) {
    if (socket.failure == Failure::none) continue;
    return Breach{
        Invariant::orderly,
        fmt::format("the {}'s call failed ({}), though nobody gave anything up", side.name,
                    socket.failure == Failure::timed_out ? "timed out" : "reset")};
  }
  return std::nullopt;
}

std::optional<Breach> judge_side(const Side& side, Host host, const Invariants& wanted) {
  if (wanted.has(Invariant::agreement)) {
    if (auto breach = judge_agreement(side)) return breach;
  }
  if (wanted.has(Invariant::no_phantom)) {
    if (auto breach = judge_phantoms(side)) return breach;
  }
  for (const Socket& reader : side.own.application.all()) {
    const Socket* const writer = side.peer.application.counterpart(reader);
    if (wanted.has(Invariant::prefix)) {
      if (auto breach = judge_prefix(side, reader, writer, other(host))) return breach;
    }
    if (auto breach = judge_end(side, reader, writer, wanted)) return breach;
  }
  if (wanted.has(Invariant::bounded) && side.own.half_open > kHalfOpenBound) {
    return Breach{Invariant::bounded,
                  fmt::format("the {} holds {} half-open entries, more than its bound of {}",
                              side.name, side.own.half_open, kHalfOpenBound)};
  }
  if (wanted.has(Invariant::orderly)) return judge_errors(side);
  return std::nullopt;
}

// States in which a RST is a loss: neither opening nor waiting out its end.
bool is_live(const Tcb& tcb) {
  return tcb.state != tcp::State::closed && tcb.state != tcp::State::listen &&
         tcb.state != tcp::State::syn_sent && tcb.state != tcp::State::syn_received &&
         tcb.state != tcp::State::time_wait;
}

}  // namespace

bool gave_up(const Application& one, const Application& two) {
  return gave_up(one) || gave_up(two) || closed_on_data(one, two) || closed_on_data(two, one);
}

std::optional<Breach> judge(const HostRecord& client, const HostRecord& server,
                            const Invariants& wanted) {
  if (auto breach = judge_side({client, server, "client"}, Host::client, wanted)) return breach;
  return judge_side({server, client, "server"}, Host::server, wanted);
}

std::optional<Breach> judge_arrival(const Packet& packet, const HostRecord& before,
                                    const HostRecord& after, const HostRecord& sender,
                                    const Invariants& wanted) {
  if (!wanted.has(Invariant::orderly) || !packet.segment.has(wire::kRst)) return std::nullopt;
  if (gave_up(after.application, sender.application)) return std::nullopt;
  for (const Tcb& tcb : before.connections) {
    if (!is_live(tcb)) continue;
    const bool lives = std::ranges::any_of(after.connections, [&](const Tcb& other) {
      return other.iss == tcb.iss && other.state != tcp::State::closed;
    });
    if (lives) continue;
    return Breach{
        Invariant::orderly,
        fmt::format("a RST ended the {}'s connection in {}, though nobody gave anything "
                    "up",
                    packet.from == Host::client ? "server" : "client", tcp::name(tcb.state))};
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::model
