#pragma once

// SYN cookies: a listener without room for another half-open entry sends the entry to the peer
// (RFC 4987 section 3.6; D. J. Bernstein, 1996).
//
// The initial sequence number of the SYN-ACK is a keyed hash of the four-tuple, the peer's number
// and the present minute, in whose lowest bits the class of the peer's MSS is hidden. Who
// acknowledges it has received it at the address that he claims; nothing is kept before. Each
// minute has a secret of its own, so a cookie is good for one to two minutes and none can be
// collected for later. Sixteen of 2^32 numbers are good at any instant (two minutes, eight
// classes): a guess is right once in 2^28.
//
// Window scale, SACK and ECN do not fit; a peer with timestamps (RFC 7323) carries them for us, in
// the low six bits of the TSval that he has to echo. Without timestamps the connection does without
// them. That and the SYN-ACK that is not repeated are the price, and why entries come first. And
// there is another: nobody remembers that a cookie was used. When the connection that it made is
// over and no TIME-WAIT of ours is there (the peer closed first, somebody reset it, or 2 MSL have
// passed), a duplicate of the segment that brought it, delayed in the network for as long as the
// cookie lives, makes one more connection, and its data goes to the application a second time.
// (A half-open entry would be gone, and the duplicate be reset.) Only who can repeat the peer's own
// packets can bring that about. To remember every one would be the memory that cookies spare.

#include <array>
#include <cstdint>
#include <optional>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/options.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// A "minute" of the cookies. One lives for this long at least and twice as long at most.
inline constexpr Duration kSynCookieSlot = 64s;

/// The secrets of the cookies, another each minute: those of the present one and of the one before
/// are kept. Each comes from the master key by SipHash-2-4 and tells nothing of the others.
class SynCookieSecrets {
 public:
  explicit SynCookieSecrets(const SipKey& master) noexcept : master_(master) {}

  [[nodiscard]] const SipKey& master() const noexcept { return master_; }  ///< Of them all.
  /// That of minute `slot`, which is the present one or the one before.
  [[nodiscard]] const SipKey& of(std::int64_t slot) noexcept {
    Turn& turn = turns_[static_cast<std::uint64_t>(slot) % turns_.size()];
    if (turn.slot != slot) [[unlikely]]
      turn = made_for(slot);
    return turn.key;
  }

  template <class V>
  void visit(V& v) {
    v.excluded(master_, "a cookie is an ISN, the base of every number hashed");
    if constexpr (V::loading) turns_ = {};
  }

 private:
  struct Turn {
    std::int64_t slot = -1;
    SipKey key;
  };
  [[nodiscard]] Turn made_for(std::int64_t slot) const noexcept;

  SipKey master_;
  std::array<Turn, 2> turns_;
};

/// The initial sequence number for the SYN with number `irs` of the four-tuple whose
/// TupleHash::secret is `tuple`, and of a peer that takes segments of `peer_mss` bytes. Nothing: it
/// takes less than the smallest class says, 48 bytes.
[[nodiscard]] std::optional<SeqNumber> make_syn_cookie(SynCookieSecrets& secrets,
                                                       std::uint64_t tuple, SeqNumber irs,
                                                       std::uint16_t peer_mss, Time now) noexcept;
/// The same, where the tuple was not hashed: it is, with their master.
[[nodiscard]] std::optional<SeqNumber> make_syn_cookie(SynCookieSecrets& secrets,
                                                       const Endpoint& local,
                                                       const Endpoint& remote, SeqNumber irs,
                                                       std::uint16_t peer_mss, Time now) noexcept;

/// The MSS in `cookie`, at most what the SYN said. Nothing: it is not one that we have made for
/// that SYN in the last minutes.
[[nodiscard]] std::optional<std::uint16_t> open_syn_cookie(SynCookieSecrets& secrets,
                                                           std::uint64_t tuple, SeqNumber irs,
                                                           SeqNumber cookie, Time now) noexcept;
/// The same, where the tuple was not hashed.
[[nodiscard]] std::optional<std::uint16_t> open_syn_cookie(SynCookieSecrets& secrets,
                                                           const Endpoint& local,
                                                           const Endpoint& remote, SeqNumber irs,
                                                           SeqNumber cookie, Time now) noexcept;

/// The timestamp clock, at most 64 ms behind `clock`, with what `agreed` says in its low six bits:
/// what the SYN-ACK has as TSval (before the offset). It never runs ahead of what later segments
/// say (RFC 7323 section 5.4).
[[nodiscard]] std::uint32_t timestamp_with_options(std::uint32_t clock,
                                                   const Negotiated& agreed) noexcept;

/// What was agreed on, from the echo of such a timestamp (without the offset); window scale and
/// SACK as far as `offer` has them still, ECN as far as `ecn` does: who echoes may have made it up.
/// `peer_mss` is what the cookie says.
[[nodiscard]] Negotiated agreed_by_timestamp(std::uint32_t echo, std::uint16_t peer_mss,
                                             const Offer& offer, EcnMode ecn) noexcept;

}  // namespace bowline::inline v0::tcp
