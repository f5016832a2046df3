// The tables of docs/asio.md, which cannot lie: every member they call supported is asked for here,
// in all its overloads, of Bowline's class and of Asio's own.

#include "bowline/asio.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <type_traits>
#include <utility>

namespace bowline::net::test {
namespace {

using boost::asio::io_context;
using boost::asio::mutable_buffer;
using boost::system::error_code;
using Flags = boost::asio::socket_base::message_flags;
using Waited = boost::asio::socket_base::wait_type;
using Shut = boost::asio::socket_base::shutdown_type;
using Option = boost::asio::socket_base::reuse_address;
using Command = boost::asio::socket_base::bytes_readable;

/// A handler of whatever an operation says.
struct Any {
  template <class... Arguments>
  void operator()(Arguments&&... /*arguments*/) const {}
};

/// A member: does Bowline's class have it, does Asio's?
struct Member {
  bool ours, asios;
};
using Members = std::map<std::string, Member>;

template <class Ours, class Asios>
struct Collector {
  Members members;
  template <class Check>
  void operator()(const std::string& name, Check check) {
    members[name] = {check(std::type_identity<Ours>()), check(std::type_identity<Asios>())};
  }
};

template <class Type>
using Of = typename Type::type;
template <class Type>
using EndpointOf = typename Of<Type>::endpoint_type;
template <class Type>
using ProtocolOf = typename Of<Type>::protocol_type;
template <class Type>
using ExecutorOf = typename Of<Type>::executor_type;

/// What the three classes have in common.
template <class Has>
void collect_common(Has& has) {
  has("constructors", []<class T>(T) {
    using S = Of<T>;
    return std::is_nothrow_move_constructible_v<S> && !std::is_copy_constructible_v<S> &&
           std::is_constructible_v<S, io_context&> && std::is_constructible_v<S, ExecutorOf<T>> &&
           std::is_constructible_v<S, io_context&, ProtocolOf<T>> &&
           std::is_constructible_v<S, ExecutorOf<T>, ProtocolOf<T>> &&
           std::is_constructible_v<S, io_context&, EndpointOf<T>> &&
           std::is_constructible_v<S, ExecutorOf<T>, EndpointOf<T>> &&
           std::is_constructible_v<S, io_context&, ProtocolOf<T>, typename S::native_handle_type> &&
           std::is_constructible_v<
               S, typename S::template rebind_executor<io_context::executor_type>::other>;
  });
  has("operator=", []<class T>(T) {
    using S = Of<T>;
    return std::is_move_assignable_v<S> && !std::is_copy_assignable_v<S> &&
           std::is_assignable_v<
               S&, typename S::template rebind_executor<io_context::executor_type>::other>;
  });
  has("rebind_executor", []<class T>(T) {
    return requires { typename Of<T>::template rebind_executor<io_context::executor_type>::other; };
  });
  has("get_executor", []<class T>(T) { return requires(Of<T> s) { s.get_executor(); }; });
  has("open", []<class T>(T) {
    return requires(Of<T> s, ProtocolOf<T> p, error_code e) { s.open(p), s.open(p, e); };
  });
  has("assign", []<class T>(T) {
    return requires(Of<T> s, ProtocolOf<T> p, typename Of<T>::native_handle_type n, error_code e) {
      s.assign(p, n), s.assign(p, n, e);
    };
  });
  has("is_open", []<class T>(T) { return requires(const Of<T> s) { s.is_open(); }; });
  has("close",
      []<class T>(T) { return requires(Of<T> s, error_code e) { s.close(), s.close(e); }; });
  has("release",
      []<class T>(T) { return requires(Of<T> s, error_code e) { s.release(), s.release(e); }; });
  has("native_handle", []<class T>(T) { return requires(Of<T> s) { s.native_handle(); }; });
  has("cancel",
      []<class T>(T) { return requires(Of<T> s, error_code e) { s.cancel(), s.cancel(e); }; });
  has("bind", []<class T>(T) {
    return requires(Of<T> s, EndpointOf<T> p, error_code e) { s.bind(p), s.bind(p, e); };
  });
  has("set_option", []<class T>(T) {
    return requires(Of<T> s, Option o, error_code e) { s.set_option(o), s.set_option(o, e); };
  });
  has("get_option", []<class T>(T) {
    return requires(const Of<T> s, Option o, error_code e) { s.get_option(o), s.get_option(o, e); };
  });
  has("io_control", []<class T>(T) {
    return requires(Of<T> s, Command c, error_code e) { s.io_control(c), s.io_control(c, e); };
  });
  has("non_blocking", []<class T>(T) {
    return requires(Of<T> s, const Of<T> c, error_code e) {
      c.non_blocking(), s.non_blocking(true), s.non_blocking(true, e);
    };
  });
  has("native_non_blocking", []<class T>(T) {
    return requires(Of<T> s, const Of<T> c, error_code e) {
      c.native_non_blocking(), s.native_non_blocking(true), s.native_non_blocking(true, e);
    };
  });
  has("local_endpoint", []<class T>(T) {
    return requires(const Of<T> s, error_code e) { s.local_endpoint(), s.local_endpoint(e); };
  });
  has("wait", []<class T>(T) {
    return requires(Of<T> s, Waited w, error_code e) { s.wait(w), s.wait(w, e); };
  });
  has("async_wait",
      []<class T>(T) { return requires(Of<T> s, Waited w) { s.async_wait(w, Any()); }; });
}

/// What basic_socket adds.
template <class Has>
void collect_socket(Has& has) {
  has("lowest_layer", []<class T>(T) {
    return requires(Of<T> s, const Of<T> c) { s.lowest_layer(), c.lowest_layer(); };
  });
  has("at_mark",
      []<class T>(T) { return requires(const Of<T> s, error_code e) { s.at_mark(e); }; });
  has("available", []<class T>(T) {
    return requires(const Of<T> s, error_code e) { s.available(), s.available(e); };
  });
  has("remote_endpoint", []<class T>(T) {
    return requires(const Of<T> s, error_code e) { s.remote_endpoint(), s.remote_endpoint(e); };
  });
  has("shutdown", []<class T>(T) {
    return requires(Of<T> s, Shut w, error_code e) { s.shutdown(w), s.shutdown(w, e); };
  });
  has("connect", []<class T>(T) {
    return requires(Of<T> s, EndpointOf<T> p, error_code e) { s.connect(p), s.connect(p, e); };
  });
  has("async_connect",
      []<class T>(T) { return requires(Of<T> s, EndpointOf<T> p) { s.async_connect(p, Any()); }; });
  has("send", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, Flags f, error_code e) {
      s.send(b), s.send(b, f), s.send(b, f, e);
    };
  });
  has("async_send", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, Flags f) {
      s.async_send(b, Any()), s.async_send(b, f, Any());
    };
  });
  has("receive", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, Flags f, error_code e) {
      s.receive(b), s.receive(b, f), s.receive(b, f, e);
    };
  });
  has("async_receive", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, Flags f) {
      s.async_receive(b, Any()), s.async_receive(b, f, Any());
    };
  });
}

