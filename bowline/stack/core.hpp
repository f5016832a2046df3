#pragma once

// The inside of a Stack: what it owns, and the parts in which it works.
//
// Everything stands in slabs and tables by number, so that the whole can be saved, loaded and
// cloned; nothing here is a pointer to something else in it. The functions are grouped by what they
// do, each group in a file of its own: receive.cpp (frames in), listen.cpp (what meets a listener,
// a half-open entry, a TIME-WAIT record), calls.cpp (the application), settle.cpp (what follows
// from an event), sources.cpp and memory_pressure.cpp (who holds too much), transmit.cpp (frames
// out), icmp.cpp, udp.cpp, addressing.cpp, state.cpp (clone and hash).

#include <array>
#include <optional>
#include <span>

#include "bowline/base/box.hpp"
#include "bowline/base/index_table.hpp"
#include "bowline/base/inline_vector.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/slab.hpp"
#include "bowline/base/timer_wheel.hpp"
#include "bowline/ip/address_check.hpp"
#include "bowline/ip/identification.hpp"
#include "bowline/ip/input.hpp"
#include "bowline/ip/neighbours.hpp"
#include "bowline/ip/path_mtu.hpp"
#include "bowline/ip/reassembly.hpp"
#include "bowline/ip/reply_limit.hpp"
#include "bowline/ip/routes.hpp"
#include "bowline/ip/source_table.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/stack/interface.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/stack/tagged.hpp"
#include "bowline/tcp/connection.hpp"
#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/listener.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/tcp/scan_watch.hpp"
#include "bowline/tcp/syn_cookie.hpp"
#include "bowline/tcp/syn_queue.hpp"
#include "bowline/tcp/time_wait.hpp"
#include "bowline/tcp/usual_syn.hpp"
#include "bowline/udp/socket.hpp"
#include "bowline/wire/arp.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/mld.hpp"
#include "bowline/wire/ndp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0 {

/// Frames that are offered to a sink together, each from another connection.
struct Batch {
  static constexpr std::size_t kSize = 16;
  struct Entry {
    tcp::Plan plan;
    std::uint32_t connection = 0;
    std::uint32_t packets = 0;      ///< into which the frame will be cut
    std::uint32_t packet_size = 0;  ///< payload of each but the last
    FrameId frame{};
  };
  InlineVector<Frame, kSize> frames;
  InlineVector<Entry, kSize> entries;  ///< one for each frame
};

/// What the SYNs of one batch are answered with as long as they are for one endpoint.
struct FloodBatch {
  Endpoint local;                       ///< the endpoint
  std::uint32_t listener = 0xffffffff;  ///< that answers there by cookies with all their options
  tcp::UsualSynAck answer;
};

struct Stack::Core final : tcp::ReplyQueue {
  Core(const StackConfig& configuration, Memory& memory_in, BufferPool* pool_in) noexcept;

  static constexpr std::uint32_t kNone = 0xffffffff;

  // ---- what it owns
  StackConfig config;
  Memory& memory;
  BufferPoolOwner pool;
  Random random;
  tcp::Secrets secrets;
  tcp::SynCookieSecrets cookie_secrets;
  Decisions decisions;

  Slab<Interface> interfaces;
  Ring<ip::LocalAddress> addresses;  ///< a place keeps its number: half-open entries name it
  ip::RouteTable routes;
  ip::PathMtuCache path_mtus;      ///< what errors about segments in flight have told
  ip::PathMtuCache udp_path_mtus;  ///< what errors about datagrams have: for datagrams alone
  ip::SentSizes udp_sizes;         ///< of datagrams, by which such errors are judged
  ip::SourcePrefix source_prefix;
  ip::ReplyLimit reply_limit;
  ip::Reassembly reassembly;
  ip::Identifications identifications;
  ip::NeighbourCache neighbours;
  Time upkeep_at = kNever;  ///< when an address, a route or an interface has something due

  RangeBudget sent_ranges;  ///< of all connections
  Slab<tcp::Connection> connections;
  tcp::SynQueue half_open;
  ip::SourceTable sources;    ///< of both, where they came to a listener
  Box<tcp::ScanWatch> scans;  ///< made when the first stray comes
  tcp::FastOpenCache fast_open;
  tcp::TimeWaitQueue time_waits;
  IndexTable tuples;  ///< four-tuple -> tagged index
  Slab<tcp::Listener> listeners;
  IndexTable listening;  ///< port -> listener
  Slab<udp::Socket> udp_sockets;
  IndexTable udp_ports;  ///< port -> UDP socket

