#pragma once

// The same for Beast's stream: what the program calls tcp_stream.

#include "tests/asio/program/alias.hpp"

#if defined(PROGRAM_USES_THE_KERNEL)

#include <boost/beast/core/tcp_stream.hpp>
using tcp_stream = boost::beast::tcp_stream;

#else

#include "bowline/asio/beast.hpp"
using tcp_stream = bowline::net::tcp_stream;

#endif
