#pragma once

// Explains a capture: packets in, an Explanation out.
//
//     for (CapturedPacket packet; reader->next(packet) == Read::packet;) {
//       analyzer.add(packet, decode(packet));
//     }
//     print(std::move(analyzer).finish());

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bowline/explain/bounds.hpp"
#include "bowline/explain/connection_table.hpp"
#include "bowline/explain/conversations.hpp"
#include "bowline/explain/suspects.hpp"

namespace bowline::inline v0::explain {

/// What is to be looked at.
struct AnalyzerSettings {
  Bounds bounds;
  bool absolute = false;     ///< see WatchSettings
  std::uint64_t chosen = 0;  ///< the connection whose ladder is kept whole
};

/// Packets by what they are.
struct Totals {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< on the wire
  std::uint64_t tcp = 0;
  std::uint64_t udp = 0;
  std::uint64_t icmp = 0;
  std::uint64_t arp = 0;
  std::uint64_t other = 0;
  std::uint64_t fragments = 0;     ///< of IP: not put together
  std::uint64_t payload_cut = 0;   ///< the capture kept only the first bytes
  std::uint64_t headers_cut = 0;   ///< so few that not even the headers are there
  std::uint64_t unknown_link = 0;  ///< of a link type that is not read
  std::uint64_t malformed = 0;
  std::uint64_t checksums_to_device =
      0;  ///< TCP and UDP: only the pseudo-header's sum is in the field
  std::optional<LinkType> unknown_link_type;  ///< the first of those
  std::optional<Time> first;
  std::optional<Time> last;
};

/// Everything that was found.
struct Explanation {
  Totals totals;
  /// Finished, in the order in which they began.
  std::vector<std::unique_ptr<Connection>> connections;
  std::uint64_t connection_count = 0;
  /// Those that there was no room to describe, by how they ended.
  std::map<Ending, std::uint64_t> not_described;
  std::uint64_t finished_early = 0;  ///< for want of room in the table
  std::vector<Scan> scans;
  std::vector<Flood> floods;
  std::vector<BlindResets> blind_resets;
  std::vector<OptimisticAcks> optimistic_acks;
  std::vector<Conversation> conversations;
  std::uint64_t uncounted_conversations = 0;  ///< packets
  std::vector<Finding> findings;              ///< about no connection

  /// Is `connection` one of the probes of a scan or flood that is named as a whole?
  [[nodiscard]] bool belongs_to_suspect(const Connection& connection) const;
};

/// Observes a capture.
class Analyzer {
 public:
  explicit Analyzer(const AnalyzerSettings& settings = {});
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  /// Adds the next packet, taken apart. Gives its connection, if it is a segment of one: valid
  /// until the next call. `from_text`: see CaptureInfo.
  const Connection* add(const CapturedPacket& packet, const Decoded& decoded,
                        bool from_text = false);
  /// Judges what remained open. The analyzer is of no use afterwards.
  [[nodiscard]] Explanation finish() &&;

 private:
  void done(std::unique_ptr<Connection> connection, bool early);
  void count(const CapturedPacket& packet, const Decoded& decoded);

  AnalyzerSettings settings_;
  Explanation result_;
  Findings findings_;
  Suspects suspects_;
  Conversations conversations_;
  ConnectionTable table_;
  std::size_t probes_described_ = 0;
  Time now_{};
};

}  // namespace bowline::inline v0::explain