  TimerWheel wheel;
  IndexList ready;        ///< tagged indices, by their ready_link
  IndexList orphans;      ///< by their queue_link, the oldest in front
  IndexList gapped;       ///< connections with data out of order, by their gap_link
  IndexList left_behind;  ///< orphans with something to send, by their burden_link
  IndexList stalled;      ///< connections whose peer takes nothing, by their burden_link
  bool scarce = false;    ///< buffers are (Limits::scarce_percent)
  std::uint32_t next_number = 1;
  std::uint64_t next_udp_number = 1;
  std::uint64_t next_frame = 1;
  Time now{};
  Time retry_at = kNever;  ///< a frame could not be built for want of memory: try again
  Time flood_until{};      ///< SYNs are looked at for the short way (answer_flood())

  // ---- plumbing
  [[nodiscard]] tcp::Context context() noexcept {
    return {now,       config.tcp, config.limits, secrets,   memory,      *pool,
            decisions, *this,      random,        fast_open, sent_ranges, scarce};
  }
  /// An event at `at` begins.
  void begin(Time at, FrameId frame = FrameId::none) noexcept;
  [[nodiscard]] ListLink& ready_link(std::uint32_t tagged_index) noexcept;
  [[nodiscard]] std::span<const ip::LocalAddress> local_addresses() const noexcept {
    // A ring whose front never goes is contiguous.
    if (addresses.empty()) return {};
    return {&addresses.front(), addresses.size()};
  }
  [[nodiscard]] std::uint64_t hash(const Endpoint& local, const Endpoint& remote) const noexcept {
    return tcp::tuple_hash(secrets.tuple, local, remote);
  }
  [[nodiscard]] std::uint64_t port_hash(std::uint16_t port) const noexcept {
    return port * 0x9e3779b97f4a7c15U;  // no secret: nobody else chooses our ports
  }
  [[nodiscard]] FrameId new_frame_id() noexcept { return static_cast<FrameId>(next_frame++); }

  [[nodiscard]] Interface& interface_of(InterfaceId id) noexcept {
    return interfaces[static_cast<std::uint32_t>(id)];
  }
  [[nodiscard]] const Interface& interface_of(InterfaceId id) const noexcept {
    return interfaces[static_cast<std::uint32_t>(id)];
  }

  // ---- addressing.cpp
  [[nodiscard]] Status add_address(InterfaceId interface, const Cidr& cidr,
                                   const ip::LocalAddress& like = {}) noexcept;
  [[nodiscard]] Status remove_address(InterfaceId interface, const IpAddress& address) noexcept;
  /// The number of `address` of `interface`, in whatever state; kNone: it has none such.
  [[nodiscard]] std::uint32_t address_index(InterfaceId interface,
                                            const IpAddress& address) const noexcept;
  [[nodiscard]] bool has_address(const IpAddress& address) const noexcept;
  /// Is it ours, or will it be unless somebody else has it?
  [[nodiscard]] bool may_bind(const IpAddress& address) const noexcept;
  /// Whom a packet to `destination` is handed to on `interface`; nothing: there is no route.
  [[nodiscard]] std::optional<IpAddress> next_hop(InterfaceId interface,
                                                  const IpAddress& destination) const noexcept;
  [[nodiscard]] std::uint32_t mtu_towards(InterfaceId interface,
                                          const IpAddress& remote) const noexcept;
  /// The same for a datagram: as TCP has it, or as errors about datagrams do.
  [[nodiscard]] std::uint32_t datagram_mtu(InterfaceId interface,
                                           const IpAddress& remote) const noexcept;
  [[nodiscard]] Result<IpAddress> source_for(const IpAddress& remote) const noexcept;
  [[nodiscard]] Result<IpAddress> source_by(InterfaceId interface,
                                            const IpAddress& remote) const noexcept;
  [[nodiscard]] Result<InterfaceId> interface_towards(const IpAddress& remote) const noexcept;
  [[nodiscard]] bool is_local(const IpAddress& address) const noexcept;
  /// Who listens at `local`. Of several that share the port, the one of `flow`: any hash of the
  /// four-tuple.
  [[nodiscard]] std::uint32_t find_listener(const Endpoint& local,
                                            std::uint64_t flow = 0) const noexcept;
  [[nodiscard]] std::uint32_t find_tuple(std::uint64_t tuple_hash, const Endpoint& local,
                                         const Endpoint& remote) const noexcept;
  [[nodiscard]] std::uint32_t find_tuple(const tcp::Segment& segment) const noexcept {
    return find_tuple(segment.flow, segment.local, segment.remote);
  }
  [[nodiscard]] Endpoint local_of(const tcp::SynEntry& entry) const noexcept;
  [[nodiscard]] Result<std::uint16_t> ephemeral_port(const IpAddress& local,
                                                     const Endpoint& remote) noexcept;

