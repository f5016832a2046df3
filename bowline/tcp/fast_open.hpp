#pragma once

// TCP Fast Open (RFC 7413): data on the SYN, answered before the handshake is done.
//
// A server that takes data from whoever sends a SYN could be made to work, and to answer, for
// forged addresses. So it gives each client a cookie, a keyed hash of his address that it need not
// remember, and takes data only with it: who shows it has received something at that address
// before. What is lost by it is protection against a SYN that arrives twice: the same data may
// reach two connections (section 6.1). It is for requests that may be repeated, and off unless both
// a setting of the stack and the application ask for it.
//
// Here are the cookie, the judgement of a SYN, and what a client remembers of servers. What becomes
// of the SYN's data is in output.cpp, input/input_syn_sent.cpp and stack/listen.cpp.

#include <cstdint>
#include <optional>

#include "bowline/base/limits.hpp"
#include "bowline/base/ring.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/secrets.hpp"
#include "bowline/tcp/segment.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::tcp {

/// What a connection has to do with Fast Open.
enum class FastOpenRole : std::uint8_t {
  none,   ///< nothing
  asks,   ///< a client whose SYN asks for a cookie
  sends,  ///< a client whose SYN carries data, if any is written before it goes, and the cookie
  sends_bare,  ///< the same without a cookie, among friends
  accepted,    ///< a server's, made by a SYN with a valid cookie: it may talk before the handshake
               ///< ends
};

/// Is it a client's that has used it?
[[nodiscard]] constexpr bool is_fast_open_client(FastOpenRole role) noexcept {
  return role == FastOpenRole::asks || role == FastOpenRole::sends ||
         role == FastOpenRole::sends_bare;
}

/// What a server thinks of a SYN.
enum class FastOpenSyn : std::uint8_t {
  plain,     ///< asks for nothing
  asks,      ///< wants a cookie, or has a wrong one: it gets one, and a handshake of three segments
  valid,     ///< its data may be taken
  outdated,  ///< the same; its cookie is from the key before, so it gets a new one
};

/// The cookie of `client` at `server` (section 4.1.2): eight bytes of SipHash-2-4 over both
/// addresses, as Linux makes them, so that machines behind one address that share a key agree.
[[nodiscard]] wire::FastOpenCookie fast_open_cookie(const SipKey& key, const IpAddress& client,
                                                    const IpAddress& server) noexcept;

/// The keys of a listener's cookies.
struct FastOpenKeys {
  SipKey key;                      ///< of those that it gives
  std::optional<SipKey> previous;  ///< of those that it believes as well

  /// Those of the stack: the configured ones, or one of its own.
  [[nodiscard]] static FastOpenKeys of(const Settings& settings, const Secrets& secrets) noexcept;
};

/// Judges a SYN to a listener that takes part and has `keys`.
[[nodiscard]] FastOpenSyn judge_fast_open(const Segment& syn, const Settings& settings,
                                          const FastOpenKeys& keys) noexcept;

/// What clients of this stack remember of servers (section 4.1.3): cookie, MSS, and how often a SYN
/// with data was lost. Bounded by Limits::fast_open_servers; the oldest goes first.
class FastOpenCache {
 public:
  /// What is known of a server.
  struct Entry {
    IpAddress server;
    wire::FastOpenCookie cookie{};  ///< empty: none known
    std::uint16_t mss = 0;          ///< what it announced; 0: nothing known
    std::uint8_t losses = 0;        ///< SYNs with data, in a row, of which nothing was heard
    std::uint8_t unanswered = 0;    ///< requests for a cookie that were in vain; counts to 2
    Time lost_at{};                 ///< the last of these

    template <class V>
    void visit(V& v) {
      v(server, cookie.data, cookie.size, cookie.experimental, mss, losses, unanswered, lost_at);
    }
  };

  FastOpenCache(Memory& memory, std::uint32_t limit) noexcept : entries_(memory), limit_(limit) {}

  /// What is known of `server`; null: nothing.
  [[nodiscard]] const Entry* find(const IpAddress& server) const noexcept;
  /// Would a SYN with data be sensible now? Not while something on the path drops such SYNs
  /// (section 4.1.3.1): FastOpenSettings::server_pause, black_hole_pause.
  [[nodiscard]] bool trusts(const IpAddress& server, const FastOpenSettings& settings,
                            Time now) const noexcept;
  /// The request for a cookie of `server`: in the option of RFC 7413, but the second time, when the
  /// first has brought nothing, in the experiment's.
  [[nodiscard]] wire::FastOpenCookie request(const IpAddress& server) const noexcept;
  /// `server` gave `cookie` (if not empty) and announced `mss`. Was it asked `in_vain` for one?
  void learn(const IpAddress& server, const wire::FastOpenCookie& cookie, std::uint16_t mss,
             bool in_vain) noexcept;
  /// A SYN with data went to `server`: was it `lost`, or answered?
  void tried(const IpAddress& server, bool lost, Time now) noexcept;
  /// A connection that used it hears nothing, during the handshake or after: something on the path
  /// may swallow such connections.
  void fell_silent(Time now) noexcept;
  /// Forgets everything.
  void clear() noexcept;

  template <class V>
  void visit(V& v) {
    v(entries_, silences_);
    v.excluded(silent_at_, "Fast Open is off in the exploration");
  }

 private:
  [[nodiscard]] bool pauses(Duration pause, Time now) const noexcept;
  [[nodiscard]] Entry* entry_of(const IpAddress& server) noexcept;

  Ring<Entry> entries_;
  std::uint32_t limit_;
  std::uint8_t silences_ = 0;  // connections that fell silent, since one last did not
  Time silent_at_{};           // the last of these
};

}  // namespace bowline::inline v0::tcp
