#include "bowline/http/responder.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "bowline/http/testing/temp_folder.hpp"

namespace bowline::http {
namespace {

constexpr std::int64_t kNow = 4'000'000'000;

class Responder : public testing::Test {
 protected:
  void SetUp() override {
    temp.write("page.html", "0123456789");
    temp.write("sub/inner.txt", "x");
    temp.write("home/index.html", "welcome");
    temp.write("empty.txt", "");
    auto opened = Folder::open(temp.path().string());
    ASSERT_TRUE(opened);
    folder.emplace(std::move(*opened));
  }
  Response get(std::string_view target) { return ask({.method = "GET", .target = target}); }
  Response ask(const Request& request) { return respond(request, *folder, kNow); }
  std::string tag() { return std::string(*get("/page.html").field("ETag")); }
  std::string modified() { return std::string(*get("/page.html").field("Last-Modified")); }

  // The body as it would be sent.
  static std::string body_of(const Response& response) {
    std::string body;
    for (const Piece& piece : response.body) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        body += *text;
      } else {
        const auto range = std::get<ByteRange>(piece);
        std::string bytes(range.length, '\0');
        EXPECT_EQ(response.file->read_at(range.offset, bytes), range.length);
        body += bytes;
      }
    }
    return body;
  }

  TempFolder temp;
  std::optional<Folder> folder;
};

TEST_F(Responder, AFileIsSentWhole) {
  const Response response = get("/page.html");
  EXPECT_EQ(response.status, Status::ok);
  EXPECT_EQ(body_of(response), "0123456789");
  EXPECT_EQ(response.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(response.field("Accept-Ranges"), "bytes");
  EXPECT_EQ(get("/empty.txt").status, Status::ok);
  EXPECT_EQ(get("/empty.txt").body_size(), 0u);
}

TEST_F(Responder, HeadIsGetWithoutTheBody) {
  const Response response = ask({.method = "HEAD", .target = "/page.html"});
  EXPECT_TRUE(response.head_only);
  EXPECT_EQ(response.body_size(), 10u);
  EXPECT_NE(render_header(response, 11, true, kNow).find("Content-Length: 10\r\n"),
            std::string::npos);
  EXPECT_TRUE(ask({.method = "HEAD", .target = "/nothing"}).head_only);
}

TEST_F(Responder, OtherMethodsAreNotAllowed) {
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", "TRACE"}) {
    const Response response = ask({.method = method, .target = "/page.html"});
    EXPECT_EQ(response.status, Status::method_not_allowed) << method;
    EXPECT_EQ(response.field("Allow"), "GET, HEAD");
  }
}

// RFC 9112 section 3.2: "A server MUST respond with a 400 to any HTTP/1.1 request message that
// lacks a Host header field and to any request message that contains more than one".
TEST_F(Responder, NeedsOneHost) {
  EXPECT_EQ(ask({.method = "GET", .target = "/", .hosts = 0}).status, Status::bad_request);
  EXPECT_EQ(ask({.method = "GET", .target = "/", .hosts = 2}).status, Status::bad_request);
  EXPECT_EQ(ask({.method = "GET", .target = "/", .version = 10, .hosts = 0}).status, Status::ok);
  EXPECT_EQ(ask({.method = "GET", .target = "/", .version = 10, .hosts = 2}).status,
            Status::bad_request);
}

TEST_F(Responder, FoldersAreListedOrShowTheirIndex) {
  EXPECT_NE(body_of(get("/sub/")).find("inner.txt"), std::string::npos);
  EXPECT_EQ(body_of(get("/home/")), "welcome");
  EXPECT_EQ(get("/home/").field("Content-Type"), "text/html; charset=utf-8");
}

TEST_F(Responder, AFolderWithoutItsSlashIsElsewhere) {
  const Response response = get("/sub?q=1");
  EXPECT_EQ(response.status, Status::moved_permanently);
  EXPECT_EQ(response.field("Location"), "/sub/?q=1");
}

TEST_F(Responder, ARedirectionNeverLeavesTheServer) {
  std::filesystem::create_directories(temp.path() / "evil.example");
  EXPECT_EQ(get("//evil.example").field("Location"), "/evil.example/");
  std::filesystem::create_directories(temp.path() / "a\r\nX: y");
  EXPECT_EQ(get("/a%0d%0aX:%20y").field("Location"), "/a%0D%0AX%3A%20y/");
}

TEST_F(Responder, MissingAndForbiddenAreTold) {
  EXPECT_EQ(get("/nothing").status, Status::not_found);
  EXPECT_EQ(get("/page.html/").status, Status::not_found);
  EXPECT_EQ(get("/page.html/x").status, Status::not_found);
  EXPECT_EQ(get("/../x").status, Status::forbidden);
  EXPECT_EQ(get("/%zz").status, Status::bad_request);
  EXPECT_EQ(get("*").status, Status::bad_request);
  std::filesystem::create_symlink("/etc", temp.path() / "out");
  EXPECT_EQ(get("/out/passwd").status, Status::forbidden);
}