template <class Has>
void collect_stream(Has& has) {
  collect_common(has);
  collect_socket(has);
  has("write_some", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, error_code e) {
      s.write_some(b), s.write_some(b, e);
    };
  });
  has("async_write_some", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b) { s.async_write_some(b, Any()); };
  });
  has("read_some", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, error_code e) { s.read_some(b), s.read_some(b, e); };
  });
  has("async_read_some", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b) { s.async_read_some(b, Any()); };
  });
}

template <class Has>
void collect_datagram(Has& has) {
  collect_common(has);
  collect_socket(has);
  has("send_to", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, EndpointOf<T> p, Flags f, error_code e) {
      s.send_to(b, p), s.send_to(b, p, f), s.send_to(b, p, f, e);
    };
  });
  has("async_send_to", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, EndpointOf<T> p, Flags f) {
      s.async_send_to(b, p, Any()), s.async_send_to(b, p, f, Any());
    };
  });
  has("receive_from", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, EndpointOf<T> p, Flags f, error_code e) {
      s.receive_from(b, p), s.receive_from(b, p, f), s.receive_from(b, p, f, e);
    };
  });
  has("async_receive_from", []<class T>(T) {
    return requires(Of<T> s, mutable_buffer b, EndpointOf<T> p, Flags f) {
      s.async_receive_from(b, p, Any()), s.async_receive_from(b, p, f, Any());
    };
  });
}

