#pragma once

// The lookups of one resolver object, and what a lookup means for a query. What of basic_resolver
// needs no template.

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bowline/asio/host.hpp"
#include "bowline/asio/name_service.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/resolve.hpp"

namespace bowline::inline v0::net {

/// Makes endpoints, or the error, of what a lookup of `query` found.
void finish(const ResolveQuery& query, Resolved& resolved, const Resolution& resolution);
/// There is no stack, and so nobody to ask.
void nobody_to_ask(const ResolveQuery& query, Resolved& resolved);

/// For a person: why resolving `name` on `host` (null: no stack) ended in `error`.
[[nodiscard]] std::string resolve_problem(Host* host, const std::string& name,
                                          const boost::system::error_code& error);

/// Resolves `query` and waits for it: takes turns of `host` in place. The error is would_block
/// where nobody could ever answer (in virtual time).
[[nodiscard]] Resolved look_up(const std::shared_ptr<Host>& host, const ResolveQuery& query);

/// Asio's results of `resolved`; none with an error.
template <class Results>
[[nodiscard]] Results results_of(const ResolveQuery& query, const Resolved& resolved,
                                 const boost::system::error_code& error) {
  if (error) return {};
  return Results::create(resolved.endpoints.begin(), resolved.endpoints.end(), query.host,
                         query.service);
}

/// The lookups that one resolver object has begun. Those that are still under way end with it.
class Lookups {
 public:
  Lookups() = default;
  Lookups(Lookups&& other) noexcept = default;
  Lookups& operator=(Lookups&& other) noexcept {
    if (this != &other) {
      cancel();
      begun_ = std::move(other.begun_);
    }
    return *this;
  }
  ~Lookups() { cancel(); }

  /// Asks `host` for `resolved`'s name; `operation`, which has a number, completes when that is
  /// over.
  void start(const std::shared_ptr<Host>& host, const ResolveQuery& query, const Resolved& resolved,
             std::shared_ptr<Resolution> resolution, Operation* operation);
  /// Ends all of them with operation_aborted.
  void cancel() noexcept;
  /// What ends the one called `number`; may be called when it is over.
  [[nodiscard]] static std::function<void()> canceller(const std::shared_ptr<Host>& host,
                                                       std::uint64_t number);

 private:
  struct Begun {
    std::weak_ptr<Host> host;
    std::uint64_t number;
    std::shared_ptr<Resolution> resolution;
  };
  std::vector<Begun> begun_;
};

}  // namespace bowline::inline v0::net
