#include "bowline/explain/connection_table.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::explain {
namespace {

// Segments that the ladder of a connection that was asked for shows.
constexpr std::size_t kChosenRungs = 1'000;

}  // namespace

std::size_t ConnectionTable::Hash::operator()(const trace::Ends& ends) const noexcept {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  const auto mix = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15;
    hash ^= hash >> 32U;
  };
  for (const Endpoint* end : {&ends.first, &ends.second}) {
    mix(load_be<std::uint64_t>(end->address.raw().data()));
    mix(load_be<std::uint64_t>(end->address.raw().data() + 8));
    mix(end->port);
  }
  return static_cast<std::size_t>(hash);
}

ConnectionTable::ConnectionTable(const WatchSettings& settings, std::uint64_t chosen, Done done)
    : settings_(settings), chosen_(chosen), done_(std::move(done)) {}

const Connection* ConnectionTable::observe(const Observed& seen) {
  const trace::Ends ends = trace::ends_of(seen.segment);
  const auto known = table_.find(ends);
  if (known == table_.end()) {
    Connection& made = begin(ends, seen);
    made.observe(seen);
    touch(table_.at(ends));
    return &made;
  }
  Connection& old = *known->second.connection;
  const bool answers_syn = old.answers_late_syn(seen.segment);
  if (!answers_syn && !old.is_succeeded_by(seen.segment, seen.time)) {
    old.observe(seen);
    touch(known->second);
    return &old;
  }
  const std::uint64_t number = old.number();
  const Duration since = seen.time - old.last_time();
  const bool time_wait =
      old.end(old.side_of(seen.segment)).state.state() == tcp::State::time_wait ||
      old.end(trace::opposite(old.side_of(seen.segment))).state.state() == tcp::State::time_wait;
  const std::optional<Observed> syn = answers_syn ? old.late_syn() : std::nullopt;
  retire(known, false);
  Connection& made = begin(ends, syn ? *syn : seen);
  made.follows(number, seen.number, since, time_wait);
  if (syn) made.observe(*syn);
  made.observe(seen);
  touch(table_.at(ends));
  return &made;
}

Connection& ConnectionTable::begin(const trace::Ends& ends, const Observed& first) {
  make_room();
  WatchSettings settings = settings_;
  const std::uint64_t number = ++count_;
  if (number == chosen_) settings.bounds.first_rungs = kChosenRungs;
  Entry& entry = table_[ends];
  entry.connection = std::make_unique<Connection>(number, first, settings);
  entry.place = opening_.insert(opening_.end(), ends);
  entry.opening = true;
  return *entry.connection;
}

void ConnectionTable::make_room() {
  const std::size_t most = std::max<std::size_t>(settings_.bounds.connections, 2);
  if (opening_.size() >= most / 2) evict(opening_);
  if (table_.size() >= most) evict(settled_.empty() ? opening_ : settled_);
}

void ConnectionTable::evict(std::list<trace::Ends>& line) {
  const auto entry = table_.find(line.front());
  retire(entry, !entry->second.connection->over());
}

void ConnectionTable::retire(Table::iterator entry, bool early) {
  Entry& one = entry->second;
  (one.opening ? opening_ : settled_).erase(one.place);
  std::unique_ptr<Connection> connection = std::move(one.connection);
  table_.erase(entry);
  connection->finish();
  connection->shed();
  done_(std::move(connection), early);
}

void ConnectionTable::touch(Entry& entry) {
  const bool settled = entry.connection->established() && !entry.connection->is_probe_like();
  std::list<trace::Ends>& from = entry.opening ? opening_ : settled_;
  std::list<trace::Ends>& to = settled ? settled_ : opening_;
  to.splice(to.end(), from, entry.place);
  entry.opening = !settled;
}

void ConnectionTable::icmp(std::uint64_t packet, const wire::IcmpMessage& message,
                           const IpAddress& from) {
  if (!message.quote || message.quote->ip.protocol != wire::kProtocolTcp) return;
  const wire::IcmpQuote& quote = *message.quote;
  trace::Segment segment;
  segment.source = {quote.ip.source, quote.source_port};
  segment.destination = {quote.ip.destination, quote.destination_port};
  const auto known = table_.find(trace::ends_of(segment));
  if (known != table_.end()) known->second.connection->icmp(packet, message, from);
}

void ConnectionTable::finish() {
  std::vector<Table::iterator> left;
  for (auto entry = table_.begin(); entry != table_.end(); ++entry) left.push_back(entry);
  std::ranges::sort(
      left, {}, [](const Table::iterator& entry) { return entry->second.connection->number(); });
  for (const auto& entry : left) retire(entry, false);
}

}  // namespace bowline::inline v0::explain