TEST_F(Responder, APartIsSentAlone) {
  const Response response = ask({.method = "GET", .target = "/page.html", .range = "bytes=2-4"});
  EXPECT_EQ(response.status, Status::partial_content);
  EXPECT_EQ(body_of(response), "234");
  EXPECT_EQ(response.field("Content-Range"), "bytes 2-4/10");
}

TEST_F(Responder, SeveralPartsComeAsMultipart) {
  const Response response = ask({.method = "GET", .target = "/page.html", .range = "bytes=8-,0-1"});
  EXPECT_EQ(response.status, Status::partial_content);
  const std::string type(*response.field("Content-Type"));
  ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=\""));
  const std::string boundary = type.substr(32, type.size() - 33);
  EXPECT_EQ(
      body_of(response),
      "--" + boundary +
          "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
          "\r\n--" +
          boundary +
          "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
          "\r\n--" +
          boundary + "--\r\n");
  EXPECT_EQ(response.body_size(), body_of(response).size());
}

TEST_F(Responder, APartThatIsNotThereIsRefused) {
  const Response response = ask({.method = "GET", .target = "/page.html", .range = "bytes=10-"});
  EXPECT_EQ(response.status, Status::range_not_satisfiable);
  EXPECT_EQ(response.field("Content-Range"), "bytes */10");
}

TEST_F(Responder, RangeMeansNothingToHead) {
  EXPECT_EQ(ask({.method = "HEAD", .target = "/page.html", .range = "bytes=2-4"}).status,
            Status::ok);
}

TEST_F(Responder, IfRangeAsksForTheSameFile) {
  const auto status = [&](std::string_view if_range) {
    return ask({.method = "GET",
                .target = "/page.html",
                .range = "bytes=2-4",
                .if_range = if_range})
        .status;
  };
  EXPECT_EQ(status(tag()), Status::partial_content);
  EXPECT_EQ(status(modified()), Status::partial_content);
  EXPECT_EQ(status("\"another\""), Status::ok);
  EXPECT_EQ(status("W/" + tag()), Status::ok) << "a weak tag proves nothing about bytes";
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:37 GMT"), Status::ok);
  EXPECT_EQ(status("nonsense"), Status::ok);
}

TEST_F(Responder, WhatTheClientHasIsNotSentAgain) {
  const auto none_match = [&](std::string_view tags) {
    return ask({.method = "GET", .target = "/page.html", .if_none_match = tags}).status;
  };
  EXPECT_EQ(none_match(tag()), Status::not_modified);
  EXPECT_EQ(none_match("\"a\", W/" + tag()), Status::not_modified);
  EXPECT_EQ(none_match("*"), Status::not_modified);
  EXPECT_EQ(none_match("\"a\",\"b\""), Status::ok);

  const auto since = [&](std::string_view date) {
    return ask({.method = "GET", .target = "/page.html", .if_modified_since = date}).status;
  };
  EXPECT_EQ(since(modified()), Status::not_modified);
  EXPECT_EQ(since("Sun, 06 Nov 1994 08:49:37 GMT"), Status::ok);
  EXPECT_EQ(since("nonsense"), Status::ok);
}

TEST_F(Responder, NotModifiedHasNoBodyButItsTag) {
  const std::string known = tag();
  const Response response = ask({.method = "GET", .target = "/page.html", .if_none_match = known});
  EXPECT_TRUE(response.head_only);
  EXPECT_EQ(response.field("ETag"), known);
  EXPECT_EQ(render_header(response, 11, true, kNow).find("Content-Length"), std::string::npos);
}

// RFC 9110 section 13.2.2: If-None-Match decides where both are given.
TEST_F(Responder, TagsComeBeforeDates) {
  const std::string date = modified();
  EXPECT_EQ(ask({.method = "GET",
                 .target = "/page.html",
                 .if_none_match = "\"another\"",
                 .if_modified_since = date})
                .status,
            Status::ok);
}

TEST_F(Responder, FailedPreconditionsAreTold) {
  EXPECT_EQ(ask({.method = "GET", .target = "/page.html", .if_match = "\"another\""}).status,
            Status::precondition_failed);
  const std::string known = tag();
  EXPECT_EQ(ask({.method = "GET", .target = "/page.html", .if_match = known}).status, Status::ok);
  EXPECT_EQ(ask({.method = "GET",
                 .target = "/page.html",
                 .if_unmodified_since = "Sun, 06 Nov 1994 08:49:37 GMT"})
                .status,
            Status::precondition_failed);
}

TEST_F(Responder, ATagChangesWithTheFile) {
  const std::string before = tag();
  temp.write("page.html", "01234567890");
  EXPECT_NE(tag(), before);
}

TEST(Header, SaysWhatTheVersionDoesNotImply) {
  const Response response = error_response(Status::not_found, "");
  const auto says = [&](unsigned version, bool keep_alive, std::string_view field) {
    return render_header(response, version, keep_alive, 0).contains(field);
  };
  EXPECT_FALSE(says(11, true, "Connection"));
  EXPECT_TRUE(says(11, false, "\r\nConnection: close\r\n"));
  EXPECT_TRUE(says(10, true, "\r\nConnection: keep-alive\r\n"));
  EXPECT_TRUE(render_header(response, 10, false, 0).starts_with("HTTP/1.1 404 Not Found\r\n"));
}

}  // namespace
}  // namespace bowline::http
