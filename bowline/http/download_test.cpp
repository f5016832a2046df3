// Downloads from servers that answer what they like, in memory. RFC 9110, RFC 9112.
#include "bowline/http/download.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>

namespace bowline::http {
namespace {

using boost::asio::awaitable;

// What a server sends on one connection, and what ends it.
struct Reply {
  std::string bytes;
  boost::system::error_code end = boost::asio::error::eof;
  bool endless = false;  // begins again at its end
};

// Serves one reply after the other, in pieces of `piece` bytes.
class ScriptedChannel final : public Channel {
 public:
  explicit ScriptedChannel(const std::vector<Reply>& script, std::size_t piece = 7)
      : replies(script.begin(), script.end()), piece_(piece) {}

  awaitable<std::string> open(const Url& url) override {
    opened.push_back(to_string(url));
    asked.emplace_back();
    at_ = 0;
    if (replies.empty()) co_return std::string("nobody is there");
    now_ = replies.front();
    replies.pop_front();
    co_return std::string();
  }
  awaitable<ChannelRead> read_some(std::span<char> to) override {
    ++reads;
    if (at_ == now_.bytes.size() && now_.endless) at_ = 0;
    const std::size_t size = std::min({to.size(), piece_, now_.bytes.size() - at_});
    if (size == 0) co_return ChannelRead{now_.end, 0};
    std::copy_n(now_.bytes.begin() + static_cast<std::ptrdiff_t>(at_), size, to.begin());
    at_ += size;
    co_return ChannelRead{{}, size};
  }
  awaitable<boost::system::error_code> write(std::string_view bytes) override {
    asked.back() += bytes;
    co_return boost::system::error_code();
  }
  void close() noexcept override { ++closed; }

  std::deque<Reply> replies;
  std::vector<std::string> opened;
  std::vector<std::string> asked;
  int closed = 0;
  int reads = 0;

