#pragma once

// boost::asio::ip::basic_resolver of our protocol type.
//
// Asio's own asks the operating system on a thread of its own: the wrong network, and no place for
// threads in a simulation. This one asks the name servers of its Host, over the Host's own stack
// (name_service.hpp), or nobody where it needs nobody (resolve.hpp). Its results are Asio's own
// types. Moving it away, destroying it and cancel() abort what it has begun.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/basic_resolver_results.hpp>
#include <boost/system/system_error.hpp>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "bowline/asio/context.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/initiation.hpp"
#include "bowline/asio/lookup.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/protocol.hpp"
#include "bowline/asio/resolve.hpp"

namespace bowline::inline v0::net::detail {

/// An answer that is there, or a lookup under way.
template <class Results>
struct ResolveWork {
  ResolveQuery query;
  std::shared_ptr<Resolved> resolved;
  std::shared_ptr<Resolution> resolution;  // of a lookup

  static bool perform(SocketState& /*socket*/, boost::system::error_code& /*error*/) {
    return true;
  }
  std::tuple<boost::system::error_code, Results> arguments(boost::system::error_code error) {
    if (resolution != nullptr && !error) finish(query, *resolved, *resolution);
    if (!error) error = resolved->error;
    return {error, results_of<Results>(query, *resolved, error)};
  }
};

}  // namespace bowline::inline v0::net::detail

namespace boost::asio::ip {

/// A resolver. Members as in Asio's documentation, but for the deprecated queries.
template <class Executor>
class basic_resolver<bowline::net::tcp, Executor> : public resolver_base {
  using Error = boost::system::error_code;
  using Default = bowline::net::detail::DefaultToken<Executor>;

 public:
  using executor_type = Executor;
  using protocol_type = bowline::net::tcp;
  using endpoint_type = bowline::net::TcpEndpoint;
  using results_type = basic_resolver_results<protocol_type>;
  template <class Other>
  struct rebind_executor {
    using other = basic_resolver<bowline::net::tcp, Other>;
  };

  explicit basic_resolver(const executor_type& executor) : executor_(executor) {}
  template <bowline::net::detail::ExecutionContext Context>
  explicit basic_resolver(Context& context) : executor_(context.get_executor()) {}
  basic_resolver(const basic_resolver&) = delete;
  basic_resolver& operator=(const basic_resolver&) = delete;
  basic_resolver(basic_resolver&&) noexcept = default;
  basic_resolver& operator=(basic_resolver&&) noexcept = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_resolver(basic_resolver<bowline::net::tcp, Other>&& other)  // NOLINT: meant to convert
      : executor_(other.executor_), lookups_(std::move(other.lookups_)) {}
  ~basic_resolver() = default;

  [[nodiscard]] executor_type get_executor() noexcept { return executor_; }
  /// What is pending completes with operation_aborted.
  void cancel() { lookups_.cancel(); }

