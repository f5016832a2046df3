#pragma once

// A file server over any stream protocol with Asio's interface. It is written once and instantiated
// for the kernel's TCP (boost::asio::ip::tcp), which lets it be tested by itself, and for Bowline's
// (bowline::net::tcp). Each connection is one coroutine that reads a request, asks the responder,
// writes the answer and begins again (HTTP/1.1 keep-alive; pipelined requests wait in the buffer,
// in order).
//
// What one client can make it hold is bounded: a request's header, one block of a file, one open
// file.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/http/date.hpp"
#include "bowline/http/folder.hpp"

namespace bowline::inline v0::http {

/// One answered request, for a log. The views end with the call.
struct Access {
  std::string_view peer;  ///< "10.77.0.1:40000"
  std::string_view method;
  std::string_view target;
  unsigned status = 0;
  std::uint64_t body_bytes = 0;
  bool complete = false;  ///< false: the connection ended before all was sent
};

/// How a server treats its clients.
struct ServerSettings {
  /// Connections served at a time, at least 1. Further ones wait in the listener's accept queue,
  /// whose bound is the listener's.
  std::uint32_t most_connections = 10'000;
  /// A request's first line and fields; beyond it 431. At most 1 MiB.
  std::uint32_t most_header_bytes = 16 * 1024;
  /// From the last answer (or the accept) until the next request has come whole: bounds both idle
  /// connections and requests that trickle in. Whole seconds, at least 1.
  std::chrono::seconds request_timeout{60};
  /// A client that takes not one byte of the answer for so long is let go.
  std::chrono::seconds stall_timeout{60};
  /// Is told each answer when set.
  std::function<void(const Access&)> access_log = {};
  /// The date for answers; a simulation brings its own.
  std::function<Seconds()> clock = current_date;
};

/// What a server did so far.
struct ServerCounters {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t open_connections = 0;
};

/// The file server. Used on the thread that runs the acceptors' context.
template <class Protocol>
class FileServer {
 public:
  using Acceptor = typename Protocol::acceptor;

  /// Serves `folder` to whoever connects to one of `acceptors`, which are open and listen.
  FileServer(std::vector<Acceptor> acceptors, Folder folder, ServerSettings settings = {});
  /// Stops at once.
  ~FileServer();
  FileServer(FileServer&&) noexcept;

  /// Begins to accept.
  void start();
  /// Accepts no more and closes every connection. Handlers still run down: let the context run
  /// until open_connections is 0, or destroy it.
  void stop();

  [[nodiscard]] const ServerCounters& counters() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

extern template class FileServer<boost::asio::ip::tcp>;
extern template class FileServer<net::tcp>;

}  // namespace bowline::inline v0::http
