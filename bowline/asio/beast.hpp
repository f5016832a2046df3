#pragma once

// Beast's stream over our protocol: what boost::beast::tcp_stream is for the kernel's TCP. Not part
// of bowline/asio.hpp, because including Beast takes a compiler many seconds.

#include "bowline/asio.hpp"
//
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/rate_policy.hpp>

namespace bowline::inline v0::net {

/// A stream socket with timeouts; for a program that says boost::beast::tcp_stream.
using tcp_stream = boost::beast::basic_stream<tcp, boost::asio::any_io_executor,
                                              boost::beast::unlimited_rate_policy>;

}  // namespace bowline::inline v0::net