  results_type resolve(std::string_view host, std::string_view service, flags how, Error& error) {
    return find(std::nullopt, host, service, how, error);
  }
  results_type resolve(std::string_view host, std::string_view service, Error& error) {
    return resolve(host, service, flags(), error);
  }
  results_type resolve(std::string_view host, std::string_view service, flags how = flags()) {
    return found(std::nullopt, host, service, how);
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, flags how, Error& error) {
    return find(protocol, host, service, how, error);
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, Error& error) {
    return resolve(protocol, host, service, flags(), error);
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, flags how = flags()) {
    return found(protocol, host, service, how);
  }
  /// The reverse: the endpoint with its address and port as the names.
  results_type resolve(const endpoint_type& endpoint, Error& error) {
    error.clear();
    return results_type::create(endpoint, endpoint.address().to_string(),
                                std::to_string(endpoint.port()));
  }
  results_type resolve(const endpoint_type& endpoint) {
    Error error;
    return resolve(endpoint, error);
  }

  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, flags how,
                     Token&& token = Default()) {
    return begin<Token>(std::nullopt, host, service, how, token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, Token&& token = Default()) {
    return begin<Token>(std::nullopt, host, service, flags(), token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     flags how, Token&& token = Default()) {
    return begin<Token>(protocol, host, service, how, token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     Token&& token = Default()) {
    return begin<Token>(protocol, host, service, flags(), token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const endpoint_type& endpoint, Token&& token = Default()) {
    return begin<Token>(std::nullopt, endpoint.address().to_string(),
                        std::to_string(endpoint.port()),
                        resolver_base::numeric_host | resolver_base::numeric_service, token);
  }

 private:
  template <class OtherProtocol, class Other>
  friend class basic_resolver;
  using Query = bowline::net::ResolveQuery;

  static Query query_of(const std::optional<protocol_type>& protocol, std::string_view host,
                        std::string_view service, flags how) {
    Query query{std::string(host), std::string(service), std::nullopt, how};
    if (protocol) {
      const bool v6 = protocol->family() == protocol_type::v6().family();
      query.family = v6 ? bowline::Family::ipv6 : bowline::Family::ipv4;
    }
    return query;
  }

  /// The host that `protocol` names, or the context's first; null when there is none.
  [[nodiscard]] std::shared_ptr<bowline::net::Host> host_of(
      const std::optional<protocol_type>& protocol) const {
    if (protocol && protocol->host() != nullptr) return protocol->host()->shared_from_this();
    return bowline::net::find_host(bowline::net::detail::context_of(executor_));
  }

  /// Asks and waits; `problem` says for a person what went wrong.
  results_type find(const std::optional<protocol_type>& protocol, std::string_view host,
                    std::string_view service, flags how, Error& error, std::string& problem) {
    const Query query = query_of(protocol, host, service, how);
    const bowline::net::Resolved resolved = bowline::net::look_up(host_of(protocol), query);
    error = resolved.error;
    problem = resolved.problem;
    return bowline::net::results_of<results_type>(query, resolved, error);
  }
  results_type find(const std::optional<protocol_type>& protocol, std::string_view host,
                    std::string_view service, flags how, Error& error) {
    std::string problem;
    return find(protocol, host, service, how, error, problem);
  }
  results_type found(const std::optional<protocol_type>& protocol, std::string_view host,
                     std::string_view service, flags how) {
    Error error;
    std::string problem;
    results_type results = find(protocol, host, service, how, error, problem);
    if (error) throw boost::system::system_error(error, "resolve: " + problem);
    return results;
  }

  template <class Token>
  auto begin(const std::optional<protocol_type>& protocol, std::string_view host,
             std::string_view service, flags how, std::remove_reference_t<Token>& token) {
    return async_initiate<Token, void(Error, results_type)>(
        bowline::net::detail::Initiation(
            executor_,
            [this, host_to_ask = host_of(protocol),
             query = query_of(protocol, host, service, how)](auto&& handler) {
              start(host_to_ask, query, std::forward<decltype(handler)>(handler));
            }),
        token);
  }

  template <class Handler>
  void start(const std::shared_ptr<bowline::net::Host>& host, const Query& query,
             Handler&& handler) {
    using Work = bowline::net::detail::ResolveWork<results_type>;
    auto slot = get_associated_cancellation_slot(handler);
    auto resolved = std::make_shared<bowline::net::Resolved>(bowline::net::resolve_here(query));
    const bool asks = resolved->name && host != nullptr;
    auto resolution = asks ? std::make_shared<bowline::net::Resolution>() : nullptr;
    if (resolved->name && host == nullptr) bowline::net::nobody_to_ask(query, *resolved);
    bowline::net::Operation* const operation = bowline::net::make_operation(
        Work{query, resolved, resolution}, std::forward<Handler>(handler), executor_);
    if (!asks) return operation->complete();
    operation->set_number(host->next_number());
    if (slot.is_connected()) {
      slot.assign([cancel = bowline::net::Lookups::canceller(host, operation->number())](
                      cancellation_type type) {
        if (type != cancellation_type::none) cancel();
      });
    }
    lookups_.start(host, query, *resolved, std::move(resolution), operation);
  }

  Executor executor_;
  bowline::net::Lookups lookups_;
};

}  // namespace boost::asio::ip
