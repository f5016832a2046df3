#pragma once

// A client on Bowline that writes what it gets to a file.

#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "tools/demo.hpp"

namespace bowline::tools {

/// Gets `name`, of `size` bytes as far as is known, from `server` and writes it to the file `to` as
/// it comes. The socket may be open (on a host of one's choice). What went wrong stands in
/// Transfer::problem.
[[nodiscard]] boost::asio::awaitable<Transfer> fetch_to_file(net::tcp::socket socket,
                                                             net::tcp::endpoint server,
                                                             std::string name, std::uint64_t size,
                                                             std::string to);

}  // namespace bowline::tools
