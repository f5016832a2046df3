#pragma once

// An epoll instance: which files are watched for what, and which of them are ready.
//
// Level triggered entries are asked for their mask each time. Edge triggered ones are asked when
// something has happened to the file since they were last reported: its News, counted by kind, are
// Linux's wake-up calls, of which an entry takes those whose events it watches.

#include <sys/epoll.h>

#include <cstdint>
#include <list>
#include <memory>

#include "bowline/sockets/file.hpp"

namespace bowline::inline v0::sockets {

/// The file behind a descriptor of epoll_create1().
class Epoll final : public File {
 public:
  Epoll() = default;

  /// EPOLLIN when any watched file is ready.
  [[nodiscard]] std::uint32_t poll_mask() override;

  /// EPOLL_CTL_ADD. Returns an errno: EEXIST, EINVAL (EPOLLEXCLUSIVE with what it does not go
  /// with), ELOOP (instances in a circle, or nested more than five deep).
  [[nodiscard]] int add(int fd, const std::shared_ptr<File>& file, const epoll_event& event);
  /// EPOLL_CTL_MOD. Returns an errno: ENOENT.
  [[nodiscard]] int modify(int fd, const std::shared_ptr<File>& file, const epoll_event& event);
  /// EPOLL_CTL_DEL. Returns an errno: ENOENT.
  [[nodiscard]] int remove(int fd, const std::shared_ptr<File>& file);
  /// Writes up to `most` events and returns how many. Those that were reported go to the end of the
  /// row, so that none is forgotten where there is room for few.
  int collect(epoll_event* events, int most);

 private:
  struct Entry {
    int fd;
    std::weak_ptr<File> file;  // gone with its last descriptor
    std::uint32_t events;
    std::uint64_t data;
    News seen;
    bool fresh;  // added or changed since it was last looked at
  };
  using Entries = std::list<Entry>;

  /// The events to report for `entry` now; 0: none.
  [[nodiscard]] static std::uint32_t ready(const Entry& entry, File& file);
  [[nodiscard]] Entries::iterator find(int fd, const std::shared_ptr<File>& file);
  /// How many instances deep this watches, itself included; more than `most`: too deep.
  [[nodiscard]] int depth(int most) const;
  [[nodiscard]] bool watches(const File& wanted, int most) const;

  Entries entries_;
};

}  // namespace bowline::inline v0::sockets
