#include "tools/metrics_server.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

#include "bowline/trace/metrics.hpp"
#include "tools/arguments.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::tcp;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t kMostHeader = 8 * 1024;
constexpr std::chrono::seconds kPatience{5};

std::string response(std::string_view status, std::string_view type, std::string_view body,
                     bool head) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      status, type, body.size(), head ? "" : body);
}

// What is answered to a request whose header is `header`.
std::string answer(std::string_view header, net::IoHost& host) {
  constexpr std::string_view kPlain = "text/plain; charset=utf-8";
  const std::string_view line = header.substr(0, header.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos ||
      !line.substr(second + 1).starts_with("HTTP/1.")) {
    return response("400 Bad Request", kPlain, "This is an HTTP/1.1 server.\n", false);
  }
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, second - first - 1);
  target = target.substr(0, target.find('?'));
  const bool head = method == "HEAD";
  if (method != "GET" && !head) {
    return response("405 Method Not Allowed\r\nAllow: GET, HEAD", kPlain, "Only GET and HEAD.\n",
                    false);
  }
  if (target != "/metrics") {
    return response("404 Not Found", kPlain, "The metrics are at /metrics.\n", head);
  }
  const std::string page =
      host.with_stack([](Stack& stack, Time) { return trace::metrics_text(stack); });
  return response("200 OK", trace::kMetricsType, page, head);
}

tcp::acceptor listen_at(boost::asio::io_context& context, const tcp::endpoint& endpoint,
                        boost::system::error_code& error) {
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  return acceptor;
}

}  // namespace

MetricsAddress read_metrics_address(std::string_view argument, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {"", read_port(argument, text)};
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.contains(':')) {
    throw WrongUsage(
        fmt::format("{} {}: an IPv6 address stands in brackets, as [::1]:9100", argument, text));
  }
  static_cast<void>(read_address(argument, address));
  return {std::string(address), read_port(argument, text.substr(colon + 1))};
}

MetricsServer::MetricsServer(boost::asio::io_context& context, net::IoHost& host,
                             const MetricsAddress& where) {
  std::vector<boost::asio::ip::address> addresses{boost::asio::ip::address_v4::loopback(),
                                                  boost::asio::ip::address_v6::loopback()};
  if (!where.address.empty()) addresses = {boost::asio::ip::make_address(where.address)};
  boost::system::error_code first_error;
  for (const auto& address : addresses) {
    boost::system::error_code error;
    tcp::acceptor acceptor = listen_at(context, {address, where.port}, error);
    if (error) {
      if (!first_error) first_error = error;
      continue;
    }
    servers_.push_back(std::make_shared<SmallServer<tcp>>(
        std::move(acceptor),
        [&host](tcp::socket& socket, http::Deadline& deadline) -> awaitable<void> {
          deadline.set(kPatience);
          std::string header;
          const auto [unread, size] = co_await boost::asio::async_read_until(
              socket, boost::asio::dynamic_buffer(header, kMostHeader), "\r\n\r\n", kAwait);
          if (unread || host.is_closed()) co_return;
          const std::string page = answer(header, host);
          const auto [unsent, sent] =
              co_await boost::asio::async_write(socket, boost::asio::buffer(page), kAwait);
          boost::system::error_code ignored;
          if (!unsent) socket.shutdown(tcp::socket::shutdown_both, ignored);
        }));
  }
  // A machine without IPv6 has no ::1; but one of the two has to be there.
  const bool taken = first_error == boost::asio::error::address_in_use;
  if (servers_.empty() || taken) {
    throw Failure(
        fmt::format("--metrics {}: cannot listen: {}", where.port, first_error.message()));
  }
  for (const auto& server : servers_) server->start();
}

MetricsServer::~MetricsServer() {
  for (const auto& server : servers_) server->stop();
}

}  // namespace bowline::tools
