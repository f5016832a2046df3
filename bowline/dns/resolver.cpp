#include "bowline/dns/resolver.hpp"

#include <algorithm>
#include <utility>

#include "bowline/dns/hosts_file.hpp"

namespace bowline::inline v0::dns {
namespace {

constexpr std::array kTypes{Type::a, Type::aaaa};

// Names that are answered without asking anyone (RFC 6761 sections 6.3 and 6.4).
std::optional<Outcome> special_name(const Name& name) noexcept {
  if (name.is_within(*Name::parse("localhost"))) return Outcome::found;
  if (name.is_within(*Name::parse("invalid"))) return Outcome::no_such_name;
  return std::nullopt;
}

IpAddress loopback(Type type) noexcept {
  if (type == Type::a) return IpAddress::v4(0x7f00'0001);
  std::array<std::byte, 16> bytes{};
  bytes.back() = std::byte{1};
  return IpAddress::v6(bytes);
}

}  // namespace

Resolver::Resolver(const Config& config, const Limits& limits, const SipKey& secret,
                   Memory& memory) noexcept
    : config_(config),
      limits_(limits),
      secret_(secret),
      lookups_(memory, limits.lookups),
      queries_(memory, 2 * limits.lookups),
      cache_(memory, limits) {}

void Resolver::set_config(const Config& config, Time now) noexcept {
  config_ = config;
  good_ = turn_ = 0;
  lookups_.for_each([&](std::uint32_t, Lookup& lookup) {
    for (Part& part : lookup.parts) part.query = kNone;
  });
  drop_unwanted_queries();
  lookups_.for_each([&](std::uint32_t, Lookup& lookup) {
    if (lookup.finished) return;
    lookup.candidate = 0;
    lookup.exists = false;
    begin(lookup, now);
  });
}

// ---- lookups -----------------------------------------------------------------------------------

Result<LookupId> Resolver::start(const Name& name, bool absolute, Families families,
                                 Time now) noexcept {
  if (!families.v4 && !families.v6) return bowline::fail(std::errc::invalid_argument);
  if (lookups_.size() >= lookups_.limit()) return bowline::fail(std::errc::no_buffer_space);
  const std::uint32_t index = lookups_.emplace();
  if (index == kNone) return bowline::fail(std::errc::not_enough_memory);
  Lookup& lookup = lookups_[index];
  lookup.name = name;
  lookup.absolute = absolute;
  lookup.parts[0].wanted = families.v4;
  lookup.parts[1].wanted = families.v6;
  begin(lookup, now);
  return LookupId{index, lookups_.generation(index)};
}

void Resolver::cancel(LookupId lookup) noexcept {
  if (lookups_.find(lookup.index, lookup.generation) == nullptr) return;
  lookups_.erase(lookup.index);
  drop_unwanted_queries();
}

std::optional<Finished> Resolver::poll_finished() noexcept {
  std::optional<Finished> finished;
  lookups_.for_each([&](std::uint32_t index, Lookup& lookup) {
    if (finished || !lookup.finished) return;
    finished.emplace();
    finished->lookup = {index, lookups_.generation(index)};
    finished->outcome = lookup.outcome;
    if (lookup.outcome == Outcome::found) {
      for (const Part& part : lookup.parts) {
        for (const IpAddress& address : part.answer.addresses) {
          finished->addresses.push_back(address);
        }
      }
    }
    lookups_.erase(index);
  });
  return finished;
}

// The name that is tried now: as it stands and under each of the search list, in an order that the
// number of its dots decides (resolv.conf(5), ndots).
std::optional<Name> Resolver::candidate(const Lookup& lookup) const noexcept {
  const bool as_it_stands_first =
      lookup.absolute || lookup.name.labels() > std::size_t{config_.ndots};
  const std::size_t searched = lookup.absolute ? 0 : config_.search.size();
  const std::size_t as_it_stands = as_it_stands_first ? 0 : searched;
  if (lookup.candidate == as_it_stands) return lookup.name;
  return lookup.name.under(config_.search[lookup.candidate - (as_it_stands_first ? 1U : 0U)]);
}

// Without a server: special names and the hosts file.
bool Resolver::answer_here(Lookup& lookup) const noexcept {
  const auto special = special_name(lookup.name);
  bool found = false;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    Part& part = lookup.parts[i];
    part.answer = {};
    if (!part.wanted) continue;
    part.answer.addresses = find_in_hosts(config_.hosts, lookup.name, kTypes[i]);
    if (special == Outcome::found && part.answer.addresses.empty()) {
      part.answer.addresses.push_back(loopback(kTypes[i]));
    }
    found = found || !part.answer.addresses.empty();
  }
  lookup.outcome = found ? Outcome::found : special.value_or(Outcome::no_name_servers);
  return found || special || config_.servers.empty();
}

// Asks for the present candidate.
void Resolver::begin(Lookup& lookup, Time now) noexcept {
  if (answer_here(lookup)) {
    lookup.finished = true;
    return;
  }
  const std::optional<Name> name = candidate(lookup);
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    Part& part = lookup.parts[i];
    part.answer = {};
    if (!part.wanted) continue;
    if (!name) {  // too long with that domain: such a name cannot exist
      part.answer.outcome = Outcome::no_such_name;
      continue;
    }
    const Question question{*name, kTypes[i]};
    if (const Answer* const known = cache_.find(question, now)) {
      part.answer = *known;
      continue;
    }
    part.query = ask(question, now);
    if (part.query == kNone) part.answer.outcome = Outcome::no_memory;
  }
  settle(lookup, now);
}