 private:
  Reply now_;
  std::size_t at_ = 0;
  std::size_t piece_;
};

struct TextSink final : BodySink {
  awaitable<std::string> begin(const Answer& answer) override {
    ++begun;
    offset = answer.offset;
    total = answer.total();
    co_return refusal;
  }
  awaitable<std::string> take(std::span<const char> bytes) override {
    body.append(bytes.begin(), bytes.end());
    co_return std::string(body.size() > most ? "the disk is full" : "");
  }
  std::string body;
  std::string refusal;
  std::size_t most = 100'000'000;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> total;
  int begun = 0;
};

// A download run to its end.
struct Fetched {
  explicit Fetched(ScriptedChannel& channel, DownloadRequest request = {}) {
    if (request.url.host.empty()) request.url = *parse_url("http://host/a/file?q=1");
    Download download(channel, std::move(request));
    boost::asio::io_context context(1);
    boost::asio::co_spawn(
        context,
        [&]() -> awaitable<void> {
          auto outcome = co_await download.run(sink);
          if (outcome) {
            result = std::move(*outcome);
          } else {
            error = outcome.error();
          }
        },
        [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
    context.run();
    EXPECT_EQ(result.body_bytes, error.empty() ? sink.body.size() : 0);
  }
  TextSink sink;
  DownloadResult result;
  std::string error;
};

Fetched get(std::vector<Reply> replies, DownloadRequest request = {}) {
  ScriptedChannel channel(std::move(replies));
  return Fetched(channel, std::move(request));
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Download, AsksAsRfc9112Says) {
  ScriptedChannel channel({{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}});
  const Fetched run(channel);
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.sink.body, "hello");
  EXPECT_EQ(channel.asked[0],
            "GET /a/file?q=1 HTTP/1.1\r\nHost: host\r\nUser-Agent: bowline\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n");
  EXPECT_GE(channel.closed, 1);
}

TEST(Download, OwnFieldsReplaceThose) {
  ScriptedChannel channel({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
  DownloadRequest request;
  request.fields = {*parse_field("user-agent: me"), *parse_field("X-Y:z")};
  const Fetched run(channel, request);
  EXPECT_EQ(run.error, "");
  EXPECT_TRUE(holds(channel.asked[0], "user-agent: me\r\nX-Y: z\r\n\r\n"));
  EXPECT_FALSE(holds(channel.asked[0], "User-Agent: bowline"));
}

TEST(Download, AFieldIsANameAndAValue) {
  EXPECT_EQ(parse_field("A: b "), Field("A", "b"));
  EXPECT_EQ(parse_field("A:"), Field("A", ""));
  for (const auto* bad : {"", "A", ": b", "A B: c", "A: b\r\nC: d", "A\r: b"}) {
    EXPECT_FALSE(parse_field(bad)) << bad;
  }
}

TEST(Download, BodiesOfAllThreeKinds) {
  EXPECT_EQ(get({{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"}}).sink.body,
            "hello");
  EXPECT_EQ(get({{"HTTP/1.0 200 OK\r\n\r\nhello"}}).sink.body, "hello");
  const Fetched chunked =
      get({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"}});
  EXPECT_EQ(chunked.error, "");
  EXPECT_EQ(chunked.sink.body, "hello");
}

TEST(Download, LargeChunksPassInBlocks) {
  const std::string body(3'000'000, 'x');
  ScriptedChannel channel({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2dc6c0\r\n" +
                            body + "\r\n0\r\n\r\n"}},
                          9'999);
  const Fetched run(channel);
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.sink.body, body);
}

TEST(Download, ATruncatedBodyIsAnError) {
  EXPECT_TRUE(holds(get({{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"}}).error,
                    "45 bytes before the end"));
  EXPECT_TRUE(holds(get({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhel"}}).error,
                    "before the last chunk"));
  EXPECT_TRUE(
      holds(get({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"}}).error,
            "before the last chunk"));
  // An end that TLS did not announce is no end.
  EXPECT_TRUE(
      holds(get({{"HTTP/1.0 200 OK\r\n\r\nhello", boost::asio::error::connection_reset}}).error,
            "broke"));
  EXPECT_TRUE(holds(
      get({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", boost::asio::error::timed_out}})
          .error,
      "too long"));
}

TEST(Download, WhatIsNoAnswerIsAnError) {
  EXPECT_TRUE(holds(get({{"SSH-2.0-OpenSSH\r\n"}}).error, "not HTTP"));
  EXPECT_TRUE(holds(get({{""}}).error, "without an answer"));
  EXPECT_TRUE(holds(get({{"HTTP/1.1 200 OK\r\nConte"}}).error, "within the header"));
  EXPECT_EQ(get({}).error, "nobody is there");
}

TEST(Download, LengthsThatContradictAreRefused) {
  for (const auto* bad :
       {"Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 5x"}) {
    const Fetched run = get({{std::string("HTTP/1.1 200 OK\r\n") + bad + "\r\n\r\nhello!"}});
    EXPECT_NE(run.error, "") << bad;
    EXPECT_EQ(run.sink.begun, 0) << bad;
  }
  EXPECT_TRUE(
      holds(get({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"}}).error,
            "not asked for (gzip, chunked)"));
}

TEST(Download, AnEndlessHeaderEnds) {
  for (const auto* line : {"X-Filler: 0123456789\r\n", "x", " ", "\r"}) {
    std::string answer = "HTTP/1.1 200 OK\r\nX: ";
    while (answer.size() < 500'000) answer += line;
    ScriptedChannel channel({{answer}}, 4096);
    const Fetched run(channel);
    EXPECT_NE(run.error, "") << line;
    EXPECT_EQ(run.sink.begun, 0) << line;
    EXPECT_LT(channel.reads, 40) << "read no further than the limit";
  }
}

TEST(Download, EndlessInterimAnswersEnd) {
  ScriptedChannel channel({{"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", {}, true}}, 4096);
  EXPECT_TRUE(holds(Fetched(channel).error, "interim"));
  const Fetched one =
      get({{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  EXPECT_EQ(one.sink.body, "ok");
  EXPECT_EQ(one.result.answer.field("X"), "");
}

TEST(Download, EndlessChunkExtensionsEnd) {
  ScriptedChannel channel(
      {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(300'000, 'a')}},
      4096);
  const Fetched run(channel);
  EXPECT_NE(run.error, "");
  EXPECT_LT(channel.reads, 40);
  EXPECT_EQ(run.sink.body, "");
}

TEST(Download, AnErrorOfTheServerIsOne) {
  const Fetched run = get({{"HTTP/1.1 404 Not \x1b[31mFound\r\nContent-Length: 4\r\n\r\noops"}});
  EXPECT_NE(run.error, "");
  EXPECT_EQ(run.sink.begun, 0);
  EXPECT_EQ(run.error.find('\x1b'), std::string::npos);
  EXPECT_EQ(get({{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"}}).error,
            "the server says 503 Service Unavailable");
  EXPECT_EQ(get({{"HTTP/1.1 304 Not Modified\r\n\r\n"}}).error, "the server says 304 Not Modified");
}

TEST(Download, HeadHasNoBody) {
  DownloadRequest request;
  request.head = true;
  ScriptedChannel channel({{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n"}});
  const Fetched run(channel, request);
  EXPECT_EQ(run.error, "");
  EXPECT_TRUE(channel.asked[0].starts_with("HEAD "));
  EXPECT_EQ(run.result.answer.body_size, 500u);
  EXPECT_EQ(run.sink.body, "");
}

// ---- redirects (RFC 9110 section 15.4) ---------------------------------------------------------

Reply redirect(const std::string& to, const std::string& status = "302 Found") {
  return {"HTTP/1.1 " + status + "\r\nLocation: " + to + "\r\nContent-Length: 3\r\n\r\nsee"};
}
const Reply kPage{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"};

TEST(Download, RedirectsAreFollowed) {
  for (const auto* status :
       {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"}) {
    ScriptedChannel channel({redirect("other?x", status), redirect("//h:81/y", status), kPage});
    const Fetched run(channel);
    EXPECT_EQ(run.sink.body, "page") << status << run.error;
    EXPECT_EQ(channel.opened, (std::vector<std::string>{"http://host/a/file?q=1",
                                                        "http://host/a/other?x", "http://h:81/y"}));
    EXPECT_EQ(run.result.redirects, 2u);
  }
  EXPECT_EQ(get({{"HTTP/1.1 302 Found\r\n\r\n"}}).error, "the server says 302 Found");
}

TEST(Download, ALoopOfRedirectsEnds) {
  std::vector<Reply> replies(50, redirect("/a/file?q=1"));
  ScriptedChannel channel(replies);
  EXPECT_TRUE(holds(Fetched(channel).error, "more than 20 times"));
  EXPECT_EQ(channel.opened.size(), 21u);
  DownloadRequest none;
  none.most_redirects = 0;
  EXPECT_TRUE(holds(get({redirect("/x")}, none).error, "more than 0 times"));
}

TEST(Download, ARedirectOutOfTlsIsRefused) {
  DownloadRequest request;
  request.url = *parse_url("https://host/");
  ScriptedChannel channel({redirect("http://host/"), kPage});
  EXPECT_TRUE(holds(Fetched(channel, request).error, "not encrypted"));
  EXPECT_EQ(channel.opened.size(), 1u);
  EXPECT_EQ(get({redirect("https://host/"), kPage}).error, "") << "into TLS is fine";
}

TEST(Download, ARedirectElsewhereIsRefused) {
  for (const auto* to : {"file:///etc/passwd", "ftp://h/", "http://u:p@h/", "http://"}) {
    const Fetched run = get({redirect(to), kPage});
    EXPECT_TRUE(holds(run.error, "redirects to")) << run.error;
  }
}

TEST(Download, SecretsStayWithTheirOrigin) {
  DownloadRequest request;
  request.url = *parse_url("http://host/");
  request.fields = {{"authorization", "Bearer x"}, {"Cookie", "y"}, {"X-Own", "z"}};
  ScriptedChannel channel({redirect("/same"), redirect("http://other/"), kPage});
  EXPECT_EQ(Fetched(channel, request).error, "");
  EXPECT_TRUE(holds(channel.asked[1], "authorization: Bearer x\r\n"));
  EXPECT_FALSE(holds(channel.asked[2], "Bearer"));
  EXPECT_FALSE(holds(channel.asked[2], "Cookie"));
  EXPECT_TRUE(holds(channel.asked[2], "X-Own: z\r\n"));
}

// ---- resuming (RFC 9110 sections 13.1.5 and 14) ------------------------------------------------

DownloadRequest from(std::uint64_t offset) {
  DownloadRequest request;
  request.resume = Resume{offset, "\"tag\""};
  return request;
}
Reply part(const std::string& range, const std::string& more = "Content-Length: 5\r\n") {
  return {"HTTP/1.1 206 Partial Content\r\nContent-Range: " + range + "\r\n" + more + "\r\nworld"};
}

TEST(Download, GoesOnFromThePart) {
  ScriptedChannel channel({part("bytes 5-9/10")});
  const Fetched run(channel, from(5));
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.sink.body, "world");
  EXPECT_EQ(run.sink.offset, 5u);
  EXPECT_EQ(run.sink.total, 10u);
  EXPECT_TRUE(holds(channel.asked[0], "Range: bytes=5-\r\nIf-Range: \"tag\"\r\n"));
}

TEST(Download, AServerWithoutRangesSendsTheWhole) {
  const Fetched run = get({{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhelloworld"}}, from(5));
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.sink.offset, 0u);
  EXPECT_EQ(run.sink.body, "helloworld");
}

TEST(Download, AnotherPartThanAskedForIsRefused) {
  for (const auto* range : {"bytes 4-8/10", "bytes 0-4/10", "bytes 5-8/10", "bytes 5-9/11",
                            "bytes */10", "nonsense", "bytes 5-10/11"}) {
    const Fetched run = get({part(range)}, from(5));
    EXPECT_NE(run.error, "") << range;
    EXPECT_EQ(run.sink.begun, 0) << range;
  }
  EXPECT_TRUE(holds(get({part("bytes 5-9/10")}).error, "all of it was asked for"));
  DownloadRequest own;
  own.fields = {{"Range", "bytes=5-9"}};
  EXPECT_EQ(get({part("bytes 5-9/10")}, own).sink.body, "world");
}

TEST(Download, APartInChunksIsMeasuredToo) {
  const std::string head =
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(get({{head + "5\r\nworld\r\n0\r\n\r\n"}}, from(5)).error, "");
  EXPECT_TRUE(holds(get({{head + "4\r\nworl\r\n0\r\n\r\n"}}, from(5)).error,
                    "announced 5 bytes and sent 4"));
}

TEST(Download, NothingLeftToGetIsTold) {
  const std::string answer =
      "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n\r\n";
  const Fetched whole = get({{answer}}, from(5));
  EXPECT_EQ(whole.error, "");
  EXPECT_TRUE(whole.result.was_complete);
  // The part is longer than the file: from the beginning, without a range.
  ScriptedChannel channel({{answer}, kPage});
  const Fetched again(channel, from(6));
  EXPECT_EQ(again.error, "");
  EXPECT_FALSE(again.result.was_complete);
  EXPECT_EQ(again.sink.body, "page");
  EXPECT_FALSE(holds(channel.asked[1], "Range"));
}

TEST(Download, OnlyAStrongValidatorServes) {
  const auto validator = [](std::vector<Field> fields) {
    Answer answer;
    answer.fields = std::move(fields);
    return answer.validator();
  };
  const Field old{"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"};
  EXPECT_EQ(validator({{"ETag", "\"x\""}, old}), "\"x\"");
  EXPECT_EQ(validator({{"ETag", "W/\"x\""}}), "");
  EXPECT_EQ(validator({old, {"Date", "Sun, 06 Nov 1994 08:49:38 GMT"}}), old.second);
  EXPECT_EQ(validator({old, {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}), "") << "not a second old";
  EXPECT_EQ(validator({old}), "");
}

// ---- who takes the body ------------------------------------------------------------------------

TEST(Download, ASinkMayRefuse) {
  ScriptedChannel channel({{"HTTP/1.1 200 OK\r\n\r\n0123456789", {}, true}}, 4096);
  DownloadRequest request;
  request.url = *parse_url("http://host/");
  Download download(channel, request);
  TextSink sink;
  sink.most = 10'000;
  std::string error;
  boost::asio::io_context context(1);
  boost::asio::co_spawn(
      context,
      [&]() -> awaitable<void> {
        const auto outcome = co_await download.run(sink);
        if (!outcome) error = outcome.error();
      },
      boost::asio::detached);
  context.run();
  EXPECT_EQ(error, "the disk is full");
}

}  // namespace
}  // namespace bowline::http
