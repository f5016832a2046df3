#pragma once

// The DHCP message on the wire (RFC 2131 section 2, options by RFC 2132).
//
// A reply's options may lie in three fields (option 52), and one that is too long for a field may
// come in parts that belong together (RFC 3396). All is gathered first, checked against the length
// that each option must have, and what is found stands in a plain struct. Of an option that is not
// asked for nothing is kept.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/dhcp/drop.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dhcp {

/// Option 53 (RFC 2132 section 9.6).
enum class MessageType : std::uint8_t {
  discover = 1,
  offer = 2,
  request = 3,
  decline = 4,
  ack = 5,
  nak = 6,
  release = 7,
};

inline constexpr std::uint16_t kServerPort = 67;
inline constexpr std::uint16_t kClientPort = 68;
/// The fields before the options, the magic cookie included.
inline constexpr std::size_t kFixedSize = 240;
/// The shortest message that old relays take (RFC 1542 section 2.1), and what emit() fills up to.
inline constexpr std::size_t kSmallestMessage = 300;
/// The longest that emit() makes.
inline constexpr std::size_t kLargestRequest = 576;
/// The longest message that we take: what goes into a frame of the usual MTU (option 57).
inline constexpr std::uint16_t kLargestReply = 1'472;
/// The longest host or domain name.
inline constexpr std::size_t kMaxNameText = 253;
using NameText = FixedVector<char, kMaxNameText>;

/// What a client says.
struct Request {
  MessageType type = MessageType::discover;  ///< what it asks or says
  std::uint32_t transaction = 0;             ///< xid
  std::uint16_t seconds = 0;                 ///< since it began
  /// The answer is to be broadcast: it could not be received otherwise.
  bool broadcast = false;
  /// Ours, once we have it (ciaddr); else 0.0.0.0.
  IpAddress address{};
  wire::MacAddress hardware{};           ///< chaddr: who says it
  std::optional<IpAddress> requested{};  ///< option 50
  std::optional<IpAddress> server{};     ///< option 54
  std::string_view host_name{};          ///< option 12; empty: none, at most 63 characters count
};

/// Writes `request` and returns its size.
std::size_t emit(std::span<std::byte, kLargestRequest> to, const Request& request) noexcept;

/// What a server says.
struct Reply {
  MessageType type = MessageType::nak;            ///< offer, ack or nak
  std::uint32_t transaction = 0;                  ///< xid
  wire::MacAddress hardware{};                    ///< chaddr: whom it is for
  IpAddress address{};                            ///< yiaddr: what we get
  std::optional<IpAddress> server{};              ///< option 54
  std::optional<IpAddress> mask{};                ///< option 1
  FixedVector<IpAddress, 4> routers;              ///< option 3; more are left out
  FixedVector<IpAddress, 8> name_servers;         ///< option 6; more are left out
  NameText domain;                                ///< option 15
  std::optional<std::uint16_t> mtu{};             ///< option 26
  std::optional<IpAddress> broadcast{};           ///< option 28
  std::optional<std::uint32_t> lease_seconds{};   ///< option 51; 0xffffffff: for ever
  std::optional<std::uint32_t> renew_seconds{};   ///< option 58, T1
  std::optional<std::uint32_t> rebind_seconds{};  ///< option 59, T2
};

/// Reads a server's message. Errors: truncated to bad_message_type.
[[nodiscard]] std::expected<Reply, Drop> parse(std::span<const std::byte> message) noexcept;

}  // namespace bowline::inline v0::dhcp