// Once both families are answered: the outcome, or the next candidate.
void Resolver::settle(Lookup& lookup, Time now) noexcept {
  bool found = false;
  std::optional<Outcome> failure;
  bool exists = false;
  for (const Part& part : lookup.parts) {
    if (!part.wanted) continue;
    if (part.query != kNone) return;
    switch (part.answer.outcome) {
      case Outcome::found:
        found = true;
        break;
      case Outcome::no_data:
        exists = true;
        break;
      case Outcome::no_such_name:
        break;
      default:
        failure = part.answer.outcome;
    }
  }
  lookup.exists = lookup.exists || exists;
  const std::size_t candidates = lookup.absolute ? 1 : config_.search.size() + 1;
  if (found || failure || lookup.candidate + 1U >= candidates) {
    lookup.finished = true;
    lookup.outcome = found           ? Outcome::found
                     : failure       ? *failure
                     : lookup.exists ? Outcome::no_data
                                     : Outcome::no_such_name;
    return;
  }
  ++lookup.candidate;
  begin(lookup, now);  // at most kMaxSearch deep
}

// ---- questions ---------------------------------------------------------------------------------

// The query for `question`: the one that is under way, or a new one (RFC 5452 section 5: the same
// question asked twice at one time doubles what a forger can hit).
std::uint32_t Resolver::ask(const Question& question, Time now) noexcept {
  std::uint32_t index = kNone;
  queries_.for_each([&](std::uint32_t each, const Query& query) {
    if (query.question == question) index = each;
  });
  if (index != kNone) return index;
  index = queries_.emplace();
  if (index == kNone) return kNone;
  Query& query = queries_[index];
  query.question = question;
  const auto count = static_cast<std::uint8_t>(config_.servers.size());
  query.begin(config_, config_.rotate ? static_cast<std::uint8_t>(turn_++ % count) : good_);
  try_now(query, now);
  return index;
}

void Resolver::try_now(Query& query, Time now) noexcept {
  ++query.attempt;
  query.id = static_cast<std::uint16_t>(draw());
  query.spelled = query.question.name;
  if (config_.mix_case) mix_case(query.spelled);
  query.forgeries = 0;
  query.to_send = true;
  query.deadline = saturating_add(now, query.patience(config_));
}

void Resolver::try_next(std::uint32_t index, Time now) noexcept {
  Query& query = queries_[index];
  if (query.next(config_)) return try_now(query, now);
  // Some may have been silent though others said no: that they said no is what is known.
  finish(index, {query.failure.value_or(Outcome::timed_out), {}, {}}, now);
}

void Resolver::finish(std::uint32_t index, const Answer& answer, Time now) noexcept {
  cache_.insert(queries_[index].question, answer, now);
  queries_.erase(index);
  lookups_.for_each([&](std::uint32_t, Lookup& lookup) {
    for (Part& part : lookup.parts) {
      if (part.query != index) continue;
      part.query = kNone;
      part.answer = answer;
    }
  });
  // Only now: what settling asks next may get this query's number.
  lookups_.for_each([&](std::uint32_t, Lookup& lookup) {
    if (!lookup.finished) settle(lookup, now);
  });
}

void Resolver::drop_unwanted_queries() noexcept {
  queries_.for_each([&](std::uint32_t index, Query&) {
    bool wanted = false;
    lookups_.for_each([&](std::uint32_t, const Lookup& lookup) {
      for (const Part& part : lookup.parts) wanted = wanted || part.query == index;
    });
    if (!wanted) queries_.erase(index);
  });
}

// ---- out ---------------------------------------------------------------------------------------

std::optional<Transmit> Resolver::poll_transmit() noexcept {
  std::optional<Transmit> transmit;
  queries_.for_each([&](std::uint32_t index, Query& query) {
    if (transmit || !query.to_send) return;
    query.to_send = false;
    const std::size_t size =
        emit_query(outgoing_, query.id, {query.spelled, query.question.type}, query.edns);
    transmit = {{index, queries_.generation(index), query.attempt},
                query.transport,
                query.server,
                std::span<const std::byte>(outgoing_).first(size)};
  });
  return transmit;
}

