#pragma once

// Packets of a script: inbound ones are put together and injected, outbound ones are waited for and
// compared.

#include <string>
#include <vector>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/clock.hpp"
#include "bowline/packetdrill/run/session.hpp"

namespace bowline::inline v0::packetdrill {

/// Runs packet events.
class Packets {
 public:
  /// Packets of `session`, which must outlive this; each is noted in `seen` unless that is null.
  Packets(Session& session, std::vector<std::string>* seen) : session_(session), seen_(seen) {}

  /// Lets `packet` arrive now. Throws Mismatch.
  void inject(const PacketSpec& packet);
  /// Waits for `packet`, which is due at `due`; the event before was due at `before`. Throws
  /// Mismatch, with both packets one under the other.
  void expect(const PacketSpec& packet, const Due& due, std::optional<Duration> before);
  /// Sends a RST into each connection that has been seen, as at the end of a script.
  void reset_all();

 private:
  struct Sniffed {
    Duration at{};
    Observed packet;  // in numbers of the script
  };

  Conversation& conversation_for_inbound(const PacketSpec& packet);
  Conversation& conversation_for_outbound(const PacketSpec& packet);
  Sniffed sniff(Conversation& conversation, const PacketSpec& packet, Time until);
  bool belongs(Conversation& conversation, const Observed& packet) const;
  Sniffed collect(Conversation& conversation, const PacketSpec& packet, const Due& due);
  void compare(Conversation& conversation, const PacketSpec& packet, const Sniffed& sniffed);
  void check_timestamp(const PacketSpec& packet, const Sniffed& sniffed, const Due& due) const;
  void note(const char* way, Duration at, const std::string& text) const;

  Session& session_;
  std::vector<std::string>* seen_;
};

}  // namespace bowline::inline v0::packetdrill
