#include "bowline/packetdrill/run/interpreter.hpp"

#include <algorithm>

#include "bowline/packetdrill/code/run.hpp"
#include "bowline/packetdrill/run/calls.hpp"
#include "bowline/packetdrill/run/clock.hpp"
#include "bowline/packetdrill/run/commands.hpp"
#include "bowline/packetdrill/run/info.hpp"
#include "bowline/packetdrill/run/packets.hpp"
#include "bowline/packetdrill/run/session.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// How long stock packetdrill waits for a call that blocks before it makes another, or ends.
constexpr Duration kPatienceWithACall = 1s;
// A deadline that comes again at one instant so often would never let the time pass.
constexpr int kMostAtOnce = 10'000;

// Commands that stand before the first call and packet describe the system that the stack begins
// with.
SystemSettings settings_before(const Script& script, const std::string& folder) {
  SystemSettings settings;
  if (script.set_up) understand(script.set_up->text, settings, folder);
  for (const Event& event : script.events) {
    const auto* const command = std::get_if<CommandSpec>(&event.action);
    if (command == nullptr) break;
    understand(command->text, settings, folder);
  }
  return settings;
}

class Interpreter {
 public:
  Interpreter(const Script& script, const RunConfig& config, const RunView& view, Verdict& verdict)
      : script_(script),
        config_(config),
        settings_(settings_before(script, config.folder)),
        verdict_(verdict),
        world_(config_, settings_.sysctls.apply_to(tcp::Settings::of(config.profile)),
               view.recorder),
        session_(config_, settings_.sysctls, world_),
        packets_(session_, view.packets ? &verdict.packets : nullptr) {
    add_constants(variables_);
    world_.set_hook([this] { return look_at_blocking_call(); });
  }

  void run() {
    for (const Event& event : script_.events) {
      verdict_.position = event.position;
      run(event);
      rethrow_from_blocking_call();
      previous_ = &event;
      previous_due_ = due_;
    }
    finish();
    verdict_.passed = true;
  }

  void conclude() {
    verdict_.decisions = world_.last_decisions();
    for (const std::string& command : settings_.not_understood) {
      verdict_.notes.push_back("not done, for it is no setting that is known here: `" + command +
                               "`");
    }
  }

 private:
  // A call that blocks goes on while other events happen.
  struct Blocking {
    const CallSpec* spec = nullptr;
    Position position{};
    Due due;           // when it must return
    Duration begun{};  // when it was due itself
    MadeCall made;
  };

  [[nodiscard]] Duration now() const noexcept { return world_.now() - World::start(); }

  static bool is_inbound(const Event* event) noexcept {
    if (event == nullptr) return false;
    const auto* const packet = std::get_if<PacketSpec>(&event->action);
    return packet != nullptr && packet->way == Way::inbound;
  }

  // A look at the clock takes a microsecond of it, as where stock packetdrill drives the library: a
  // round trip of no time at all is one that no stack has ever seen.
  Duration look_at_clock() {
    if (!world_.run_until(world_.now() + 1us)) {
      throw Mismatch("the stack makes work without end at " + seconds_text(now()) + " s");
    }
    return now();
  }

  // Inbound packets that follow each other count from each other, all else from now.
  Due due_of(const Event& event) {
    const bool relative =
        event.time_kind != TimeKind::absolute && event.time_kind != TimeKind::absolute_range;
    Duration from{};
    if (relative) {
      from = is_inbound(previous_) && is_inbound(&event) ? previous_due_.at : look_at_clock();
    }
    const bool range =
        event.time_kind == TimeKind::absolute_range || event.time_kind == TimeKind::relative_range;
    return {.kind = event.time_kind,
            .at = from + event.time,
            .end = from + (range ? event.time_end : event.time)};
  }

  [[nodiscard]] std::optional<Duration> previous_at() const {
    if (previous_ == nullptr) return std::nullopt;
    return previous_due_.at;
  }

  void wait(const char* what) {
    if (!world_.run_until(World::start() + due_.at)) {
      throw Mismatch("the stack makes work without end at " + seconds_text(now()) + " s");
    }
    const Duration since = look_at_clock();
    rethrow_from_blocking_call();
    if (previous_ == nullptr) return;
    if (const auto late = check_time(config_, due_, since, previous_at(), what)) {
      throw Mismatch(*late);
    }
  }

  void run(const Event& event) {
    due_ = due_of(event);
    if (const auto* const packet = std::get_if<PacketSpec>(&event.action)) {
      if (packet->way == Way::outbound) return packets_.expect(*packet, due_, previous_at());
      wait("the packet's turn came");
      packets_.inject(*packet);
    } else if (const auto* const call = std::get_if<CallSpec>(&event.action)) {
      await_blocking_call();
      wait("the call's turn came");
      run(*call, event);
    } else if (const auto* const command = std::get_if<CommandSpec>(&event.action)) {
      wait("the command's turn came");
      run(*command);
    } else {
      wait("the code's turn came");
      run(std::get<code::Block>(event.action));
    }
  }

  // ---- calls

  // Stock packetdrill makes a script's calls one after the other: what is called while another call
  // blocks waits for that, a second at the most.
  void await_blocking_call() {
    const Time end = world_.now() + kPatienceWithACall;
    while (blocking_ && !failure_ && world_.next_event() <= end) {
      if (!world_.run_until(world_.next_event())) return;
    }
    if (blocking_ && !failure_) (void)world_.run_until(end);
    rethrow_from_blocking_call();
  }