  // ---- receive.cpp
  void receive(InterfaceId interface, std::span<Frame> frames) noexcept;
  void receive_batch(InterfaceId interface, std::span<Frame> frames) noexcept;
  void receive_other(Frame& frame, const ip::Packet& ip, InterfaceId interface) noexcept;
  /// Is `found` a connection, and still the one that `segment` is for?
  [[nodiscard]] bool is_still(std::uint32_t found, const tcp::Segment& segment) const noexcept;
  /// Gives `segment` to whoever it is for: what find_tuple() found. Returns the connection that is
  /// to be settled; kNone: none.
  [[nodiscard]] std::uint32_t receive_segment(const tcp::Segment& segment,
                                              std::uint32_t found) noexcept;
  void receive_stray(const tcp::Segment& segment) noexcept;
  void reset_stray(const tcp::Segment& segment, Reason why) noexcept;

  // ---- listen.cpp
  void meet_listener(std::uint32_t listener, const tcp::Segment& segment,
                     std::optional<SeqNumber> least_iss) noexcept;
  [[nodiscard]] std::uint32_t meet_syn_entry(std::uint32_t index,
                                             const tcp::Segment& segment) noexcept;
  [[nodiscard]] std::uint32_t promote(std::uint32_t index, const tcp::Segment& segment) noexcept;
  /// The number of our SYN in answer to `syn`; not below `least`.
  [[nodiscard]] SeqNumber first_number(const tcp::Segment& syn,
                                       std::optional<SeqNumber> least) const noexcept;
  /// Keeps `entry` for `syn`, and answers by a SYN-ACK.
  void keep_entry(tcp::SynEntry entry, const tcp::Segment& syn, bool mss_raised) noexcept;
  /// What a half-open entry for `syn` would hold.
  [[nodiscard]] tcp::SynEntry entry_for(std::uint32_t listener, const tcp::Segment& syn,
                                        const tcp::Negotiated& agreed,
                                        SeqNumber iss) const noexcept;
  /// A connection in SYN-RECEIVED made of `entry`, in no table yet; kNone: there is no room.
  /// `measured`: the SYN-ACK was sent once, at a known time.
  [[nodiscard]] std::uint32_t connection_of(const tcp::SynEntry& entry, const tcp::Segment& segment,
                                            bool measured) noexcept;
  /// It waits to be accepted, and the application hears of it.
  void queue_for_accept(std::uint32_t fresh) noexcept;
  /// queue_for_accept(), and gives it the segment that finished the handshake.
  void hand_up(std::uint32_t fresh, const tcp::Segment& segment) noexcept;
  void meet_time_wait(std::uint32_t index, const tcp::Segment& segment) noexcept;
  [[nodiscard]] bool reopen_time_wait(const tcp::TcbView& view, std::uint32_t tagged_index,
                                      const tcp::Segment& segment) noexcept;
  /// A SYN with a valid cookie becomes a connection at once (RFC 7413 section 4.2.2). False: it has
  /// to go the long way.
  [[nodiscard]] bool open_fast(std::uint32_t listener, const tcp::Segment& syn,
                               const tcp::Negotiated& agreed, SeqNumber iss,
                               bool give_cookie) noexcept;
  /// Takes a connection made by open_fast() off its listener's count once its SYN-ACK has been
  /// acknowledged, or it is over.
  void settle_fast_open(tcp::Connection& c) noexcept;
  void believe_syn(std::uint32_t index, const tcp::Segment& syn) noexcept;
  [[nodiscard]] tcp::FastOpenKeys fast_open_keys(const tcp::Listener& listener) const noexcept;
  void send_syn_ack(std::uint32_t index, Reason why) noexcept;
  void drop_syn_entry(std::uint32_t index, Reason why) noexcept;
  void expire_half_open() noexcept;
  void expire_time_wait() noexcept;
  [[nodiscard]] std::uint16_t syn_window(const tcp::Listener& listener) const noexcept;

