#pragma once

// A Stack: TCP, UDP and IP as one value.
//
// It does no I/O, has no thread, no clock and no global. Frames, time and calls come in; frames,
// readiness and the next deadline come out. Whoever drives it (a production driver, the simulator,
// a test) repeats three steps: receive() what arrived or advance() to the time, let the application
// work on what poll_ready() names, transmit() what is to go out, until next_deadline().
//
// Rules that hold for every call: it never blocks; `now` never goes back; the order of events that
// share an instant is frames, timers, calls. A Stack belongs to one thread. All calls are noexcept;
// what can fail returns a Result with the POSIX meaning, EBADF for a handle whose thing is gone.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/result.hpp"
#include "bowline/base/time.hpp"
#include "bowline/ip/local_address.hpp"
#include "bowline/stack/config.hpp"
#include "bowline/stack/inspect.hpp"

namespace bowline::inline v0 {

class CallListener;

/// What a socket is ready for; bits of a mask. Level-style: a bit is set as long as it is true.
enum Readiness : std::uint8_t {
  kReadable = 1,    ///< bytes to read (at least the low-water mark), or a datagram
  kPeerClosed = 2,  ///< the peer has finished: read() will return 0 once all is read
  kWritable = 4,    ///< room in the send buffer; also: an active open has succeeded
  kAcceptable = 8,  ///< accept() will return a connection
  kError = 16,      ///< take_error() has something to tell; reads and writes fail
  kClosed = 32,     ///< the connection is over, one way or other
  kUrgent = 64,     ///< the peer's urgent pointer lies ahead of what was read (RFC 9293 3.8.5)
};

/// A socket whose readiness changed, and what it is ready for now.
struct Ready {
  Handle handle;          ///< which socket
  std::uint8_t mask = 0;  ///< of Readiness
};

/// Which direction shutdown() ends.
enum class Direction : std::uint8_t { receive, send, both };

/// What arrived in one datagram.
struct Datagram {
  std::size_t size = 0;            ///< bytes copied
  std::size_t full_size = 0;       ///< bytes that it had: what did not fit is lost
  bool truncated = false;          ///< size < full_size
  Endpoint from;                   ///< who sent it
  Endpoint to;                     ///< a broadcast address, perhaps
  InterfaceId interface{};         ///< by which it came
  std::uint8_t hop_limit = 0;      ///< TTL on arrival
  std::uint8_t traffic_class = 0;  ///< DSCP and ECN bits
};

/// The host stack. Movable, not copyable (see clone()).
class Stack {
 public:
  /// A stack without interfaces. Errors: not_enough_memory; invalid_argument for a config that
  /// contradicts itself.
  [[nodiscard]] static Result<Stack> create(const StackConfig& config) noexcept;

  Stack(Stack&&) noexcept;
  Stack& operator=(Stack&&) noexcept;
  ~Stack();

  // ---- set-up
  // -------------------------------------------------------------------------------------

  /// Adds an interface; its number is the count of those before it. Errors: not_enough_memory
  /// beyond Limits::interfaces; invalid_argument for an MTU outside 68 to 65535, or an Ethernet
  /// link without a station's address.
  Result<InterfaceId> add_interface(const InterfaceConfig& config) noexcept;
  /// Gives `interface` an address; its prefix becomes a route on the link. Errors: address_in_use,
  /// invalid_argument (group or unspecified address, prefix too long, unknown interface).
  Status add_address(InterfaceId interface, const Cidr& address) noexcept;
  /// Takes an address away, and its route on the link. Half-open connections of it are forgotten;
  /// what else has it as its local endpoint hears nothing any more. Errors: address_not_available.
  Status remove_address(InterfaceId interface, const IpAddress& address) noexcept;
  /// Adds a route. Errors: invalid_argument, not_enough_memory beyond Limits::routes.
  Status add_route(const Route& route) noexcept;
  /// Removes a route; connections that use it look for another. Errors: no_such_process (there is
  /// none like it, as ip(8) says it).
  Status remove_route(const Route& route) noexcept;
  /// The link's MTU changed. Errors: invalid_argument.
  Status set_mtu(InterfaceId interface, std::uint32_t mtu) noexcept;
  /// From now on `settings` hold instead of config().tcp. What two SYNs have agreed on and the
  /// options of sockets stay; all else that connections look up, they look up in the new ones.
  /// Errors: invalid_argument, as create().
  Status set_tcp_settings(const tcp::Settings& settings, Time now) noexcept;
  /// Forgets what was learned of servers for Fast Open (RFC 7413 section 4.1.3), as a host should
  /// that has moved to another network.
  Status forget_servers(Time now) noexcept;
  /// Sends decisions to `listener` (null: nobody) from now on; it must outlive the Stack or be
  /// taken back.
  void set_listener(DecisionListener* listener) noexcept;
  /// Tells `listener` (null: nobody) of every call from now on, as bytes; what record and replay
  /// stand on. It must outlive the Stack or be taken back. Not copied by clone().
  void set_call_listener(CallListener* listener) noexcept;
  /// The pool of this stack's buffers; links receive into it. Lives as long as the Stack and its
  /// slices.
  [[nodiscard]] BufferPool& pool() noexcept;

