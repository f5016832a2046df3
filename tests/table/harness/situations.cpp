#include "tests/table/harness/situations.hpp"

#include <array>
#include <vector>

namespace bowline::table {
namespace {

constexpr Duration kRoundTrip = 10ms;

State to_table(tcp::State state) {
  // Both follow the order of RFC 9293 section 3.3.2.
  static_assert(tcp::kStateCount == kStateCount);
  return static_cast<State>(state);
}

/// Drives one scene into its situation.
class Director {
 public:
  Director(Scene& scene, const Situation& situation, const Preparation& preparation)
      : scene_(scene), situation_(situation), preparation_(preparation) {}

  void play() {
    scene_.timestamps = situation_.timestamps;
    if (situation_.state == State::kClosed) return leave_a_stale_handle();
    if (situation_.origin == Origin::kActive) {
      open_actively();
    } else {
      open_passively();
    }
    if (situation_.state <= State::kSynReceived) return;
    // Before our SYN is acknowledged the peer's text is taken in FIN-WAIT-1 only.
    if (preparation_.text_on_hand && !situation_.syn_unacked) peer_sends_text(kPeerText);
    if (situation_.window == Window::kZero) fill_receive_window();
    if (preparation_.peer_window_zero) peer_acks(scene_.snd_nxt, 0);
    if (wants_user_text()) user_sends(kUserText);
    scene_.pass(50ms);  // the acknowledgments that are owed go out
    close_in_order();
    if (preparation_.text_on_hand && situation_.syn_unacked) peer_sends_text(kPeerText);
    scene_.pass(50ms);
  }

 private:
  // A user who still names a connection that has gone.
  void leave_a_stale_handle() {
    const auto handle = scene_.stack().connect(connect_options(), scene_.now());
    if (!handle) return;
    scene_.socket = *handle;
    static_cast<void>(scene_.stack().abort(*handle, scene_.now()));
    scene_.flush();
  }

  tcp::SocketOptions socket_options() const {
    tcp::SocketOptions options;
    if (situation_.window == Window::kZero) options.receive_buffer = 4 * kPeerMss;
    options.keepalive.enabled = preparation_.keep_alive;
    options.user_timeout = preparation_.user_timeout;
    return options;
  }

  ConnectOptions connect_options() const {
    return {.remote = scene_.remote(), .local = scene_.local(), .socket = socket_options()};
  }

  void open_actively() {
    const auto handle = scene_.stack().connect(connect_options(), scene_.now());
    if (!handle) return;
    scene_.socket = *handle;
    scene_.flush();
    if (situation_.state == State::kSynSent) return;
    scene_.pass(kRoundTrip);
    const bool simultaneous = situation_.state == State::kSynReceived || situation_.syn_unacked;
    peer_synchronizes(simultaneous ? wire::kSyn : wire::kSyn | wire::kAck);
    if (!simultaneous) scene_.snd_una = scene_.iss + 1;
  }

  void open_passively() {
    const auto handle = scene_.stack().listen(
        {.local = scene_.local(), .backlog = 4, .syn_backlog = 4, .socket = socket_options()},
        scene_.now());
    if (!handle) return;
    scene_.listener = *handle;
    if (situation_.state == State::kListen) return;
    peer_synchronizes(wire::kSyn);
    if (situation_.state == State::kSynReceived) return;
    scene_.pass(kRoundTrip);
    peer_acks(scene_.iss + 1, kPeerWindow);
    if (const auto accepted = scene_.stack().accept(scene_.listener, scene_.now()))
      scene_.socket = *accepted;
  }

  void peer_synchronizes(unsigned flags) {
    scene_.rcv_nxt = scene_.irs + 1;
    scene_.send({.seq = scene_.irs,
                 .ack = scene_.iss + 1,
                 .flags = static_cast<std::uint16_t>(flags),
                 .window = kPeerWindow});
  }

  void peer_acks(SeqNumber ack, std::uint16_t window) {
    scene_.snd_una = ack;
    scene_.send({.seq = scene_.rcv_nxt, .ack = ack, .flags = wire::kAck, .window = window});
  }

  std::uint16_t peer_window() const { return preparation_.peer_window_zero ? 0 : kPeerWindow; }