  [[nodiscard]] bool is_full(const tcp::Listener& listener) const noexcept;
  /// Has `listener` room for another half-open entry, from `remote`, and for what comes of it?
  [[nodiscard]] bool can_open(const tcp::Listener& listener,
                              const IpAddress& remote) const noexcept;
  [[nodiscard]] tcp::Offer offer_of(const tcp::Listener& listener, InterfaceId interface,
                                    const IpAddress& remote) const noexcept;

  // ---- syn_cookies.cpp
  /// `listener` sends one: what comes back within its life may be its echo.
  void note_cookie(tcp::Listener& listener) const noexcept;
  /// Answers `syn` by a cookie. False: it cannot be (RFC 4987 section 3.6).
  [[nodiscard]] bool answer_by_cookie(std::uint32_t listener, const tcp::Segment& syn,
                                      const tcp::Negotiated& agreed, const tcp::Offer& offer,
                                      std::optional<SeqNumber> least_iss) noexcept;
  /// An ACK for a listener: does it bring a cookie back? False: it is for nothing.
  [[nodiscard]] bool take_cookie(std::uint32_t listener, const tcp::Segment& segment) noexcept;
  /// Who has brought a cookie of `listener` could not be let in.
  void turn_away(tcp::Listener& listener) const noexcept;
  /// May an ACK that brings no cookie be of somebody who was turned away?
  [[nodiscard]] bool may_be_turned_away(const tcp::Listener& listener,
                                        const tcp::Segment& segment) const noexcept;

  // ---- syn_flood.cpp
  /// Answers `frame` if it is a SYN of the usual form that only needs a cookie. False, and nothing
  /// has happened: it goes the long way.
  [[nodiscard]] bool answer_flood(Frame& frame, InterfaceId interface, FloodBatch& batch) noexcept;
  /// Readies `batch` for SYNs like `syn`, whose tuple hashes to `hash`.
  void prepare_flood(const tcp::UsualSyn& syn, std::uint64_t hash, InterfaceId interface,
                     FloodBatch& batch) noexcept;

  // ---- sources.cpp
  /// May the source of `address` have no more connections now?
  [[nodiscard]] bool has_its_share(const IpAddress& address) const noexcept;
  /// Has the source of `address` as many half-open entries as it may?
  [[nodiscard]] bool hoards_half_open(const IpAddress& address) const noexcept;
  /// A connection for what came to `listener`, counted with its source; kNone: it may not be.
  [[nodiscard]] std::uint32_t new_passive_connection(const tcp::Listener& listener,
                                                     const tcp::Segment& segment,
                                                     InterfaceId interface) noexcept;
  void count_sources() noexcept;
  /// `segment` is for nothing that exists, or opens nothing, and tried a port with `flags`: does
  /// somebody scan?
  void note_probe(const tcp::Segment& segment, std::uint16_t flags) noexcept;
  /// There was no room for a SYN of `from` at a listener, or a cookie answers it: is it flooded?
  void note_flood(tcp::Listener& listener, const IpAddress& from) noexcept;

  // ---- memory_pressure.cpp
  /// Are buffers scarce? Lets go of what is least worth keeping where they all but run out.
  void review_memory() noexcept;
  [[nodiscard]] bool evict() noexcept;
  [[nodiscard]] bool give_up_one(IndexList& of, Reason why) noexcept;
  [[nodiscard]] IndexList* burdens(tcp::Burden burden) noexcept;
  void set_burden(std::uint32_t index, tcp::Burden burden) noexcept;
  /// Puts a connection among those that memory could be taken from, or takes it out.
  void note_holdings(std::uint32_t index) noexcept;
  void forget_holdings(std::uint32_t index) noexcept;

