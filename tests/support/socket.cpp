// The application's side of a script.

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

std::string message(std::error_code error) {
  return error ? error.message() : std::string("no error");
}

}  // namespace

void Socket::listens(ListenOptions options, Where where) {
  script_.step(where);
  script_.note("app: listen");
  options.local = {script_.our_address(), Script::kOurPort};
  const auto result = script_.stack().listen(options, script_.now());
  if (!result) script_.fail("listen: " + message(result.error()), where);
  handle_ = *result;
  script_.drain();
}

void Socket::connects(tcp::SocketOptions options, Where where) {
  connects(script_.peer, options, where);
}

void Socket::connects(Peer& peer, tcp::SocketOptions options, Where where) {
  script_.step(where);
  script_.note("app: connect");
  ConnectOptions how;
  how.remote = {script_.peer_address(), peer.port()};
  how.local = Endpoint{script_.our_address(), Script::kOurPort};
  how.socket = options;
  const auto result = script_.stack().connect(how, script_.now());
  if (!result) script_.fail("connect: " + message(result.error()), where);
  handle_ = *result;
  peer_ = &peer;
  read_ = 0;
  script_.drain();
}

void Socket::accepts(Socket& listener, Where where) {
  script_.step(where);
  script_.note("app: accept");
  const auto result = script_.stack().accept(listener.handle_, script_.now());
  if (!result) script_.fail("accept: " + message(result.error()), where);
  handle_ = *result;
  read_ = 0;
  peer_ = nullptr;
  const auto remote = script_.stack().remote_endpoint(handle_);
  for (Peer* peer : script_.peers_) {
    if (remote && remote->port == peer->port()) peer_ = peer;
  }
  if (peer_ == nullptr) script_.fail("accept: a connection from nobody that we know", where);
  script_.drain();
}

void Socket::has_nothing_to_accept(Where where) {
  script_.step(where);
  const auto result = script_.stack().accept(handle_, script_.now());
  if (result) script_.fail("accept: there is a connection, and should be none", where);
  if (result.error() != std::errc::operation_would_block) {
    script_.fail("accept: " + message(result.error()), where);
  }
}

std::uint32_t Socket::tries_to_write(std::uint32_t count, Where where) {
  script_.step(where);
  std::uint64_t offset = 0;
  for (const auto& [port, bytes] : script_.written_) {
    if (peer_ != nullptr && port == peer_->port()) offset = bytes.size();
  }
  const Bytes bytes = pattern(kOurStream, offset, count);
  const auto result = script_.stack().write(handle_, bytes, script_.now());
  if (!result && result.error() != std::errc::operation_would_block) {
    script_.fail("write: " + message(result.error()), where);
  }
  const std::size_t taken = result ? *result : 0;
  if (result && (taken == 0 || taken > count)) {
    script_.fail(fmt::format("write: took {} of {} bytes", taken, count), where);
  }
  script_.note(fmt::format("app: write {} of {}", taken, count));
  if (peer_ != nullptr) script_.remember_written(*peer_, std::span(bytes).first(taken));
  script_.drain();
  return static_cast<std::uint32_t>(taken);
}

void Socket::writes(std::uint32_t count, Where where) {
  const std::uint32_t taken = tries_to_write(count, where);
  if (taken != count) script_.fail(fmt::format("write: took {} of {} bytes", taken, count), where);
}

void Socket::writes(std::string_view text, Where where) {
  script_.step(where);
  script_.note(fmt::format("app: write \"{}\"", text));
  const Bytes bytes = bytes_of(text);
  const auto result = script_.stack().write(handle_, bytes, script_.now());
  if (!result) script_.fail("write: " + message(result.error()), where);
  if (*result != bytes.size()) {
    script_.fail(fmt::format("write: took {} of {} bytes", *result, bytes.size()), where);
  }
  if (peer_ != nullptr) script_.remember_written(*peer_, bytes);
  script_.drain();
}

void Socket::cannot_write(std::errc error, Where where) {
  script_.step(where);
  script_.note("app: write");
  const Bytes bytes(1);
  const auto result = script_.stack().write(handle_, bytes, script_.now());
  if (result) script_.fail("write: succeeded, and should not", where);
  if (result.error() != error) {
    script_.fail(fmt::format("write: {}, and not {}", message(result.error()),
                             message(std::make_error_code(error))),
                 where);
  }
  script_.drain();
}

void Socket::reads(std::uint32_t count, Where where) {
  script_.step(where);
  script_.note(fmt::format("app: read {}", count));
  Bytes bytes(count);
  std::size_t got = 0;
  while (got < count) {
    const auto result = script_.stack().read(handle_, std::span(bytes).subspan(got), script_.now());
    if (!result) {
      script_.fail(fmt::format("read: after {} bytes: {}", got, message(result.error())), where);
    }
    if (*result == 0) script_.fail(fmt::format("read: end after {} bytes", got), where);
    got += *result;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t offset = read_ + i;
    std::byte expected = pattern_byte(kPeerStream, offset);
    if (peer_ != nullptr) {
      for (const auto& [start, text] : peer_->texts_) {
        if (offset >= start && offset < start + text.size()) {
          expected = static_cast<std::byte>(text[offset - start]);
        }
      }
    }
    if (bytes[i] != expected) {
      script_.fail(
          fmt::format("read: byte {} of the stream is {:#04x}, not {:#04x}", offset,
                      std::to_integer<unsigned>(bytes[i]), std::to_integer<unsigned>(expected)),
          where);
    }
  }
  read_ += count;
  script_.drain();
}

