#pragma once

// A TCP socket as Linux has it, on top of the Stack's connections and listeners.
//
// The Stack makes a connection when it is opened; a BSD socket exists before that and after it. So
// this is the part that lives on: what was bound and set beforehand, whether connect() was called
// (Linux's socket->state), and what shutdown() said while there was no connection. Everything else
// is asked of the connection.

#include <cstdint>
#include <memory>
#include <optional>

#include "bowline/sockets/socket.hpp"
#include "bowline/stack/inspect.hpp"

namespace bowline::inline v0::sockets {

/// What IPPROTO_TCP sets and the Stack does not know. A listener's are inherited.
struct StreamSettings {
  int syn_count = 0;     ///< TCP_SYNCNT; 0: the default
  int linger2 = 0;       ///< TCP_LINGER2 in seconds; 0: the default, -1: no FIN-WAIT-2
  int defer_accept = 0;  ///< TCP_DEFER_ACCEPT as a number of retransmissions
  int window_clamp = 0;  ///< TCP_WINDOW_CLAMP
  int user_mss = 0;      ///< TCP_MAXSEG as it was set
  int fast_open = 0;     ///< TCP_FASTOPEN: length of the queue
  /// TCP_FASTOPEN_KEY: of the cookies that are given, and of those that are believed as well
  std::optional<SipKey> fast_open_key, fast_open_backup_key;
  bool fast_open_connect = false;        ///< TCP_FASTOPEN_CONNECT
  std::uint32_t not_sent_low_water = 0;  ///< TCP_NOTSENT_LOWAT; 0: none
  int save_syn = 0;                      ///< TCP_SAVE_SYN
  bool inq = false;                      ///< TCP_INQ
  bool quick_ack = true;                 ///< TCP_QUICKACK as it reads
  bool thin_linear_timeouts = false;
  bool thin_dupack = false;
  bool fast_open_no_cookie = false;
  int rto_max = 120'000;          ///< TCP_RTO_MAX_MS: kept, without effect
  int rto_min = 200'000;          ///< TCP_RTO_MIN_US: the same
  int delayed_ack_max = 200'000;  ///< TCP_DELACK_MAX_US: the same
};

/// A SOCK_STREAM socket.
class StreamSocket final : public Socket {
 public:
  /// A fresh one.
  StreamSocket(Host& host, int domain);
  ~StreamSocket() override;

  Outcome bind(const sockaddr* address, socklen_t length) override;
  Outcome listen(int backlog) override;
  Accepted accept() override;
  Call connect(const sockaddr* address, socklen_t length) override;
  Call send(Outgoing message) override;
  Call receive(Incoming message) override;
  Outcome shutdown(int how) override;
  Call close() override;
  [[nodiscard]] std::optional<Endpoint> local() const override;
  [[nodiscard]] std::optional<Endpoint> remote() const override;
  std::optional<Outcome> control(unsigned long request, int* value) override;
  void hear(std::uint8_t readiness) override;
  [[nodiscard]] Handle handle() const noexcept override { return handle_; }
  [[nodiscard]] std::uint32_t poll_mask() override;

 protected:
  int take_error() override;
  [[nodiscard]] bool listening() const noexcept override {
    return handle_.kind == HandleKind::listener;
  }
  int apply() override;
  Outcome get_transport_option(int level, int option, OptionTarget to) override;
  Outcome set_transport_option(int level, int option, OptionSource from) override;
  [[nodiscard]] int current_send_buffer() const override;
  [[nodiscard]] int current_receive_buffer() const override;
  [[nodiscard]] Queues queues() const override;
  [[nodiscard]] int path_mtu() const override;

 private:
  // Linux's socket->state.
  enum class Phase : std::uint8_t { unconnected, connecting, connected };
  // Linux's urg_data, for the one urgent byte that BSD knows.
  enum class Urgent : std::uint8_t {
    none,
    announced,  // somewhere in what was received or will be
    read,       // by MSG_OOB; it is skipped in the stream
  };
  struct Sending {
    Outgoing message;
    std::size_t sent = 0;
    bool waits = false;  // for room
    bool opens = false;  // MSG_FASTOPEN has begun the connection
  };
  struct Receiving {
    Incoming message;
    std::size_t copied = 0;
  };

