#pragma once

// Descriptors of a script that are no sockets: files and pipes.
//
// Nothing is opened. All payload is zeros, so a file is one of zeros without an end, whatever its
// name, and a pipe is the number of bytes that are in it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "bowline/sockets/outcome.hpp"

namespace bowline::inline v0::packetdrill {

/// The files and pipes of a run. Their descriptors are none of the SocketTable's.
class Files {
 public:
  /// The descriptor of a new file of zeros.
  int open();
  /// The descriptors of a new pipe: from which it is read, into which it is written.
  std::pair<int, int> pipe();
  /// Is `fd` one of these?
  [[nodiscard]] bool owns(int fd) const { return ends_.contains(fd); }
  /// read(2) of as many zeros: what an empty pipe has to wait for comes from nobody, so EAGAIN.
  sockets::Outcome read(int fd, std::size_t size);
  /// write(2) of as many zeros.
  sockets::Outcome write(int fd, std::size_t size);
  /// close(2).
  sockets::Outcome close(int fd);

 private:
  enum class Kind : std::uint8_t { file, reading, writing };
  struct End {
    Kind kind = Kind::file;
    int pipe = 0;  // which one
  };

  int next_ = 1 << 30;                   // far beyond what a SocketTable gives
  std::map<int, End> ends_;              // by descriptor
  std::map<int, std::size_t> in_pipes_;  // bytes, by the descriptor of the reading end
};

}  // namespace bowline::inline v0::packetdrill
