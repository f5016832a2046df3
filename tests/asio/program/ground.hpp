#pragma once

// Where the program of this folder runs: an address for its server, and a network on both contexts.
// This, not the program, is what differs between the two ways of compiling it.

#include "tests/asio/program/alias.hpp"
//
#include <boost/asio/io_context.hpp>
#include <string>

#if !defined(PROGRAM_USES_THE_KERNEL)
#include "tests/asio/socket_pair_link.hpp"
#include "tests/asio/two_stacks.hpp"
#endif

namespace program {

/// The server's context and the client's; they may run on different threads.
struct Ground {
  boost::asio::io_context server;
  boost::asio::io_context client;

#if defined(PROGRAM_USES_THE_KERNEL)
  static constexpr const char* kServer = "127.0.0.1";
  /// The kernel goes on delivering after a program has ended.
  static void finish(boost::asio::io_context& /*context*/) {}
#else
  static constexpr const char* kServer = bowline::net::test::kServerV4;
  Ground() {
    const auto [left, right] = bowline::net::test::socket_pair();
    bowline::net::use_stack(server, bowline::net::test::config(1),
                            {{left, bowline::net::test::addresses(1)}, bowline::net::loopback()});
    bowline::net::use_stack(client, bowline::net::test::config(2),
                            {{right, bowline::net::test::addresses(2)}, bowline::net::loopback()});
  }
  /// What a program does at its end: nobody else runs its stack then (docs/asio.md).
  static void finish(boost::asio::io_context& context) {
    dynamic_cast<bowline::net::IoHost&>(bowline::net::host(context)).drain(std::chrono::seconds(5));
  }
#endif
};

}  // namespace program
