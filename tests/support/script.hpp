#pragma once

// Scripts: protocol tests that read like the protocol.
//
// A script is a conversation. On one side stands a real Stack at 192.168.0.1 (fd00::1) with an
// application
// (`app`); on the other a peer at 192.168.0.2 (fd00::2) that says exactly what the script makes it
// say.
//
//     SCRIPT(Open, K27_ThreeSegmentsOpenAConnection) {  // RFC 9293 3.5 figure 6
//       app.connects();
//       expect("S 0:0(0)"_seg);
//       peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
//       expect(". 1:1(0) ack 1"_seg);
//       expect_state(State::established);
//     }
//
// Numbers are relative: a SYN has 0, the first byte of data 1; seq counts from the sender's ISN,
// ack from the receiver's. Both ISNs lie just below 2^32, so that every script crosses the wrap.
// Time is virtual and stands still unless the script says after(). Whatever the stack sends must be
// expected, in order; what was sent and not expected fails the script at its next step, and so at
// its end. On top of what a script expects, every segment is held to the rules that always hold
// (check_invariants in script_rules.cpp).
//
// One SCRIPT is run many times (variants.hpp): over IPv4 and IPv6, with links that take little at a
// time or large segments at once, and with the n-th request for memory refused, for every n.
// Therefore a script judges only through the functions here, never by EXPECT_ macros.

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/stack/stack.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/segment_literal.hpp"
#include "tests/support/timeline.hpp"

namespace bowline::test {

using tcp::State;
using Where = std::source_location;

/// How a run of a script differs from the plain one. See variants.hpp.
struct Variant {
  Family family = Family::ipv4;
  /// Does the link take large segments, which are then cut here?
  bool large_segments = false;
  /// What the link takes: everything; nothing at each n-th offer (2: every other one); one packet a
  /// time.
  std::uint32_t refuse_every = 0;
  bool one_at_a_time = false;
  /// The number of the request for memory that is refused. The script may then break off anywhere.
  std::optional<std::uint64_t> refused_request{};
};

/// Ends a run of a script: its failure has been reported, or does not count in this variant.
struct ScriptEnded {};

class Script;

/// The other side of one connection: sends what it is told, and keeps the relative numbers.
class Peer {
 public:
  Peer(Script& script, std::uint16_t port) : script_(script), port_(port) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Sends `segment`. Its payload is the piece of the peer's stream at its sequence number, or
  /// `text`. A window that is left out is what the peer said last; timestamps that were agreed on
  /// and are left out are its clock's (milliseconds) and the latest of ours.
  void sends(const Segment& segment, std::string_view text = {}, Where where = Where::current());
  /// Sends `segment` with one bit of the packet flipped, at byte `offset` of the TCP segment.
  void sends_damaged(const Segment& segment, std::size_t offset, Where where = Where::current());
  /// From here on its packets have these ECN bits in their IP header.
  void has_ecn(std::uint8_t bits) { ecn_ = bits; }
  /// Has this ISN; to be said before it sends anything.
  void begins_at(SeqNumber iss);
  /// Begins anew with another ISN, `further` after the present one, and forgets ours: the next SYN
  /// that we send says it.
  void reincarnates(std::uint32_t further);
  /// The port (40000), and the ISN (2^32 - 256).
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] SeqNumber iss() const { return iss_; }
  /// The ISN of the stack under test, as its SYN said; nothing before that.
  [[nodiscard]] std::optional<SeqNumber> our_iss() const { return our_iss_; }
  /// The timestamp in our SYN, from which those in literals count.
  [[nodiscard]] std::uint32_t our_first_timestamp() const {
    return our_first_timestamp_.value_or(0);
  }

 private:
  friend class Script;
  friend class Socket;
  [[nodiscard]] Segment completed(Segment segment);
  [[nodiscard]] Bytes packet_of(const Segment& said, std::string_view text, Where where);
  void hear(const SentPacket& packet);
  [[nodiscard]] std::optional<Segment> read(const SentPacket& packet) const;

