#pragma once

// The one place by which a program chooses its TCP and UDP. The program beside this header includes
// it before all else and knows of no other difference.

#if defined(PROGRAM_USES_THE_KERNEL)

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
using tcp = boost::asio::ip::tcp;
using udp = boost::asio::ip::udp;

#else

#include "bowline/asio.hpp"
using tcp = bowline::net::tcp;
using udp = bowline::net::udp;

#endif
