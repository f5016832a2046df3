#pragma once

// What a client of HTTP needs of a connection: to open it to where a URL points, to read, to write,
// to let go. Whether it is encrypted, how names become addresses and how long each step may take is
// the channel's matter (tcp_channel.hpp); what is said over it is download.hpp's. So a download is
// tested against servers that are a few lines in memory.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "bowline/http/url.hpp"

namespace bowline::inline v0::http {

/// What reading gave. At the end of the stream `error` is boost::asio::error::eof; an end that the
/// peer did not announce although its protocol has words for it (TLS) is another error.
struct ChannelRead {
  boost::system::error_code error;
  std::size_t size = 0;
};

/// One connection at a time. Its calls are awaited one after the other.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Connects to where `url` points, as far as being able to speak HTTP. Empty: done; else why it
  /// could not be, as one line.
  virtual boost::asio::awaitable<std::string> open(const Url& url) = 0;
  /// Reads at least one byte, or says why not.
  virtual boost::asio::awaitable<ChannelRead> read_some(std::span<char> to) = 0;
  /// Writes all of `bytes`.
  virtual boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) = 0;
  /// Lets go of the connection; what is pending fails. Legal at any time.
  virtual void close() noexcept = 0;
};

}  // namespace bowline::inline v0::http
