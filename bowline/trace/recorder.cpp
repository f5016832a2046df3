#include "bowline/trace/recorder.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "bowline/trace/names.hpp"
#include "bowline/trace/wire_copy.hpp"

namespace bowline::inline v0::trace {
namespace {

// How often the capture is called before a decision about a frame that it never sees (one of an
// interface without a capture, one that was withdrawn) is handed on by itself.
constexpr std::uint64_t kPatience = 16;
constexpr std::size_t kMostAnnounced = 4'096;
// Headers of cut packets, one frame's at a time.
constexpr std::uint64_t kPoolLimit = 1U << 20U;

}  // namespace

Recorder::Recorder(RecorderOptions options)
    : options_(options), pool_(BufferPool::make(heap_memory(), kPoolLimit)) {
  if (!pool_) throw std::bad_alloc();
}

void Recorder::add_output(Output& output) {
  outputs_.push_back(&output);
  for (const InterfaceName& interface : interfaces_) output.interface(interface);
}

void Recorder::add_interface(InterfaceName interface) {
  for (Output* output : outputs_) output->interface(interface);
  interfaces_.push_back(std::move(interface));
}

void Recorder::decided(const Decision& decision) noexcept {
  now_ = std::max(now_, decision.now);
  if (decision.frame != FrameId::none) {
    if (Pending* pending = find_pending(decision.frame)) {
      pending->decisions.push_back(decision);
    } else {
      if (announced_.size() >= kMostAnnounced) forget_announced(round_ + 1);
      announced_.push_back({decision, round_});
    }
    return;
  }
  if (pending_.empty()) {
    emit(decision);
    return;
  }
  pending_.emplace_back().decisions.push_back(decision);
}

void Recorder::received(Frame& frame, InterfaceId interface, LinkKind link, Time now) noexcept {
  now_ = std::max(now_, now);
  if (frame.id == FrameId::none) frame.id = captured_frame_id(interface, ++counter_);
  const Time time = frame.arrival == kNever ? now : frame.arrival;
  pending_.push_back({.frame = frame,
                      .way = Way::in,
                      .packets = wire_packets(frame),
                      .interface = interface,
                      .link = link,
                      .time = time,
                      .is_frame = true,
                      .decisions = {}});
}

void Recorder::sent(const Frame& frame, std::uint32_t packets, InterfaceId interface,
                    LinkKind link) noexcept {
  std::vector<Decision> decisions;
  std::erase_if(announced_, [&](const Announced& announced) {
    if (announced.decision.frame != frame.id) return false;
    decisions.push_back(announced.decision);
    return true;
  });
  pending_.push_back({.frame = frame,
                      .way = Way::out,
                      .packets = packets,
                      .interface = interface,
                      .link = link,
                      .time = now_,
                      .is_frame = true,
                      .decisions = std::move(decisions)});
}

void Recorder::settle() noexcept {
  std::vector<Pending> done = std::exchange(pending_, {});
  last_found_ = 0;
  for (const Pending& pending : done) {
    if (pending.is_frame) {
      // A sink is not told the time; the decisions about what it took were made in the same call.
      const bool told = pending.way == Way::out && !pending.decisions.empty();
      emit(pending.frame, pending.packets, pending.interface, pending.link, pending.way,
           told ? pending.decisions.back().now : pending.time, pending.decisions);
    } else {
      for (const Decision& decision : pending.decisions) emit(decision);
    }
  }
  done.clear();
  if (pending_.empty()) pending_ = std::move(done);  // keep the memory
  ++round_;
  if (round_ > kPatience) forget_announced(round_ - kPatience);
}

void Recorder::flush() noexcept {
  settle();
  if (!std::exchange(unflushed_, false)) return;
  for (Output* output : outputs_) output->flush();
}

// Decisions come in the order of the frames, so the one found last or its successor is nearly
// always it.
Recorder::Pending* Recorder::find_pending(FrameId id) noexcept {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const std::size_t at = (last_found_ + i) % pending_.size();
    if (pending_[at].is_frame && pending_[at].frame.id == id) {
      last_found_ = at;
      return &pending_[at];
    }
  }
  return nullptr;
}

void Recorder::emit(const Frame& frame, std::uint32_t packets, InterfaceId interface, LinkKind link,
                    Way way, Time time, std::span<const Decision> decisions) {
  const auto emit_one = [&](std::span<const std::byte> bytes, std::span<const Decision> reasons) {
    const Packet packet = take_apart(bytes, link);
    unflushed_ = true;
    const FrameEvent event{frame.id, interface, way, time, link, bytes, packet, reasons};
    for (Output* output : outputs_) output->frame(event);
  };
  // One that was taken in part is shown as the packets that went.
  if (!options_.cut && packets == wire_packets(frame)) {
    emit_one(wire_copy(frame, link), decisions);
    return;
  }
  for (const std::vector<std::byte>& bytes : wire_cut(frame, link, packets, *pool_)) {
    emit_one(bytes, std::exchange(decisions, {}));
  }
}

void Recorder::emit(const Decision& decision) {
  unflushed_ = true;
  for (Output* output : outputs_) output->decision(decision);
}

void Recorder::forget_announced(std::uint64_t before) {
  std::erase_if(announced_, [&](const Announced& announced) {
    if (announced.round >= before) return false;
    emit(announced.decision);
    return true;
  });
}

}  // namespace bowline::inline v0::trace