  static constexpr int kDefaultSynRetries = 6;  // net.ipv4.tcp_syn_retries

  /// Linux's TCP_ESTABLISHED, TCP_CLOSE and so on.
  [[nodiscard]] int state() const;
  [[nodiscard]] std::optional<ConnectionView> view() const;
  /// RCV_SHUTDOWN and SEND_SHUTDOWN, the peer's FIN and the end included.
  [[nodiscard]] unsigned shut(const std::optional<ConnectionView>& view) const;

  /// The bytes that can be read, the urgent one left out where it is.
  [[nodiscard]] std::uint32_t readable_bytes(const ConnectionView& view) const;
  [[nodiscard]] bool readable_now() const;
  /// How many of them make it readable.
  [[nodiscard]] std::uint32_t low_water(const ConnectionView& view) const;
  [[nodiscard]] bool urgent_waits(const ConnectionView& view) const;
  /// Is the urgent byte the next (SIOCATMARK)?
  [[nodiscard]] static bool at_mark(const ConnectionView& view);
  /// How many times larger SO_SNDBUF is than what the Stack is told.
  [[nodiscard]] int overhead() const;
  /// The options for a connection or listener of `family`.
  [[nodiscard]] tcp::SocketOptions engine_options(Family family) const;

  // stream_options.cpp
  [[nodiscard]] Outcome set_congestion(OptionSource from);
  [[nodiscard]] Outcome set_number(int option, int value);
  [[nodiscard]] Outcome set_fast_open_key(OptionSource from);
  [[nodiscard]] Outcome get_fast_open_key(OptionTarget to) const;

  // stream_open.cpp
  [[nodiscard]] int claim(Endpoint local);
  [[nodiscard]] ListenOptions listen_options(Family family) const;
  [[nodiscard]] int listen_again();
  void unclaim();
  [[nodiscard]] bool in_use_by_connection(const Endpoint& local) const;
  [[nodiscard]] int open(const Endpoint& remote, bool fast = false);
  [[nodiscard]] std::uint32_t fast_open_room(const Endpoint& remote) const;
  [[nodiscard]] ConnectOptions connect_options(const Endpoint& remote, bool fast) const;
  [[nodiscard]] std::optional<Outcome> connect_step(int progress, bool may_wait);
  void disconnect();
  void give_up_handles();
  [[nodiscard]] std::shared_ptr<StreamSocket> adopt(Handle connection) const;

  // stream_send.cpp
  [[nodiscard]] std::optional<Outcome> fast_open(Sending& sending);
  [[nodiscard]] std::optional<Outcome> open_with_data(const Endpoint& remote, Sending& sending);
  [[nodiscard]] std::optional<Outcome> send_step(Sending& sending, bool may_wait);
  [[nodiscard]] Outcome stop_sending(const Sending& sending, int error);

  // stream_receive.cpp
  [[nodiscard]] std::optional<Outcome> receive_step(Receiving& receiving, bool may_wait);
  [[nodiscard]] Outcome receive_urgent(const Incoming& message);
  void follow_urgent(const ConnectionView& view);
  void pass_urgent(const ConnectionView& view);
  [[nodiscard]] Outcome finish_receiving(const Incoming& message, std::size_t count, int flags);
  std::size_t take(const Receiving& receiving, std::size_t most, std::size_t skipped);

  Handle handle_;  // the connection, or the listener of the socket's own family
  Handle second_;  // the IPv4 listener of a socket that listens on both
  Phase phase_ = Phase::unconnected;
  unsigned shut_ = 0;  // of shutdown(): 1 receiving, 2 sending
  int error_ = 0;      // sk_err that the Stack does not know of
  bool claimed_ = false;
  bool address_bound_ = false;  // bind() named an address
  bool port_bound_ = false;     // bind() named a port
  std::uint8_t heard_ = 0;      // the readiness that was heard of last
  std::uint32_t backlog_ = 0;
  std::optional<Endpoint> deferred_;  // TCP_FASTOPEN_CONNECT: the SYN waits for the first write
  Urgent urgent_ = Urgent::none;
  SeqNumber urgent_end_;  // the number after the urgent byte
  PortClaim claim_;
  tcp::SocketOptions tcp_;
  StreamSettings stream_;
};

}  // namespace bowline::inline v0::sockets
