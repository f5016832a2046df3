#pragma once

// The names of a Host: its resolver (dns/stack_resolver.hpp), and the operations that wait for it.
//
// A service of the Host like others (stack_service.hpp): everything here happens under its mutex.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bowline/asio/operation.hpp"
#include "bowline/asio/stack_service.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dns/stack_resolver.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

/// What came of looking a name up. Shared by who waits for it and the service.
struct Resolution {
  bool done = false;                                     ///< the rest means something
  dns::Outcome outcome = dns::Outcome::no_name_servers;  ///< how it ended
  std::vector<IpAddress> addresses;                      ///< in the order in which to try them
};

/// The lookups of one Host.
class NameService final : public StackService {
 public:
  /// For the stack with this configuration.
  explicit NameService(const StackConfig& config);

  /// Asks these servers from now on; `hosts` is copied.
  void set_config(Stack& stack, const dns::Config& config, Time now);
  /// Whom it asks, and how.
  [[nodiscard]] const dns::Config& config() const noexcept { return resolver_.resolver().config(); }

  /// Who waits: a name for cancel(), and the operation (null: somebody who looks at `resolution`).
  struct Waiter {
    std::uint64_t number = 0;                ///< the name
    std::shared_ptr<Resolution> resolution;  ///< where the answer goes
    Operation* operation = nullptr;          ///< what completes then, or null
  };
  /// Looks up `name`; when it is done, `waiter`'s resolution says so, and its operation goes to the
  /// `done` of that call.
  void start(Stack& stack, const dns::Name& name, bool absolute, dns::Families families,
             Waiter waiter, Time now, OperationQueue& done);
  /// The lookup called `number`, if it is still under way, ends as aborted.
  void cancel(Stack& stack, std::uint64_t number, Time now, OperationQueue& done);

  bool serve(Stack& stack, const Ready& ready, Time now) override;
  bool collect(Stack& stack, Time now, OperationQueue& done) override;
  void advance(Stack& stack, Time now) override { resolver_.advance(stack, now); }
  [[nodiscard]] Time next_deadline() const noexcept override { return resolver_.next_deadline(); }
  void give_up(OperationQueue& pending) override;

 private:
  struct Pending {
    dns::LookupId lookup;
    Waiter waiter;
  };

  std::unique_ptr<const std::string> hosts_;  // stays where it is while the resolver looks at it
  dns::StackResolver resolver_;
  std::vector<Pending> pending_;
};

}  // namespace bowline::inline v0::net
