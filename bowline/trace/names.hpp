#pragma once

// One name for each thing, in every output; the other names in every input (REQUIREMENTS A25).
//
// Tutorials, kernels and tools spell the eleven states in a dozen ways. Bowline prints the RFC's
// spelling and nothing else, and takes whatever a person is likely to type. docs/glossary.md is the
// same for people.

#include <optional>
#include <string>
#include <string_view>

#include "bowline/base/handle.hpp"
#include "bowline/tcp/state.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::trace {

/// The state that `text` means: the RFC's spelling, that of kernels and tools (SYN_RECV, SYN_RCVD,
/// SYN-RECV, FIN_WAIT1, ESTAB, TCP_CLOSE_WAIT) or of tutorials (SYN_SEND), in capitals or not, its
/// words apart by '-', '_', a blank or nothing. Nothing when it is none of these, or more than one
/// ("FIN-WAIT").
[[nodiscard]] std::optional<tcp::State> parse_state(std::string_view text);

/// The state with this number in a Decision, as the RFC spells it; "?" when there is none.
[[nodiscard]] std::string_view state_name(std::uint32_t number) noexcept;

/// "10.0.0.1" or "fd00::1".
[[nodiscard]] std::string to_text(const IpAddress& address);

/// "10.0.0.1:80" or "[fd00::1]:80".
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

/// "10.0.0.1.80" or "fd00::1.80", as tcpdump has it.
[[nodiscard]] std::string to_dotted(const Endpoint& endpoint);

/// A frame's number as outputs write it: "17" for those that the Stack numbered, "if0-17" for those
/// that a capture on interface 0 did, "-" for none.
[[nodiscard]] std::string to_text(FrameId id);

/// Received frames that a capture numbers: bit 63 tells them from those that the Stack numbers,
/// then seven bits for the interface and a counter.
[[nodiscard]] FrameId captured_frame_id(InterfaceId interface, std::uint64_t counter) noexcept;

}  // namespace bowline::inline v0::trace
