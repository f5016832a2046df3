#pragma once

// Bowline for programs written with Boost.Asio.
//
//     #include "bowline/asio.hpp"            // before any header of Boost.Asio or Beast
//     using tcp = bowline::net::tcp;         // was: boost::asio::ip::tcp; udp likewise
//
//     boost::asio::io_context context(1);
//     bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("10.77.0.2/24")}}});
//     tcp::acceptor acceptor(context, {tcp::v4(), 80});
//     ...
//     context.run();
//
// The sockets, acceptors and resolvers of these protocol types are specialisations of Asio's
// templates over the stack of their context; docs/asio.md lists their members. It comes first in
// every translation unit of the program that uses Asio, because it also says what a steady_timer
// is: one that runs on virtual time where its context has it.

#if defined(BOOST_ASIO_BASIC_WAITABLE_TIMER_HPP)
#error "include bowline/asio.hpp before any header of Boost.Asio and Beast"
#endif

#include "bowline/asio/basic_waitable_timer.hpp"
//
#include "bowline/asio/basic_datagram_socket.hpp"
#include "bowline/asio/basic_resolver.hpp"
#include "bowline/asio/basic_socket.hpp"
#include "bowline/asio/basic_socket_acceptor.hpp"
#include "bowline/asio/basic_stream_socket.hpp"
#include "bowline/asio/dhcp.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/error.hpp"
#include "bowline/asio/host.hpp"
#include "bowline/asio/io_host.hpp"
#include "bowline/asio/lookup.hpp"
#include "bowline/asio/tcp.hpp"
#include "bowline/asio/udp.hpp"
#include "bowline/asio/virtual_clock.hpp"