  // ---- settle.cpp
  [[nodiscard]] std::uint32_t new_connection(const Endpoint& local, const Endpoint& remote,
                                             InterfaceId interface,
                                             const tcp::SocketOptions& options) noexcept;
  void settle(std::uint32_t index) noexcept;
  /// What settle() has to do after the application has read, which is mostly nothing.
  void settle_after_read(std::uint32_t index) noexcept;
  void leave_table(tcp::Connection& c, std::uint32_t index) noexcept;
  void destroy(std::uint32_t index) noexcept;
  [[nodiscard]] bool become_record(std::uint32_t index) noexcept;
  void add_orphan(std::uint32_t index) noexcept;
  void announce(std::uint32_t index, bool news) noexcept;
  /// Announces how many bytes there are to read now.
  void announce_readable(std::uint32_t index) noexcept;
  void note_ready(std::uint32_t tagged_index, std::uint8_t mask, std::uint8_t& announced,
                  bool news) noexcept;
  [[nodiscard]] std::uint8_t readiness(const tcp::Connection& c) const noexcept;
  [[nodiscard]] static std::uint8_t readiness(const tcp::Listener& listener) noexcept;
  [[nodiscard]] static std::uint8_t readiness(const udp::Socket& socket) noexcept;
  void advance() noexcept;

  // ---- calls.cpp
  [[nodiscard]] tcp::Connection* find(Handle handle) noexcept;
  [[nodiscard]] const tcp::Connection* find(Handle handle) const noexcept;
  [[nodiscard]] Result<Handle> listen(const ListenOptions& options) noexcept;
  static void set_up(tcp::Listener& listener, const ListenOptions& options) noexcept;
  [[nodiscard]] Result<Handle> accept(Handle listener) noexcept;
  [[nodiscard]] Result<Handle> connect(const ConnectOptions& options) noexcept;
  [[nodiscard]] Result<Endpoint> local_for(const ConnectOptions& options) noexcept;
  [[nodiscard]] Status can_bind(const Endpoint& local, bool share_port = false) const noexcept;
  Status close_listener(std::uint32_t index) noexcept;
  Status close(Handle handle, bool abortive) noexcept;
  [[nodiscard]] ConnectionView view(const tcp::Connection& c) const noexcept;
  [[nodiscard]] ConnectionView view(const tcp::SynEntry& entry) const noexcept;
  [[nodiscard]] ConnectionView view(const tcp::TimeWaitRecord& record) const noexcept;
  [[nodiscard]] ListenerView view(const tcp::Listener& listener) const noexcept;

  // ---- transmit.cpp
  void reply(const tcp::Reply& reply) noexcept override;
  [[nodiscard]] bool queue(InterfaceId interface, Frame frame, Reason why,
                           std::uint64_t connection) noexcept;
  std::size_t transmit(InterfaceId interface, FrameSink& sink) noexcept;
  std::size_t transmit_pending(Interface& interface, FrameSink& sink, bool& blocked) noexcept;
  void lose(std::uint32_t connection, const tcp::Plan& plan) noexcept;
  [[nodiscard]] bool fill_batch(Interface& interface, Batch& batch) noexcept;
  void commit(Interface& interface, const Batch::Entry& entry, std::uint32_t packets) noexcept;
  std::size_t transmit_connections(Interface& interface, FrameSink& sink, bool& blocked) noexcept;
  static void fill_transport_checksum(Frame& frame, std::uint32_t ip_size,
                                      std::uint16_t field_offset, std::uint8_t protocol,
                                      const IpAddress& source,
                                      const IpAddress& destination) noexcept;

  // ---- ethernet.cpp
  enum class Framing : std::uint8_t { handled, for_us, for_group };
  /// Takes the Ethernet header off `frame`; handled: there is nothing left to do with it.
  [[nodiscard]] Framing receive_ethernet(Frame& frame, InterfaceId interface) noexcept;
  [[nodiscard]] bool is_group_of_ours(const wire::MacAddress& mac,
                                      InterfaceId interface) const noexcept;
  [[nodiscard]] bool send_framed(Interface& out, Frame frame, const wire::MacAddress& to,
                                 std::uint16_t type, Reason why, std::uint64_t connection) noexcept;
  /// Puts `frame` among those that wait for `out`. False, and a decision says so: there is no room.
  [[nodiscard]] bool push_pending(Interface& out, Frame&& frame, Reason why,
                                  std::uint64_t connection) noexcept;

