#pragma once

// For the tests of trace/: segments written down in a line, and events made of them by hand,
// without an engine.

#include <string>
#include <vector>

#include "bowline/trace/names.hpp"
#include "bowline/trace/output.hpp"
#include "bowline/trace/recorder.hpp"

namespace bowline::inline v0::trace::testing {

/// "10.0.0.1", 80 as an endpoint; the text must be an address.
inline Endpoint at(const char* address, std::uint16_t port) {
  return {IpAddress::parse(address).value(), port};
}

/// The two ends of the trace in document 002 (CLAIMS K135).
inline const Endpoint kClient = at("192.168.1.116", 3337);
inline const Endpoint kServer = at("192.168.1.123", 7788);
inline constexpr std::uint32_t kClientIsn = 3'626'544'836;
inline constexpr std::uint32_t kServerIsn = 1'739'326'486;

/// The numbers of a segment.
struct Numbers {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint32_t length = 0;
  std::uint16_t window = 65'535;
};

/// A segment from `source` to `destination`.
inline Segment segment(const Endpoint& source, const Endpoint& destination, std::uint16_t flags,
                       Numbers numbers) {
  Segment made;
  made.source = source;
  made.destination = destination;
  made.seq = SeqNumber(numbers.seq);
  made.ack = SeqNumber(numbers.ack);
  made.flags = flags;
  made.window = numbers.window;
  made.length = numbers.length;
  return made;
}

/// The handshake of 002.
inline std::vector<Segment> handshake() {
  using wire::kAck;
  using wire::kSyn;
  return {segment(kClient, kServer, kSyn, {.seq = kClientIsn}),
          segment(kServer, kClient, kSyn | kAck, {.seq = kServerIsn, .ack = kClientIsn + 1}),
          segment(kClient, kServer, kAck, {.seq = kClientIsn + 1, .ack = kServerIsn + 1})};
}

/// A decision about `frame` (none: about no frame).
inline Decision decision(Reason reason, FrameId frame = FrameId::none, std::uint64_t connection = 0,
                         Time now = {}) {
  Decision made{};
  made.reason = reason;
  made.frame = frame;
  made.connection = connection;
  made.now = now;
  return made;
}

/// A change of state.
inline Decision change(Reason reason, tcp::State from, tcp::State to, FrameId frame = FrameId::none,
                       std::uint64_t connection = 1, Time now = {}) {
  Decision made = decision(reason, frame, connection, now);
  made.from = static_cast<std::uint32_t>(from);
  made.to = static_cast<std::uint32_t>(to);
  return made;
}

/// Hands `segment` to `output` as a frame.
inline void show(Output& output, const Segment& segment, Way way, Time time,
                 std::vector<Decision> decisions = {}, FrameId id = FrameId{1}) {
  const std::vector<std::byte> bytes = to_packet(segment);
  const Packet packet = take_apart(bytes, LinkKind::ip);
  output.frame({id, InterfaceId{0}, way, time, LinkKind::ip, bytes, packet, decisions});
}

/// Remembers what it was told, in the order of telling.
struct Heard : Output {
  struct Event {
    bool is_frame = false;
    FrameId id = FrameId::none;
    Way way = Way::in;
    Time time{};
    std::vector<std::byte> bytes;
    std::vector<Decision> decisions;
  };
  std::vector<std::string> interfaces;
  std::vector<Event> events;
  int flushes = 0;

  void interface(const InterfaceName& interface) override { interfaces.push_back(interface.name); }
  void frame(const FrameEvent& event) override {
    events.push_back({true,
                      event.id,
                      event.way,
                      event.time,
                      {event.bytes.begin(), event.bytes.end()},
                      {event.decisions.begin(), event.decisions.end()}});
  }
  void decision(const Decision& decision) override {
    events.push_back({false, decision.frame, Way::in, decision.now, {}, {decision}});
  }
  void flush() override { ++flushes; }
};

}  // namespace bowline::inline v0::trace::testing
