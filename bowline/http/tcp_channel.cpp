#include "bowline/http/tcp_channel.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "bowline/asio/lookup.hpp"
#include "bowline/http/deadline.hpp"

namespace bowline::inline v0::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::awaitable;
using boost::system::error_code;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

class TcpChannel final : public Channel {
 public:
  TcpChannel(const boost::asio::any_io_executor& executor, ChannelSettings settings)
      : executor_(executor),
        settings_(std::move(settings)),
        resolver_(executor),
        deadline_(executor, [this] {
          timed_out_ = true;
          close();
        }) {}

  awaitable<std::string> open(const Url& url) override {
    close();
    timed_out_ = false;
    deadline_.set(settings_.connect_timeout);
    std::string problem = co_await connect(url);
    if (problem.empty() && url.tls) problem = co_await shake_hands(url);
    deadline_.clear();
    if (!problem.empty() && timed_out_) {
      problem = fmt::format("no connection to {} within {}", authority(url), limit());
    }
    co_return problem;
  }

  awaitable<ChannelRead> read_some(std::span<char> to) override {
    const auto buffer = boost::asio::buffer(to.data(), to.size());
    if (!socket_) co_return ChannelRead{boost::asio::error::operation_aborted, 0};
    deadline_.set(settings_.stall_timeout);
    ChannelRead read;
    if (stream_) {
      const auto [error, size] = co_await stream_->async_read_some(buffer, kAwait);
      read = {error, size};
    } else {
      const auto [error, size] = co_await socket_->async_read_some(buffer, kAwait);
      read = {error, size};
    }
    if (read.error && timed_out_) read.error = boost::asio::error::timed_out;
    co_return read;
  }

  awaitable<error_code> write(std::string_view bytes) override {
    const auto buffer = boost::asio::buffer(bytes.data(), bytes.size());
    if (!socket_) co_return boost::asio::error::operation_aborted;
    deadline_.set(settings_.stall_timeout);
    error_code result;
    if (stream_) {
      const auto [error, size] = co_await boost::asio::async_write(*stream_, buffer, kAwait);
      result = error;
    } else {
      const auto [error, size] = co_await boost::asio::async_write(*socket_, buffer, kAwait);
      result = error;
    }
    if (result && timed_out_) result = boost::asio::error::timed_out;
    co_return result;
  }

  void close() noexcept override {
    error_code ignored;
    deadline_.clear();
    resolver_.cancel();
    if (socket_) socket_->close(ignored);
  }

 private:
  using Stream = ssl::stream<net::tcp::socket&>;

  [[nodiscard]] std::string limit() const {
    return fmt::format("{:g} s", std::chrono::duration<double>(settings_.connect_timeout).count());
  }

  // The addresses of the URL's host, or why there are none.
  awaitable<std::variant<std::vector<net::tcp::endpoint>, std::string>> look_up(const Url& url) {
    std::vector<net::tcp::endpoint> endpoints;
    const auto fixed = settings_.addresses.find(url.host);
    if (fixed != settings_.addresses.end()) {
      for (const auto& address : fixed->second) endpoints.emplace_back(address, url.port);
      co_return endpoints;
    }
    const auto [error, found] =
        co_await resolver_.async_resolve(url.host, std::to_string(url.port), kAwait);
    if (error) {
      const auto host = net::find_host(
          boost::asio::query(resolver_.get_executor(), boost::asio::execution::context));
      co_return net::resolve_problem(host.get(), url.host, error);
    }
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    co_return endpoints;
  }

  awaitable<std::string> connect(const Url& url) {
    auto found = co_await look_up(url);
    if (auto* const why = std::get_if<std::string>(&found)) co_return std::move(*why);
    std::string problem = fmt::format("{} has no address", url.host);
    for (const net::tcp::endpoint& endpoint : std::get<0>(found)) {
      if (timed_out_) break;
      stream_.reset();
      socket_.emplace(executor_);
      const auto [error] = co_await socket_->async_connect(endpoint, kAwait);
      if (!error) co_return std::string();
      const std::string where =
          endpoint.address().is_v6()
              ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
              : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
      problem = fmt::format("cannot connect to {}: {}", where, error.message());
      if (error == boost::asio::error::network_unreachable) {
        problem += "; no route leads there: --gateway names the way out of the link";
      }
    }
    co_return problem;
  }

  // The settings of TLS, made when first needed. Empty: they are there.
  std::string prepare_tls() {
    if (context_) return {};
    error_code error;
    context_.emplace(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
    if (settings_.insecure) return {};
    if (settings_.authorities.empty()) {
      context_->set_default_verify_paths(error);
      if (error) return fmt::format("cannot read the system's authorities: {}", error.message());
    } else {
      context_->load_verify_file(settings_.authorities, error);
      if (error) {
        context_.reset();
        return fmt::format("--cacert {}: cannot be read as PEM certificates: {}",
                           settings_.authorities, error.message());
      }
    }
    return {};
  }

  // Asks for the certificate of `url`'s host and no other (RFC 9110 section 4.3.4). False: OpenSSL
  // has no memory.
  [[nodiscard]] bool demand_name(const Url& url) {
    SSL* const session = stream_->native_handle();
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(session);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    error_code not_an_address;
    static_cast<void>(boost::asio::ip::make_address(url.host, not_an_address));
    if (!not_an_address) {
      return X509_VERIFY_PARAM_set1_ip_asc(wanted, url.host.c_str()) == 1;
    }
    // The name goes ahead in clear, for servers of many names (RFC 6066 section 3).
    return SSL_set_tlsext_host_name(session, url.host.c_str()) == 1 &&
           X509_VERIFY_PARAM_set1_host(wanted, url.host.c_str(), 0) == 1;
  }

  awaitable<std::string> shake_hands(const Url& url) {
    std::string problem = prepare_tls();
    if (!problem.empty()) co_return problem;
    stream_.emplace(*socket_, *context_);
    stream_->set_verify_mode(settings_.insecure ? ssl::verify_none : ssl::verify_peer);
    if (!demand_name(url)) co_return std::string("TLS cannot be set up: out of memory");
    const auto [error] = co_await stream_->async_handshake(Stream::client, kAwait);
    if (!error) co_return std::string();
    const long verdict = SSL_get_verify_result(stream_->native_handle());
    if (verdict != X509_V_OK && !settings_.insecure) {
      co_return fmt::format(
          "the certificate of {} cannot be trusted: {}; --cacert FILE names authorities to trust, "
          "--insecure goes without",
          authority(url), X509_verify_cert_error_string(verdict));
    }
    co_return fmt::format("no TLS with {}: {}", authority(url), error.message());
  }

  boost::asio::any_io_executor executor_;
  ChannelSettings settings_;
  net::tcp::resolver resolver_;
  std::optional<net::tcp::socket> socket_;
  std::optional<ssl::context> context_;
  std::optional<Stream> stream_;  // over `socket_`, with https
  Deadline deadline_;
  bool timed_out_ = false;
};

}  // namespace

std::unique_ptr<Channel> make_tcp_channel(const boost::asio::any_io_executor& executor,
                                          ChannelSettings settings) {
  return std::make_unique<TcpChannel>(executor, std::move(settings));
}

}  // namespace bowline::inline v0::http