  // ---- input
  // --------------------------------------------------------------------------------------

  /// Takes `frames` that arrived on `interface`; moves their bytes out where it keeps them. Frames
  /// without an id are given one.
  void receive(InterfaceId interface, std::span<Frame> frames, Time now) noexcept;
  /// Lets every timer that is due at `now` or before run.
  void advance(Time now) noexcept;

  // ---- output
  // -------------------------------------------------------------------------------------

  /// Offers what is to go out on `interface` to `sink`, connections in turn, until there is nothing
  /// left or the sink takes less than it is offered. Returns the wire packets taken.
  std::size_t transmit(InterfaceId interface, FrameSink& sink, Time now) noexcept;
  /// Is there anything that transmit() would offer?
  [[nodiscard]] bool has_output(InterfaceId interface) const noexcept;

  // ---- application: TCP
  // ---------------------------------------------------------------------------

  /// Passive open. Errors: address_in_use, address_not_available, not_enough_memory beyond
  /// Limits::listeners, invalid_argument (a group address, a backlog of 0).
  Result<Handle> listen(const ListenOptions& options, Time now) noexcept;
  /// Gives a listener the backlogs, the keys and the socket options of `options`; where it listens
  /// stays, and so does who waits. Errors: bad_file_descriptor, invalid_argument (a backlog of 0).
  Status listen_again(Handle listener, const ListenOptions& options, Time now) noexcept;
  /// The oldest connection that waits at `listener`. Errors: operation_would_block,
  /// bad_file_descriptor.
  Result<Handle> accept(Handle listener, Time now) noexcept;
  /// Active open; returns at once, kWritable or kError says how it went. Errors: address_in_use,
  /// address_not_available (our address; no free port), network_unreachable, no_buffer_space,
  /// invalid_argument (port 0, a group or broadcast address: MUST-46).
  Result<Handle> connect(const ConnectOptions& options, Time now) noexcept;
  /// Queues bytes to send (RFC 9293 section 3.10.2); returns how many it took, at least 1. Errors:
  /// operation_would_block (buffer full), not_connected (never opened), broken_pipe (after
  /// shutdown), and how the connection ended, once; then broken_pipe.
  Result<std::size_t> write(Handle socket, std::span<const std::byte> bytes, Time now,
                            const tcp::WriteHow& how = {}) noexcept;
  /// Queues `bytes` without copying them: all or nothing. Errors as write().
  Status write_owned(Handle socket, Slice bytes, Time now) noexcept;
  /// Takes received bytes (RFC 9293 section 3.10.3); 0 is the end of the stream. Errors:
  /// operation_would_block, and how the connection ended, once, after what had been received was
  /// read.
  Result<std::size_t> read(Handle socket, std::span<std::byte> to, Time now) noexcept;
  /// The next received bytes without copying them, at most `most`; empty is the end of the stream.
  /// Errors as read().
  Result<Slice> read_slice(Handle socket, std::uint32_t most, Time now) noexcept;
  /// Copies what read() would take from `offset` on and leaves it there. Errors as read().
  Result<std::size_t> peek(Handle socket, std::span<std::byte> to,
                           std::uint32_t offset = 0) noexcept;
  /// Ends one direction or both: `send` sends a FIN after what is queued (RFC 9293 section 3.6),
  /// `receive` lets read() return 0 from now on. The handle lives on. Errors: not_connected,
  /// bad_file_descriptor.
  Status shutdown(Handle socket, Direction direction, Time now) noexcept;
  /// Gives up the handle. What is queued is still sent, then a FIN; with unread data a RST at once
  /// (RFC 9293 section 3.6.1). A listener's half-open and unaccepted connections are reset. Errors:
  /// bad_file_descriptor.
  Status close(Handle socket, Time now) noexcept;
  /// Gives up the handle and resets the connection (RFC 9293 section 3.10.5). Errors:
  /// bad_file_descriptor.
  Status abort(Handle socket, Time now) noexcept;
  /// The options of a socket, and setting them. Errors: bad_file_descriptor, invalid_argument.
  [[nodiscard]] Result<tcp::SocketOptions> options(Handle socket) const noexcept;
  /// Replaces all of them. Errors: as options(), invalid_argument, and no_buffer_space where there
  /// is no memory for the congestion control asked for: then nothing changes.
  Status set_options(Handle socket, const tcp::SocketOptions& options, Time now) noexcept;
  /// Announces that the bytes written last are urgent (RFC 9293 section 3.8.5; new programs should
  /// not, SHLD-13). Errors: as write().
  Status mark_urgent(Handle socket, Time now) noexcept;
  /// The error that waits to be told, and none from then on. Soft errors (ICMP) are told here
  /// alone.
  [[nodiscard]] std::error_code take_error(Handle socket) noexcept;

