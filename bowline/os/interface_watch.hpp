#pragma once

// What becomes of an interface while it is in use: another MTU, down, up again, gone.
//
// A link asks in passing, when it receives anyway, and not more often than ten times a second: two
// cheap system calls under traffic, none while nothing happens. (A netlink subscription would tell
// at once, but would be a second descriptor in every driver, for something that happens once a day
// and that the next packet finds out.)

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bowline/base/time.hpp"
#include "bowline/os/error.hpp"
#include "bowline/os/file_descriptor.hpp"

namespace bowline::inline v0::os {

/// Is told, in one line for a person, what happens to an interface in use. Must not throw.
using InterfaceReport = std::function<void(std::string_view line)>;

/// The state of one interface, as of the last look.
class InterfaceWatch {
 public:
  /// Watches nothing: up, with an MTU of 0, for ever.
  InterfaceWatch() = default;

  /// Watches the interface `name` of this network namespace. `report` may be empty. Errors: those
  /// of socket(2), and no such interface.
  [[nodiscard]] static Outcome<InterfaceWatch> start(std::string_view name, InterfaceReport report);

  /// Looks, if the last look is old enough.
  void look(Time now) noexcept {
    if (now < next_look_ || !socket_) return;
    next_look_ = now + kPause;
    look();
  }
  /// Looks at once.
  void look() noexcept;

  /// Bytes; 0 if nothing is watched.
  [[nodiscard]] std::uint32_t mtu() const noexcept { return mtu_; }
  [[nodiscard]] bool up() const noexcept { return up_; }  ///< Was it up when it was last heard of?
  /// Somebody deleted it.
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }  ///< The interface's.

 private:
  static constexpr Duration kPause = 100ms;

  void tell(std::string_view what) const noexcept;

  FileDescriptor socket_;
  InterfaceReport report_;
  std::string name_;
  int index_ = 0;
  Time next_look_{};
  std::uint32_t mtu_ = 0;
  bool up_ = true;
  bool gone_ = false;
};

}  // namespace bowline::inline v0::os
