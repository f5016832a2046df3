#pragma once

// One cell of the table against the production engine.
//
// The case is made from the cell's classes: a scene in the situation, concrete numbers for SEG.SEQ
// and SEG.ACK at the exact edge that the class names, the event, and then everything a peer and a
// user can see: what was sent, the state, SND.UNA, SND.WND and RCV.NXT, the text and the errors
// that the user gets. It must agree with one of the outcomes that the RFC allows and Bowline's
// documented choices leave.

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/table/harness/situations.hpp"
#include "tests/table/rfc9293/expansion.hpp"

namespace bowline::table {

/// What came of a cell.
enum class Agreement : std::uint8_t {
  kAgreed,
  kDisagreed,
  kNotGenerated,  ///< there is no way to bring the event about through the public interface
};

struct Verdict {
  Agreement agreement = Agreement::kAgreed;
  /// Why it was not generated; or what was seen, what was demanded and from which paragraph.
  std::string detail;
  /// The options that the outcome it agreed with stands for.
  Choices choices;
};

/// The climates that the test runs in.
const std::vector<Climate>& climates();

/// Runs cells in one climate. Established scenes are kept and copied for each cell.
class Conformance {
 public:
  explicit Conformance(const Climate& climate) : climate_(climate) {}

  Verdict run(const ExpandedCell& cell);

 private:
  const std::expected<Scene, std::string>& scene_for(std::size_t situation,
                                                     const Preparation& preparation);

  Climate climate_;
  std::map<std::string, std::unique_ptr<std::expected<Scene, std::string>>> scenes_;
};

}  // namespace bowline::table
