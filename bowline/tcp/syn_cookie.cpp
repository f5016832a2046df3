#include "bowline/tcp/syn_cookie.hpp"

#include <array>

#include "bowline/tcp/secrets.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {
namespace {

// The floor, the two defaults (RFC 9293 MUST-15), tunnels, PPPoE, Ethernet over IPv6 and IPv4,
// jumbo frames. A peer gets the largest that is not more than it asked for.
constexpr std::array<std::uint16_t, 8> kMssClasses{48, 536, 1024, 1220, 1360, 1440, 1460, 8940};

// The layout of the timestamp's low bits.
constexpr std::uint32_t kShiftMask = 15;  // 15: no window scaling; 14 is the most there is
constexpr std::uint32_t kSackBit = 16;
constexpr std::uint32_t kEcnBit = 32;
constexpr std::uint32_t kOptionsMask = 63;

std::int64_t slot_of(Time now) noexcept { return now.time_since_epoch() / kSynCookieSlot; }

std::uint32_t mac(const SipKey& secret, std::uint64_t tuple, SeqNumber irs) noexcept {
  // A key for each four-tuple: `tuple` is as good as random to whoever has not got the key of that.
  SipHasher<2, 4> hasher({secret.k0 ^ tuple, secret.k1});
  return static_cast<std::uint32_t>(hasher.finish(irs.raw()));
}

// The largest class that is not above `mss`.
std::uint32_t class_of(std::uint16_t mss) noexcept {
  std::uint32_t best = kMssClasses.size() - 1;
  while (best > 0 && kMssClasses[best] > mss) --best;  // most are near the top
  return best;
}

}  // namespace

SynCookieSecrets::Turn SynCookieSecrets::made_for(std::int64_t slot) const noexcept {
  const auto word = [&](std::uint64_t half) {
    return siphash24(master_, std::array<std::uint64_t, 2>{static_cast<std::uint64_t>(slot), half});
  };
  return {slot, {word(0), word(1)}};
}

std::optional<SeqNumber> make_syn_cookie(SynCookieSecrets& secrets, std::uint64_t tuple,
                                         SeqNumber irs, std::uint16_t peer_mss, Time now) noexcept {
  if (peer_mss < kMssClasses.front()) return std::nullopt;
  return SeqNumber(mac(secrets.of(slot_of(now)), tuple, irs) ^ class_of(peer_mss));
}

std::optional<SeqNumber> make_syn_cookie(SynCookieSecrets& secrets, const Endpoint& local,
                                         const Endpoint& remote, SeqNumber irs,
                                         std::uint16_t peer_mss, Time now) noexcept {
  const std::uint64_t tuple = hash_tuple(secrets.master(), local, remote).secret;
  return make_syn_cookie(secrets, tuple, irs, peer_mss, now);
}

std::optional<std::uint16_t> open_syn_cookie(SynCookieSecrets& secrets, std::uint64_t tuple,
                                             SeqNumber irs, SeqNumber cookie, Time now) noexcept {
  const std::int64_t present = slot_of(now);
  for (const std::int64_t slot : {present, present - 1}) {
    const std::uint32_t best = cookie.raw() ^ mac(secrets.of(slot), tuple, irs);
    if (best < kMssClasses.size()) return kMssClasses[best];
  }
  return std::nullopt;
}

std::optional<std::uint16_t> open_syn_cookie(SynCookieSecrets& secrets, const Endpoint& local,
                                             const Endpoint& remote, SeqNumber irs,
                                             SeqNumber cookie, Time now) noexcept {
  const std::uint64_t tuple = hash_tuple(secrets.master(), local, remote).secret;
  return open_syn_cookie(secrets, tuple, irs, cookie, now);
}

std::uint32_t timestamp_with_options(std::uint32_t clock, const Negotiated& agreed) noexcept {
  std::uint32_t options = agreed.window_scaling ? agreed.snd_shift : kShiftMask;
  if (agreed.sack) options |= kSackBit;
  if (agreed.feedback != FeedbackMode::none) options |= kEcnBit;
  const std::uint32_t value = (clock & ~kOptionsMask) | options;
  return options > (clock & kOptionsMask) ? value - (kOptionsMask + 1) : value;
}

Negotiated agreed_by_timestamp(std::uint32_t echo, std::uint16_t peer_mss, const Offer& offer,
                               EcnMode ecn) noexcept {
  Negotiated agreed;
  agreed.peer_mss = peer_mss;
  agreed.timestamps = true;
  const auto shift = static_cast<std::uint8_t>(echo & kShiftMask);
  agreed.window_scaling = offer.window_scaling && shift <= wire::kMaxWindowScale;
  if (agreed.window_scaling) {
    agreed.snd_shift = shift;
    agreed.rcv_shift = offer.shift;
  }
  agreed.sack = offer.sack && (echo & kSackBit) != 0;
  if (ecn != EcnMode::off && (echo & kEcnBit) != 0) agreed.feedback = FeedbackMode::classic;
  return agreed;
}

}  // namespace bowline::inline v0::tcp