void Socket::reads(std::string_view text, Where where) {
  script_.step(where);
  script_.note(fmt::format("app: read \"{}\"", text));
  Bytes bytes(text.size() + 1);  // one more than there should be
  const auto result = script_.stack().read(handle_, bytes, script_.now());
  if (!result) script_.fail("read: " + message(result.error()), where);
  bytes.resize(*result);
  if (bytes != bytes_of(text)) {
    script_.fail(fmt::format("read: {} bytes, and not \"{}\"", bytes.size(), text), where);
  }
  read_ += text.size();
  script_.drain();
}

void Socket::reads_end(Where where) {
  script_.step(where);
  script_.note("app: read");
  Bytes bytes(16);
  const auto result = script_.stack().read(handle_, bytes, script_.now());
  if (!result) script_.fail("read: " + message(result.error()), where);
  if (*result != 0) script_.fail(fmt::format("read: {} bytes, and not the end", *result), where);
  script_.drain();
}

void Socket::reads_nothing(Where where) { cannot_read(std::errc::operation_would_block, where); }

void Socket::cannot_read(std::errc error, Where where) {
  script_.step(where);
  script_.note("app: read");
  Bytes bytes(16);
  const auto result = script_.stack().read(handle_, bytes, script_.now());
  if (result) {
    script_.fail(
        fmt::format("read: {} bytes, and not {}", *result, message(std::make_error_code(error))),
        where);
  }
  if (result.error() != error) {
    script_.fail(fmt::format("read: {}, and not {}", message(result.error()),
                             message(std::make_error_code(error))),
                 where);
  }
  script_.drain();
}

void Socket::shuts_down(Direction direction, Where where) {
  script_.step(where);
  script_.note("app: shutdown");
  const Status status = script_.stack().shutdown(handle_, direction, script_.now());
  if (!status) script_.fail("shutdown: " + message(status.error()), where);
  script_.drain();
}

void Socket::closes(Where where) {
  script_.step(where);
  script_.note("app: close");
  const Status status = script_.stack().close(handle_, script_.now());
  if (!status) script_.fail("close: " + message(status.error()), where);
  script_.drain();
}

void Socket::aborts(Where where) {
  script_.step(where);
  script_.note("app: abort");
  const Status status = script_.stack().abort(handle_, script_.now());
  if (!status) script_.fail("abort: " + message(status.error()), where);
  script_.drain();
}

void Socket::sets(const tcp::SocketOptions& options, Where where) {
  script_.step(where);
  script_.note("app: set options");
  const Status status = script_.stack().set_options(handle_, options, script_.now());
  if (!status) script_.fail("set_options: " + message(status.error()), where);
  script_.drain();
}

void Socket::marks_urgent(Where where) {
  script_.step(where);
  script_.note("app: mark urgent");
  const Status status = script_.stack().mark_urgent(handle_, script_.now());
  if (!status) script_.fail("mark_urgent: " + message(status.error()), where);
  script_.drain();
}

void Socket::is_ready(std::uint8_t mask, Where where) {
  script_.step(where);
  const std::uint8_t is = script_.stack().readiness(handle_);
  if ((is & mask) != mask) {
    script_.fail(fmt::format("readiness is {:#04x}, and not {:#04x}", is, mask), where);
  }
}

void Socket::is_not_ready(std::uint8_t mask, Where where) {
  script_.step(where);
  const std::uint8_t is = script_.stack().readiness(handle_);
  if ((is & mask) != 0) {
    script_.fail(fmt::format("readiness is {:#04x}, and should have nothing of {:#04x}", is, mask),
                 where);
  }
}

void Socket::was_told(std::error_code error, Where where) {
  script_.step(where);
  const std::error_code is = script_.stack().take_error(handle_);
  if (is != error) {
    script_.fail(fmt::format("take_error: {}, and not {}", message(is), message(error)), where);
  }
}

void Socket::ended(EndReason reason, Where where) {
  script_.step(where);
  const auto view = script_.stack().inspect(handle_);
  if (!view) script_.fail("inspect: " + message(view.error()), where);
  if (view->ended != reason) {
    script_.fail(
        fmt::format("the connection ended: {}, and not: {}", name(view->ended), name(reason)),
        where);
  }
}

void Socket::is_gone(Where where) {
  script_.step(where);
  const auto view = script_.stack().inspect(handle_);
  if (view) script_.fail("the handle is still good", where);
  if (view.error() != std::errc::bad_file_descriptor) {
    script_.fail("inspect: " + message(view.error()), where);
  }
}

}  // namespace bowline::test
