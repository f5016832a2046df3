#include "tools/relay.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <span>
#include <utility>

#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t kBlock = 256 * 1024;

}  // namespace

Relay::Relay(net::tcp::socket& socket, DescriptorInput& input, DescriptorOutput& output,
             std::chrono::seconds idle)
    : socket_(socket),
      input_(input),
      output_(output),
      idle_(idle),
      deadline_(socket.get_executor(),
                [this] {
                  end_.idle = true;
                  stop();
                }),
      outward_(kBlock),
      inward_(kBlock) {}

awaitable<RelayEnd> Relay::run() {
  using boost::asio::experimental::awaitable_operators::operator&&;
  moved();
  co_await (send() && receive());
  deadline_.clear();
  boost::system::error_code ignored;
  socket_.close(ignored);
  co_return end_;
}

void Relay::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  input_.interrupt();
}

void Relay::moved() {
  if (idle_ > std::chrono::seconds::zero()) deadline_.set(idle_);
}

void Relay::fail(std::string problem) {
  if (stopped_) return;  // the other way said it already, or it was asked for
  end_.problem = std::move(problem);
  stop();
}

awaitable<void> Relay::send() {
  while (!stopped_) {
    const DescriptorInput::Read read = co_await input_.read_some(outward_);
    if (stopped_ || read.error == boost::asio::error::operation_aborted) co_return;
    if (read.error) {
      fail(fmt::format("standard input: {}", read.error.message()));
      co_return;
    }
    if (read.size == 0) break;
    moved();
    const auto [error, size] = co_await boost::asio::async_write(
        socket_, boost::asio::buffer(outward_.data(), read.size), kAwait);
    end_.sent += size;
    if (error) {
      fail(fmt::format("the connection broke: {}", error.message()));
      co_return;
    }
    moved();
  }
  boost::system::error_code ignored;
  if (!stopped_) socket_.shutdown(net::tcp::socket::shutdown_send, ignored);
}

awaitable<void> Relay::receive() {
  while (!stopped_) {
    const auto [error, size] =
        co_await socket_.async_read_some(boost::asio::buffer(inward_), kAwait);
    if (error == boost::asio::error::eof) break;
    if (error) {
      fail(fmt::format("the connection broke: {}", error.message()));
      co_return;
    }
    moved();
    end_.received += size;
    const auto unwritten = co_await output_.write(std::span(inward_).first(size));
    if (unwritten) {
      end_.deserted = true;
      fail(fmt::format("standard output: {}", unwritten.message()));
      co_return;
    }
    moved();
  }
  if (is_terminal(STDIN_FILENO)) input_.interrupt();
}

}  // namespace bowline::tools
