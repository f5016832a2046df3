#pragma once

// boost::asio::ip::basic_resolver of our protocol type.
//
// Asio's own asks the operating system on a thread of its own: the wrong network, and no place for
// threads in a simulation. This one answers at once (resolve.hpp), and still posts what it
// completes. Its results are Asio's own types.

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/basic_resolver_results.hpp>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "bowline/asio/context.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/initiation.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/protocol.hpp"
#include "bowline/asio/resolve.hpp"

namespace bowline::inline v0::net::detail {

/// An answer that is there already.
template <class Results>
struct ResolveWork {
  Results results;

  static bool perform(SocketState& /*socket*/, boost::system::error_code& /*error*/) {
    return true;
  }
  std::tuple<boost::system::error_code, Results> arguments(boost::system::error_code error) {
    return {error, std::move(results)};
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
  basic_resolver& operator=(basic_resolver&&) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_resolver(basic_resolver<bowline::net::tcp, Other>&& other)  // NOLINT: meant to convert
      : executor_(other.get_executor()) {}
  ~basic_resolver() = default;

  [[nodiscard]] executor_type get_executor() noexcept { return executor_; }
  /// Nothing is ever pending.
  void cancel() noexcept {}

  results_type resolve(std::string_view host, std::string_view service, flags how, Error& error) {
    return find(std::nullopt, host, service, how, error);
  }
  results_type resolve(std::string_view host, std::string_view service, Error& error) {
    return resolve(host, service, flags(), error);
  }
  results_type resolve(std::string_view host, std::string_view service, flags how = flags()) {
    return checked([&](Error& error) { return resolve(host, service, how, error); });
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
    return checked([&](Error& error) { return resolve(protocol, host, service, how, error); });
  }
  /// The reverse: the endpoint with its address and port as the names.
  results_type resolve(const endpoint_type& endpoint, Error& error) {
    error.clear();
    return results_type::create(endpoint, endpoint.address().to_string(),
                                std::to_string(endpoint.port()));
  }
  results_type resolve(const endpoint_type& endpoint) {
    return checked([&](Error& error) { return resolve(endpoint, error); });
  }

  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, flags how,
                     Token&& token = Default()) {
    return answer<Token>([&](Error& error) { return resolve(host, service, how, error); }, token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, Token&& token = Default()) {
    return answer<Token>([&](Error& error) { return resolve(host, service, error); }, token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     flags how, Token&& token = Default()) {
    return answer<Token>([&](Error& error) { return resolve(protocol, host, service, how, error); },
                         token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     Token&& token = Default()) {
    return answer<Token>([&](Error& error) { return resolve(protocol, host, service, error); },
                         token);
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const endpoint_type& endpoint, Token&& token = Default()) {
    return answer<Token>([&](Error& error) { return resolve(endpoint, error); }, token);
  }

 private:
  template <class Function>
  static results_type checked(Function&& function) {
    Error error;
    results_type results = function(error);
    boost::asio::detail::throw_error(error, "resolve");
    return results;
  }

  static results_type find(const std::optional<protocol_type>& protocol, std::string_view host,
                           std::string_view service, flags how, Error& error) {
    std::optional<bowline::Family> family;
    if (protocol) {
      const bool v6 = protocol->family() == protocol_type::v6().family();
      family = v6 ? bowline::Family::ipv6 : bowline::Family::ipv4;
    }
    const auto endpoints = bowline::net::resolve(host, service, family, how, error);
    return results_type::create(endpoints.begin(), endpoints.end(), std::string(host),
                                std::string(service));
  }

  template <class Token, class Function>
  auto answer(Function&& function, std::remove_reference_t<Token>& token) {
    Error error;
    results_type results = function(error);
    return async_initiate<Token, void(Error, results_type)>(
        bowline::net::detail::Initiation(
            executor_,
            [executor = executor_, error, results = std::move(results)](auto&& handler) {
              bowline::net::Operation* const operation = bowline::net::make_operation(
                  bowline::net::detail::ResolveWork<results_type>{results},
                  std::forward<decltype(handler)>(handler), executor);
              operation->fail(error);
              operation->complete();
            }),
        token);
  }

  Executor executor_;
};

}  // namespace boost::asio::ip
