#include "tools/demo_fetch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "bowline/http/client.hpp"

namespace bowline::tools {
namespace {

struct Ended {
  boost::system::error_code error;
  http::GetResult result;
};

boost::asio::awaitable<Ended> get(net::tcp::socket socket, net::tcp::endpoint server,
                                  http::GetRequest request, http::BodyHandler on_body) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Ended)>(
      [](auto handler, net::tcp::socket own_socket, net::tcp::endpoint to, http::GetRequest what,
         http::BodyHandler body) {
        // std::function wants to be copied; the handler cannot be.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        http::async_get<net::tcp>(
            std::move(own_socket), to, std::move(what), std::move(body),
            [shared](boost::system::error_code error, const http::GetResult& result) {
              std::move (*shared)(Ended{error, result});
            });
      },
      boost::asio::use_awaitable, std::move(socket), server, std::move(request),
      std::move(on_body));
}

}  // namespace

boost::asio::awaitable<Transfer> fetch_to_file(net::tcp::socket socket, net::tcp::endpoint server,
                                               std::string name, std::uint64_t size,
                                               std::string to) {
  Transfer transfer;
  const os::FileDescriptor file(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) {
    transfer.problem = std::error_code(errno, std::generic_category()).message();
    co_return transfer;
  }
  // The room is made beforehand: what is timed is the transfer, not the kernel's finding of pages.
  ::posix_fallocate(file.get(), 0, static_cast<off_t>(size));
  http::GetRequest request;
  request.host = server.address().is_v6()
                     ? fmt::format("[{}]:{}", server.address().to_string(), server.port())
                     : fmt::format("{}:{}", server.address().to_string(), server.port());
  request.target = "/" + name;
  int write_error = 0;
  http::BodyHandler on_body = [&](std::span<const char> bytes) {
    while (!bytes.empty() && write_error == 0) {
      const ssize_t done = ::write(file.get(), bytes.data(), bytes.size());
      if (done >= 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(done));
      } else if (errno != EINTR) {
        write_error = errno;
      }
    }
  };
  const Ended ended =
      co_await get(std::move(socket), server, std::move(request), std::move(on_body));
  // And what was not received is not there, so that the hash is that of what was.
  const bool cut = ::ftruncate(file.get(), static_cast<off_t>(ended.result.body_bytes)) == 0;
  transfer.bytes = ended.result.body_bytes;
  transfer.seconds = std::chrono::duration<double>(ended.result.finished).count();
  if (ended.error) {
    transfer.problem = ended.error.message();
  } else if (ended.result.status != 200) {
    transfer.problem = fmt::format("HTTP status {}", ended.result.status);
  } else if (write_error != 0 || !cut) {
    transfer.problem =
        "the copy: " +
        std::error_code(cut ? write_error : errno, std::generic_category()).message();
  }
  co_return transfer;
}

}  // namespace bowline::tools
