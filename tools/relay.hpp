#pragma once

// Bytes between standard input and output and one connection, both ways at once, each way at the
// pace of its slower end.
//
// When the input ends, our side is finished (a FIN) and the peer is listened to until it has
// finished too: so `bowline nc HOST PORT < request` gets its whole answer. When the peer finishes
// first, what is left of the input is still sent; only a person at a terminal is not waited for.

#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bowline/http/deadline.hpp"
#include "tools/descriptor_stream.hpp"

namespace bowline::tools {

/// How a relay ended.
struct RelayEnd {
  std::string problem;    ///< empty: both sides finished
  bool idle = false;      ///< nothing went either way for as long as was allowed
  bool deserted = false;  ///< standard output takes no more
  std::uint64_t sent = 0, received = 0;
};

/// One connection's relay.
class Relay {
 public:
  /// Everything outlives this. `idle` 0: for ever.
  Relay(net::tcp::socket& socket, DescriptorInput& input, DescriptorOutput& output,
        std::chrono::seconds idle);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Runs until both sides have finished, or it cannot go on.
  boost::asio::awaitable<RelayEnd> run();
  /// Ends it at once.
  void stop();

 private:
  boost::asio::awaitable<void> send();
  boost::asio::awaitable<void> receive();
  void moved();
  void fail(std::string problem);

  net::tcp::socket& socket_;
  DescriptorInput& input_;
  DescriptorOutput& output_;
  const std::chrono::seconds idle_;
  http::Deadline deadline_;
  RelayEnd end_;
  bool stopped_ = false;
  std::vector<char> outward_, inward_;
};

}  // namespace bowline::tools
