#pragma once

// Who uses a Stack beside the program's sockets: the resolver, a DHCP client.
//
// Such a service has sockets of its own and deadlines, but no operation of the program's need wait
// for it. Its Host passes on what is ready and counts its deadline among its own, so it runs
// wherever the Stack does: on a reactor, in virtual time, or in place under a synchronous call. All
// of it happens under the Host's mutex.

#include "bowline/asio/operation.hpp"
#include "bowline/base/time.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

/// A service of a Host, which owns it.
class StackService {
 public:
  virtual ~StackService() = default;

  /// A socket is ready. False: it is none of the service's.
  virtual bool serve(Stack& stack, const Ready& ready, Time now) = 0;
  /// Hands out what is over: operations go to `done`. True if there was anything for others to see.
  /// Called after every call on the Stack and after each of the following.
  virtual bool collect(Stack& stack, Time now, OperationQueue& done) = 0;
  /// The time has come. Only in a turn, after the frames that had arrived by then: an answer that
  /// lies there is not too late.
  virtual void advance(Stack& stack, Time now) = 0;
  /// When advance() must be called at the latest.
  [[nodiscard]] virtual Time next_deadline() const noexcept = 0;
  /// The end: operations that wait go to `pending` as aborted.
  virtual void give_up(OperationQueue& pending) = 0;
};

}  // namespace bowline::inline v0::net
