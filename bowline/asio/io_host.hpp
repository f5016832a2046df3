#pragma once

// A Stack on an io_context.
//
// The context's reactor watches the links' descriptors, a timer waits for the next deadline, and
// each of them gives the Stack one turn (driver/turn.hpp). What the program's calls leave to send
// goes out in one deferred turn after the handlers that made them, not call by call. A synchronous
// call takes turns in place and waits with poll(2) on the same links.
//
// None of this counts as work of the context: run() returns when the program has nothing pending,
// as it would with the kernel's sockets. But the kernel would go on delivering, and here nobody
// runs the Stack then: a program that ends calls drain() first.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "bowline/asio/host.hpp"
#include "bowline/link/link.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

/// A link, and the addresses that the Stack has on it.
struct Attachment {
  /// Used on the threads that run the context, one at a time. May be shared with whoever looks at
  /// its counters, and with what it is an end of.
  std::shared_ptr<Link> link;
  std::vector<Cidr> addresses;  ///< each with its prefix, which becomes a route
  /// The link leads back to the stack: what it sends to any address of its own goes this way. At
  /// most one of a stack is.
  bool is_loopback = false;
};

/// A loopback interface with 127.0.0.1/8 and ::1/128, for programs that also talk to themselves.
/// Throws std::system_error when there is no memory.
[[nodiscard]] Attachment loopback();

/// A Host driven by an io_context. Made by use_stack().
class IoHost : public Host {
 public:
  /// Adds a link as the next interface. Throws std::system_error with the Stack's error,
  /// network_down when closed.
  virtual InterfaceId attach(const Attachment& attachment) = 0;

  /// Drives the Stack in place until the peers of connections without an owner have acknowledged
  /// all, FINs included, but at most `most`. True: they have. In virtual time it only looks.
  virtual bool drain(Duration most) = 0;

  /// A link in memory may have been given something by a stack of another context. (Stacks of one
  /// context tell each other.)
  virtual void wake() = 0;

 protected:
  using Host::Host;
};

/// Binds `stack` to `context`, which must not be running: from now on the sockets of the context
/// are this stack's (or those that ask for it by tcp::on(), if it is not the first). `stack` has no
/// interfaces yet: they are made of `links`. With a concurrency hint of 1 nothing is locked: the
/// program then uses the sockets only on the thread that runs the context. Throws std::system_error
/// with the Stack's error.
IoHost& use_stack(boost::asio::io_context& context, Stack stack,
                  const std::vector<Attachment>& links);

/// The same with a stack made of `config`.
IoHost& use_stack(boost::asio::io_context& context, const StackConfig& config,
                  const std::vector<Attachment>& links);

}  // namespace bowline::inline v0::net
