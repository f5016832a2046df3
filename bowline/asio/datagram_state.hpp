#pragma once

// A UDP socket without its executor: whole datagrams, to and from anybody or one peer.
//
// The Stack's UDP endpoints have a port from the start; BSD's sockets get one when they are bound,
// connected or first send. Until then the socket and its options exist only here.

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "bowline/asio/socket_options.hpp"
#include "bowline/asio/socket_state.hpp"
#include "bowline/udp/options.hpp"

namespace bowline::inline v0::net {

/// The bytes of a buffer sequence as one piece: those of its only buffer where it has one, copied
/// together where it has several.
class Gathered {
 public:
  template <class Buffers>
  explicit Gathered(const Buffers& buffers) {
    const auto begin = boost::asio::buffer_sequence_begin(buffers);
    const auto end = boost::asio::buffer_sequence_end(buffers);
    if (begin == end) return;
    if (auto second = begin; ++second == end) {
      const boost::asio::const_buffer only(*begin);
      bytes_ = {static_cast<const std::byte*>(only.data()), only.size()};
      return;
    }
    copy_.resize(boost::asio::buffer_size(buffers));
    boost::asio::buffer_copy(boost::asio::buffer(copy_), buffers);
    bytes_ = copy_;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> copy_;
  std::span<const std::byte> bytes_;
};

/// The same for a datagram that comes in: one piece of room, dealt out to the buffers afterwards.
template <class Buffers>
class Scattered {
 public:
  explicit Scattered(const Buffers& buffers) : buffers_(buffers) {
    const auto begin = boost::asio::buffer_sequence_begin(buffers);
    const auto end = boost::asio::buffer_sequence_end(buffers);
    if (begin == end) return;
    if (auto second = begin; ++second == end) {
      const boost::asio::mutable_buffer only(*begin);
      room_ = {static_cast<std::byte*>(only.data()), only.size()};
      return;
    }
    constexpr std::size_t kLargest = 65'535;  // of all datagrams
    copy_.resize(std::min(boost::asio::buffer_size(buffers), kLargest));
    room_ = copy_;
  }
  [[nodiscard]] std::span<std::byte> room() const noexcept { return room_; }
  void deal_out(std::size_t bytes) const {
    if (!copy_.empty()) boost::asio::buffer_copy(buffers_, boost::asio::buffer(copy_, bytes));
  }

 private:
  const Buffers& buffers_;
  std::vector<std::byte> copy_;
  std::span<std::byte> room_;
};

/// The state of a datagram socket. Rules as of SocketState.
class DatagramState final : public SocketState {
 public:
  /// An open socket of `family` on `host`: not bound, not connected.
  DatagramState(std::shared_ptr<Host> host, Family family) : SocketState(std::move(host), family) {}
  /// Takes over `handle` of the same stack.
  void assign(Handle handle, Error& error);

  // ---- as Asio's calls of the same names -------------------------------------------------------

  void bind(const Endpoint& local, Error& error);
  void shutdown(boost::asio::socket_base::shutdown_type what, Error& error);
  void set_option(int level, int name, const void* data, std::size_t size, Error& error);
  void get_option(int level, int name, void* data, std::size_t& size, Error& error);
  /// The size of the next datagram, as Linux tells it.
  [[nodiscard]] std::size_t available(Error& error);
  [[nodiscard]] Endpoint local_endpoint(Error& error);
  [[nodiscard]] Endpoint remote_endpoint(Error& error);

  /// Chooses the peer; never waits.
  void connect(const Endpoint& remote, Error& error);
  void start_connect(const Endpoint& remote, Operation* operation);

  // ---- synchronous: until it is done, or once with non_blocking() ------------------------------

  /// `to`: nothing on a connected socket.
  [[nodiscard]] std::size_t send(std::span<const std::byte> bytes,
                                 const std::optional<Endpoint>& to, int flags, Error& error);
  [[nodiscard]] std::size_t receive(std::span<std::byte> to, Endpoint& from, int flags,
                                    Error& error);

  // ---- attempts: true when over, well or not. Under Host::call() -------------------------------

  [[nodiscard]] bool try_send(std::span<const std::byte> bytes, const std::optional<Endpoint>& to,
                              int flags, std::size_t& sent, Error& error);
  [[nodiscard]] bool try_receive(std::span<std::byte> to, Endpoint& from, int flags,
                                 std::size_t& received, Error& error);

 private:
  /// Gives the socket its port, if it has none.
  void open_on(Stack& stack, const Endpoint& local, Error& error);
  [[nodiscard]] bool is_connected(const Stack& stack) const;

  bowline::udp::SocketOptions options_;
  SocketFlags flags_;
  bool receives_ = true, sends_ = true;  // until shutdown()
};

}  // namespace bowline::inline v0::net
