#include "bowline/packetdrill/so/sysctl_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace bowline::inline v0::packetdrill {

SysctlWatch::SysctlWatch(std::string file, std::string root)
    : file_(std::move(file)),
      root_(std::move(root)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  follow_root();
  read_file();
}

SysctlWatch::~SysctlWatch() {
  if (inotify_ >= 0) ::close(inotify_);
}

void SysctlWatch::look() {
  read_file();
  read_root();
}

void SysctlWatch::read_file() {
  if (file_.empty()) return;
  std::ifstream in(file_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.size() < read_) read_ = 0;  // somebody began anew
  // A line without its end may still be growing.
  for (std::size_t end = text.find('\n', read_); end != std::string::npos;
       end = text.find('\n', read_)) {
    found_.assign_line(std::string_view(text).substr(read_, end - read_));
    read_ = end + 1;
  }
}

std::optional<std::string> SysctlWatch::value_of(std::string_view key) const {
  std::string path(key);
  std::ranges::replace(path, '.', '/');
  std::ifstream in(root_ + '/' + path);
  std::string value;
  if (!std::getline(in, value)) return std::nullopt;  // no such setting, or not for us to read
  return value;
}

void SysctlWatch::follow_root() {
  for (const std::string_view key : Sysctls::known()) {
    const auto value = value_of(key);
    if (!value) continue;
    std::string path(key);
    std::ranges::replace(path, '.', '/');
    Followed& followed = rooted_[std::string(key)];
    followed.value = *value;
    followed.watch = ::inotify_add_watch(inotify_, (root_ + '/' + path).c_str(), IN_MODIFY);
  }
}

// Marks the files that somebody has written to.
void SysctlWatch::note_writers() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (ssize_t size = ::read(inotify_, buffer.data(), buffer.size()); size > 0;
       size = ::read(inotify_, buffer.data(), buffer.size())) {
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      for (auto& [key, followed] : rooted_) followed.written |= followed.watch == event.wd;
      at += sizeof event + event.len;
    }
  }
}

void SysctlWatch::read_root() {
  note_writers();
  for (auto& [key, followed] : rooted_) {
    const auto value = value_of(key);
    if (!value) continue;
    if (!std::exchange(followed.written, false) && *value == followed.value) continue;
    followed.value = *value;
    found_.assign(key, *value);
  }
}

}  // namespace bowline::inline v0::packetdrill
