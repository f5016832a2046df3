#include "bowline/tcp/fast_open.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace bowline::inline v0::tcp {
namespace {

// `from`, and after it so much time, doubled so often, though not more often than `most`.
Time doubled(Time from, Duration pause, int times, int most) noexcept {
  constexpr Duration kLongest = 24h;  // what may be doubled that often
  return saturating_add(from, std::min(pause, kLongest) * (1 << std::min(times, most)));
}

bool same_bytes(const wire::FastOpenCookie& a, const wire::FastOpenCookie& b) noexcept {
  return std::ranges::equal(a.bytes(), b.bytes());
}

}  // namespace

wire::FastOpenCookie fast_open_cookie(const SipKey& key, const IpAddress& client,
                                      const IpAddress& server) noexcept {
  std::array<std::byte, 32> text{};
  std::size_t size = 0;
  for (const IpAddress* address : {&client, &server}) {
    const auto bytes = address->bytes();
    std::ranges::copy(bytes, text.begin() + static_cast<std::ptrdiff_t>(size));
    size += bytes.size();
  }
  const std::uint64_t hash = siphash24(key, std::span<const std::byte>(text).first(size));
  wire::FastOpenCookie cookie;
  cookie.size = sizeof hash;
  for (std::size_t i = 0; i < sizeof hash; ++i) {
    cookie.data[i] = static_cast<std::byte>(hash >> 8 * i & 0xffU);
  }
  return cookie;
}

FastOpenKeys FastOpenKeys::of(const Settings& settings, const Secrets& secrets) noexcept {
  return {settings.fast_open.key.value_or(secrets.fast_open), settings.fast_open.previous_key};
}

FastOpenSyn judge_fast_open(const Segment& syn, const Settings& settings,
                            const FastOpenKeys& keys) noexcept {
  if (settings.fast_open.server_without_cookie && syn.data_size > 0) return FastOpenSyn::valid;
  if (!syn.options.fast_open) return FastOpenSyn::plain;
  const wire::FastOpenCookie& shown = *syn.options.fast_open;
  const auto is_of = [&](const SipKey& key) {
    return same_bytes(shown, fast_open_cookie(key, syn.remote.address, syn.local.address));
  };
  if (is_of(keys.key)) return FastOpenSyn::valid;
  // Section 4.1.2: keys change; who comes with a cookie of the one before is not sent away.
  if (keys.previous && is_of(*keys.previous)) return FastOpenSyn::outdated;
  return FastOpenSyn::asks;
}

const FastOpenCache::Entry* FastOpenCache::find(const IpAddress& server) const noexcept {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].server == server) return &entries_[i];
  }
  return nullptr;
}

FastOpenCache::Entry* FastOpenCache::entry_of(const IpAddress& server) noexcept {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].server == server) return &entries_[i];
  }
  if (limit_ == 0) return nullptr;
  if (entries_.size() >= limit_) entries_.pop_front();
  Entry fresh;
  fresh.server = server;
  // Without memory it is asked for again, that is all.
  return entries_.push_back(fresh) ? &entries_[entries_.size() - 1] : nullptr;
}

bool FastOpenCache::trusts(const IpAddress& server, const FastOpenSettings& settings,
                           Time now) const noexcept {
  if (pauses(settings.black_hole_pause, now)) return false;
  const Entry* entry = find(server);
  if (entry == nullptr || entry->losses < 2) return true;
  constexpr int kMostDoublings = 10;  // of a minute: 17 hours
  return now >= doubled(entry->lost_at, settings.server_pause, entry->losses - 1, kMostDoublings);
}

// tcp_fastopen_active_should_disable()
bool FastOpenCache::pauses(Duration pause, Time now) const noexcept {
  constexpr int kMostDoublings = 6;
  return silences_ > 0 && now < doubled(silent_at_, pause, silences_ - 1, kMostDoublings);
}

wire::FastOpenCookie FastOpenCache::request(const IpAddress& server) const noexcept {
  const Entry* entry = find(server);
  return {.experimental = entry != nullptr && entry->unanswered == 1};
}

void FastOpenCache::learn(const IpAddress& server, const wire::FastOpenCookie& cookie,
                          std::uint16_t mss, bool in_vain) noexcept {
  Entry* entry = entry_of(server);
  if (entry == nullptr) return;
  if (cookie.size > 0) {
    entry->cookie = cookie;
  } else if (in_vain && entry->cookie.size == 0 && entry->unanswered < 2) {
    ++entry->unanswered;
  }
  entry->mss = mss;
}

void FastOpenCache::tried(const IpAddress& server, bool lost, Time now) noexcept {
  if (!lost) silences_ = 0;
  if (!lost && find(server) == nullptr) return;
  Entry* entry = entry_of(server);
  if (entry == nullptr) return;
  if (!lost) {
    entry->losses = 0;
    return;
  }
  if (entry->losses < 255) ++entry->losses;
  entry->lost_at = now;
}

void FastOpenCache::fell_silent(Time now) noexcept {
  if (silences_ < 255) ++silences_;
  silent_at_ = now;
}

void FastOpenCache::clear() noexcept {
  entries_.clear();
  silences_ = 0;
}

}  // namespace bowline::inline v0::tcp
