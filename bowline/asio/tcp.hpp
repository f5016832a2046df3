#pragma once

// `using tcp = bowline::net::tcp;` and all that belongs to it.
//
// The protocol type names Asio's templates; here are the specialisations that they are for it.

#include "bowline/asio/basic_resolver.hpp"
#include "bowline/asio/basic_socket.hpp"
#include "bowline/asio/basic_socket_acceptor.hpp"
#include "bowline/asio/basic_stream_socket.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/protocol.hpp"
