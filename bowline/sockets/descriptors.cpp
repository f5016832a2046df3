#include "bowline/sockets/descriptors.hpp"

#include <algorithm>
#include <cerrno>

namespace bowline::inline v0::sockets {

Outcome SocketTable::Descriptors::add(std::shared_ptr<File> file, bool close_on_exec, int least) {
  const int end = first_ + host.limits.descriptors;
  for (int fd = std::max(first_, least); fd < end; ++fd) {
    const auto place = static_cast<std::size_t>(fd - first_);
    if (place >= slots_.size()) slots_.resize(place + 1);
    Slot& slot = slots_[place];
    if (slot.file) continue;
    ++file->descriptors;
    slot = {std::move(file), close_on_exec};
    return returned(fd);
  }
  return failed(EMFILE);
}

std::shared_ptr<File> SocketTable::Descriptors::remove(int fd) {
  if (!file(fd)) return nullptr;
  auto taken = std::move(slots_[static_cast<std::size_t>(fd - first_)].file);
  --taken->descriptors;
  return taken;
}

std::shared_ptr<File> SocketTable::Descriptors::file(int fd) const noexcept {
  if (fd < first_ || static_cast<std::size_t>(fd - first_) >= slots_.size()) return nullptr;
  return slots_[static_cast<std::size_t>(fd - first_)].file;
}

std::expected<std::shared_ptr<Socket>, int> SocketTable::Descriptors::socket(
    int fd) const noexcept {
  const auto found = file(fd);
  if (!found) return std::unexpected(EBADF);
  auto socket = std::dynamic_pointer_cast<Socket>(found);
  if (!socket) return std::unexpected(ENOTSOCK);
  return socket;
}

bool& SocketTable::Descriptors::close_on_exec(int fd) noexcept {
  return slots_[static_cast<std::size_t>(fd - first_)].close_on_exec;
}

void Host::collect_news() {
  while (const auto ready = stack.poll_ready()) {
    if (const auto owner = owners.find(key(ready->handle)); owner != owners.end()) {
      owner->second->hear(ready->mask);
    }
  }
}

}  // namespace bowline::inline v0::sockets
