#pragma once

// The SYN proxy: a gateway that opens to servers only for clients that exist (RFC 4987 section
// 3.8).
//
//     client              gateway              server
//       | -- SYN ------------> |                  |     nothing is kept
//       | <-- SYN-ACK, cookie, |                  |
//       |     window 0 ------- |                  |
//       | -- ACK of cookie --> | -- SYN --------> |     a flow begins
//       |                      | <-- SYN-ACK ---- |
//       | <-- ACK, window ---- | -- ACK --------> |
//       | <== translated =====> ================> |
//
// A SYN from outside costs one answer and no memory, however many come; no SYN from outside ever
// reaches a server. Who echoes the cookie has received it, so it is no forged address: only then is
// the server asked, in the client's own numbers. The server's numbers differ from the cookie by a
// constant, and its timestamps from the gateway's; both are added to whatever passes.
//
// The client is told a window of 0 until its server is there: it then has nothing to send that
// could be lost here, and the gateway nothing to keep. What the cookie does not carry is not
// offered to the server: without timestamps no window scaling and no SACK; never ECN, Fast Open or
// Multipath TCP.
//
// Like the rest of the core it does no I/O. Frames and the time come in, frames go out through an
// Output. One thread's.

#include <array>
#include <cstdint>
#include <optional>

#include "bowline/base/buffer.hpp"
#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/gateway/flow_table.hpp"
#include "bowline/gateway/promises.hpp"
#include "bowline/gateway/segment.hpp"
#include "bowline/gateway/sources.hpp"
#include "bowline/ip/reply_limit.hpp"
#include "bowline/tcp/options.hpp"
#include "bowline/tcp/syn_cookie.hpp"

namespace bowline::inline v0::gateway {

/// Where a gateway puts frames. Must not call it back.
class Output {
 public:
  virtual ~Output() = default;
  /// `frame` is to leave by the link on this side. It is an IP packet (or a large segment with
  /// gso_size, if such came in); its checksum is complete or partial.
  virtual void send(Side to, Frame frame) noexcept = 0;
};

/// A SYN proxy between two links that carry IP packets.
class SynProxy final {
 public:
  /// `pool` gives the memory for frames and tables. It and `output` must outlive this.
  SynProxy(const Config& config, BufferPool& pool, Output& output) noexcept;
  SynProxy(const SynProxy&) = delete;
  SynProxy& operator=(const SynProxy&) = delete;

  /// `frame` has come by the link on the side `from`. `now` never goes back.
  void receive(Side from, Frame frame, Time now) noexcept;
  /// Lets happen what is due at `now`: repeats, and the forgetting of flows.
  void advance(Time now) noexcept;
  /// When advance() is to be called at the latest; kNever: no need.
  [[nodiscard]] Time next_deadline() const noexcept { return flows_.next_deadline(); }

  /// The link on this side takes IP packets of at most `mtu` bytes. 1500 until it is said.
  void set_mtu(Side side, std::uint32_t mtu) noexcept { mtu_[index(side)] = mtu; }

  /// What it holds.
  [[nodiscard]] Usage usage() const noexcept;
  /// Bytes of memory in the table of flows.
  [[nodiscard]] std::size_t flow_bytes() const noexcept { return flows_.bytes_held(); }
  /// How often each reason applied.
  [[nodiscard]] const ReasonCounters& counters() const noexcept { return decisions_.counters(); }
  /// Who is told each decision; null: nobody.
  void set_listener(DecisionListener* listener) noexcept { decisions_.set_listener(listener); }

  template <class V>
  void visit(V& v) {
    v(mtu_, flows_, sources_, promises_, replies_);
    v.excluded(flow_count_, "names for decisions");
    v.excluded(frame_count_, "names for decisions");
  }

 private:
  static constexpr std::uint32_t kNone = FlowTable::kNone;
  static constexpr std::size_t index(Side side) noexcept { return static_cast<std::size_t>(side); }

