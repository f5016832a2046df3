#pragma once

// --metrics: the stack's counters over HTTP for a Prometheus server, on this machine's own network
// rather than on the stack that is measured.

#include "bowline/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/asio/io_host.hpp"
#include "tools/small_server.hpp"

namespace bowline::tools {

/// Where to answer. Without an address: at 127.0.0.1 and ::1.
struct MetricsAddress {
  std::string address;
  std::uint16_t port = 0;
};

/// "9100", "192.0.2.1:9100", "[fd00::1]:9100". Throws WrongUsage.
[[nodiscard]] MetricsAddress read_metrics_address(std::string_view argument, std::string_view text);

/// The server of /metrics.
class MetricsServer {
 public:
  /// `host` must outlive this. Throws Failure where it cannot listen.
  MetricsServer(boost::asio::io_context& context, net::IoHost& host, const MetricsAddress& where);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

 private:
  std::vector<std::shared_ptr<SmallServer<boost::asio::ip::tcp>>> servers_;
};

}  // namespace bowline::tools
