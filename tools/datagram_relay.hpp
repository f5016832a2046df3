#pragma once

// Datagrams between standard input and output and UDP. What is read at a time is a datagram, and
// what arrives is written as it comes. UDP knows no end: after the input's, it goes on receiving
// until nothing has moved for the time allowed, or it is interrupted.

#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "bowline/http/deadline.hpp"
#include "tools/descriptor_stream.hpp"
#include "tools/relay.hpp"

namespace bowline::tools {

/// Whom a socket talks with.
enum class Peer : std::uint8_t {
  known,    ///< it is connected
  first,    ///< whoever sends first
  whoever,  ///< whoever sends; answers go to the last
};

/// One UDP socket's relay.
class DatagramRelay {
 public:
  /// Everything outlives this. `idle` 0: for ever.
  DatagramRelay(net::udp::socket& socket, Peer peer, DescriptorInput& input,
                DescriptorOutput& output, std::chrono::seconds idle);
  DatagramRelay(const DatagramRelay&) = delete;
  DatagramRelay& operator=(const DatagramRelay&) = delete;

  /// Runs until stop(), an error or the end of its patience.
  boost::asio::awaitable<RelayEnd> run();
  /// Ends it at once.
  void stop();

 private:
  boost::asio::awaitable<void> send();
  boost::asio::awaitable<void> receive();
  boost::asio::awaitable<void> receive_one();
  void moved();
  void fail(std::string problem);

  net::udp::socket& socket_;
  Peer peer_;
  net::udp::endpoint last_;  // who sent, where it is not connected
  DescriptorInput& input_;
  DescriptorOutput& output_;
  const std::chrono::seconds idle_;
  http::Deadline deadline_;
  RelayEnd end_;
  bool stopped_ = false;
  std::vector<char> inward_;
};

}  // namespace bowline::tools
