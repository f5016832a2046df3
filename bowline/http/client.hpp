#pragma once

// A client for one GET over any stream protocol with Asio's interface: connects, asks, hands the
// body to a callback as it comes, and says how it ended. Like the server it is written once and
// instantiated for the kernel's TCP and for Bowline's.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace bowline::inline v0::http {

/// What to get.
struct GetRequest {
  /// The Host field: "10.77.0.1:8080".
  std::string host;
  /// In origin-form: "/page.html".
  std::string target = "/";
  /// Nothing received for so long: the fetch fails with timed_out.
  std::chrono::seconds stall_timeout{30};
};

/// What came.
struct GetResult {
  /// 0 where no answer's header was read.
  unsigned status = 0;
  /// As the server announced it.
  std::optional<std::uint64_t> content_length;
  /// Bytes handed to the callback.
  std::uint64_t body_bytes = 0;
  /// From the call until the connection was established, the header was read, all was read.
  std::chrono::nanoseconds connected{}, answered{}, finished{};
};

/// Called with each stretch of the body; the bytes end with the call.
using BodyHandler = std::function<void(std::span<const char>)>;
/// Called once, at the end. No error: the whole answer came, whatever its status.
using GetHandler = std::function<void(boost::system::error_code, const GetResult&)>;

/// Gets `request` from `server` on `executor`. The handlers are called on it; `on_body` may be
/// empty. Errors: those of connect and read; Beast's for an answer that is not HTTP; end_of_stream
/// where the connection ended before the body did.
template <class Protocol>
void async_get(typename Protocol::socket socket, const typename Protocol::endpoint& server,
               GetRequest request, BodyHandler on_body, GetHandler on_done);

extern template void async_get<boost::asio::ip::tcp>(boost::asio::ip::tcp::socket,
                                                     const boost::asio::ip::tcp::endpoint&,
                                                     GetRequest, BodyHandler, GetHandler);
extern template void async_get<net::tcp>(net::tcp::socket, const net::tcp::endpoint&, GetRequest,
                                         BodyHandler, GetHandler);

}  // namespace bowline::inline v0::http
