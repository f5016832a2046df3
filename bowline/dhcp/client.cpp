#include "bowline/dhcp/client.hpp"

#include <algorithm>
#include <chrono>

namespace bowline::inline v0::dhcp {
namespace {

// RFC 2131 section 4.1: 4, 8, 16, 32, 64 seconds, each a second more or less.
constexpr std::uint32_t kMostDoublings = 4;
constexpr Duration kFirstWait = 4s;
constexpr Duration kJitter = 1s;
// REQUESTs to a server that made an offer and is silent: 60 seconds, then from the start.
constexpr std::uint32_t kMostRequests = 4;
// RFC 2131 section 4.4.5: the least time between two REQUESTs that renew.
constexpr Duration kShortestRenewal = 60s;
// RFC 2131 section 3.1 step 5: the least pause after a DECLINE.
constexpr Duration kAfterDecline = 10s;
// Pauses after other failures (a NAK, a lease that is lost) are 1, 2, 4 … 64 seconds: a server that
// gives and takes back shall not keep us busy.
constexpr std::uint32_t kMostRestarts = 6;

constexpr IpAddress kEverybody = IpAddress::v4(0xffff'ffff);

}  // namespace

std::string_view name(State state) noexcept {
  switch (state) {
    case State::stopped:
      return "STOPPED";
    case State::init:
      return "INIT";
    case State::selecting:
      return "SELECTING";
    case State::requesting:
      return "REQUESTING";
    case State::probing:
      return "PROBING";
    case State::bound:
      return "BOUND";
    case State::renewing:
      return "RENEWING";
    case State::rebinding:
      return "REBINDING";
  }
  return "?";
}

// ---- the states --------------------------------------------------------------------------------

void Client::start(Time now) noexcept {
  restarts_ = 0;
  lease_.reset();
  goodbye_.reset();
  begin_after(Duration::zero(), now);
  advance(now);
}

void Client::release(Time now) noexcept {
  const bool ours =
      state_ == State::bound || state_ == State::renewing || state_ == State::rebinding;
  if (ours) {
    goodbye_ = {MessageType::release, lease_->address.address, lease_->server};
    transaction_ = static_cast<std::uint32_t>(draw());
    began_ = now;
    tell(EventKind::lost);
  }
  lease_.reset();
  to_send_ = false;
  state_ = State::stopped;
  deadline_ = kNever;
}

void Client::begin_after(Duration pause, Time now) noexcept {
  lease_.reset();
  to_send_ = false;
  state_ = State::init;
  deadline_ = saturating_add(now, pause);
}

void Client::begin_again(Time now) noexcept {
  const Duration pause = 1s * (1U << std::min(restarts_, kMostRestarts));
  ++restarts_;
  begin_after(pause, now);
}

void Client::turn_to(State state, Time now) noexcept {
  state_ = state;
  tries_ = 0;
  // A lease runs from its REQUEST (RFC 2131 section 4.4.1): from the first of several, for nobody
  // says which of them is answered.
  asked_ = now;
  switch (state) {
    case State::selecting:
    case State::renewing:
      // A new transaction; the REQUEST that takes an offer belongs to the DISCOVER's.
      transaction_ = static_cast<std::uint32_t>(draw());
      began_ = now;
      ask(now);
      break;
    case State::requesting:
    case State::rebinding:
      ask(now);
      break;
    case State::bound:
      deadline_ = lease_->renew_at;
      break;
    case State::probing:
      deadline_ = kNever;
      break;
    default:
      break;
  }
}

// Sends this state's message (again) and says when the next is due.
void Client::ask(Time now) noexcept {
  to_send_ = true;
  if (state_ == State::renewing || state_ == State::rebinding) {
    const Time end = state_ == State::renewing ? lease_->rebind_at : lease_->expires;
    const Duration half = (end - now) / 2;  // RFC 2131 section 4.4.5
    deadline_ = std::min(saturating_add(now, std::max(half, kShortestRenewal)), end);
  } else {
    const Duration wait = kFirstWait * (1U << std::min(tries_, kMostDoublings));
    const auto span = static_cast<std::uint64_t>((2 * kJitter).count()) + 1;
    const Duration jitter = Duration(static_cast<std::int64_t>(draw() % span)) - kJitter;
    deadline_ = saturating_add(now, wait + jitter);
  }
  ++tries_;
}

void Client::advance(Time now) noexcept {
  while (deadline_ <= now) {
    switch (state_) {
      case State::init:
        turn_to(State::selecting, now);
        break;
      case State::selecting:
        ask(now);
        break;
      case State::requesting:
        if (tries_ >= kMostRequests) {
          begin_again(now);
        } else {
          ask(now);
        }
        break;
      case State::bound:
        turn_to(State::renewing, now);
        break;
      case State::renewing:
        if (now >= lease_->rebind_at) {
          turn_to(State::rebinding, now);
        } else {
          ask(now);
        }
        break;
      case State::rebinding:
        if (now >= lease_->expires) {
          tell(EventKind::lost);
          begin_again(now);
        } else {
          ask(now);
        }
        break;
      case State::stopped:
      case State::probing:
        return;  // nothing is due
    }
  }
}

void Client::probed(bool is_free, Time now) noexcept {
  if (state_ != State::probing) return;
  if (!is_free) return conflict(now);
  restarts_ = 0;
  turn_to(State::bound, now);
  tell(EventKind::bound);
  advance(now);
}

void Client::conflict(Time now) noexcept {
  const bool using_it =
      state_ == State::bound || state_ == State::renewing || state_ == State::rebinding;
  if (!using_it && state_ != State::probing) return;
  goodbye_ = {MessageType::decline, lease_->address.address, lease_->server};
  transaction_ = static_cast<std::uint32_t>(draw());
  began_ = now;
  if (using_it) tell(EventKind::lost);
  ++restarts_;
  begin_after(kAfterDecline, now);
}

// ---- in ----------------------------------------------------------------------------------------

std::optional<Drop> Client::mismatch(const Endpoint& from, const Reply& reply) const noexcept {
  if (from.port != kServerPort) return Drop::wrong_port;
  const bool waits = state_ == State::selecting || state_ == State::requesting ||
                     state_ == State::renewing || state_ == State::rebinding;
  if (!waits) return Drop::unexpected;
  if (reply.transaction != transaction_) return Drop::wrong_transaction;
  if (reply.hardware != config_.hardware) return Drop::wrong_hardware_address;
  const bool offer = reply.type == MessageType::offer;
  if (offer != (state_ == State::selecting)) return Drop::unexpected;
  if (!reply.server) return Drop::no_server;
  // The one that was chosen, until any will do (RFC 2131 section 4.4.5).
  const bool chosen = state_ == State::requesting || state_ == State::renewing;
  if (chosen && *reply.server != lease_->server) return Drop::wrong_server;
  return std::nullopt;
}

void Client::receive(const Endpoint& from, std::span<const std::byte> message, Time now) noexcept {
  const auto reply = parse(message);
  if (!reply) return drops_.count(reply.error());
  if (const auto drop = mismatch(from, *reply)) return drops_.count(*drop);
  switch (reply->type) {
    case MessageType::offer:
      take_offer(*reply, now);
      break;
    case MessageType::ack:
      take_ack(*reply, now);
      break;
    default:
      take_nak(*reply, now);
  }
}

// The first offer that is of use (RFC 2131 section 4.4.1 leaves the choice open).
void Client::take_offer(const Reply& reply, Time now) noexcept {
  const auto lease = make_lease(reply, now);
  if (!lease) return drops_.count(lease.error());
  lease_ = *lease;
  turn_to(State::requesting, now);
}

void Client::take_ack(const Reply& reply, Time now) noexcept {
  if (reply.address != lease_->address.address) return drops_.count(Drop::other_address);
  const auto lease = make_lease(reply, asked_);
  if (!lease) return drops_.count(lease.error());
  const bool renewing = state_ != State::requesting;
  lease_ = *lease;
  to_send_ = false;
  if (renewing) {
    turn_to(State::bound, now);
    tell(EventKind::renewed);
    return advance(now);
  }
  turn_to(State::probing, now);
  if (!config_.probe) return probed(true, now);
  tell(EventKind::probe);
}

void Client::take_nak(const Reply& /*reply*/, Time now) noexcept {
  if (state_ != State::requesting) tell(EventKind::lost);
  begin_again(now);
}

// ---- out ---------------------------------------------------------------------------------------

// RFC 2131 table 5: what each message must and must not hold.
Request Client::request(Time now) const noexcept {
  Request request;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - began_).count();
  request.seconds = static_cast<std::uint16_t>(std::min<std::int64_t>(seconds, 0xffff));
  request.transaction = transaction_;
  request.hardware = config_.hardware;
  request.host_name = {config_.host_name.begin(), config_.host_name.size()};
  switch (state_) {
    case State::selecting:
      request.type = MessageType::discover;
      request.requested = config_.wanted;
      request.broadcast = true;
      break;
    case State::requesting:
      request.type = MessageType::request;
      request.requested = lease_->address.address;
      request.server = lease_->server;
      request.broadcast = true;
      break;
    default:  // RENEWING, REBINDING
      request.type = MessageType::request;
      request.address = lease_->address.address;
  }
  return request;
}

std::optional<Transmit> Client::poll_transmit(Time now) noexcept {
  const IpAddress nobody = IpAddress::any(Family::ipv4);
  if (goodbye_) {
    Request last;
    last.type = goodbye_->type;
    last.transaction = transaction_;
    last.hardware = config_.hardware;
    last.server = goodbye_->server;
    const bool release = last.type == MessageType::release;
    Transmit transmit{kEverybody, nobody, {}};
    if (release) {
      transmit.destination = goodbye_->server;
      transmit.source = last.address = goodbye_->address;
    } else {
      last.requested = goodbye_->address;
    }
    goodbye_.reset();
    transmit.message = std::span<const std::byte>(outgoing_).first(emit(outgoing_, last));
    return transmit;
  }
  if (!to_send_) return std::nullopt;
  to_send_ = false;
  const Request request = this->request(now);
  Transmit transmit{kEverybody, request.address, {}};
  if (state_ == State::renewing) transmit.destination = lease_->server;
  transmit.message = std::span<const std::byte>(outgoing_).first(emit(outgoing_, request));
  return transmit;
}

void Client::tell(EventKind kind) noexcept { events_.push_back({kind, *lease_}); }

std::optional<Event> Client::poll_event() noexcept {
  if (events_.empty()) return std::nullopt;
  const Event oldest = events_[0];
  FixedVector<Event, 2> rest;
  for (std::size_t i = 1; i < events_.size(); ++i) rest.push_back(events_[i]);
  events_ = rest;
  return oldest;
}

std::uint64_t Client::draw() noexcept {
  return siphash24(secret_, std::array<std::uint64_t, 1>{++drawn_});
}

}  // namespace bowline::inline v0::dhcp
