#include "bowline/sockets/stream_socket.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bowline::inline v0::sockets {
namespace {

constexpr unsigned kReceiving = 1;
constexpr unsigned kSending = 2;
constexpr unsigned kBoth = kReceiving | kSending;

int linux_state(tcp::State state) noexcept {
  switch (state) {
    case tcp::State::listen:
      return TCP_LISTEN;
    case tcp::State::syn_sent:
      return TCP_SYN_SENT;
    case tcp::State::syn_received:
      return TCP_SYN_RECV;
    case tcp::State::established:
      return TCP_ESTABLISHED;
    case tcp::State::fin_wait_1:
      return TCP_FIN_WAIT1;
    case tcp::State::fin_wait_2:
      return TCP_FIN_WAIT2;
    case tcp::State::close_wait:
      return TCP_CLOSE_WAIT;
    case tcp::State::closing:
      return TCP_CLOSING;
    case tcp::State::last_ack:
      return TCP_LAST_ACK;
    case tcp::State::time_wait:  // Linux keeps a record of it; the socket itself is closed
    case tcp::State::closed:
      break;
  }
  return TCP_CLOSE;
}

}  // namespace

StreamSocket::StreamSocket(Host& host, int domain)
    : Socket(host, domain, SOCK_STREAM, IPPROTO_TCP) {
  tcp_.keepalive = host.stack.config().tcp.keepalive;
  tcp_.user_timeout = host.stack.config().tcp.user_timeout;
  tcp_.quick_ack = host.stack.config().tcp.quick_acks > 0;  // see TCP_QUICKACK
}

// Closed properly before this; what a table that goes leaves open is closed here.
StreamSocket::~StreamSocket() {
  give_up_handles();
  unclaim();
}

void StreamSocket::give_up_handles() {
  for (Handle* const each : {&handle_, &second_}) {
    if (!*each) continue;
    host_.disown(*each);
    static_cast<void>(host_.stack.close(*each, host_.now));
    *each = {};
  }
}

std::optional<ConnectionView> StreamSocket::view() const {
  if (handle_.kind != HandleKind::tcp) return std::nullopt;
  const auto view = host_.stack.inspect(handle_);
  if (!view) return std::nullopt;
  return *view;
}

int StreamSocket::state() const {
  if (listening()) return TCP_LISTEN;
  if (deferred_) return TCP_SYN_SENT;
  if (!handle_) return TCP_CLOSE;
  const auto now = view();
  return now ? linux_state(now->state) : TCP_CLOSE;
}

unsigned StreamSocket::shut(const std::optional<ConnectionView>& view) const {
  if (!view) return shut_;
  if (linux_state(view->state) == TCP_CLOSE) return kBoth;
  return shut_ | (view->fin_received ? kReceiving : 0U) | (view->fin_queued ? kSending : 0U);
}

// Linux's tcp_poll(), condition by condition.
std::uint32_t StreamSocket::poll_mask() {
  constexpr std::uint32_t kIn = EPOLLIN | EPOLLRDNORM;
  constexpr std::uint32_t kOut = EPOLLOUT | EPOLLWRNORM;
  if (listening()) {
    const unsigned ready =
        host_.stack.readiness(handle_) | (second_ ? unsigned{host_.stack.readiness(second_)} : 0U);
    return (ready & kAcceptable) != 0 ? kIn : 0;
  }
  if (deferred_) return kOut;
  const auto now = view();
  if (now) follow_urgent(*now);
  const int state = now ? linux_state(now->state) : TCP_CLOSE;
  const unsigned ended = shut(now);
  const unsigned ready = now ? unsigned{host_.stack.readiness(handle_)} : unsigned{kWritable};
  std::uint32_t mask = 0;
  if (ended == kBoth || state == TCP_CLOSE) mask |= EPOLLHUP;
  if ((ended & kReceiving) != 0) mask |= kIn | EPOLLRDHUP;
  if (state != TCP_SYN_SENT && (state != TCP_SYN_RECV || now->early)) {
    if (now && readable_bytes(*now) >= low_water(*now)) mask |= kIn;
    if ((ended & kSending) != 0 || (ready & kWritable) != 0) {
      mask |= kOut;
    }
    if (now && urgent_waits(*now)) mask |= EPOLLPRI;
  }
  if ((ready & kError) != 0 || error_ != 0) mask |= EPOLLERR;
  return mask;
}