  // ---- next_hop.cpp
  [[nodiscard]] bool queue_to_next_hop(InterfaceId interface, Frame frame, Reason why,
                                       std::uint64_t connection) noexcept;
  /// The entry for a neighbour that something is to be sent to, made if need be; kNone: no room.
  [[nodiscard]] std::uint32_t neighbour_for(InterfaceId interface,
                                            const IpAddress& address) noexcept;
  /// Where the frames of a connection go now; null: it waits, or is over.
  [[nodiscard]] const wire::MacAddress* mac_for(std::uint32_t connection) noexcept;
  [[nodiscard]] bool find_next_hop(std::uint32_t connection) noexcept;
  void park(std::uint32_t connection, tcp::Wait what) noexcept;
  void leave_output(std::uint32_t connection) noexcept;
  void resume(IndexList& waiters) noexcept;
  void neighbour_resolved(std::uint32_t neighbour) noexcept;
  void neighbour_failed(std::uint32_t neighbour) noexcept;
  void drop_held(std::uint32_t neighbour, Reason why) noexcept;
  void tell_unreachable(const Frame& frame, InterfaceId interface) noexcept;
  void expire_neighbours() noexcept;
  void hear(InterfaceId interface, const IpAddress& address, const ip::Announcement& said) noexcept;
  void forget_next_hops() noexcept;
  void note_progress(tcp::Connection& c) noexcept;
  void note_trouble(const tcp::Connection& c, std::uint8_t in_vain) noexcept;

  // ---- arp.cpp
  void receive_arp(const Frame& frame, InterfaceId interface) noexcept;
  void send_arp(InterfaceId interface, const wire::ArpPacket& packet, const wire::MacAddress& to,
                Reason why) noexcept;
  void ask_by_arp(const ip::Neighbour& neighbour, bool unicast) noexcept;
  void announce_by_arp(const ip::LocalAddress& address, Reason why) noexcept;

  // ---- neighbour_discovery.cpp
  /// True: the packet was a matter of the link (neighbours, routers, listeners) and was seen to.
  [[nodiscard]] bool receive_link_icmp(const Frame& frame, InterfaceId interface) noexcept;
  void receive_solicitation(const wire::IpHeader& ip, const wire::NdpMessage& message,
                            InterfaceId interface) noexcept;
  void receive_advertisement(const wire::NdpMessage& message, InterfaceId interface) noexcept;
  void ask_by_solicitation(const ip::Neighbour& neighbour, bool unicast) noexcept;
  void send_ndp(InterfaceId interface, const IpAddress& source, const IpAddress& destination,
                const wire::NdpMessage& message, const wire::MacAddress* to, Reason why) noexcept;

  // ---- router_discovery.cpp
  void solicit_routers(InterfaceId interface) noexcept;
  void receive_router_advertisement(const wire::IpHeader& ip, const wire::NdpMessage& message,
                                    InterfaceId interface) noexcept;
  void take_prefix(const wire::PrefixInformation& info, InterfaceId interface) noexcept;
  void form_address(const wire::PrefixInformation& info, InterfaceId interface) noexcept;
  void advertise(const Route& route, Time expires) noexcept;

  // ---- upkeep.cpp
  void plan_upkeep() noexcept;
  void upkeep() noexcept;
  void step_address(std::uint32_t place) noexcept;
  void address_is_taken(std::uint32_t place, Reason why) noexcept;
  void conflict_about(std::uint32_t place) noexcept;
  void add_link_local(InterfaceId interface, std::uint8_t conflicts) noexcept;
  void report_groups(InterfaceId interface, wire::MldRecord record,
                     std::span<const IpAddress> groups) noexcept;
  void report_all_groups(InterfaceId interface) noexcept;
  /// A usable link-local address of `interface`; the unspecified one: none.
  [[nodiscard]] IpAddress link_local_of(InterfaceId interface) const noexcept;

  // ---- icmp.cpp
  void receive_icmp(const Frame& frame, const wire::IpHeader& header,
                    InterfaceId interface) noexcept;
  void answer_echo(const Frame& frame, const wire::IpHeader& header,
                   const wire::IcmpMessage& message, InterfaceId interface) noexcept;
  void icmp_error_for_tcp(const wire::IcmpMessage& message) noexcept;
  void icmp_error_for_syn_entry(std::uint32_t index, const wire::IcmpMessage& message) noexcept;
  void icmp_error_for_udp(const wire::IcmpMessage& message, InterfaceId interface) noexcept;
  /// What a packet_too_big about a datagram says of the path; false: it is not believed.
  [[nodiscard]] bool learn_udp_path_mtu(const wire::IcmpMessage& message,
                                        InterfaceId interface) noexcept;
  void send_unreachable(const Frame& frame, const wire::IpHeader& header, wire::IcmpKind kind,
                        InterfaceId interface) noexcept;

