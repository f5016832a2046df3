#include "tests/table/harness/events.hpp"

#include <algorithm>
#include <array>

#include "tests/table/harness/observe.hpp"

namespace bowline::table {
namespace {

/// Unlike kPeerWindow, and smaller, so that it shows whether SND.WND took it and MAX.SND.WND stays.
constexpr std::uint16_t kInjectedWindow = 18'766;
constexpr std::uint32_t kMaxSndWnd = kPeerWindow;
constexpr std::uint32_t kFar = std::uint32_t{1} << 30;

SeqNumber sequence_number(Seq seq, std::uint32_t length, const Scene& scene, bool text) {
  switch (seq) {
    case Seq::kArbitrary:
      return SeqNumber(0x4000'0000);
    case Seq::kBeforeWrap:
      return SeqNumber(0xffff'ffff);
    case Seq::kExact:
      return scene.rcv_nxt;
    case Seq::kAhead:
      return scene.rcv_nxt + 2 * kPeerText;
    case Seq::kLastInWindow:
      return scene.rcv_right_edge - 1;
    case Seq::kFirstBeyond:
      return scene.rcv_right_edge + (scene.rcv_wnd() == 0 ? 1 : 0);
    case Seq::kFarBeyond:
      return scene.rcv_nxt + kFar;
    case Seq::kStraddlesLeft:
      // In SYN-RECEIVED only the peer's SYN is old.
      return scene.rcv_nxt - (text && scene.rcv_nxt != scene.irs + 1 ? 3 : 1);
    case Seq::kOldAdjacent:
      return scene.rcv_nxt - std::max<std::uint32_t>(length, 1);
    case Seq::kOldFar:
      return scene.rcv_nxt - kFar;
  }
  return {};
}

SeqNumber acknowledgment_number(Ack ack, const Scene& scene) {
  switch (ack) {
    case Ack::kAbsent:
    case Ack::kZero:
      return SeqNumber(0);
    case Ack::kArbitrary:
      return SeqNumber(0x7654'3210);
    case Ack::kTooOld:
      return scene.snd_una - kMaxSndWnd - 1;
    case Ack::kOldestAllowed:
      return scene.snd_una - kMaxSndWnd;
    case Ack::kOld:
      return scene.snd_una - 1;
    case Ack::kUna:
      return scene.snd_una;
    case Ack::kPartial:
      return scene.snd_una + kPeerMss;
    case Ack::kAllButFin:
      return scene.snd_nxt - 1;
    case Ack::kNxt:
      return scene.snd_nxt;
    case Ack::kBeyond:
      return scene.snd_nxt + 1;
    case Ack::kFarBeyond:
      return scene.snd_nxt + kFar;
  }
  return {};
}

std::optional<std::uint32_t> timestamp(Stamp stamp, const Scene& scene) {
  switch (stamp) {
    case Stamp::kAbsent:
      return std::nullopt;
    case Stamp::kFirst:
      return 5'000'000;
    case Stamp::kOlder:
      return scene.last_timestamp - 1;
    case Stamp::kEqual:
      return scene.last_timestamp;
    case Stamp::kNewer:
      return scene.last_timestamp + 1;
  }
  return std::nullopt;
}

Observed inject(const Cell& cell, Scene& scene, Before& before) {
  const Situation& situation = kSituations[cell.situation];
  before.segment = concrete(cell.event.segment, scene);
  scene.timestamps = false;  // whether this one has a timestamp is for the cell to say
  scene.send(*before.segment);
  Observed observed = look(scene, situation);
  if (situation.state <= State::kListen) return observed;
  look_as_user(scene, observed);
  // The text that closed the window came before this event.
  if (situation.window == Window::kZero) {
    const std::size_t earlier = distance(before.irs + 1, before.rcv_nxt);
    observed.text.erase(observed.text.begin(),
                        observed.text.begin() +
                            static_cast<std::ptrdiff_t>(std::min(earlier, observed.text.size())));
  }
  return observed;
}

Result result_of(const std::error_code& error, Call call, const Situation& situation) {
  if (error == std::errc::bad_file_descriptor) {
    // A listener's handle is never a connection's: EBADF stands for what the RFC says of SEND and
    // RECEIVE in LISTEN.
    if (situation.state != State::kListen) return Result::kNoConnection;
    return call == Call::kSend ? Result::kRemoteUnspecified : Result::kNoRoom;
  }
  if (error == std::errc::operation_would_block) return Result::kQueued;
  if (error == std::errc::address_in_use) return Result::kExists;
  if (error == std::errc::not_connected) {
    return call == Call::kReceive ? Result::kNoRoom : Result::kClosing;
  }
  return Result::kClosing;  // broken_pipe
}

Result of_status(const Status& status, Call call, const Situation& situation) {
  return status ? Result::kOk : result_of(status.error(), call, situation);
}

Result make_call(const Cell& cell, Scene& scene) {
  const Situation& situation = kSituations[cell.situation];
  const Call call = cell.event.call;
  const Handle handle = situation.state == State::kListen ? scene.listener : scene.socket;
  Stack& stack = scene.stack();
  std::array<std::byte, kPeerMss> buffer{};
  switch (call) {
    case Call::kOpenActive: {
      const auto opened = stack.connect(
          {.remote = scene.remote(), .local = scene.local(), .socket = {}}, scene.now());
      return opened ? Result::kOk : result_of(opened.error(), call, situation);
    }
    case Call::kOpenPassive: {
      const auto opened = stack.listen({.local = scene.local(), .socket = {}}, scene.now());
      if (opened) scene.listener = *opened;
      return opened ? Result::kOk : result_of(opened.error(), call, situation);
    }
    case Call::kSend: {
      const auto wrote = stack.write(handle, buffer, scene.now());
      return wrote ? (*wrote == buffer.size() ? Result::kOk : Result::kNoRoom)
                   : result_of(wrote.error(), call, situation);
    }
    case Call::kReceive:
    case Call::kReceiveTextOnHand: {
      const auto got = stack.read(handle, buffer, scene.now());
      if (!got) return result_of(got.error(), call, situation);
      return *got > 0 ? Result::kText : Result::kEndOfText;
    }
    case Call::kCloseSending:
      return of_status(stack.shutdown(handle, Direction::send, scene.now()), call, situation);
    case Call::kCloseFully:
    case Call::kCloseFullyUnread:
      return of_status(stack.close(handle, scene.now()), call, situation);
    case Call::kAbort:
      return of_status(stack.abort(handle, scene.now()), call, situation);
    case Call::kStatus: {
      if (situation.state == State::kListen)
        return stack.inspect_listener(handle) ? Result::kOk : Result::kNoConnection;
      const auto view = stack.inspect(handle);
      return view ? Result::kOk : result_of(view.error(), call, situation);
    }
  }
  return Result::kNoConnection;
}

Observed do_call(const Cell& cell, Scene& scene) {
  const Result result = make_call(cell, scene);
  scene.flush();
  const Situation& situation = kSituations[cell.situation];
  Observed observed = look(scene, situation);
  if (cell.event.call == Call::kOpenPassive) observed.state = state_of(scene, true);
  observed.result = result;
  return observed;
}

}  // namespace

Plan plan_for(const Cell& cell) {
  const Situation& situation = kSituations[cell.situation];
  Plan plan;
  if (cell.event.kind == EventKind::kCall) {
    const Call call = cell.event.call;
    plan.preparation.text_on_hand =
        call == Call::kReceiveTextOnHand || call == Call::kCloseFullyUnread;
    const bool named_by_address = call == Call::kOpenActive || call == Call::kOpenPassive;
    if (situation.state == State::kSynReceived && situation.origin == Origin::kPassive &&
        !named_by_address)
      plan.impossible = "the user has no name for a connection before it is accepted";
    if (call == Call::kOpenPassive && situation.state > State::kListen)
      plan.impossible =
          "listen() names no remote socket, so it is never the OPEN of this connection";
    if (call == Call::kCloseSending && situation.state == State::kListen)
      plan.impossible = "a listener has no direction to close: the CLOSE of a listener is close()";
  }
  if (cell.event.kind == EventKind::kTimer) {
    Preparation& preparation = plan.preparation;
    if (situation.syn_unacked && cell.event.timer == Timer::kZeroWindowProbe)
      plan.impossible = "a CLOSE behind text waits in SYN-RECEIVED, so no text is outstanding";
    switch (cell.event.timer) {
      case Timer::kUser:
        preparation.user_timeout = 5s;
        break;
      case Timer::kZeroWindowProbe:
        preparation.peer_window_zero = situation.text_unacked;
        break;
      case Timer::kKeepAlive:
        preparation.keep_alive = true;
        preparation.no_text_sent = true;
        break;
      case Timer::kKeepAliveNotAsked:
        preparation.no_text_sent = true;
        break;
      default:
        break;
    }
  }
  return plan;
}

Injected concrete(const Segment& segment, const Scene& scene) {
  constexpr std::array<std::uint16_t, 5> kBits{wire::kSyn, wire::kAck, wire::kFin, wire::kRst,
                                               wire::kUrg};
  Injected injected;
  for (std::size_t i = 0; i < kBits.size(); ++i) {
    if (segment.flags.contains(static_cast<Flag>(i)))
      injected.flags = static_cast<std::uint16_t>(injected.flags | kBits[i]);
  }
  if (segment.text == Text::kSome) {
    injected.text = kPeerText;
    injected.flags = static_cast<std::uint16_t>(injected.flags | wire::kPsh);
  }
  const std::uint32_t length =
      injected.text + static_cast<std::uint32_t>(control_length(segment.flags));
  injected.seq = sequence_number(segment.seq, length, scene, injected.text > 0);
  injected.ack = acknowledgment_number(segment.ack, scene);
  injected.window = kInjectedWindow;
  injected.timestamp = timestamp(segment.stamp, scene);
  if (segment.flags.contains(Flag::kUrg)) injected.urgent = kPeerText / 2;
  return injected;
}

Observed perform(const Cell& cell, Scene& scene, Before& before) {
  switch (cell.event.kind) {
    case EventKind::kCall:
      return do_call(cell, scene);
    case EventKind::kTimer:
      return time_out(cell, scene, before);
    case EventKind::kSegment:
      break;
  }
  return inject(cell, scene, before);
}

}  // namespace bowline::table
