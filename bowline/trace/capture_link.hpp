#pragma once

// A link that is watched.
//
// Capturing is a decorator around a link and nothing that the core knows of: the Stack gives and
// takes the same frames, and a Recorder sees both directions go by.

#include <string>
#include <vector>

#include "bowline/link/link.hpp"
#include "bowline/trace/recorder.hpp"

namespace bowline::inline v0::trace {

/// Passes everything on to `inner` and tells `recorder`; both must outlive it. Received frames get
/// an id before the Stack sees them.
class CaptureLink : public Link {
 public:
  /// `interface` is the number under which the Stack has the link, `name` the one that captures
  /// show.
  CaptureLink(Link& inner, Recorder& recorder, InterfaceId interface, std::string name);

  [[nodiscard]] LinkInfo info() const noexcept override { return inner_.info(); }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                    Time now) noexcept override;
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override;
  void settle() noexcept override;
  [[nodiscard]] int descriptor() const noexcept override { return inner_.descriptor(); }
  [[nodiscard]] Time next_deadline() const noexcept override { return inner_.next_deadline(); }
  [[nodiscard]] bool blocked() const noexcept override { return inner_.blocked(); }

 private:
  Link& inner_;
  Recorder& recorder_;
  InterfaceId interface_;
  LinkKind kind_;
  std::vector<Frame> offered_;
};

}  // namespace bowline::inline v0::trace