std::uint32_t StreamSocket::readable_bytes(const ConnectionView& view) const {
  // tcp_inq(): what stands before the urgent byte; or behind it, when that is the next.
  if (settings_.oob_inline || view.urgent == 0 || view.urgent > view.receive_queue) {
    return view.receive_queue;
  }
  return view.urgent == 1 ? view.receive_queue - 1 : view.urgent - 1;
}

bool StreamSocket::readable_now() const {
  const auto now = view();
  return now && now->receive_queue > 0;
}

std::uint32_t StreamSocket::low_water(const ConnectionView& view) const {
  // A window that is as good as shut would never bring so much (tcp_epollin_ready()).
  if (view.rcv_wnd <= view.rcv_mss) return 1;
  return static_cast<std::uint32_t>(std::max(settings_.receive_low_water, 1));
}

// TCP_URG_VALID: it has come and was not read.
bool StreamSocket::urgent_waits(const ConnectionView& view) const {
  return urgent_ == Urgent::announced && view.urgent != 0 && view.urgent <= view.receive_queue;
}

bool StreamSocket::at_mark(const ConnectionView& view) { return view.urgent == 1; }

tcp::SocketOptions StreamSocket::engine_options(Family family) const {
  tcp::SocketOptions options = tcp_;
  const int hops = family == Family::ipv4 ? ip_.ttl : ip_.unicast_hops;
  const int traffic_class = family == Family::ipv4 ? ip_.tos : ip_.traffic_class;
  options.hop_limit = hops > 0 ? static_cast<std::uint8_t>(hops) : std::uint8_t{0};
  options.traffic_class = static_cast<std::uint8_t>(traffic_class);
  options.keepalive.enabled = settings_.keep_alive;
  options.linger = settings_.lingers;
  options.linger_time = settings_.linger_time;
  options.syn_retries = static_cast<std::uint8_t>(stream_.syn_count);
  options.window_clamp = static_cast<std::uint32_t>(stream_.window_clamp);
  options.fin_wait_2 = std::chrono::seconds(stream_.linger2);
  options.defer_accept = static_cast<std::uint8_t>(stream_.defer_accept);
  constexpr int kMostPending = 0xffff;
  options.fast_open_backlog = static_cast<std::uint16_t>(std::min(stream_.fast_open, kMostPending));
  options.fast_open_without_cookie = stream_.fast_open_no_cookie;
  options.unsent_low_water = stream_.not_sent_low_water;
  // What the application counts is doubled for the kernel's bookkeeping; the Stack counts payload,
  // unless it keeps Linux's packets.
  options.send_buffer =
      static_cast<std::uint32_t>(settings_.send_buffer) / static_cast<std::uint32_t>(overhead());
  options.receive_buffer = static_cast<std::uint32_t>(settings_.receive_buffer) / 2;
  options.read_low_water = static_cast<std::uint32_t>(std::max(settings_.receive_low_water, 1));
  return options;
}

int StreamSocket::apply() {
  for (const Handle each : {handle_, second_}) {
    if (!each) continue;
    const auto local = host_.stack.local_endpoint(each);
    if (!local) continue;
    const Status changed =
        host_.stack.set_options(each, engine_options(local->address.family()), host_.now);
    if (!changed) return changed.error().value();
  }
  return 0;
}

void StreamSocket::hear(std::uint8_t readiness) {
  const unsigned fresh = readiness & ~heard_;
  heard_ = readiness;
  if ((readiness & (kReadable | kAcceptable | kUrgent)) != 0) ++news.readable;
  if ((fresh & kWritable) != 0) ++news.writable;
  if ((fresh & (kPeerClosed | kError | kClosed)) != 0) ++news.state;
  // The first time that it is writable it has opened.
  if ((fresh & kWritable) != 0 && phase_ == Phase::connecting) ++news.state;
}

