#include "tools/datagram_relay.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <span>
#include <utility>

namespace bowline::tools {
namespace {

using boost::asio::awaitable;
using boost::system::error_code;

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t kMostSent = 16 * 1024;      // as OpenBSD's nc reads
constexpr std::size_t kMostReceived = 64 * 1024;  // the largest there is

}  // namespace

DatagramRelay::DatagramRelay(net::udp::socket& socket, Peer peer, DescriptorInput& input,
                             DescriptorOutput& output, std::chrono::seconds idle)
    : socket_(socket),
      peer_(peer),
      input_(input),
      output_(output),
      idle_(idle),
      deadline_(socket.get_executor(),
                [this] {
                  end_.idle = true;
                  stop();
                }),
      inward_(kMostReceived) {}

awaitable<RelayEnd> DatagramRelay::run() {
  using boost::asio::experimental::awaitable_operators::operator&&;
  moved();
  // Until somebody has sent there is nobody to send to.
  if (peer_ != Peer::known) co_await receive_one();
  if (!stopped_) co_await (send() && receive());
  deadline_.clear();
  error_code ignored;
  socket_.close(ignored);
  co_return end_;
}

void DatagramRelay::stop() {
  stopped_ = true;
  error_code ignored;
  socket_.close(ignored);
  input_.interrupt();
}

void DatagramRelay::moved() {
  if (idle_ > std::chrono::seconds::zero()) deadline_.set(idle_);
}

void DatagramRelay::fail(std::string problem) {
  if (stopped_) return;  // the other way said it already, or it was asked for
  end_.problem = std::move(problem);
  stop();
}

awaitable<void> DatagramRelay::send() {
  std::vector<char> block(kMostSent);
  while (!stopped_) {
    const DescriptorInput::Read read = co_await input_.read_some(block);
    if (stopped_ || read.error == boost::asio::error::operation_aborted) co_return;
    if (read.error) {
      fail(fmt::format("standard input: {}", read.error.message()));
      co_return;
    }
    if (read.size == 0) co_return;
    const auto datagram = boost::asio::buffer(block.data(), read.size);
    error_code error;
    if (peer_ == Peer::known) {
      const auto [unsent, size] = co_await socket_.async_send(datagram, kAwait);
      error = unsent;
    } else {
      const auto [unsent, size] = co_await socket_.async_send_to(datagram, last_, kAwait);
      error = unsent;
    }
    if (error) {
      fail(fmt::format("a datagram could not be sent: {}", error.message()));
      co_return;
    }
    end_.sent += read.size;
    moved();
  }
}

awaitable<void> DatagramRelay::receive() {
  while (!stopped_) co_await receive_one();
}

awaitable<void> DatagramRelay::receive_one() {
  const auto [error, size] =
      co_await socket_.async_receive_from(boost::asio::buffer(inward_), last_, kAwait);
  if (stopped_) co_return;
  if (error) {
    fail(fmt::format("nothing can be received: {}", error.message()));
    co_return;
  }
  if (peer_ == Peer::first) {
    error_code refused;
    socket_.connect(last_, refused);  // from now on only his count
    peer_ = Peer::known;
  }
  moved();
  end_.received += size;
  const error_code unwritten = co_await output_.write(std::span(inward_).first(size));
  if (unwritten) {
    end_.deserted = true;
    fail(fmt::format("standard output: {}", unwritten.message()));
    co_return;
  }
  moved();
}

}  // namespace bowline::tools
