#pragma once

// A world for an experiment: client and server on the production stack in virtual time, the courier
// between them, and a witness who sees both ends.
//
// What an experiment does is a few lines: the server listens, the client connects and says
// something, somebody closes. The world runs the applications, draws the ladder, and notes what the
// invariants ask for.

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bowline/lab/courier.hpp"
#include "bowline/lab/diagram.hpp"
#include "bowline/lab/director.hpp"
#include "bowline/lab/invariant.hpp"
#include "bowline/sim/simulation.hpp"
#include "bowline/tcp/ablation.hpp"

namespace bowline::inline v0::lab {

class World;

/// An application's connection. It reads what comes; what it writes, and when it closes, the
/// experiment says.
struct Conn : Facts {
  Handle handle;                       ///< in its stack
  bool reads = true;                   ///< takes what comes
  bool close_when_written = false;     ///< closes once all is written
  bool shut_when_written = false;      ///< ends its direction once all is written
  bool close_on_end = false;           ///< closes when the peer has finished
  std::function<void(Conn&)> on_read;  ///< something was read
  std::function<void(Conn&)> on_end;   ///< the peer has finished
  std::function<void(Conn&)> on_open;  ///< it can be used
  std::size_t accepted_bytes = 0;      ///< of `written`, by the stack
  bool shut = false;                   ///< its direction was ended
};

/// How the two hosts are.
struct WorldOptions {
  std::uint64_t seed = 1;  ///< of everything random
  Duration delay = 10ms;   ///< from host to host
  tcp::Ablation ablation;  ///< of both stacks
  sim::Wire to_server{};   ///< the last stretch to the server: a bottleneck, if it has a rate
  /// The client sits behind one that forgets idle connections; nothing: there is none.
  std::optional<sim::MiddleboxOptions> firewall{};
  bool syn_gateway =
      false;             ///< the server stands behind a SYN proxy, which the ladder counts to it
  Duration bound = 60s;  ///< in which calls and records are to end
  /// Changes the stacks' settings further.
  std::function<void(StackConfig&, Side)> configure;
  Text left{"client", "客户端"};   ///< who stands left in the ladder
  Text right{"server", "服务器"};  ///< and right
  bool windows = false;            ///< the ladder says which windows are offered
  /// The ladder shows this port of the client's alone; nothing: all.
  std::optional<std::uint16_t> shown_port{};
  std::size_t most_rungs = 400;  ///< later ones are not kept
  std::size_t most_in_vain = 3;  ///< drawn forgeries that change nothing, answers to nobody
};

/// The world. One thread's.
class World final : private sim::Tap, private CourierWatch {
 public:
  /// Throws std::system_error where there is no memory.
  World(WorldOptions options, Director& director);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() override = default;

  static constexpr std::uint16_t kPort = 7'788;         ///< the server's
  static constexpr std::uint16_t kClientPort = 33'370;  ///< the client's, unless it says otherwise

  [[nodiscard]] Time now() const { return net_.now(); }  ///< The present instant.
  [[nodiscard]] Stack& stack(Side side);                 ///< One end's.
  [[nodiscard]] static Endpoint client_endpoint(std::uint16_t port = kClientPort);  ///< left
  [[nodiscard]] static Endpoint server_endpoint();                                  ///< right
  [[nodiscard]] Director& director() { return director_; }  ///< Who decides.

  /// The server listens; `accepted` says what its application does with each connection.
  void listen(std::function<void(Conn&)> accepted, ListenOptions options = {});
  /// The client connects from `port`; `set` says what its application does. Null when the stack
  /// says no (the ports are in use).
  Conn* connect(const std::function<void(Conn&)>& set = {}, std::uint16_t port = kClientPort);
  /// An application writes `bytes` more.
  void write(Conn& conn, std::string bytes);
  /// An application lets go of its connection.
  void close(Conn& conn);
  /// An application ends its direction.
  void shutdown(Conn& conn);
  /// The client gives up a connect() that has not succeeded.
  void cancel(Conn& conn);
  /// An application tears its connection down, and holds it for failed with `why`, if it says so.
  void abort(Conn& conn, std::error_code why = {});
  /// An application hangs: it does nothing any more, for ever. Its stack is well.
  void hang(Conn& conn);
  /// One end's machine loses its power: all that it held is gone, and nothing reaches it.
  void power_off(Side side);
  /// It starts anew. A server's programs do not.
  void power_on(Side side);
  /// The cable is pulled: every packet is lost.
  void unplug() { unplugged_ = true; }
  /// And put back.
  void plug() { unplugged_ = false; }
  /// An outsider sends a segment in another's name.
  void forge(const trace::Segment& segment, std::string_view payload = {});
  /// Something to say beside the ladder, at one end.
  void remark(Side side, Text what);

  /// Calls `what` at that time after the beginning.
  void at(Duration since, std::function<void()> what) { net_.at(start_ + since, std::move(what)); }
  /// The same, so long from now.
  void after(Duration delay, std::function<void()> what) { net_.after(delay, std::move(what)); }
  /// Lets it go on until that time after the beginning.
  void run_until(Duration since);
  /// Nothing more goes into the diagram.
  void stop_drawing() { drawing_ = false; }
  /// And now again.
  void go_on_drawing() { drawing_ = true; }