  void run(const CallSpec& spec, const Event& event) {
    if (spec.blocks_until && blocking_) {
      throw Mismatch(blocking_->spec->name + "() blocks still: one call at a time");
    }
    MadeCall made = make_call(session_, spec);
    world_.settle();
    if (!spec.blocks_until) return finish(spec, made);
    const bool relative = event.time_kind == TimeKind::relative;
    const Duration end = *spec.blocks_until + (relative ? due_.at - event.time : Duration::zero());
    blocking_.emplace(Blocking{.spec = &spec,
                               .position = event.position,
                               .due = {.kind = event.time_kind, .at = end, .end = end},
                               .begun = due_.at,
                               .made = std::move(made)});
    world_.settle();
  }

  // A call that is not said to block may have to wait all the same. The script does not go on
  // meanwhile, so nothing but a timer can end that.
  void finish(const CallSpec& spec, MadeCall& made) {
    const Time called = world_.now();
    int at_once = 0;
    while (!made.call.done() && !made.call.resume(world_.now())) {
      const Time next = std::min(made.call.until(), world_.next_event());
      at_once = next > world_.now() ? 0 : at_once + 1;
      if (next == kNever || at_once > kMostAtOnce || !world_.run_until(next)) {
        throw Mismatch(spec.name + "() blocks for ever, expected it to return at once");
      }
      rethrow_from_blocking_call();
    }
    world_.settle();
    try {
      check_call(spec, made);
    } catch (const Mismatch& mismatch) {
      if (world_.now() == called) throw;
      throw Mismatch(std::string(mismatch.what()) + "; it blocked until " + seconds_text(now()) +
                     " s, expected it to return at once");
    }
  }

  // The hook: something has happened, and a call that blocks may go on. Nothing is thrown through
  // the stack: what is wrong waits in failure_.
  Time look_at_blocking_call() {
    if (!blocking_ || failure_) return kNever;
    if (!blocking_->made.call.resume(world_.now())) return blocking_->made.call.until();
    const Blocking ended = std::move(*blocking_);
    blocking_.reset();
    try {
      check_call(*ended.spec, ended.made);
      const auto late =
          check_time(config_, ended.due, now(), ended.begun, "the call that blocked returned");
      if (late) throw Mismatch(*late);
    } catch (const Mismatch& mismatch) {
      failure_ = mismatch.what();
      failure_at_ = ended.position;
    }
    return kNever;
  }

  void rethrow_from_blocking_call() {
    if (!failure_) return;
    verdict_.position = failure_at_;
    throw Mismatch(*failure_);
  }

  // ---- commands and code

  void run(const CommandSpec& command) {
    SystemSettings next = settings_;
    next.not_understood.clear();
    understand(command.text, next, config_.folder);
    if (before_first_action()) return;  // the stack began with it
    settings_.not_understood.insert(settings_.not_understood.end(), next.not_understood.begin(),
                                    next.not_understood.end());
    if (next.sysctls == settings_.sysctls) return;
    next.not_understood = settings_.not_understood;
    if (next.sysctls.flushes() != settings_.sysctls.flushes()) {
      static_cast<void>(world_.stack().forget_servers(world_.now()));
    }
    settings_ = next;
    const Status set = world_.stack().set_tcp_settings(
        settings_.sysctls.apply_to(tcp::Settings::of(config_.profile)), world_.now());
    if (!set) throw Mismatch("these settings contradict each other: " + set.error().message());
    world_.refuse(settings_.sysctls.interface_refuses());
  }

  [[nodiscard]] bool before_first_action() const {
    for (const Event& event : script_.events) {
      if (!std::holds_alternative<CommandSpec>(event.action)) return false;
      if (event.position == verdict_.position) return true;
    }
    return false;
  }

  void run(const code::Block& block) {
    const Conversation* const conversation = session_.under_test();
    if (conversation == nullptr || conversation->live_fd < 0) {
      throw Mismatch("there is no socket whose TCP_INFO this code could look at");
    }
    const auto none = add_info(world_.sockets(), conversation->live_fd, world_.now(), variables_);
    if (none) throw Mismatch(*none);
    if (const auto failure = code::run(block, variables_, verdict_.printed)) {
      verdict_.position = failure->position;
      throw Mismatch(failure->message);
    }
  }

  // ---- the end

  // A call that blocks may still return when it should.
  void finish() {
    if (blocking_) {
      verdict_.position = blocking_->position;
      await_blocking_call();
      if (blocking_) throw Mismatch(blocking_->spec->name + "() blocks still at the end");
    }
    for (const int fd : session_.open_fds()) {
      (void)world_.sockets().close(fd, world_.now());
      world_.settle();
    }
    packets_.reset_all();
  }

  const Script& script_;
  const RunConfig config_;
  SystemSettings settings_;
  Verdict& verdict_;
  World world_;
  Session session_;
  Packets packets_;
  code::Variables variables_;
  const Event* previous_ = nullptr;
  Due previous_due_;
  Due due_;
  std::optional<Blocking> blocking_;
  std::optional<std::string> failure_;
  Position failure_at_;
};

}  // namespace

Verdict run_script(const Script& script, const RunConfig& config, const RunView& view) {
  Verdict verdict;
  RunConfig used = config;
  const SystemSettings before = settings_before(script, config.folder);
  if (const auto mtu = before.sysctls.number("route.mtu")) {
    used.mtu = static_cast<std::uint32_t>(std::clamp<std::int64_t>(*mtu, 576, 0xffff));
  }
  Interpreter interpreter(script, used, view, verdict);
  try {
    interpreter.run();
  } catch (const Mismatch& mismatch) {
    verdict.message = mismatch.what();
  }
  interpreter.conclude();
  return verdict;
}

}  // namespace bowline::inline v0::packetdrill