  // ---- application: UDP
  // ---------------------------------------------------------------------------

  /// Errors: address_in_use, address_not_available, not_enough_memory beyond Limits::udp_sockets,
  /// invalid_argument (unknown interface, options that contradict each other),
  /// operation_not_supported (a group address: multicast is not for applications here), and those
  /// of connect_udp() where `remote` is given. Closed by close().
  Result<Handle> open_udp(const UdpOptions& options, Time now) noexcept;
  /// From now on to and from `remote` alone (RFC 1122 section 4.1.3.5); replaces an earlier one. A
  /// socket that was opened on any address gets the one that leads there. What has been received
  /// stays. Errors: bad_file_descriptor, invalid_argument (port 0, other family, the unspecified
  /// address), network_unreachable, permission_denied (broadcast without the option),
  /// operation_not_supported (a group address), address_in_use.
  Status connect_udp(Handle socket, const Endpoint& remote, Time now) noexcept;
  /// To and from anybody again, on the address and port on which it was opened (BSD's connect to
  /// AF_UNSPEC). Errors: bad_file_descriptor, not_connected.
  Status disconnect_udp(Handle socket, Time now) noexcept;
  /// Sends one datagram; `to` may be left out on a connected socket. Returns its size. Errors:
  /// message_size (more than 65,507 bytes, 65,527 over IPv6; or more than the path takes with
  /// dont_fragment), network_unreachable, destination_address_required, invalid_argument (port 0,
  /// other family), permission_denied (broadcast without the option), operation_not_supported (a
  /// group address), operation_would_block (too much waits for the link: kWritable tells when it is
  /// over), no_buffer_space; and, once, what ICMP told of a connected socket's peer for good:
  /// connection_refused, permission_denied, message_size, protocol_error. (What may pass, such as
  /// host_unreachable, take_error() tells.)
  Result<std::size_t> send_to(Handle socket, std::span<const std::byte> bytes,
                              std::optional<Endpoint> to, Time now) noexcept;
  /// The same with a choice of source and interface. Errors: as send_to(); address_not_available
  /// (the source is none of ours), invalid_argument (unknown interface).
  Result<std::size_t> send_message(Handle socket, std::span<const std::byte> bytes,
                                   const UdpMessage& message, Time now) noexcept;
  /// Takes the oldest datagram; what `to` has no room for is lost. Errors: operation_would_block;
  /// once, what ICMP told of a connected socket's peer, as with send_to().
  Result<Datagram> receive_from(Handle socket, std::span<std::byte> to, Time now) noexcept;
  /// Copies what receive_from() would take and leaves it there. Errors as receive_from().
  Result<Datagram> peek_from(Handle socket, std::span<std::byte> to, Time now) noexcept;
  /// The options of a UDP socket, and setting them. Errors: bad_file_descriptor.
  [[nodiscard]] Result<udp::SocketOptions> udp_options(Handle socket) const noexcept;
  /// Replaces all of them. Errors: bad_file_descriptor.
  Status set_udp_options(Handle socket, const udp::SocketOptions& options) noexcept;

  // ---- readiness, queries
  // -------------------------------------------------------------------------

