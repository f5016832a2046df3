// A finding told again: the same choices on two Stacks that just run, with all that they say of
// themselves.

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "bowline/model/completion.hpp"
#include "bowline/model/hosts.hpp"
#include "bowline/model/search.hpp"
#include "bowline/model/world.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/sentence.hpp"

namespace bowline::inline v0::model {
namespace {

constexpr Time kBegin{1h};  // when the hosts are switched on

// A story of more choices than this is told by its beginning and its end.
constexpr std::size_t kMostTold = 80;

constexpr trace::Side side_of(Host host) noexcept {
  return host == Host::client ? trace::Side::left : trace::Side::right;
}

std::string_view name(Host host) noexcept { return host == Host::client ? "client" : "server"; }

// Keeps what a Stack says of one event.
class Listener final : public DecisionListener {
 public:
  void decided(const Decision& decision) noexcept override {
    // A change of state or a refusal tells more than what is sent because of it.
    const ReasonKind kind = info(decision.reason).kind;
    const bool telling = kind == ReasonKind::state || kind == ReasonKind::drop;
    if (why_ && (telling_ || !telling)) return;
    why_ = decision.reason;
    telling_ = telling;
  }
  [[nodiscard]] std::string take() {
    std::string text = why_ ? trace::why(*why_) : "";
    why_.reset();
    telling_ = false;
    return text;
  }

 private:
  std::optional<Reason> why_;
  bool telling_ = false;
};

std::string in_words(const Choice& choice) {
  const std::string_view who = name(choice.host);
  switch (choice.action) {
    case Action::deliver:
      return fmt::format("the next packet reaches the {}", who);
    case Action::lose:
      return fmt::format("the next packet to the {} is lost", who);
    case Action::duplicate:
      return fmt::format("the next packet to the {} is doubled: a copy strays", who);
    case Action::delay:
      return fmt::format("the next packet to the {} goes astray", who);
    case Action::change:
      return fmt::format("a bit of the next packet to the {} changes", who);
    case Action::stray:
      return fmt::format("a stray reaches the {}", who);
    case Action::wait:
      return "time passes until something is due";
    case Action::connect:
      return fmt::format("the {}'s program connects", who);
    case Action::write:
      return fmt::format("the {}'s program writes", who);
    case Action::read:
      return fmt::format("the {}'s program reads", who);
    case Action::finish:
      return fmt::format("the {}'s program finishes sending", who);
    case Action::close:
      return fmt::format("the {}'s program closes", who);
    case Action::abort:
      return fmt::format("the {}'s program resets the connection", who);
    case Action::crash:
      break;
  }
  return fmt::format("the {} crashes and starts anew", who);
}

class Teller {
 public:
  explicit Teller(const Scenario& scenario)
      : hosts_(scenario, Hosts::Keeping::separate),
        rules_(scenario, hosts_),
        completion_(scenario, rules_),
        world_(rules_.first()) {
    for (const Host host : {Host::client, Host::server}) {
      hosts_.set_listener(host, &listeners_[static_cast<std::size_t>(host)], rules_.runner());
    }
    ladder_.left = {IpAddress::v4(0x0a000001), 40'000};
    ladder_.right = {IpAddress::v4(0x0a000002), 80};
    ladder_.left_note = "client";
    ladder_.right_note = "server";
    ladder_.left_start = state_of(Host::client);
    ladder_.right_start = state_of(Host::server);
  }
  Story tell(const Finding& finding) {
    Story story;
    std::optional<Breach> breach;
    Time fair_from = rules_.now(world_);
    for (std::size_t i = 0; i < finding.choices.size(); ++i) {
      const Choice& choice = finding.choices[i];
      if (i == finding.chosen) fair_from = rules_.now(world_);
      const World before = world_;
      const std::optional<Flight> flight = flight_of(choice);
      breach = rules_.take(world_, choice).breach;
      if (!breach && i >= finding.chosen) breach = completion_.judge_service(before, world_);
      if (finding.choices.size() > kMostTold && i >= kMostTold / 2 &&
          i + kMostTold / 2 < finding.choices.size()) {
        forget(choice);
        continue;
      }
      story.choices.push_back(
          fmt::format("{:4}  {}{}", i + 1, in_words(choice), i >= finding.chosen ? " (fair)" : ""));
      draw(choice, flight);
    }
    if (!breach && finding.chosen < finding.choices.size()) {
      breach =
          completion_.judge_progress(world_, fair_from, finding.choices.size() - finding.chosen);
    }
    if (!breach) breach = completion_.check(world_, rest_);
    story.confirmed = breach && breach->invariant == finding.broken;
    story.ladder = std::move(ladder_);
    return story;
  }

 private:
  [[nodiscard]] trace::EndState state_of(Host host) const {
    const HostRecord& record = rules_.record(world_, host);
    trace::EndState state;
    if (!record.connections.empty()) {
      state.state = record.connections.back().state;
    } else {
      state.state = record.application.listener ? tcp::State::listen : tcp::State::closed;
    }
    return state;
  }

  [[nodiscard]] std::optional<Flight> flight_of(const Choice& choice) const {
    switch (choice.action) {
      case Action::deliver:
      case Action::lose:
        return world_.flights[world_.queue_begin(choice.host)];
      case Action::stray:
        return world_.flights[world_.strays_begin() + choice.which];
      default:
        return std::nullopt;
    }
  }

  // In the middle of what is too long to tell.
  void forget(const Choice& choice) {
    static_cast<void>(listeners_[static_cast<std::size_t>(choice.host)].take());
    static_cast<void>(listeners_[static_cast<std::size_t>(other(choice.host))].take());
    if (ladder_.left_out++ == 0) ladder_.left_out_before = ladder_.events.size();
  }

  void draw(const Choice& choice, const std::optional<Flight>& flight) {
    trace::LadderEvent event;
    event.time = Time(rules_.now(world_) - kBegin);
    event.left = state_of(Host::client);
    event.right = state_of(Host::server);
    std::string said = listeners_[static_cast<std::size_t>(choice.host)].take();
    const std::string of_other = listeners_[static_cast<std::size_t>(other(choice.host))].take();
    if (flight) {
      event.side = side_of(other(choice.host));
      event.segment = hosts_.packets()[flight->packet].segment;
      event.lost = choice.action == Action::lose;
      event.why = choice.action == Action::stray
                      ? fmt::format("a stray{}{}", said.empty() ? "" : ": ", said)
                      : said;
    } else {
      event.side = side_of(choice.host);
      if (choice.action == Action::wait && said.empty()) {
        said = of_other;
        event.side = side_of(other(choice.host));
      }
      event.why = fmt::format("{}{}{}", in_words(choice), said.empty() ? "" : ": ", said);
    }
    ladder_.events.push_back(std::move(event));
  }

  std::array<Listener, 2> listeners_;
  Hosts hosts_;
  Rules rules_;
  Completion completion_;
  World world_;
  trace::Ladder ladder_;
  std::vector<Choice> rest_;
};

}  // namespace

Story tell(const Scenario& scenario, const Finding& finding) {
  return Teller(scenario).tell(finding);
}

std::string text(const Finding& finding, const Story& story) {
  std::string all = fmt::format("{} is broken: {}\n  ({})\n\n", name(finding.broken), finding.what,
                                rule(finding.broken));
  for (const std::string& choice : story.choices) all += choice + '\n';
  all += '\n';
  all += trace::draw_text(story.ladder);
  if (!story.confirmed) {
    all += "\nTwo Stacks that were never cloned do not show this: a defect of the exploration.\n";
  }
  return all;
}

}  // namespace bowline::inline v0::model
