#pragma once

// boost::asio::ip::basic_resolver of our UDP: the one of our TCP, whose answers become UDP's.
//
// Names have the same addresses for both, and service names the same numbers here.

#include <boost/asio/deferred.hpp>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/asio/basic_resolver.hpp"
#include "bowline/asio/protocol.hpp"

namespace boost::asio::ip {

/// A resolver. Members as in Asio's documentation, but for the deprecated queries.
template <class Executor>
class basic_resolver<bowline::net::udp, Executor> : public resolver_base {
  using Error = boost::system::error_code;
  using Default = bowline::net::detail::DefaultToken<Executor>;
  using Streams = basic_resolver<bowline::net::tcp, Executor>;
  using StreamResults = typename Streams::results_type;

 public:
  using executor_type = Executor;
  using protocol_type = bowline::net::udp;
  using endpoint_type = bowline::net::UdpEndpoint;
  using results_type = basic_resolver_results<protocol_type>;
  template <class Other>
  struct rebind_executor {
    using other = basic_resolver<bowline::net::udp, Other>;
  };

  explicit basic_resolver(const executor_type& executor) : streams_(executor) {}
  template <bowline::net::detail::ExecutionContext Context>
  explicit basic_resolver(Context& context) : streams_(context) {}

  [[nodiscard]] executor_type get_executor() noexcept { return streams_.get_executor(); }
  void cancel() { streams_.cancel(); }

  results_type resolve(std::string_view host, std::string_view service, flags how, Error& error) {
    return from(streams_.resolve(host, service, how, error));
  }
  results_type resolve(std::string_view host, std::string_view service, Error& error) {
    return from(streams_.resolve(host, service, error));
  }
  results_type resolve(std::string_view host, std::string_view service, flags how = flags()) {
    return from(streams_.resolve(host, service, how));
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, flags how, Error& error) {
    return from(streams_.resolve(of(protocol), host, service, how, error));
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, Error& error) {
    return from(streams_.resolve(of(protocol), host, service, error));
  }
  results_type resolve(const protocol_type& protocol, std::string_view host,
                       std::string_view service, flags how = flags()) {
    return from(streams_.resolve(of(protocol), host, service, how));
  }
  results_type resolve(const endpoint_type& endpoint, Error& error) {
    return from(streams_.resolve({endpoint.address(), endpoint.port()}, error));
  }
  results_type resolve(const endpoint_type& endpoint) {
    return from(streams_.resolve(bowline::net::TcpEndpoint(endpoint.address(), endpoint.port())));
  }

  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, flags how,
                     Token&& token = Default()) {
    return streams_.async_resolve(host, service, how, converted())(std::forward<Token>(token));
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(std::string_view host, std::string_view service, Token&& token = Default()) {
    return async_resolve(host, service, flags(), std::forward<Token>(token));
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     flags how, Token&& token = Default()) {
    return streams_.async_resolve(of(protocol), host, service, how,
                                  converted())(std::forward<Token>(token));
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const protocol_type& protocol, std::string_view host, std::string_view service,
                     Token&& token = Default()) {
    return async_resolve(protocol, host, service, flags(), std::forward<Token>(token));
  }
  template <completion_token_for<void(Error, results_type)> Token = Default>
  auto async_resolve(const endpoint_type& endpoint, Token&& token = Default()) {
    return streams_.async_resolve(bowline::net::TcpEndpoint(endpoint.address(), endpoint.port()),
                                  converted())(std::forward<Token>(token));
  }

 private:
  static bowline::net::tcp of(const protocol_type& protocol) {
    const auto same = protocol.family() == protocol_type::v6().family() ? bowline::net::tcp::v6()
                                                                        : bowline::net::tcp::v4();
    return protocol.host() != nullptr ? same.on(*protocol.host()) : same;
  }
  static results_type from(const StreamResults& results) {
    std::vector<endpoint_type> endpoints;
    for (const auto& entry : results) {
      endpoints.emplace_back(entry.endpoint().address(), entry.endpoint().port());
    }
    if (endpoints.empty()) return {};
    return results_type::create(endpoints.begin(), endpoints.end(), results.begin()->host_name(),
                                results.begin()->service_name());
  }
  /// A token: what TCP's resolver says, passed on as ours.
  static auto converted() {
    return boost::asio::deferred([](Error error, StreamResults results) {
      return boost::asio::deferred.values(error, from(results));
    });
  }

  Streams streams_;
};

}  // namespace boost::asio::ip
