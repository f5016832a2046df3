#include "bowline/scenario/capture.hpp"

#include <utility>

namespace bowline::inline v0::scenario {

Capture::Capture(Run& run, trace::Output& output, std::optional<std::size_t> only)
    : run_(run), output_(output), only_(only) {
  for (std::size_t i = 0; i < run.hosts().size(); ++i) {
    if (only_ && i != *only_) continue;
    listeners_.push_back(std::make_unique<Listener>(*this, i));
    run.hosts()[i]->stack().set_listener(listeners_.back().get());
    output.interface({static_cast<InterfaceId>(i), run.hosts()[i]->name(), {}});
  }
  run.simulation().observe(*this);
}

Capture::~Capture() {
  for (sim::Host* const host : run_.hosts()) host->stack().set_listener(nullptr);
}

void Capture::decided(std::size_t host, const Decision& decision) noexcept {
  if (decision.frame == FrameId::none) return;
  // A large segment leaves as several packets; the first carries the reasons.
  for (Held& held : held_) {
    if (held.host == host && held.frame == decision.frame) {
      held.decisions.push_back(decision);
      return;
    }
  }
  early_.emplace_back(host, decision);
}

void Capture::hold(sim::NodeId node, trace::Way way, const sim::Passage& passage) {
  go_to(passage.at);
  std::size_t host = 0;
  while (host < run_.hosts().size() && run_.hosts()[host]->id() != node) ++host;
  if (host == run_.hosts().size()) return;  // a node between the hosts
  if (only_ && host != *only_) return;
  Held held{host, way, passage.frame, {passage.bytes.begin(), passage.bytes.end()}, {}};
  for (std::size_t i = 0; i < early_.size();) {
    if (early_[i].first == host && early_[i].second.frame == passage.frame) {
      held.decisions.push_back(early_[i].second);
      early_.erase(early_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  held_.push_back(std::move(held));
}

void Capture::sent(const sim::Passage& passage) { hold(passage.from, trace::Way::out, passage); }

void Capture::arrived(const sim::Passage& passage) { hold(passage.to, trace::Way::in, passage); }

void Capture::go_to(Time now) {
  if (now == now_) return;
  finish();
  now_ = now;
  // What was decided at an earlier instant about a packet that no host has shown is of no use.
  std::erase_if(early_, [now](const auto& entry) { return entry.second.now != now; });
}

void Capture::finish() {
  for (const Held& held : held_) {
    const trace::Packet packet = trace::take_apart(held.bytes, LinkKind::ip);
    output_.frame({held.frame, static_cast<InterfaceId>(held.host), held.way, now_, LinkKind::ip,
                   held.bytes, packet, held.decisions});
  }
  held_.clear();
}

}  // namespace bowline::inline v0::scenario