  void send_icmp_error(const Frame& frame, const wire::IpHeader& header, wire::IcmpKind kind,
                       std::uint32_t word, InterfaceId interface, Reason why) noexcept;

  // ---- fragments.cpp
  /// Takes the fragment in `frame`; true: it is the whole packet now.
  [[nodiscard]] bool reassemble(Frame& frame, const ip::Packet& packet,
                                InterfaceId interface) noexcept;
  void expire_fragments() noexcept;
  /// Is there room for `count` more frames on `interface`?
  [[nodiscard]] bool has_room(InterfaceId interface, std::uint32_t count) const noexcept;
  /// Into how many packets a datagram with `payload` bytes behind its IP header goes over a path
  /// that takes `mtu`.
  [[nodiscard]] static std::uint32_t packets_of(Family family, std::uint32_t payload,
                                                std::uint32_t mtu) noexcept;
  [[nodiscard]] Status send_datagram(wire::IpHeader ip, std::span<const std::byte> header,
                                     std::span<const std::byte> data, InterfaceId interface,
                                     Reason why) noexcept;
  [[nodiscard]] Status send_fragments(wire::IpHeader ip, std::span<const std::byte> header,
                                      std::span<const std::byte> data, std::uint32_t mtu,
                                      InterfaceId interface) noexcept;

  // ---- udp.cpp
  void receive_udp(Frame& frame, const ip::Packet& header, InterfaceId interface) noexcept;
  [[nodiscard]] std::uint32_t find_udp(const udp::Label& label) const noexcept;
  void deliver_udp(std::uint32_t index, udp::Received datagram) noexcept;

  // ---- udp_calls.cpp
  [[nodiscard]] udp::Socket* find_udp(Handle handle) noexcept;
  [[nodiscard]] const udp::Socket* find_udp(Handle handle) const noexcept;
  [[nodiscard]] Status check_udp_remote(const Endpoint& remote, Family family,
                                        const udp::SocketOptions& options) const noexcept;
  [[nodiscard]] Result<InterfaceId> udp_interface(const IpAddress& remote,
                                                  std::optional<InterfaceId> wanted) const noexcept;
  [[nodiscard]] Result<IpAddress> udp_source(const udp::Socket& socket, const IpAddress& remote,
                                             InterfaceId interface) const noexcept;
  [[nodiscard]] bool udp_conflicts(const udp::Socket& socket) const noexcept;
  [[nodiscard]] bool pick_udp_port(udp::Socket& socket) noexcept;
  [[nodiscard]] Status bind_udp(udp::Socket& socket, const UdpOptions& options) noexcept;
  [[nodiscard]] Result<Handle> open_udp(const UdpOptions& options) noexcept;
  void close_udp(std::uint32_t index) noexcept;
  [[nodiscard]] Status set_udp_remote(udp::Socket& socket, const Endpoint& remote) noexcept;
  [[nodiscard]] Status connect_udp(udp::Socket& socket, const Endpoint& remote) noexcept;
  [[nodiscard]] static Status disconnect_udp(udp::Socket& socket) noexcept;
  [[nodiscard]] Result<std::size_t> send_message(udp::Socket& socket,
                                                 std::span<const std::byte> bytes,
                                                 const UdpMessage& message) noexcept;
  [[nodiscard]] Status send_udp(udp::Socket& socket, const wire::IpHeader& ip, std::uint16_t to,
                                std::span<const std::byte> bytes, InterfaceId interface) noexcept;
  void block_udp(udp::Socket& socket, InterfaceId interface) noexcept;
  void wake_blocked_udp(Interface& interface) noexcept;
  [[nodiscard]] static std::errc take_udp_error(udp::Socket& socket) noexcept;
  [[nodiscard]] static Result<Datagram> receive_from(udp::Socket& socket, std::span<std::byte> to,
                                                     bool keep) noexcept;
  [[nodiscard]] UdpView view(const udp::Socket& socket) const noexcept;

  // ---- state.cpp
  template <class V>
  void visit(V& v);
  void after_load() noexcept;
};

}  // namespace bowline::inline v0