  /// All that one end saw: what arrived there, when, and what its connections have come to.
  [[nodiscard]] std::string view(Side side);
  [[nodiscard]] Observation observe();                               ///< What was seen so far.
  [[nodiscard]] const Diagram& diagram() const { return diagram_; }  ///< What was drawn.
  [[nodiscard]] std::list<Conn>& connections() { return conns_; }    ///< Of both ends.
  [[nodiscard]] std::uint64_t packets() const { return packets_; }   ///< Sent by the two hosts.
  [[nodiscard]] std::uint64_t packets_of(Side side) const {          ///< Sent by one of them.
    return counts_[side == Side::left ? 0 : 1];
  }
  [[nodiscard]] std::uint64_t payload_of(Side side) const {  ///< Payload in them, repeated or not.
    return payload_[index(side)];
  }
  [[nodiscard]] std::uint32_t half_open() const { return most_half_open_; }  ///< At the most.
  [[nodiscard]] Time start() const { return start_; }                        ///< The beginning.

 private:
  struct Sent {  // a packet on its way
    Side from = Side::left;
    Side to = Side::right;
    trace::Segment segment;
    std::string label;
    std::size_t rung = 0;
    bool drawn = false;
    bool forged = false;
    Accident::Kind accident = Accident::Kind::none;
  };
  using RecordKey = std::pair<Side, std::uint64_t>;
  struct Known {  // a record of a stack
    Time since{};
    bool judged = false;  // its ESTABLISHED
  };

  void sent(const sim::Passage& passage) override;
  void arrived(const sim::Passage& passage) override;
  Accident handed_in(sim::Port port, std::span<const std::byte> bytes, Time now, bool refused,
                     std::uint64_t& number) override;
  void hands_out(std::uint64_t number, bool copy) override;

  [[nodiscard]] static std::size_t index(Side side) { return side == Side::left ? 0 : 1; }
  void poll();
  bool poll(Conn& conn);
  void accept_all();
  void witness();
  void judge(Side side, const ConnectionView& view);
  [[nodiscard]] std::optional<tcp::State> state_of(Side side, const Endpoint& local,
                                                   const Endpoint& remote);
  [[nodiscard]] std::string label(const trace::Segment& segment, bool datagram, Side from,
                                  std::size_t size);
  [[nodiscard]] bool shows(const trace::Segment& segment, Side from) const {
    return !options_.shown_port ||
           (from == Side::left ? segment.source : segment.destination).port == *options_.shown_port;
  }
  [[nodiscard]] bool draws() const {
    return drawing_ && diagram_.rungs.size() < options_.most_rungs;
  }
  [[nodiscard]] unsigned scale_of(Side from, const trace::Segment& segment);
  std::size_t draw(Rung rung);
  /// `state` where it is another than the one that was drawn for this end before.
  [[nodiscard]] std::optional<tcp::State> news(Side side, std::optional<tcp::State> state);

  WorldOptions options_;
  Director& director_;
  sim::Simulation net_;
  Time start_;
  sim::Host* hosts_[2]{};
  Courier* courier_ = nullptr;
  std::optional<Handle> listener_;
  std::function<void(Conn&)> accepted_;
  std::list<Conn> conns_;
  Diagram diagram_;
  bool drawing_ = true;
  std::optional<tcp::State> drawn_[2];  // of each end, the latest
  std::string arrivals_[2];             // at each end
  std::size_t in_vain_ = 0;             // forgeries that changed nothing, drawn
  std::size_t for_nobody_ = 0;          // packets to hosts that are not there, drawn

  std::map<std::uint64_t, Sent> on_their_way_;                          // by the courier's number
  std::map<std::uint64_t, std::pair<std::uint64_t, bool>> handed_out_;  // by the simulation's
  std::pair<std::uint64_t, bool> handing_out_{};
  std::map<std::pair<Side, Endpoint>, std::uint32_t> origins_;  // of sequence numbers, by end
  std::uint64_t next_number_ = 0;
  std::uint64_t calls_ = 0;  // of connect()
  std::uint64_t packets_ = 0;
  std::uint64_t counts_[2]{};
  std::uint64_t payload_[2]{};
  bool unplugged_ = false;
  bool off_[2]{};
  bool hosts_alive_ = true;
  std::map<RecordKey, Known> known_;
  std::map<std::pair<Side, std::pair<Endpoint, Endpoint>>, tcp::State> states_;  // a step ago
  std::vector<Establishment> established_;
  std::vector<Reset> resets_;
  std::uint64_t forged_ = 0;
  std::uint32_t most_half_open_ = 0;
  std::uint32_t most_unproven_ = 0;
  std::uint32_t half_open_bound_ = 0;
  std::map<Endpoint, bool> saw_syn_ack_;  // clients that a SYN of the server reached
};

}  // namespace bowline::inline v0::lab
