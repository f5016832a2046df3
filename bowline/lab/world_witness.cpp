// The witness of a World: sees both ends at one instant, and notes what the invariants ask for.

#include <algorithm>
#include <vector>

#include "bowline/lab/world.hpp"

namespace bowline::inline v0::lab {

std::optional<tcp::State> World::state_of(Side side, const Endpoint& local,
                                          const Endpoint& remote) {
  struct Search {
    const Endpoint& local;
    const Endpoint& remote;
    std::optional<tcp::State> found;
  } search{local, remote, std::nullopt};
  stack(side).for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& wanted = *static_cast<Search*>(context);
        if (view.local == wanted.local && view.remote == wanted.remote &&
            view.state != tcp::State::closed) {
          wanted.found = view.state;
        }
      },
      &search);
  if (search.found) return search.found;
  // What an application was handed is gone; otherwise there is but the listener.
  const bool was_there = std::ranges::any_of(conns_, [&](const Conn& conn) {
    return conn.side == side && conn.local == local && conn.remote == remote;
  });
  const bool listens = side == Side::right && listener_ && !was_there;
  return listens ? tcp::State::listen : tcp::State::closed;
}

// Both ends at one instant: who is ESTABLISHED, and does the other know?
void World::witness() {
  std::uint32_t unproven = 0;
  states_.clear();
  for (const Side side : {Side::left, Side::right}) {
    std::vector<ConnectionView> views;
    stack(side).for_each_connection(
        [](void* context, const ConnectionView& view) {
          static_cast<std::vector<ConnectionView>*>(context)->push_back(view);
        },
        &views);
    std::uint32_t half_open = 0;
    for (const ConnectionView& view : views) {
      auto [entry, fresh] = known_.try_emplace({side, view.number});
      if (fresh) entry->second.since = now();
      states_[{side, {view.local, view.remote}}] = view.state;
      const bool whole = tcp::is_synchronized(view.state) && view.state != tcp::State::time_wait;
      if (view.state == tcp::State::established && !entry->second.judged) {
        entry->second.judged = true;
        judge(side, view);
      }
      if (side == Side::right && view.state == tcp::State::syn_received) ++half_open;
      if (side == Side::right && whole && !saw_syn_ack_.contains(view.remote)) ++unproven;
    }
    most_half_open_ = std::max(most_half_open_, half_open);
  }
  most_unproven_ = std::max(most_unproven_, unproven);
}

void World::judge(Side side, const ConnectionView& view) {
  struct Search {
    const ConnectionView& own;
    bool knows = false;
    bool agreed = false;
  } search{view};
  stack(trace::opposite(side))
      .for_each_connection(
          [](void* context, const ConnectionView& other) {
            auto& wanted = *static_cast<Search*>(context);
            const ConnectionView& own = wanted.own;
            if (other.local != own.remote || other.remote != own.local) return;
            // In SYN-SENT nothing has been received: IRS means nothing yet.
            wanted.knows = other.state != tcp::State::syn_sent && other.irs == own.iss;
            wanted.agreed = other.iss == own.irs;
          },
          &search);
  established_.push_back({side, now(), search.knows, search.agreed});
}

std::string World::view(Side side) {
  std::string text = arrivals_[index(side)];
  stack(side).for_each_connection(
      [](void* context, const ConnectionView& view) {
        *static_cast<std::string*>(context) += std::string(tcp::name(view.state)) + '\n';
      },
      &text);
  for (const Conn& conn : conns_) {
    if (conn.side != side) continue;
    text += conn.read + (conn.established ? " established" : "") + (conn.end_seen ? " end" : "") +
            (conn.error ? conn.error.message() : "") + '\n';
  }
  return text;
}

Observation World::observe() {
  Observation seen;
  seen.end = now();
  seen.bound = options_.bound;
  seen.hosts_alive = hosts_alive_;
  for (const Conn& conn : conns_) seen.connections.push_back(conn);
  seen.established = established_;
  seen.resets = resets_;
  seen.forged = forged_;
  seen.unproven = most_unproven_;
  seen.half_open = most_half_open_;
  seen.half_open_bound = half_open_bound_;
  for (const Side side : {Side::left, Side::right}) {
    std::vector<ConnectionView> views;
    stack(side).for_each_connection(
        [](void* context, const ConnectionView& view) {
          static_cast<std::vector<ConnectionView>*>(context)->push_back(view);
        },
        &views);
    for (const ConnectionView& view : views) {
      if (view.state == tcp::State::closed) continue;
      Record record;
      record.side = side;
      record.state = view.state;
      record.local = view.local;
      record.remote = view.remote;
      const auto known = known_.find({side, view.number});
      record.age = known == known_.end() ? Duration{} : now() - known->second.since;
      const auto other = state_of(trace::opposite(side), view.remote, view.local);
      record.peer_gone = other == tcp::State::closed || other == tcp::State::listen;
      record.unproven = side == Side::right && !saw_syn_ack_.contains(view.remote);
      seen.left.push_back(record);
    }
  }
  return seen;
}

}  // namespace bowline::inline v0::lab
