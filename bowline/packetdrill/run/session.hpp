#pragma once

// What the events of a running script share: the world, the descriptors, the conversations.

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bowline/packetdrill/run/config.hpp"
#include "bowline/packetdrill/run/conversation.hpp"
#include "bowline/packetdrill/run/files.hpp"
#include "bowline/packetdrill/run/world.hpp"
#include "bowline/packetdrill/sysctl.hpp"

namespace bowline::inline v0::packetdrill {

/// Thrown where what happens is not what the script says. what() may have several lines.
class Mismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The state of a run.
class Session {
 public:
  /// A run in `world` as `config` says, on a system with `sysctls`; all three must outlive it.
  Session(const RunConfig& config, const Sysctls& sysctls, World& world)
      : config_(config), sysctls_(sysctls), world_(world) {}

  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }  ///< How it is run.
  [[nodiscard]] const Sysctls& sysctls() const noexcept { return sysctls_; }  ///< As they are now.
  [[nodiscard]] World& world() noexcept { return world_; }                    ///< Where.
  [[nodiscard]] Files& files() noexcept { return files_; }  ///< What is open and no socket.

  /// The SocketTable's descriptor that the script calls `fd`. Throws Mismatch.
  [[nodiscard]] int live_fd(std::int64_t fd) const;
  /// The script's name of the table's descriptor `live`; -1: none.
  [[nodiscard]] int script_fd(int live) const noexcept;
  /// From now on the script calls `live` `fd`. Throws Mismatch where it uses the name already.
  void add_fd(std::int64_t fd, int live);
  /// The script's `fd` is closed.
  void remove_fd(std::int64_t fd);
  /// As add_fd(), of what accept() gives: stock packetdrill lets it have a name that is in use, and
  /// means the newest by it, until that is closed.
  void add_accepted_fd(std::int64_t fd, int live) { fds_[static_cast<int>(fd)].push_back(live); }
  /// All that are open, as the table calls them.
  [[nodiscard]] std::vector<int> open_fds() const;

  /// A conversation that begins now: that under test from here on.
  Conversation& begin_conversation();
  /// The one under test; null: none yet.
  [[nodiscard]] Conversation* under_test() noexcept { return under_test_; }
  /// The one of the table's descriptor `live`; null: it is no socket.
  [[nodiscard]] Conversation* conversation(int live) noexcept;
  /// All of them.
  [[nodiscard]] const std::vector<std::unique_ptr<Conversation>>& conversations() const noexcept {
    return conversations_;
  }

  /// A port of the peer that none has used yet.
  [[nodiscard]] std::uint16_t next_peer_port() noexcept { return next_peer_port_++; }

 private:
  const RunConfig& config_;
  const Sysctls& sysctls_;
  World& world_;
  Files files_;
  std::map<int, std::vector<int>> fds_;  // of each name, the newest last
  std::vector<std::unique_ptr<Conversation>> conversations_;
  Conversation* under_test_ = nullptr;
  std::uint16_t next_peer_port_ = 40'001;
};

}  // namespace bowline::inline v0::packetdrill
