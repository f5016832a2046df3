#pragma once

// Errors on their way from the stack to an Asio program.
//
// The stack says std::errc; a program written for the kernel's sockets compares with
// boost::asio::error and boost::system::errc. The two do not compare equal by themselves (they live
// in different categories), so there is a table, and this is the only place that knows it.

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <system_error>

namespace bowline::inline v0::net {

/// What Asio calls `error`: the value that the kernel's socket would have given, in Boost's system
/// category. No error stays no error; an errno without an entry keeps its number in Boost's generic
/// category.
[[nodiscard]] boost::system::error_code to_asio(std::error_code error) noexcept;

}  // namespace bowline::inline v0::net
