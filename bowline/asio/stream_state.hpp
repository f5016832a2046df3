#pragma once

// A TCP socket or acceptor without its executor: connect, listen, accept, a stream of bytes.
//
// The Stack makes a handle where a socket connects or listens; before that, an endpoint that it is
// bound to and its options are kept here.

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

#include "bowline/asio/socket_options.hpp"
#include "bowline/asio/socket_state.hpp"

namespace bowline::inline v0::net {

/// The first pieces of a buffer sequence, without its type; empty ones are left out.
template <class Byte>
struct Pieces {
  /// More pieces than this in one call are left for the next: *_some() may take less.
  static constexpr std::size_t kMost = 16;

  template <class Buffers>
  static Pieces of(const Buffers& buffers) {
    Pieces pieces;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end && pieces.count < kMost;
         ++it) {
      using Buffer = std::conditional_t<std::is_const_v<Byte>, boost::asio::const_buffer,
                                        boost::asio::mutable_buffer>;
      const Buffer buffer(*it);
      if (buffer.size() == 0) continue;
      pieces.list[pieces.count++] = {static_cast<Byte*>(buffer.data()), buffer.size()};
    }
    return pieces;
  }
  [[nodiscard]] std::span<const std::span<Byte>> all() const noexcept {
    return {list.data(), count};
  }

  std::array<std::span<Byte>, kMost> list;
  std::size_t count = 0;
};
using InPieces = Pieces<std::byte>;
using OutPieces = Pieces<const std::byte>;

/// The state of a stream socket or acceptor. Rules as of SocketState.
class StreamState final : public SocketState {
 public:
  /// An open socket of `family` on `host`: not bound, not connected.
  StreamState(std::shared_ptr<Host> host, Family family);
  /// Takes over `handle` of the same stack.
  void assign(Handle handle, Error& error);

  // ---- as Asio's calls of the same names -------------------------------------------------------

  void bind(const Endpoint& local, Error& error);
  void listen(int backlog, Error& error);
  void shutdown(boost::asio::socket_base::shutdown_type what, Error& error);
  void set_option(int level, int name, const void* data, std::size_t size, Error& error);
  void get_option(int level, int name, void* data, std::size_t& size, Error& error);
  [[nodiscard]] std::size_t available(Error& error);
  [[nodiscard]] Endpoint local_endpoint(Error& error);
  [[nodiscard]] Endpoint remote_endpoint(Error& error);

  // ---- synchronous: until it is done, or once with non_blocking() ------------------------------

  void connect(const Endpoint& remote, Error& error);
  [[nodiscard]] std::size_t read(const InPieces& to, int flags, Error& error);
  [[nodiscard]] std::size_t write(const OutPieces& from, int flags, Error& error);
  [[nodiscard]] std::shared_ptr<StreamState> accept(Error& error);

  /// Begins to connect; `operation` completes when that is over.
  void start_connect(const Endpoint& remote, Operation* operation);

  // ---- attempts: true when over, well or not. Under Host::call() -------------------------------

  [[nodiscard]] bool try_connect(Error& error);
  [[nodiscard]] bool try_read(const InPieces& to, int flags, std::size_t& bytes, Error& error);
  [[nodiscard]] bool try_write(const OutPieces& from, int flags, std::size_t& bytes, Error& error);
  [[nodiscard]] bool try_accept(std::shared_ptr<StreamState>& peer, Error& error);

 private:
  enum class Phase : std::uint8_t { open, connecting, connected, listening };

  void note_ready(std::uint8_t mask) override;
  void begin_connect(const Endpoint& remote, Error& error);
  void bind_to(Stack& stack, const Endpoint& local, Error& error);
  void become(Handle handle, Phase phase);
  /// The Stack for a socket that has a connection, or null and an error.
  [[nodiscard]] Stack* stack_of_connection(Error& error) const;

  Phase phase_ = Phase::open;
  std::optional<Endpoint> bound_;
  bowline::tcp::SocketOptions options_;  // those of a socket that has no handle yet
  SocketFlags flags_;
};

}  // namespace bowline::inline v0::net