  void peer_sends_text(std::uint32_t size) {
    const SeqNumber at = scene_.rcv_nxt;
    scene_.rcv_nxt += size;
    scene_.send({.seq = at,
                 .ack = scene_.snd_una,
                 .flags = wire::kAck | wire::kPsh,
                 .window = peer_window(),
                 .text = size});
  }

  // The user does not read; the peer sends whatever the window admits.
  void fill_receive_window() {
    for (int i = 0; i < 100 && scene_.rcv_wnd() > 0; ++i) {
      peer_sends_text(std::min<std::uint32_t>(scene_.rcv_wnd(), kPeerMss));
      scene_.pass(kRoundTrip);
    }
  }

  bool wants_user_text() const {
    return (situation_.text_unacked || preparation_.peer_window_zero) && !preparation_.no_text_sent;
  }

  void user_sends(std::uint32_t size) {
    const std::vector<std::byte> text(size, std::byte{'u'});
    static_cast<void>(scene_.stack().write(scene_.socket, text, scene_.now()));
    scene_.flush();
  }

  void user_closes() {
    if (situation_.user == User::kGone) {
      static_cast<void>(scene_.stack().close(scene_.socket, scene_.now()));
      scene_.socket = {};
    } else {
      static_cast<void>(scene_.stack().shutdown(scene_.socket, Direction::send, scene_.now()));
    }
    scene_.flush();
  }

  void peer_closes() {
    const SeqNumber at = scene_.rcv_nxt;
    scene_.rcv_nxt += 1;
    scene_.send({.seq = at,
                 .ack = scene_.snd_una,
                 .flags = wire::kFin | wire::kAck,
                 .window = peer_window()});
  }

  // Section 3.6, cases 1 to 3.
  void close_in_order() {
    switch (situation_.state) {
      case State::kFinWait1:
        return user_closes();
      case State::kFinWait2:
        user_closes();
        return peer_acks(scene_.snd_nxt, kPeerWindow);
      case State::kCloseWait:
        return peer_closes();
      case State::kClosing:
        user_closes();
        return peer_closes();
      case State::kLastAck:
        peer_closes();
        return user_closes();
      case State::kTimeWait:
        user_closes();
        peer_acks(scene_.snd_nxt, kPeerWindow);
        return peer_closes();
      default:
        return;
    }
  }

  Scene& scene_;
  const Situation& situation_;
  const Preparation& preparation_;
};

/// When to begin so that the Stack's ISN clock (RFC 9293 section 3.4.1: one number every 4
/// microseconds) gives the climate's ISS: the same opening, tried at the beginning of time, tells
/// how far away it is.
Time starting_time(const Situation& situation, const Climate& climate) {
  const Time start = Time{} + 1s;
  if (!climate.iss.has_value() || situation.state <= State::kListen) return start;
  Scene trial(climate, start);
  const Situation opening{
      "", situation.origin == Origin::kActive ? State::kSynSent : State::kSynReceived,
      situation.origin};
  const Preparation nothing;
  Director(trial, opening, nothing).play();
  const std::uint32_t ticks = distance(trial.iss, SeqNumber(*climate.iss));
  return start + ticks * Duration(4us);
}

}  // namespace

State state_of(const Scene& scene, bool from_listen) {
  if (const auto view = scene.connection()) return to_table(view->state);
  return from_listen && scene.stack().inspect_listener(scene.listener) ? State::kListen
                                                                       : State::kClosed;
}

std::expected<Scene, std::string> establish(const Situation& situation, const Climate& climate,
                                            const Preparation& preparation) {
  Scene scene(climate, starting_time(situation, climate));
  Director(scene, situation, preparation).play();
  const bool listens = situation.state == State::kListen;
  const State reached = state_of(scene, listens);
  if (reached != situation.state)
    return std::unexpected("meant to establish " + std::string(situation.name) + ", reached " +
                           std::string(name(reached)));
  if (climate.iss.has_value() && situation.state > State::kListen &&
      distance(SeqNumber(*climate.iss), scene.iss) > 16)
    return std::unexpected("the ISN clock does not count one number every 4 microseconds");
  if (situation.window == Window::kZero && scene.rcv_wnd() != 0)
    return std::unexpected("the receive window does not close");
  static_cast<void>(scene.take_sent());
  return scene;
}

}  // namespace bowline::table
