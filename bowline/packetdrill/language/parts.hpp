#pragma once

// The parsers of the parts of an event; parser.cpp puts them together. All throw SyntaxError.

#include "bowline/packetdrill/language/cursor.hpp"
#include "bowline/packetdrill/language/script.hpp"

namespace bowline::inline v0::packetdrill {

/// A time in seconds: 0, 0.1. Not negative.
[[nodiscard]] Duration parse_time(Cursor& cursor);
/// name(arguments) = result [ERRNO (note)] [(note)], without the time in front.
[[nodiscard]] CallSpec parse_call(Cursor& cursor);
/// An argument of a call.
[[nodiscard]] Expression parse_expression(Cursor& cursor, std::size_t depth = 0);
/// < or > and what follows.
[[nodiscard]] PacketSpec parse_packet(Cursor& cursor);
/// flags seq [ack] [win] [urg] [<options>].
[[nodiscard]] TcpSpec parse_tcp_segment(Cursor& cursor, Way way);
/// < options > as on the wire; sets any_options for <...>.
void parse_tcp_options(Cursor& cursor, Way way, TcpSpec& segment);
/// type [code] [mtu N] [id N] [quoted packet], behind `icmp`.
[[nodiscard]] IcmpSpec parse_icmp(Cursor& cursor);
/// first:last(length); of a segment.
void parse_sequence(Cursor& cursor, std::uint32_t& seq, std::uint32_t& length);

}  // namespace bowline::inline v0::packetdrill
