#include "bowline/packetdrill/run/session.hpp"

#include <algorithm>

namespace bowline::inline v0::packetdrill {

int Session::live_fd(std::int64_t fd) const {
  const auto found = fds_.find(static_cast<int>(fd));
  if (found == fds_.end()) {
    throw Mismatch("the script has no open descriptor " + std::to_string(fd));
  }
  return found->second.back();
}

int Session::script_fd(int live) const noexcept {
  for (const auto& [script, real] : fds_) {
    if (std::ranges::find(real, live) != real.end()) return script;
  }
  return -1;
}

void Session::add_fd(std::int64_t fd, int live) {
  if (!fds_.try_emplace(static_cast<int>(fd), 1, live).second) {
    throw Mismatch("the script uses the descriptor " + std::to_string(fd) + " already");
  }
}

void Session::remove_fd(std::int64_t fd) {
  const auto found = fds_.find(static_cast<int>(fd));
  if (found == fds_.end()) return;
  found->second.pop_back();
  if (found->second.empty()) fds_.erase(found);
}

std::vector<int> Session::open_fds() const {
  std::vector<int> all;
  for (const auto& [script, live] : fds_) all.insert(all.end(), live.begin(), live.end());
  return all;
}

Conversation& Session::begin_conversation() {
  conversations_.push_back(std::make_unique<Conversation>());
  under_test_ = conversations_.back().get();
  return *under_test_;
}

Conversation* Session::conversation(int live) noexcept {
  // The latest: the table gives a closed descriptor's number to a new socket.
  for (auto one = conversations_.rbegin(); one != conversations_.rend(); ++one) {
    if ((*one)->live_fd == live) return one->get();
  }
  return nullptr;
}

}  // namespace bowline::inline v0::packetdrill
