#include "bowline/sockets/epoll.hpp"

#include <algorithm>
#include <cerrno>

namespace bowline::inline v0::sockets {
namespace {

constexpr std::uint32_t kAlways = EPOLLERR | EPOLLHUP;
// EP_PRIVATE_BITS: how to watch, not what for.
constexpr std::uint32_t kHow = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
constexpr std::uint32_t kExclusiveMay =
    EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
constexpr std::uint32_t kReadableNews = EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLPRI;
constexpr std::uint32_t kWritableNews = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
constexpr int kDeepest = 5;  // EP_MAX_NESTS + 1

bool has_news(std::uint32_t events, const News& now, const News& seen) noexcept {
  if (now.state != seen.state) return true;
  if ((events & kReadableNews) != 0 && now.readable != seen.readable) return true;
  return (events & kWritableNews) != 0 && now.writable != seen.writable;
}

}  // namespace

std::uint32_t Epoll::ready(const Entry& entry, File& file) {
  if ((entry.events & ~kHow) == 0) return 0;  // EPOLLONESHOT has fired
  if ((entry.events & EPOLLET) != 0 && !entry.fresh &&
      !has_news(entry.events, file.news, entry.seen)) {
    return 0;
  }
  return file.poll_mask() & (entry.events | kAlways) & ~kHow;
}

std::uint32_t Epoll::poll_mask() {
  const bool any = std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    const auto file = entry.file.lock();
    return file && ready(entry, *file) != 0;
  });
  return any ? EPOLLIN | EPOLLRDNORM : 0;
}

Epoll::Entries::iterator Epoll::find(int fd, const std::shared_ptr<File>& file) {
  return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.fd == fd && entry.file.lock() == file;
  });
}

int Epoll::depth(int most) const {
  int deepest = 0;
  if (most == 0) return 1;
  for (const Entry& entry : entries_) {
    const auto file = entry.file.lock();
    if (const auto* inner = dynamic_cast<const Epoll*>(file.get())) {
      deepest = std::max(deepest, inner->depth(most - 1));
    }
  }
  return deepest + 1;
}

bool Epoll::watches(const File& wanted, int most) const {
  if (this == &wanted) return true;
  if (most == 0) return true;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const auto file = entry.file.lock();
    const auto* inner = dynamic_cast<const Epoll*>(file.get());
    return inner != nullptr && inner->watches(wanted, most - 1);
  });
}

int Epoll::add(int fd, const std::shared_ptr<File>& file, const epoll_event& event) {
  const auto* inner = dynamic_cast<const Epoll*>(file.get());
  if ((event.events & EPOLLEXCLUSIVE) != 0 &&
      (inner != nullptr || (event.events & ~kExclusiveMay) != 0)) {
    return EINVAL;
  }
  if (inner != nullptr && (inner->watches(*this, kDeepest) || inner->depth(kDeepest) >= kDeepest)) {
    return ELOOP;
  }
  if (find(fd, file) != entries_.end()) return EEXIST;
  std::erase_if(entries_, [](const Entry& entry) { return entry.file.expired(); });
  entries_.push_back({fd, file, event.events | kAlways, event.data.u64, file->news, true});
  ++news.readable;
  return 0;
}

int Epoll::modify(int fd, const std::shared_ptr<File>& file, const epoll_event& event) {
  const auto entry = find(fd, file);
  if (entry == entries_.end()) return ENOENT;
  if (((event.events | entry->events) & EPOLLEXCLUSIVE) != 0) return EINVAL;
  entry->events = event.events | kAlways;
  entry->data = event.data.u64;
  entry->fresh = true;
  ++news.readable;
  return 0;
}

int Epoll::remove(int fd, const std::shared_ptr<File>& file) {
  const auto entry = find(fd, file);
  if (entry == entries_.end()) return ENOENT;
  entries_.erase(entry);
  return 0;
}

int Epoll::collect(epoll_event* events, int most) {
  int count = 0;
  Entries reported;
  for (auto entry = entries_.begin(); entry != entries_.end() && count < most;) {
    const auto current = entry++;
    const auto file = current->file.lock();
    if (!file) {
      entries_.erase(current);
      continue;
    }
    const std::uint32_t mask = ready(*current, *file);
    current->fresh = false;
    current->seen = file->news;
    if (mask == 0) continue;
    events[count].events = mask;
    events[count].data.u64 = current->data;
    ++count;
    if ((current->events & EPOLLONESHOT) != 0) current->events &= kHow;
    reported.splice(reported.end(), entries_, current);
  }
  entries_.splice(entries_.end(), reported);
  return count;
}

}  // namespace bowline::inline v0::sockets
