#pragma once

// Each packet's encapsulation, from the frame to the application: which bytes belong to which
// layer, what each header says, and who made it.
//
// The Internet has four layers (RFC 1122 1.1.3); the seven of OSI stand beside them, because
// tutorials speak of those. What is in no capture is said as well: the bits and the check sequence
// are the device's.

#include <string>

#include "bowline/explain/connection.hpp"
#include "bowline/explain/decode.hpp"

namespace bowline::inline v0::explain {

/// The table of both models, and who does what: stands once in front of the packets.
[[nodiscard]] std::string layers_legend();

/// The lines for one packet. `connection` is the one that it belongs to, or null; `from_text`: see
/// CaptureInfo.
[[nodiscard]] std::string layers_text(const CapturedPacket& packet, const Decoded& decoded,
                                      const Connection* connection, bool from_text, bool absolute);

}  // namespace bowline::inline v0::explain
