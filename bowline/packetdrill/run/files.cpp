#include "bowline/packetdrill/run/files.hpp"

#include <algorithm>
#include <cerrno>

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::size_t kPipeBytes = 65'536;  // pipe(7)

sockets::Outcome bytes(std::size_t count) {
  return sockets::returned(static_cast<std::int64_t>(count));
}

}  // namespace

int Files::open() {
  ends_.emplace(next_, End{});
  return next_++;
}

std::pair<int, int> Files::pipe() {
  const int from = next_++;
  const int to = next_++;
  ends_.emplace(from, End{.kind = Kind::reading, .pipe = from});
  ends_.emplace(to, End{.kind = Kind::writing, .pipe = from});
  in_pipes_.emplace(from, 0);
  return {from, to};
}

sockets::Outcome Files::read(int fd, std::size_t size) {
  const End end = ends_.at(fd);
  if (end.kind == Kind::writing) return sockets::failed(EBADF);
  if (end.kind == Kind::file) return bytes(size);
  std::size_t& inside = in_pipes_.at(end.pipe);
  if (inside == 0 && size > 0) return sockets::failed(EAGAIN);
  const std::size_t taken = std::min(size, inside);
  inside -= taken;
  return bytes(taken);
}

sockets::Outcome Files::write(int fd, std::size_t size) {
  const End end = ends_.at(fd);
  if (end.kind != Kind::writing) return sockets::failed(EBADF);
  std::size_t& inside = in_pipes_.at(end.pipe);
  if (inside == kPipeBytes && size > 0) return sockets::failed(EAGAIN);
  const std::size_t put = std::min(size, kPipeBytes - inside);
  inside += put;
  return bytes(put);
}

sockets::Outcome Files::close(int fd) {
  ends_.erase(fd);
  return sockets::returned(0);
}

}  // namespace bowline::inline v0::packetdrill