std::uint64_t Resolver::draw() noexcept {
  return siphash24(secret_, std::array<std::uint64_t, 1>{++drawn_});
}

void Resolver::mix_case(Name& name) noexcept {
  std::uint64_t bits = 0;
  unsigned left = 0;
  for (std::byte& byte : name.letters()) {
    const std::byte lower = byte | std::byte{0x20};
    if (lower < std::byte{'a'} || lower > std::byte{'z'}) continue;
    if (left == 0) {
      bits = draw();
      left = 64;
    }
    byte = lower ^ static_cast<std::byte>((bits & 1U) << 5U);
    bits >>= 1U;
    --left;
  }
}

// ---- in ----------------------------------------------------------------------------------------

Query* Resolver::find(ExchangeId exchange) noexcept {
  Query* const query = queries_.find(exchange.index, exchange.generation);
  return query != nullptr && query->attempt == exchange.attempt ? query : nullptr;
}

bool Resolver::is_open(ExchangeId exchange) const noexcept {
  return const_cast<Resolver*>(this)->find(exchange) != nullptr;
}

void Resolver::receive(ExchangeId exchange, const Endpoint& from,
                       std::span<const std::byte> message, Time now) noexcept {
  Query* const query = find(exchange);
  if (query == nullptr) return drops_.count(Drop::nothing_asked);
  if (from != query->server) return suspect(exchange.index, Drop::wrong_source, now);
  judge(exchange.index, message, now);
}

// RFC 5452 section 9.1: does it answer this very query?
std::optional<Drop> Resolver::mismatch(const Query& query, const Message& message) const noexcept {
  if (message.id() != query.id) return Drop::wrong_id;
  if (!message.name()) return std::nullopt;  // a format error; see Message
  const bool same = *message.name() == query.question.name &&
                    message.type() == static_cast<std::uint16_t>(query.question.type) &&
                    message.question_class() == kClassIn;
  if (!same) return Drop::wrong_question;
  if (config_.mix_case && !message.name()->is_spelled(query.spelled)) return Drop::wrong_letters;
  return std::nullopt;
}

void Resolver::judge(std::uint32_t index, std::span<const std::byte> bytes, Time now) noexcept {
  Query& query = queries_[index];
  const auto message = Message::parse(bytes);
  if (!message) return suspect(index, message.error(), now);
  if (const auto drop = mismatch(query, *message)) return suspect(index, *drop, now);

  if (message->truncated()) {
    if (query.transport == Transport::udp) {
      query.transport = Transport::tcp;
      return try_now(query, now);
    }
    drops_.count(Drop::truncated_over_tcp);
    query.rule_out(Outcome::server_failure);
    return try_next(index, now);
  }
  const bool knows_no_edns = message->rcode() == Rcode::format_error ||
                             message->rcode() == Rcode::not_implemented ||
                             message->rcode() == Rcode::bad_version;
  if (knows_no_edns && query.edns) {  // RFC 6891 section 6.2.2
    query.edns = false;
    return try_now(query, now);
  }
  const auto answer = read_answer(*message, query.question);
  if (!answer) drops_.count(answer.error());
  const Outcome outcome = answer ? answer->outcome : Outcome::server_failure;
  if (outcome == Outcome::server_failure || outcome == Outcome::refused) {
    query.rule_out(outcome);
    return try_next(index, now);
  }
  good_ = query.index;
  finish(index, *answer, now);
}

// Counts what does not fit and waits on: the true answer may still come. Over TCP nobody but the
// server can have said it, so it is the server that is of no use.
void Resolver::suspect(std::uint32_t index, Drop why, Time now) noexcept {
  drops_.count(why);
  Query& query = queries_[index];
  if (query.transport == Transport::tcp) {
    query.rule_out(Outcome::server_failure);
    return try_next(index, now);
  }
  if (++query.forgeries < limits_.forgeries) return;
  query.transport = Transport::tcp;
  try_now(query, now);
}

void Resolver::fail(ExchangeId exchange, Time now) noexcept {
  Query* const query = find(exchange);
  if (query == nullptr) return;
  query->rule_out(Outcome::unreachable);
  try_next(exchange.index, now);
}

void Resolver::advance(Time now) noexcept {
  queries_.for_each([&](std::uint32_t index, const Query& query) {
    if (query.deadline <= now) try_next(index, now);
  });
}

Time Resolver::next_deadline() const noexcept {
  Time next = kNever;
  queries_.for_each(
      [&](std::uint32_t, const Query& query) { next = std::min(next, query.deadline); });
  return next;
}

}  // namespace bowline::inline v0::dns
