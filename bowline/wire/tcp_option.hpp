#pragma once

// The kinds of TCP options and their lengths on the wire (IANA "TCP Option Kind Numbers"), for
// those who read or write the bytes themselves. Everybody else uses TcpOptions.

#include <cstdint>

namespace bowline::inline v0::wire::tcp_option {

inline constexpr std::uint8_t kEnd = 0;
inline constexpr std::uint8_t kNop = 1;
inline constexpr std::uint8_t kMss = 2;              // RFC 9293 3.7.1
inline constexpr std::uint8_t kWindowScale = 3;      // RFC 7323 2.2
inline constexpr std::uint8_t kSackPermitted = 4;    // RFC 2018 2
inline constexpr std::uint8_t kSack = 5;             // RFC 2018 3
inline constexpr std::uint8_t kTimestamps = 8;       // RFC 7323 3.2
inline constexpr std::uint8_t kMd5 = 19;             // RFC 2385
inline constexpr std::uint8_t kUserTimeout = 28;     // RFC 5482
inline constexpr std::uint8_t kAuthentication = 29;  // RFC 5925
inline constexpr std::uint8_t kFastOpen = 34;        // RFC 7413
inline constexpr std::uint8_t kAccEcn0 = 172;        // RFC 9768 3.2.3
inline constexpr std::uint8_t kAccEcn1 = 174;        // the same in the other order
inline constexpr std::uint8_t kExperiment = 254;     // RFC 6994: 16 bits say which

// Lengths count the kind and the length byte. A SACK's is 2 and 8 for each block, a Fast Open
// cookie's 2 and its own (4 where it is an experiment's).
inline constexpr std::uint8_t kMssLength = 4;
inline constexpr std::uint8_t kWindowScaleLength = 3;
inline constexpr std::uint8_t kSackPermittedLength = 2;
inline constexpr std::uint8_t kSackBlockLength = 8;
inline constexpr std::uint8_t kTimestampsLength = 10;
inline constexpr std::uint8_t kMd5Length = 18;
inline constexpr std::uint8_t kUserTimeoutLength = 4;
inline constexpr std::uint8_t kAuthenticationMinLength = 4;
inline constexpr std::uint8_t kAccEcnFieldLength = 3;  // up to three of them, behind 2

inline constexpr std::uint16_t kFastOpenExperiment = 0xf989;

}  // namespace bowline::inline v0::wire::tcp_option