  /// The next socket whose readiness changed since it was last named; nothing when there is none.
  [[nodiscard]] std::optional<Ready> poll_ready() noexcept;
  /// What `socket` is ready for now; kError|kClosed for a stale handle.
  [[nodiscard]] std::uint8_t readiness(Handle socket) const noexcept;
  /// When advance() must be called at the latest; kNever: never. In the past: at once.
  [[nodiscard]] Time next_deadline() const noexcept;
  /// A view of a connection. Errors: bad_file_descriptor.
  [[nodiscard]] Result<ConnectionView> inspect(Handle socket) const noexcept;
  /// What it has in flight; looks at each range of it. Errors: bad_file_descriptor.
  [[nodiscard]] Result<FlightView> inspect_flight(Handle socket) const noexcept;
  /// A view of a listener. Errors: bad_file_descriptor.
  [[nodiscard]] Result<ListenerView> inspect_listener(Handle listener) const noexcept;
  /// A view of a UDP socket. Errors: bad_file_descriptor.
  [[nodiscard]] Result<UdpView> inspect_udp(Handle socket) const noexcept;
  /// The local and remote endpoint of any socket. Errors: bad_file_descriptor; not_connected
  /// (remote).
  [[nodiscard]] Result<Endpoint> local_endpoint(Handle socket) const noexcept;
  /// The peer's. Errors: as local_endpoint(), and not_connected.
  [[nodiscard]] Result<Endpoint> remote_endpoint(Handle socket) const noexcept;
  /// Calls `visitor(context, view)` for each connection, half-open entry and TIME-WAIT record.
  void for_each_connection(void (*visitor)(void* context, const ConnectionView& view),
                           void* context) const noexcept;
  /// The same in pieces, for a listing that must not hold the stack up: looks at no more than
  /// `places` places of the tables from `cursor` on and moves it. False: that was all. Between two
  /// calls connections may come, go and change state; what stays as it is is visited once.
  bool walk_connections(ConnectionCursor& cursor, std::uint32_t places,
                        void (*visitor)(void* context, const ConnectionView& view),
                        void* context) const noexcept;
  /// As for_each_connection() for each listener, and for each UDP socket.
  void for_each_listener(void (*visitor)(void* context, const ListenerView& view),
                         void* context) const noexcept;
  /// Calls `visitor(context, scanner)` for each source that has scanned our ports of late, as far
  /// as was recognised (tcp/scan_watch.hpp).
  void for_each_scanner(void (*visitor)(void* context, const ScannerView& scanner),
                        void* context) const noexcept;
  /// The same for each UDP socket.
  void for_each_udp(void (*visitor)(void* context, const UdpView& view),
                    void* context) const noexcept;
  /// Calls `visitor(context, view)` for each neighbour on Ethernet links that is known or asked
  /// for.
  void for_each_neighbour(void (*visitor)(void* context, const NeighbourView& view),
                          void* context) const noexcept;
  /// How many bytes the SYN of connect(options) would carry if they were written before the next
  /// transmit() (Fast Open, RFC 7413): 0 when it would ask for a cookie at most. Errors:
  /// network_unreachable.
  [[nodiscard]] Result<std::uint32_t> fast_open_room(const ConnectOptions& options,
                                                     Time now) const noexcept;
  /// A port that nobody uses at `local` (its port is ignored), for TCP. Errors: address_in_use.
  [[nodiscard]] Result<std::uint16_t> pick_port(const IpAddress& local) noexcept;
  /// Could listen() on `local` succeed? Errors: as listen().
  [[nodiscard]] Status can_bind(const Endpoint& local) const noexcept;
  /// What an interface is, with the MTU of now. Errors: invalid_argument.
  [[nodiscard]] Result<LinkInfo> link(InterfaceId interface) const noexcept;
  /// Whether an address may be used yet. Errors: address_not_available (the interface has no such
  /// address).
  [[nodiscard]] Result<AddressState> address_state(InterfaceId interface,
                                                   const IpAddress& address) const noexcept;
  /// The addresses of `interface`, in whatever state.
  [[nodiscard]] std::span<const Cidr> addresses(InterfaceId interface) const noexcept;
  /// How often each reason applied.
  [[nodiscard]] const ReasonCounters& counters() const noexcept;
  [[nodiscard]] StackUsage usage() const noexcept;  ///< How much is in use.
  /// The settings it was made with.
  [[nodiscard]] const StackConfig& config() const noexcept;

  // ---- the whole as a value
  // -----------------------------------------------------------------------

  /// A deep copy: same handles, timers, random numbers; payload in a pool of its own; nobody
  /// listens to its decisions. Errors: not_enough_memory.
  [[nodiscard]] Result<Stack> clone() const noexcept;
  /// A hash of the state that does not see absolute numbers: sequence numbers relative to the ISNs,
  /// times relative to `now`. What is left out stands with its argument where each unit lists its
  /// state (visit).
  [[nodiscard]] std::uint64_t canonical_hash(Time now) const noexcept;

 private:
  struct Core;
  struct CoreDeleter {
    void operator()(Core* core) const noexcept;
  };
  struct Bare;
  explicit Stack(Core* core) noexcept;
  std::unique_ptr<Core, CoreDeleter> core_;
  CallListener* calls_ = nullptr;
};

}  // namespace bowline::inline v0
