#pragma once

// The one line by which a program chooses its TCP. The program beside this header includes it
// before all else and knows of no other difference.

#if defined(PROGRAM_USES_THE_KERNEL)

#include <boost/asio/ip/tcp.hpp>
using tcp = boost::asio::ip::tcp;

#else

#include "bowline/asio.hpp"
using tcp = bowline::net::tcp;

#endif