int StreamSocket::take_error() {
  if (error_ != 0) return std::exchange(error_, 0);
  const auto now = view();
  if (!now) return 0;
  const std::error_code error = host_.stack.take_error(handle_);
  // tcp_reset(): after the peer's FIN a reset is a broken pipe.
  if (error == std::errc::connection_reset && now->fin_received) return EPIPE;
  return error.value();
}

Outcome StreamSocket::shutdown(int how) {
  if (how < SHUT_RD || how > SHUT_RDWR) return failed(EINVAL);
  const unsigned ends = how == SHUT_RD ? kReceiving : how == SHUT_WR ? kSending : kBoth;
  // inet_shutdown()
  switch (state()) {
    case TCP_LISTEN:
      if ((ends & kReceiving) != 0)
        disconnect();
      else
        shut_ |= ends;
      return returned(0);
    case TCP_SYN_SENT:
      disconnect();
      ++news.state;
      return returned(0);
    case TCP_CLOSE:
      shut_ |= ends;
      ++news.state;
      return failed(ENOTCONN);
    default:
      break;
  }
  shut_ |= ends;
  ++news.state;
  if ((ends & kSending) != 0) {
    static_cast<void>(host_.stack.shutdown(handle_, Direction::send, host_.now));
  }
  return returned(0);
}

// tcp_close(): with unread data, or SO_LINGER and no time, a reset; that is the Stack's matter.
Call StreamSocket::close() {
  unclaim();
  const bool lingers = settings_.lingers && settings_.linger_time > Duration::zero() &&
                       handle_.kind == HandleKind::tcp && !readable_now();
  if (!lingers) {
    give_up_handles();
    return returned(0);
  }
  if (state() == TCP_ESTABLISHED || state() == TCP_CLOSE_WAIT) {
    static_cast<void>(host_.stack.shutdown(handle_, Direction::send, host_.now));
  }
  // sk_stream_wait_close(): O_NONBLOCK makes no difference here.
  return until(saturating_add(host_.now, settings_.linger_time),
               [this](bool may_wait) -> std::optional<Outcome> {
                 const int state = this->state();
                 const bool closing =
                     state == TCP_FIN_WAIT1 || state == TCP_CLOSING || state == TCP_LAST_ACK;
                 if (closing && may_wait) return std::nullopt;
                 give_up_handles();
                 return returned(0);
               });
}

std::optional<Endpoint> StreamSocket::local() const {
  if (handle_) {
    if (const auto local = host_.stack.local_endpoint(handle_)) return *local;
  }
  if (claimed_) return claim_.local;
  return std::nullopt;
}

std::optional<Endpoint> StreamSocket::remote() const {
  const int now = state();
  if (now == TCP_CLOSE || now == TCP_SYN_SENT || now == TCP_LISTEN) return std::nullopt;
  const auto remote = host_.stack.remote_endpoint(handle_);
  if (!remote) return std::nullopt;
  return *remote;
}

int StreamSocket::path_mtu() const {
  const auto now = view();
  return now && state() != TCP_CLOSE ? now->path_mtu : 0;
}

// What the kernel says is twice what it holds of payload.
int StreamSocket::overhead() const { return host_.stack.config().tcp.packet_queue ? 1 : 2; }

int StreamSocket::current_send_buffer() const {
  const auto now = view();
  const auto& settings = host_.stack.config().tcp;
  return overhead() * static_cast<int>(now ? now->send_limit : settings.send_buffer);
}

int StreamSocket::current_receive_buffer() const {
  const auto now = view();
  const auto& settings = host_.stack.config().tcp;
  return static_cast<int>(2 * (now ? now->receive_limit : settings.receive_buffer));
}

Socket::Queues StreamSocket::queues() const {
  const auto now = view();
  if (!now) return {};
  return {now->receive_queue + now->out_of_order, now->send_memory, 0};
}

}  // namespace bowline::inline v0::sockets