  // What outsiders must not guess, each for one use, all made of Config::seed.
  struct Keys {
    explicit Keys(const std::array<std::uint64_t, 4>& seed) noexcept;
    SipKey cookie;
    SipKey timestamp;
    SipKey table;
    SipKey replies;
  };
  // What holds for a connection: an action, and the rule that said it.
  struct Judgement {
    Action action = Action::allow;
    std::uint32_t rule = kNone;
  };
  // A cookie that came back: the SYN's number and what it said.
  struct Proof {
    SeqNumber irs;
    std::uint16_t mss = 0;
  };

  // syn_proxy.cpp: what comes, what is due, what leaves
  void receive_tcp(Side from, Frame frame, const wire::IpHeader& ip) noexcept;
  void time_out(std::uint32_t index) noexcept;
  void forget(std::uint32_t index, Reason why) noexcept;
  [[nodiscard]] bool make_place() noexcept;
  void drop(Reason why) noexcept { decisions_.make(why); }
  bool send(Side to, Frame frame, Reason why, const Flow* flow = nullptr) noexcept;
  void pass(Side to, Frame frame, const wire::IpHeader& ip, Reason why,
            const Flow* flow = nullptr) noexcept;
  void reset_sender(const Segment& segment, Reason why) noexcept;
  [[nodiscard]] std::uint16_t largest_mss(Family family) const noexcept;

  // strangers.cpp: who is outside and has no flow
  void meet_stranger(const Segment& segment) noexcept;
  void answer_syn(const Segment& segment) noexcept;
  [[nodiscard]] Judgement judge(const Segment& segment) const noexcept;
  [[nodiscard]] std::optional<Proof> proof_in(const Segment& segment) noexcept;
  void open_flow(const Segment& segment, const Proof& proof) noexcept;
  [[nodiscard]] tcp::Negotiated promised(const Segment& segment, const Proof& proof) const noexcept;

  // opening.cpp: the handshake with the server, and those that servers begin
  void send_syn(const Flow& flow, Reason why) noexcept;
  void opening_from_outside(std::uint32_t index, const Segment& segment) noexcept;
  void opening_from_inside(std::uint32_t index, const Segment& segment) noexcept;
  void server_answered(std::uint32_t index, const Segment& segment) noexcept;
  void begin_outward(const Segment& segment, Frame frame) noexcept;
  void outward(std::uint32_t index, const Segment& segment, Frame frame) noexcept;
  void reset_client(const Flow& flow, Reason why) noexcept;
  void reset_server(const Flow& flow, Reason why) noexcept;
  /// An ACK to the end on side `to` that says where the other one stands.
  void send_ack(const Flow& flow, Side to, Reason why) noexcept;

  // passing.cpp: flows that are open
  void pass_on(std::uint32_t index, const Segment& segment, Frame frame) noexcept;

  // tracking.cpp: how far they have come
  [[nodiscard]] static bool reaches_window(Flow& flow, const Segment& segment) noexcept;
  /// True if `segment`, which has a SYN, was dealt with.
  bool meet_syn(std::uint32_t index, const Segment& segment) noexcept;
  void note(std::uint32_t index, const Segment& segment) noexcept;

  // icmp.cpp
  void receive_icmp(Side from, Frame frame, const wire::IpHeader& ip) noexcept;
  void tell_too_big(Side to, const Frame& frame, const wire::IpHeader& ip,
                    std::uint32_t mtu) noexcept;

  Config config_;
  Keys keys_;
  tcp::SynCookieSecrets cookies_;
  BufferPool& pool_;
  Output& output_;
  Decisions decisions_;
  std::array<std::uint32_t, 2> mtu_{1'500, 1'500};
  FlowTable flows_;
  SourceTable sources_;
  Promises promises_;
  ip::ReplyLimit replies_;
  std::uint64_t flow_count_ = 0;
  std::uint64_t frame_count_ = 0;
  Time now_{};  // of the call under way
};

}  // namespace bowline::inline v0::gateway
