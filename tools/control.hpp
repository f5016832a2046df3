#pragma once

// The control socket of a running instance: `bowline ss` asks it for the stack's sockets. A request
// is one line of JSON, the answer several; docs/ss.md is the protocol.
//
// The stack goes on meanwhile: the tables are walked a few hundred places at a time, and nothing
// more is looked at until the client has taken what was. A client that is slow, silent or talks too
// much is let go.

#include "bowline/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "bowline/asio/io_host.hpp"
#include "tools/small_server.hpp"

namespace bowline::tools {

/// The version of the protocol.
inline constexpr int kControlVersion = 1;

/// The server's side. The socket's file is removed with it.
class ControlServer {
 public:
  /// Listens at `path`, mode 0600; a file that an instance left there when it was killed is
  /// replaced. `host` must outlive this; `command` is the subcommand's name, for the listing.
  /// Throws Failure.
  ControlServer(boost::asio::io_context& context, net::IoHost& host, std::string command,
                std::string path);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

 private:
  std::string path_;
  std::shared_ptr<SmallServer<boost::asio::local::stream_protocol>> server_;
};

}  // namespace bowline::tools
