#pragma once

// Brings frames and decisions together.
//
// The Stack tells its decisions with the number of the frame that they are about; capture links
// tell the frames. What is decided about a frame comes after it (one received is judged, one
// offered to a link is committed once the link has taken it) or shortly before it (a reply is made
// when the segment is judged). So frames are held until the calls in question have returned, which
// is known when the capture is called again or the turn ends. What happens in between waits its
// turn, and outputs see everything in the order of time.

#include <cstdint>
#include <string>
#include <vector>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/trace/output.hpp"

namespace bowline::inline v0::trace {

/// How a Recorder sees frames.
struct RecorderOptions {
  /// Cut frames that are larger than the wire takes: an event for each packet, the decisions with
  /// the first. Otherwise an event is what the Stack handed over or was handed, as with any capture
  /// on an interface with segmentation offload.
  bool cut = false;
};

/// Give it to Stack::set_listener(), put a CaptureLink before each link, add outputs. It belongs to
/// the Stack's thread, and outlives the Stack and the capture links.
class Recorder : public DecisionListener {
 public:
  explicit Recorder(RecorderOptions options = {});  ///< Records so.

  /// Events go to `output` from now on; it must outlive the recorder's last flush().
  void add_output(Output& output);
  /// Names an interface for the outputs. CaptureLink does it.
  void add_interface(InterfaceName interface);

  void decided(const Decision& decision) noexcept override;

  /// `frame` came in on `interface`: gives it an id if it has none, and holds its bytes until
  /// settle().
  void received(Frame& frame, InterfaceId interface, LinkKind link, Time now) noexcept;
  /// The link took the first `packets` wire packets of `frame`; held until settle() as well.
  void sent(const Frame& frame, std::uint32_t packets, InterfaceId interface,
            LinkKind link) noexcept;
  /// The calls that judged what was received and committed what was sent have returned: hands it
  /// on.
  void settle() noexcept;
  /// settle(), then every output's flush() if it was given anything. Call it before the process
  /// ends; CaptureLink does it at the end of each turn.
  void flush() noexcept;

 private:
  // What waits its turn: a frame, or a decision that came after it and belongs to none.
  struct Pending {
    Frame frame;
    Way way = Way::in;
    std::uint32_t packets = 1;  // of it that crossed the link
    InterfaceId interface{};
    LinkKind link = LinkKind::ip;
    Time time{};
    bool is_frame = false;
    std::vector<Decision> decisions;
  };
  // Decisions about a frame that no capture has seen yet.
  struct Announced {
    Decision decision;
    std::uint64_t round = 0;
  };

  Pending* find_pending(FrameId id) noexcept;
  void emit(const Frame& frame, std::uint32_t packets, InterfaceId interface, LinkKind link,
            Way way, Time time, std::span<const Decision> decisions);
  void emit(const Decision& decision);
  void forget_announced(std::uint64_t before);

  RecorderOptions options_;
  BufferPoolOwner pool_;
  std::vector<Output*> outputs_;
  std::vector<InterfaceName> interfaces_;
  std::vector<Pending> pending_;
  std::size_t last_found_ = 0;
  std::vector<Announced> announced_;
  std::uint64_t round_ = 0;
  std::uint64_t counter_ = 0;
  Time now_{};
  bool unflushed_ = false;
};

}  // namespace bowline::inline v0::trace
