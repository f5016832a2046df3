#pragma once

// Arguments of calls: from expressions to what the socket interface takes. All throw Mismatch, with
// the place in the script, where an expression is of another kind than the call needs.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/session.hpp"

namespace bowline::inline v0::packetdrill {

/// The arguments of one call.
class Arguments {
 public:
  /// Those of `spec`. Throws Mismatch unless there are from `least` to `most`.
  Arguments(const CallSpec& spec, std::size_t least, std::size_t most);

  [[nodiscard]] std::size_t size() const noexcept { return spec_.arguments.size(); }  ///< How many.
  /// Number `index`.
  [[nodiscard]] const Expression& operator[](std::size_t index) const {
    return spec_.arguments[index];
  }
  /// Is number `index` `...`?
  [[nodiscard]] bool open(std::size_t index) const {
    return (*this)[index].kind == ExpressionKind::ellipsis;
  }
  /// Number `index` as a number of 32 bits, signed or not.
  [[nodiscard]] int number(std::size_t index) const;
  /// The number of bytes of a buffer.
  [[nodiscard]] std::size_t size_of_buffer(std::size_t index) const;
  /// Number `index` is `...`, or 0 (true) for no buffer at all.
  [[nodiscard]] bool is_null_buffer(std::size_t index) const;

 private:
  const CallSpec& spec_;
};

/// `expression` as a number; `what` names it.
[[nodiscard]] std::int64_t number_of(const Expression& expression, const char* what);
/// The only element of a list, as a number.
[[nodiscard]] std::int64_t bracketed_number(const Expression& expression, const char* what);
/// Throws: `expression` should be `expected`.
[[noreturn]] void wrong_argument(const Expression& expression, const std::string& expected);

/// A socket address and its length.
struct SocketAddress {
  sockaddr_storage storage{};  ///< the address
  socklen_t length = 0;        ///< of what of it is used
  /// As the socket interface takes it.
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  /// As the socket interface fills it.
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};
/// `endpoint` as sockets of `mode` have it.
[[nodiscard]] SocketAddress to_socket_address(const Endpoint& endpoint, AddressMode mode);
/// The endpoint in `address`, mapped IPv4 addresses as such.
[[nodiscard]] Endpoint to_endpoint(const SocketAddress& address);
/// {sa_family = AF_INET, sin_port = htons(8080), sin_addr = inet_addr("192.0.2.1")}, or a number
/// alone: a family, with nothing behind it.
[[nodiscard]] SocketAddress socket_address_of(const Expression& expression);

/// A msghdr with its buffers: {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0,
/// msg_control=[...]}.
struct Message {
  msghdr header{};                              ///< ready for sendmsg() and recvmsg()
  SocketAddress name;                           ///< msg_name
  std::vector<std::vector<std::byte>> buffers;  ///< what msg_iov points to
  std::vector<iovec> iov;                       ///< msg_iov
  std::vector<std::byte> control;               ///< room for msg_control
  bool has_name = false;                        ///< msg_name is given
  int flags = 0;                                ///< msg_flags
};
/// Fills `message`, which must not move afterwards.
void fill_message(const Expression& expression, Message& message);
/// Buffers as a list says: [{..., 10}, {..., 20}].
void fill_iov(const Expression& expression, std::vector<std::vector<std::byte>>& buffers,
              std::vector<iovec>& iov);

}  // namespace bowline::inline v0::packetdrill
