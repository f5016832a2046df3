#pragma once

// `using udp = bowline::net::udp;` and all that belongs to it.

#include "bowline/asio/basic_datagram_socket.hpp"
#include "bowline/asio/basic_resolver_of_udp.hpp"
#include "bowline/asio/basic_socket.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/protocol.hpp"
