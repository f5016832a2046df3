// The fast path must never do what the steps would not (DESIGN section 4): two copies of a
// connection go through the same random life, one with header prediction and one without, and must
// stay the same in every bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/visit.hpp"
#include "bowline/tcp/connection_state.hpp"
#include "bowline/tcp/input/input.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/timeouts.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::tcp {
namespace {

constexpr LinkAbility kLink{65'535, false};

// Remembers what was decided and replied.
class Log final : public ReplyQueue, public DecisionListener {
 public:
  void reply(const Reply& reply) noexcept override {
    entries.push_back("reply " + std::to_string(reply.seq.raw()) + " " +
                      std::to_string(reply.ack.raw()) + " " + std::to_string(reply.flags));
  }
  void decided(const Decision& decision) noexcept override {
    entries.push_back(std::string(info(decision.reason).name) + " " +
                      std::to_string(decision.from) + " " + std::to_string(decision.to));
  }
  std::vector<std::string> entries;
};

// How a run is set up.
struct Manner {
  bool timestamps = false;
  bool sack = false;
  bool orphan_or_shut = false;
};

// One connection and all that an event needs.
class World {
 public:
  World(std::uint64_t seed, const Manner& manner) : random_(seed) {
    decisions_.set_listener(&log);
    settings_.send_buffer = settings_.receive_buffer = 20'000;
    c.local = {IpAddress::v4(0x0a000001), 80};
    c.remote = {IpAddress::v4(0x0a000002), 40'000};
    c.iss = SeqNumber(0xffff'8000);
    c.irs = SeqNumber(0xffff'0000);
    c.snd_una = c.snd_nxt = c.send_front = c.iss + 1;
    c.rcv_nxt = c.last_ack_sent = c.irs + 1;
    c.rcv_edge = c.rcv_nxt + 20'000;
    c.state = State::established;
    c.snd_wnd = c.max_snd_wnd = 50'000;
    c.snd_wl1 = c.irs;
    c.snd_wl2 = c.iss + 1;
    c.rcv_mss = 1'460;
    c.peer_mss = 1'460;
    c.timestamps = manner.timestamps;
    c.sack = manner.sack;
    c.ts_recent = 5'000;
    c.ts_recent_at = now;
    set_path_mtu(c, 1'500);
    c.congestion.start(c.snd_mss, 10, CongestionAlgorithm::cubic, HyStartForm::plus_plus,
                       c.snd_nxt);
    Context context = this->context();
    EXPECT_TRUE(ensure_transfer(c, context));
    if (manner.orphan_or_shut) (random_.below(2) == 0 ? c.orphan : c.read_closed) = true;
  }

  Context context() {
    return {now,        settings_, limits_, secrets_,   heap_memory(), *pool_,
            decisions_, log,       random_, fast_open_, ranges_};
  }
  void receive(Segment segment, const std::vector<std::byte>& payload, std::size_t cut,
               std::uint16_t gso, bool fast) {
    Frame frame;
    frame.append(pool_->copy(std::span(payload).first(cut)));
    frame.append(pool_->copy(std::span(payload).subspan(cut)));
    frame.gso_size = gso;
    segment.frame = &frame;
    segment.arrival = now;
    Context context = this->context();
    ++c.segments_received;
    // As input() does, but counted.
    if (fast && input_fast(c, segment, context)) {
      ++fast_count;
    } else {
      input_slowly(c, segment, context);
    }
    settle_timers(c, kLink, context);
  }
  void write(std::uint32_t count) {
    Context context = this->context();
    const std::vector<std::byte> bytes(count, std::byte{7});
    static_cast<void>(send(c, bytes, {}, context));
    settle_timers(c, kLink, context);
  }
  void read(std::uint32_t most) {
    if (!c.transfer) return;
    const Slice taken = c.transfer->received.read_slice(most);
    Context context = this->context();
    if (!taken.empty()) after_receive(c, taken.size(), context);
  }
  void transmit(std::uint32_t packets) {
    Context context = this->context();
    for (; packets > 0; --packets) {
      const auto plan = next_segment(c, kLink, settings_, now);
      if (!plan) return;
      commit(c, *plan, plan->data, context);
    }
    settle_timers(c, kLink, context);
  }
  void pass(Duration time) {
    now += time;
    Context context = this->context();
    on_timers(c, context);
    settle_timers(c, kLink, context);
  }
  std::vector<std::byte> state() const {
    SaveVisitor v(heap_memory());
    save(v, c);
    return {v.bytes().begin(), v.bytes().end()};
  }

  Connection c;
  Log log;
  Time now{1h};
  int fast_count = 0;

 private:
  Settings settings_ = Settings::of(Profile::rfc);
  Limits limits_;
  Secrets secrets_ = Secrets::derive({1, 2, 3, 4});
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 26)};
  Decisions decisions_;
  Random random_;
  FastOpenCache fast_open_{heap_memory(), 1};
  RangeBudget ranges_{1U << 20};
};

class Run {
 public:
  Run(std::uint64_t seed, const Manner& manner)
      : random_(seed), fast_(seed, manner), slow_(seed, manner) {}

  // True: both stayed the same through `steps` events.
  bool go(int steps) {
    for (int i = 0; i < steps && fast_.c.state != State::closed; ++i) {
      step();
      if (fast_.log.entries != slow_.log.entries || fast_.state() != slow_.state()) {
        ADD_FAILURE() << "step " << i << ": " << last_;
        return false;
      }
      fast_.log.entries.clear();
      slow_.log.entries.clear();
    }
    return true;
  }
  [[nodiscard]] int fast_count() const { return fast_.fast_count; }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_.below(n)); }

  template <class F>
  void both(F&& f) {
    f(fast_);
    f(slow_);
  }

  void step() {
    switch (below(12)) {
      case 0: {
        const std::uint32_t count = 1 + below(8'000);
        last_ = "write";
        return both([&](World& world) { world.write(count); });
      }
      case 1: {
        const std::uint32_t most = 1 + below(40'000);
        last_ = "read";
        return both([&](World& world) { world.read(most); });
      }
      case 2:
      case 3: {
        const std::uint32_t packets = 1 + below(6);
        last_ = "transmit";
        return both([&](World& world) { world.transmit(packets); });
      }
      case 4: {
        const Duration time = below(4) == 0 ? Duration(1s * below(4)) : 1ms * below(100);
        last_ = "time";
        return both([&](World& world) { world.pass(time); });
      }
      default:
        return segment();
    }
  }

  // Mostly what one expects, sometimes odd in one way or more.
  void segment() {
    const Connection& c = fast_.c;
    Segment segment;
    segment.local = c.local;
    segment.remote = c.remote;
    segment.seq = c.rcv_nxt;
    segment.flags = wire::kAck | (below(2) == 0 ? wire::kPsh : std::uint16_t{0});
    segment.ack = c.snd_una + (below(2) == 0 ? 0 : below(c.outstanding() + 1));
    segment.window = static_cast<std::uint16_t>(below(6) == 0 ? below(65'536) : c.snd_wnd);
    segment.data_size = below(3) == 0 ? 0 : 1 + below(1'460);
    if (c.timestamps) {
      segment.options.timestamps = {c.ts_recent + below(3), timestamp_clock(fast_.now) - below(50)};
    }
    std::uint16_t gso = 0;
    if (below(8) == 0) {
      segment.data_size = 1'460 * (1 + below(8));
      gso = 1'460;
    }
    for (std::uint32_t odd = below(4) == 0 ? 1 + below(3) : 0; odd > 0; --odd) oddity(segment);
    last_ = "segment seq +" + std::to_string(segment.seq - c.rcv_nxt) + " ack +" +
            std::to_string(segment.ack - c.snd_una) + " size " + std::to_string(segment.data_size) +
            " flags " + std::to_string(segment.flags) + " window " + std::to_string(segment.window);
    const std::vector<std::byte> payload(segment.data_size,
                                         static_cast<std::byte>(random_.below(256)));
    const std::size_t cut = below(segment.data_size + 1);
    fast_.receive(segment, payload, cut, gso, true);
    slow_.receive(segment, payload, cut, gso, false);
  }

  void oddity(Segment& segment) {
    switch (below(16)) {
      case 0:
        segment.seq += below(3'000);
        break;
      case 1:
        segment.seq = segment.seq - below(3'000);
        break;
      case 2:
        segment.ack += below(3'000);
        break;
      case 3:
        segment.ack = segment.ack - below(70'000);
        break;
      case 4:
        segment.flags |= wire::kFin;
        break;
      case 5:
        if (below(8) == 0) segment.flags |= wire::kRst;
        break;
      case 6:
        segment.flags |= wire::kSyn;
        break;
      case 7:
        segment.flags |= wire::kUrg;
        segment.urgent = static_cast<std::uint16_t>(below(2'000));
        break;
      case 8:
        segment.flags &= static_cast<std::uint16_t>(~wire::kAck);
        break;
      case 9:
        segment.window = 0;
        break;
      case 10:
        segment.options.timestamps.reset();
        break;
      case 11:
        segment.options.timestamps = {fast_.c.ts_recent - 1 - below(1'000), 0};
        break;
      case 12: {
        const SeqNumber left = fast_.c.snd_una + below(fast_.c.outstanding() + 1);
        segment.options.sack_count = 1;
        segment.options.sack[0] = {left, left + below(3'000)};
        break;
      }
      case 13:
        segment.data_size = fast_.c.rcv_wnd() + below(3);
        segment.data_size = std::min(segment.data_size, 60'000U);
        break;
      case 14:
        segment.flags |= below(2) == 0 ? wire::kEce : wire::kCwr;
        break;
      default:
        segment.data_size = 0;
        segment.ack = fast_.c.snd_una;
        break;
    }
  }

  Random random_;
  World fast_;
  World slow_;
  std::string last_;
};

void compare(const Manner& manner, std::uint64_t first_seed) {
  int fast = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 500; ++seed) {
    Run run(seed, manner);
    ASSERT_TRUE(run.go(60)) << "seed " << seed;
    fast += run.fast_count();
  }
  if (!manner.orphan_or_shut) {
    EXPECT_GT(fast, 500 * 5) << "the fast path was hardly taken: nothing was compared";
  }
}

TEST(InputFast, DoesWhatTheStepsDo) { compare({}, 0); }
TEST(InputFast, DoesWhatTheStepsDoWithTimestamps) { compare({.timestamps = true}, 1'000); }
TEST(InputFast, DoesWhatTheStepsDoWithSack) { compare({.sack = true}, 2'000); }
TEST(InputFast, DoesWhatTheStepsDoWithBoth) { compare({.timestamps = true, .sack = true}, 3'000); }
TEST(InputFast, StandsBackWhenNobodyReads) { compare({.orphan_or_shut = true}, 4'000); }

}  // namespace
}  // namespace bowline::tcp
