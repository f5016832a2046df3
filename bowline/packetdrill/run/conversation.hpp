#pragma once

// The conversation under test, as a script and as the wire see it.
//
// A script counts sequence numbers from the first SYN of each side (a segment with SYN has them as
// written), and writes timestamps as it likes; ports and addresses it leaves out. What is on the
// wire differs: the stack chooses its initial number, its port and its clock. Here stands what has
// been learned of both, and the translation.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bowline/packetdrill/run/observed.hpp"

namespace bowline::inline v0::packetdrill {

/// How far the script has come with a socket.
enum class Stage : std::uint8_t {
  fresh,            ///< socket() was called
  listening,        ///< listen() was called
  packet_received,  ///< made by a packet that a listener got
  syn_ack_sent,     ///< and the SYN-ACK has been seen
  syn_ack_acked,    ///< and acknowledged
  connecting,       ///< connect() was called
  syn_sent,         ///< and its SYN has been seen
  syn_acked,        ///< and answered
};

/// One socket of the script.
struct Conversation {
  Stage stage = Stage::fresh;  ///< how far it has come
  bool datagrams = false;      ///< SOCK_DGRAM
  int live_fd = -1;            ///< in the SocketTable; -1: not accepted yet
  Endpoint local;              ///< the stack's end
  Endpoint remote;             ///< the script's end
  bool known = false;          ///< `local` and `remote` are those of the wire

  std::uint32_t live_local_isn = 0;    ///< the stack's initial number
  std::uint32_t script_local_isn = 0;  ///< and what the script calls it
  std::uint32_t live_remote_isn = 0;   ///< the peer's initial number, in both

  std::map<std::uint32_t, std::uint32_t> ts_values;  ///< script's TSval -> that on the wire
  bool has_ts = false;                               ///< the next two are given
  std::uint32_t first_script_ts = 0;                 ///< the first TSval
  std::uint32_t first_live_ts = 0;                   ///< and what it was on the wire

  std::optional<std::uint32_t> script_flow_label;  ///< the last that the script named
  std::uint32_t live_flow_label = 0;               ///< and what it was on the wire

  std::optional<TcpSpec> last_injected;  ///< in numbers of the wire: for the RST at the end
  std::optional<TcpSpec> last_sent;      ///< the same of the stack's

  /// Turns an inbound segment's numbers into those of the wire. The error: its TSecr echoes
  /// nothing that was sent.
  [[nodiscard]] std::expected<void, std::string> to_live(TcpSpec& segment, bool scaled) const;
  /// Turns a sent segment's numbers into the script's.
  void to_script(TcpSpec& segment) const;
  /// Learns which TSval of the wire is which of the script's, and turns that of `sent` into the
  /// script's count.
  void map_timestamp(const TcpSpec& expected, TcpSpec& sent);
  /// What is wrong with the flow label `live`, where the script names it `script`; learns it.
  [[nodiscard]] std::optional<std::string> check_flow_label(std::uint32_t script,
                                                            std::uint32_t live);
};

/// The TSval (first) and TSecr of raw options; nothing: none.
struct TimestampPlace {
  std::uint8_t* value = nullptr;  ///< four bytes; null: no timestamps
};
/// Where the timestamps stand in `options`.
[[nodiscard]] TimestampPlace find_timestamps(std::vector<std::uint8_t>& options) noexcept;
/// Four bytes in network order.
[[nodiscard]] std::uint32_t load32(const std::uint8_t* from) noexcept;

}  // namespace bowline::inline v0::packetdrill