template <class Has>
void collect_acceptor(Has& has) {
  collect_common(has);
  has("listen", []<class T>(T) {
    return requires(Of<T> s, error_code e) { s.listen(), s.listen(5), s.listen(5, e); };
  });
  has("accept", []<class T>(T) {
    using Peer = typename ProtocolOf<T>::socket;
    return requires(Of<T> s, Peer p, EndpointOf<T> n, error_code e, io_context c, ExecutorOf<T> x) {
      s.accept(p), s.accept(p, e), s.accept(p, n), s.accept(p, n, e);
      s.accept(), s.accept(e), s.accept(n), s.accept(n, e);
      s.accept(c), s.accept(c, e), s.accept(c, n), s.accept(c, n, e);
      s.accept(x), s.accept(x, e), s.accept(x, n);  // (x, n, e): Asio's own does not compile
    };
  });
  has("async_accept", []<class T>(T) {
    using Peer = typename ProtocolOf<T>::socket;
    return requires(Of<T> s, Peer p, EndpointOf<T> n, io_context c, ExecutorOf<T> x) {
      s.async_accept(p, Any()), s.async_accept(p, n, Any());
      s.async_accept(Any()), s.async_accept(n, Any());
      s.async_accept(c, Any()), s.async_accept(c, n, Any());
      s.async_accept(x, Any()), s.async_accept(x, n, Any());
    };
  });
}

/// The rows of the table under `heading` in docs/asio.md: each name in backquotes of the first
/// column, and whether the second says "yes".
std::map<std::string, bool> documented(const std::string& heading) {
  std::ifstream file(std::string(BOWLINE_SOURCE_DIR) + "/docs/asio.md");
  std::map<std::string, bool> rows;
  bool here = false;
  const std::regex row(R"(\| (.*?) \| (yes|no) \|.*)"), name(R"(`([^`]+)`)");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) here = line == "### " + heading;
    std::smatch match;
    if (!here || !std::regex_match(line, match, row)) continue;
    const std::string names = match[1];
    for (std::sregex_iterator it(names.begin(), names.end(), name), end; it != end; ++it) {
      rows[(*it)[1]] = match[2] == "yes";
    }
  }
  return rows;
}

void compare(const Members& members, const std::string& heading) {
  const std::map<std::string, bool> rows = documented(heading);
  EXPECT_FALSE(rows.empty()) << "docs/asio.md has no table " << heading;
  for (const auto& [name, supported] : rows) {
    EXPECT_TRUE(members.contains(name)) << name << " is in the table and not checked here";
  }
  for (const auto& [name, member] : members) {
    EXPECT_TRUE(member.asios) << name << ": the check itself is wrong, Asio's class fails it";
    EXPECT_TRUE(member.ours) << name << " does not compile as Asio's does";
    EXPECT_TRUE(rows.contains(name)) << name << " is not in the table " << heading;
  }
}

TEST(Members, OfStreamSockets) {
  Collector<tcp::socket, boost::asio::ip::tcp::socket> has;
  collect_stream(has);
  compare(has.members, "`basic_stream_socket`");
  EXPECT_FALSE(documented("`basic_stream_socket`")["at_mark"]);
}

TEST(Members, OfDatagramSockets) {
  Collector<udp::socket, boost::asio::ip::udp::socket> has;
  collect_datagram(has);
  compare(has.members, "`basic_datagram_socket`");
  EXPECT_FALSE(documented("`basic_datagram_socket`")["at_mark"]);
}

TEST(Members, OfAcceptors) {
  Collector<tcp::acceptor, boost::asio::ip::tcp::acceptor> has;
  collect_acceptor(has);
  compare(has.members, "`basic_socket_acceptor`");
}

TEST(Members, WhatTheTablesCallUnsupportedSaysSo) {
  io_context context;
  tcp::socket socket(context);
  error_code error;
  EXPECT_FALSE(socket.at_mark(error));
  EXPECT_EQ(error, boost::asio::error::operation_not_supported);
}

}  // namespace
}  // namespace bowline::net::test