  Script& script_;
  std::uint16_t port_;
  std::uint16_t our_port_ = 0;  // 0: the script's
  SeqNumber iss_{0xffff'ff00};
  std::uint16_t window_ = 65'535;  // said last
  std::uint8_t ecn_ = 0;
  std::uint32_t last_timestamp_ = 0;
  Time last_timestamp_at_{};
  std::uint32_t last_echo_ = 0;  // our latest timestamp, as it stood in the header
  std::optional<SeqNumber> our_iss_;
  std::optional<std::uint32_t> our_first_timestamp_;
  std::vector<std::pair<std::uint32_t, std::string>> texts_;  // by offset in the stream
  // For the rules that always hold.
  bool synchronized_ = false;  // our SYN is out, so every further segment has ACK
  std::uint16_t mss_ = 0;      // what the peer announced; 0: nothing
  bool offered_timestamps_ = false, we_offered_timestamps_ = false;
  bool offered_scaling_ = false;
  std::uint8_t our_shift_ = 0;
  std::optional<SeqNumber> right_edge_;  // of our window
};

/// The application's side: one socket of the Stack under test.
class Socket {
 public:
  explicit Socket(Script& script) : script_(script) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// socket, bind, listen on our port.
  void listens(ListenOptions options = {}, Where where = Where::current());
  /// connect from our port to `peer` (the script's peer).
  void connects(tcp::SocketOptions options = {}, Where where = Where::current());
  void connects(Peer& peer, tcp::SocketOptions options, Where where = Where::current());
  /// accept on `listener`: there must be a connection.
  void accepts(Socket& listener, Where where = Where::current());
  /// There must be none.
  void has_nothing_to_accept(Where where = Where::current());

  /// write: all of it must be taken. A count writes the next bytes of the application's stream.
  void writes(std::uint32_t count, Where where = Where::current());
  void writes(std::string_view text, Where where = Where::current());
  /// write as much of `count` as is taken, possibly none; returns how much.
  std::uint32_t tries_to_write(std::uint32_t count, Where where = Where::current());
  /// write must fail with `error`.
  void cannot_write(std::errc error, Where where = Where::current());
  /// read: so much must be there, and be the peer's bytes.
  void reads(std::uint32_t count, Where where = Where::current());
  void reads(std::string_view text, Where where = Where::current());
  /// read must give the end of the stream.
  void reads_end(Where where = Where::current());
  /// read must say that nothing is there yet.
  void reads_nothing(Where where = Where::current());
  /// read must fail with `error`.
  void cannot_read(std::errc error, Where where = Where::current());
  void shuts_down(Direction direction = Direction::send, Where where = Where::current());
  void closes(Where where = Where::current());
  void aborts(Where where = Where::current());
  void sets(const tcp::SocketOptions& options, Where where = Where::current());
  void marks_urgent(Where where = Where::current());
  /// The readiness must have all bits of `mask`, or none of them.
  void is_ready(std::uint8_t mask, Where where = Where::current());
  void is_not_ready(std::uint8_t mask, Where where = Where::current());
  /// take_error must give `error` (none: a default error_code).
  void was_told(std::error_code error, Where where = Where::current());
  void was_told(std::errc error, Where where = Where::current()) {
    was_told(std::make_error_code(error), where);
  }
  /// inspect must say that the connection ended so.
  void ended(EndReason reason, Where where = Where::current());
  /// The handle must be stale.
  void is_gone(Where where = Where::current());

  [[nodiscard]] Handle handle() const { return handle_; }

 private:
  friend class Script;
  Script& script_;
  Peer* peer_ = nullptr;
  Handle handle_;
  std::uint64_t read_ = 0;  // bytes of the peer's stream
};

/// A script: what SCRIPT's body is a member function of.
class Script {
 public:
  explicit Script(const Variant& variant);
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  virtual ~Script();

  /// Plays the script and everything that follows it, and reports failures to GoogleTest.
  void run();
  /// The memory of the stack under test, for variants.
  [[nodiscard]] testing::FailingMemory& memory() { return memory_; }

 protected:
  /// The body.
  virtual void play() = 0;

 public:
  // ---- before the first event
  // -----------------------------------------------------------------------

