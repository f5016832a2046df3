#pragma once

// The SYN that Linux and Android send, read and answered at once.
//
// It is an IP header without options and 40 bytes of TCP: MSS, SACK-permitted, timestamps, window
// scale, in that order. A flood is made of them, so that nobody can tell it from clients, and under
// one each must cost as little as can be: here its bytes are compared, summed and answered without
// being taken apart into the structures that everything else goes through. What differs in any bit
// from the usual is left to those, which must say the same of the usual (stack/syn_flood_test.cpp
// compares).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bowline/base/frame.hpp"
#include "bowline/base/seq_number.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::tcp {

/// The TCP header of such a SYN, and of the SYN-ACK that answers it.
inline constexpr std::uint32_t kUsualSynSize = 40;

/// One that came.
struct UsualSyn {
  Endpoint local;              ///< whom it is for
  Endpoint remote;             ///< who says that he sent it
  SeqNumber seq;               ///< his initial sequence number
  std::uint16_t mss = 0;       ///< his
  std::uint8_t shift = 0;      ///< his window scale, 0 to 14
  std::uint32_t ts_value = 0;  ///< his timestamp
};

/// Reads `frame`. Nothing: it is something else, damaged, or from an address that nobody can have
/// (multicast, unspecified) or from the endpoint that it is for.
[[nodiscard]] std::optional<UsualSyn> read_usual_syn(const Frame& frame) noexcept;

/// The SYN-ACK that answers such SYNs for one endpoint, made once: all of its bytes, and their
/// sums, but those that differ from one SYN to the next.
class UsualSynAck {
 public:
  /// What it says beside that.
  struct Terms {
    std::uint16_t window = 0;     ///< not scaled
    std::uint16_t mss = 0;        ///< ours
    std::uint8_t shift = 0;       ///< our window scale
    std::uint8_t hop_limit = 64;  ///< TTL
  };

  UsualSynAck() noexcept = default;  ///< Of nobody: it must not be written.
  UsualSynAck(const Endpoint& local, const Terms& terms) noexcept;

  /// Of the whole packet, in bytes: 60 over IPv4, 80 over IPv6.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  /// Writes the whole packet that answers `syn`, checksums included, to `to`: with the initial
  /// sequence number `iss` and the timestamp `ts_value`. `syn` must be for its endpoint.
  void write(std::byte* to, const UsualSyn& syn, SeqNumber iss,
             std::uint32_t ts_value) const noexcept;

 private:
  std::array<std::byte, wire::kIpv6HeaderSize + kUsualSynSize> bytes_;  // `size_` of them
  std::uint32_t size_ = 0;
  wire::ChecksumSum header_sum_;   // of the IPv4 header
  wire::ChecksumSum segment_sum_;  // of segment and pseudo-header
};

}  // namespace bowline::inline v0::tcp