  /// What the Stack is made from. Differs from the defaults in one thing: cold_ack_at_once is off,
  /// so that ACKs are delayed whenever they may be.
  StackConfig config;
  /// Of the link: 1500, and 1520 over IPv6, so that a full segment has 1460 bytes in both.
  std::uint32_t mtu = 1500;
  /// What our ISN shall be with the script's peer; nothing: what it comes to be.
  std::optional<std::uint32_t> our_isn = 0U - 2'000U;

  // ---- the conversation
  // -------------------------------------------------------------------------------

  Peer peer{*this, 40'000};
  Socket app{*this};
  Socket listener{*this};

  /// Another peer at the same address.
  Peer& add_peer(std::uint16_t port);
  /// From here to release_output() the link takes nothing: several stimuli are answered together.
  void hold_output();
  void release_output();

  /// The next thing that was sent must be `segment`, to `peer`. Fields that the literal leaves out
  /// are not compared: window, options. Payload is compared with what the application wrote.
  void expect(const Segment& segment, Where where = Where::current());
  void expect(Peer& to, const Segment& segment, Where where = Where::current());
  /// Nothing must have been sent (which every other step demands as well).
  void expect_nothing(Where where = Where::current());
  /// Has anything been sent that was not expected yet?
  [[nodiscard]] bool has_sent() const { return !sent_.empty(); }
  /// Whatever has been sent is none of this script's business; returns how many packets it was.
  std::size_t skip_sent();
  /// The last step broke a rule that always holds, and this script is about that.
  void forget_broken_rule() { broken_rule_.clear(); }
  /// Takes the next packet that was sent, for a closer look; it must be a TCP segment.
  SentPacket take_sent(Where where = Where::current());
  /// Goes forward by `duration`. Nothing must be sent before its end; what is sent at its end is
  /// for expect().
  void after(Duration duration, Where where = Where::current());
  /// Goes forward by `duration` and nothing must be sent, not even at the end.
  void idle(Duration duration, Where where = Where::current());
  /// Goes forward by `duration`; what is sent meanwhile piles up for expect().
  void lets_pass(Duration duration, Where where = Where::current());

  /// An ICMP error from a router at 192.168.0.254 about the last segment that was sent. `word` is
  /// the MTU for packet_too_big. `seq_offset` is added to the quoted sequence number.
  void router_sends(wire::IcmpKind kind, std::uint32_t word = 0, std::uint32_t seq_offset = 0,
                    Where where = Where::current());

  /// The state of the connection with the script's peer; CLOSED if there is none.
  [[nodiscard]] State state() { return state(peer); }
  [[nodiscard]] State state(const Peer& of);
  void expect_state(State expected, Where where = Where::current());
  void expect_state(const Peer& of, State expected, Where where = Where::current());
  /// The view of the connection with the script's peer, which must exist.
  [[nodiscard]] ConnectionView view(Where where = Where::current());

  /// `value` must be `expected`; `what` names it.
  template <class A, class B>
  void expect_equal(const A& value, const B& expected, std::string_view what,
                    Where where = Where::current()) {
    if (!(value == expected)) {
      fail(describe(what, value, expected), where);
    }
  }
  void expect_true(bool holds, std::string_view what, Where where = Where::current()) {
    if (!holds) fail(std::string(what), where);
  }
  /// `reason` must have been decided `count` times so far.
  void expect_count(Reason reason, std::uint64_t count, Where where = Where::current());

  // ---- shortcuts
  // ----------------------------------------------------------------------------------

  /// Brings the connection up from LISTEN by this SYN; the peer's window stays what the SYN says.
  void open_passively(const Segment& syn, Where where = Where::current());
  void open_passively(Where where = Where::current());
  /// Brings it up by connect and this SYN-ACK.
  void open_actively(const Segment& syn_ack, Where where = Where::current());
  void open_actively(Where where = Where::current());
  /// Brings it up actively over a path with a round trip of 10 ms, on which 100 bytes were sent and
  /// acknowledged: whatever the handshake's sample is taken for, there is one, and by RFC 6298 the
  /// RTO is the floor of 200 ms.
  void open_with_a_sample(Where where = Where::current());
  /// Brings a fresh connection to `state`, in the way of RFC 9293 figures 6, 12 and 13. Then
  /// nothing is outstanding but a FIN in FIN-WAIT-1, CLOSING and LAST-ACK, and in SYN-SENT and
  /// SYN-RECEIVED the SYN. The application keeps its socket.
  void enter(State state, Where where = Where::current());

  // ---- for the parts of the harness
  // -----------------------------------------------------------------

  [[nodiscard]] Stack& stack();
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Duration elapsed() const { return now_ - started_; }
  [[nodiscard]] const Variant& variant() const { return variant_; }
  [[nodiscard]] IpAddress our_address() const;
  [[nodiscard]] IpAddress peer_address() const;
  [[nodiscard]] IpAddress router_address() const;
  static constexpr std::uint16_t kOurPort = 8'080;
  [[noreturn]] void fail(const std::string& what, Where where);
  /// Before a stimulus: the Stack exists and everything sent has been expected.
  void step(Where where);
  /// After a stimulus: takes what is sent.
  void drain();
  /// Puts `packet` on the wire to the Stack.
  void deliver(const Bytes& packet);
  void note(std::string what) { timeline_.note(now_, std::move(what)); }
  void remember_written(Peer& to, std::span<const std::byte> bytes);
  void forget_written(const Peer& to);

 private:
  friend class Peer;
  friend class Socket;
  template <class A, class B>
  static std::string describe(std::string_view what, const A& value, const B& expected) {
    return std::string(what) + ": " + ::testing::PrintToString(value) + ", and not " +
           ::testing::PrintToString(expected);
  }
  void create();
  void check_invariants(const SentPacket& packet);
  [[nodiscard]] std::string check_payload(const SentPacket& packet, const Peer& to) const;
  [[nodiscard]] Peer* peer_of(const SentPacket& packet);
  [[nodiscard]] std::string compare(const SentPacket& packet, Peer& to, const Segment& expected);
  [[nodiscard]] std::string print(const SentPacket& packet);
  void run_to(Time until, bool may_send_before, Where where);
  [[nodiscard]] std::optional<ConnectionView> find(const Peer& of);
  void await_sent();
  void wind_down();
  void still_serves();
  [[nodiscard]] Time start_for_isn(std::uint32_t isn) const;

  Variant variant_;
  testing::FailingMemory memory_;
  std::optional<Stack> stack_;
  Timeline timeline_;
  Time started_{};
  Time now_{};
  Time slack_until_ = Time::min();  // after after(): expect() may wait until then
  std::deque<SentPacket> sent_;
  std::optional<SentPacket> last_tcp_;
  std::vector<Peer*> peers_;
  std::vector<std::unique_ptr<Peer>> more_peers_;
  bool held_ = false;
  // What the application wrote to each peer (by port), for comparing payload.
  std::vector<std::pair<std::uint16_t, Bytes>> written_;
  std::string broken_rule_;  // the first rule that an emitted packet broke
  bool set_up_ = false;      // the Stack has its interface and address
  bool ended_ = false;
};

/// Runs `make(variant)`'s script in all variants (variants.cpp).
void run_variants(const std::function<std::unique_ptr<Script>(const Variant&)>& make);

}  // namespace bowline::test

/// Defines a test that is a script; the body is a member function of Script.
#define SCRIPT(suite, name) SCRIPT_OF(::bowline::test::Script, suite, name)

/// The same with words of its own: the body is a member function of `base`, a class derived from
/// Script.
#define SCRIPT_OF(base, suite, name)                                            \
  namespace {                                                                   \
  class Script_##suite##_##name final : public base {                           \
   public:                                                                      \
    using Base = base;                                                          \
    using Base::Base;                                                           \
                                                                                \
   private:                                                                     \
    void play() override;                                                       \
  };                                                                            \
  }                                                                             \
  TEST(suite, name) {                                                           \
    ::bowline::test::run_variants([](const ::bowline::test::Variant& variant) { \
      return std::make_unique<Script_##suite##_##name>(variant);                \
    });                                                                         \
  }                                                                             \
  void Script_##suite##_##name::play()
