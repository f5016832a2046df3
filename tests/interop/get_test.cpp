// `bowline get` from servers that know nothing of it: nginx, Python's http.server, OpenSSL's
// s_server, in a namespace of the test's own. What no real server does is in
// bowline/http/download_test.cpp.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/tun.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

// Waits until `condition` holds, for ten seconds at most.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class GetTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    std::filesystem::permissions(temp.path(), std::filesystem::perms(0755));
    temp.write("www/page", "hello\n");
    std::string big;
    for (std::uint32_t i = 0; big.size() < 20'000'000; ++i) {
      big += std::to_string(i * 2'654'435'761u);
    }
    temp.write("www/big", big);
    std::filesystem::create_directories(temp.path() / "out");
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (temp.path() / name).string();
  }

  // A certificate for good.test and the kernel's addresses, and the authority that signed it.
  void make_certificates() const {
    temp.write("ext", "subjectAltName=DNS:good.test,IP:10.77.0.1,IP:fd77::1\n");
    const Words key = {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"};
    const auto openssl = [&](Words words, const Words& more) {
      words.insert(words.begin(), "openssl");
      words.insert(words.end(), more.begin(), more.end());
      const Ended ended = run(words);
      ASSERT_EQ(ended.status, 0) << ended.err;
    };
    openssl({"req", "-x509", "-subj", "/CN=Authority", "-days", "2", "-keyout", path("ca.key"),
             "-out", path("ca.pem")},
            key);
    openssl({"req", "-subj", "/CN=good.test", "-keyout", path("key.pem"), "-out", path("csr.pem")},
            key);
    openssl({"x509", "-req", "-days", "2", "-in", path("csr.pem"), "-CA", path("ca.pem"), "-CAkey",
             path("ca.key"), "-CAcreateserial", "-extfile", path("ext"), "-out", path("cert.pem")},
            {});
  }

  // nginx on ports 8000 and, encrypted, 8443.
  void start_nginx() {
    make_certificates();
    std::string paths;
    for (const auto* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      paths += std::string(kind) + "_temp_path " + path(std::string("temp-") + kind) + ";\n";
    }
    temp.write("nginx.conf",
               "user root root; daemon off; master_process off; error_log stderr; pid " +
                   path("pid") + ";\nevents {}\nhttp {\naccess_log off;\n" + paths +
                   "server {\nlisten 8000; listen [::]:8000;\n"
                   "listen 8443 ssl; listen [::]:8443 ssl;\n"
                   "ssl_certificate " +
                   path("cert.pem") + "; ssl_certificate_key " + path("key.pem") + ";\nroot " +
                   path("www") +
                   ";\n"
                   "location /slow/ { alias " +
                   path("www") +
                   "/; limit_rate 2m; }\n"
                   "location /old { return 302 /page; }\n"
                   "location /loop { return 301 /loop; }\n"
                   "location /down { return 302 http://$host:8000/page; }\n"
                   "}\n}\n");
    server.emplace(Words{"nginx", "-e", "stderr", "-c", path("nginx.conf")});
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path("pid")); }))
        << server->wait().err;
  }

  static Ended get(Words words) {
    words.insert(words.begin(), "get");
    return cli::run_bowline(std::move(words));
  }
  // It failed as every failure has to: status 1, one line.
  static void expect_failure(const Ended& ended, const std::string& words) {
    EXPECT_EQ(ended.status, 1) << ended.err;
    EXPECT_TRUE(cli::is_one_line(ended.err)) << ended.err;
    EXPECT_NE(ended.err.find(words), std::string::npos) << ended.err;
  }
  [[nodiscard]] std::vector<std::string> written() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(temp.path() / "out")) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] bool is_big(const std::string& name) const {
    return run({"cmp", path(name), path("www/big")}).status == 0;
  }

  http::TempFolder temp;
  std::optional<Program> server;
};

TEST_F(GetTest, FromNginxInBothFamilies) {
  start_nginx();
  for (const auto* url :
       {"http://10.77.0.1:8000/page", "http://[fd77::1]:8000/page", "http://10.77.0.1:8000/old"}) {
    const Ended ended = get({url});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.out, "hello\n");
    EXPECT_EQ(ended.err, "") << "no progress in a pipe";
  }
  EXPECT_EQ(get({"http://10.77.0.1:8000/big", "-o", path("out/big")}).status, 0);
  EXPECT_TRUE(is_big("out/big"));
  EXPECT_EQ(written(), Words{"big"}) << "nothing else is left";
  const Ended head = get({"-I", "http://10.77.0.1:8000/big"});
  EXPECT_TRUE(head.out.starts_with("HTTP/1.1 200 OK\n"));
  EXPECT_NE(head.out.find("Content-Length: 2000"), std::string::npos) << head.out;
}

TEST_F(GetTest, OverTlsWithTheNameVerified) {
  start_nginx();
  const Words resolve = {"--resolve", "good.test:10.77.0.1", "--resolve", "bad.test:[fd77::1]"};
  const auto secure = [&](Words words) {
    words.insert(words.end(), resolve.begin(), resolve.end());
    return get(words);
  };
  const std::string ca = path("ca.pem");
  EXPECT_EQ(secure({"https://good.test:8443/page", "--cacert", ca}).out, "hello\n");
  EXPECT_EQ(secure({"https://10.77.0.1:8443/page", "--cacert", ca}).out, "hello\n");
  EXPECT_EQ(secure({"https://[fd77::1]:8443/page", "--cacert", ca}).out, "hello\n");
  EXPECT_EQ(secure({"https://bad.test:8443/page", "--insecure"}).out, "hello\n");
  EXPECT_EQ(secure({"https://good.test:8443/big", "--cacert", ca, "-o", path("out/big")}).status,
            0);
  EXPECT_TRUE(is_big("out/big"));
  std::filesystem::remove(path("out/big"));

  const std::string file = path("out/file");
  expect_failure(secure({"https://bad.test:8443/page", "--cacert", ca, "-o", file}),
                 "hostname mismatch");
  expect_failure(secure({"https://good.test:8443/page", "-o", file}), "cannot be trusted");
  expect_failure(secure({"https://good.test:8443/page", "--cacert", path("key.pem"), "-o", file}),
                 "--cacert");
  expect_failure(secure({"https://good.test:8000/page", "--cacert", ca, "-o", file}), "no TLS");
  expect_failure(secure({"https://good.test:8443/down", "--cacert", ca, "-o", file}),
                 "not encrypted");
  EXPECT_EQ(written(), Words{}) << "nothing half-written";
}

TEST_F(GetTest, WhatFailsLeavesNothing) {
  start_nginx();
  const std::string file = path("out/file");
  expect_failure(get({"http://10.77.0.1:8000/nothing", "-o", file}), "404 Not Found");
  expect_failure(get({"http://10.77.0.1:8000/loop", "-o", file}), "more than 20 times");
  expect_failure(get({"http://10.77.0.1:8001/", "-o", file}), "Connection refused");
  expect_failure(get({"http://no-such-name.invalid/", "-o", file}), "no-such-name.invalid");
  expect_failure(get({"http://192.0.2.1/", "-o", file}), "--gateway");
  expect_failure(get({"http://10.77.0.99:8000/", "-o", file, "--connect-timeout", "1"}),
                 "10.77.0.99");
  expect_failure(get({"http://10.77.0.1:8000/page", "-o", path("none/file")}), "none");
  EXPECT_EQ(written(), Words{});
  // Where it is no regular file there is nothing to rename.
  EXPECT_EQ(get({"http://10.77.0.1:8000/page", "-o", "/dev/null"}).status, 0);
  struct stat null{};
  ASSERT_EQ(::stat("/dev/null", &null), 0);
  EXPECT_TRUE(S_ISCHR(null.st_mode));
}

TEST_F(GetTest, AnInterruptedFileIsGoneOnWith) {
  start_nginx();
  const std::string part = path("out/big.part");
  const auto interrupt = [&] {
    Program slow({cli::bowline_path(), "get", "http://10.77.0.1:8000/slow/big", "-o",
                  path("out/big"), "-C"});
    std::error_code error;
    EXPECT_TRUE(eventually([&] {
      const auto size = std::filesystem::file_size(part, error);
      return !error && size > 1'000'000;
    }));
    slow.signal(SIGINT);
    return slow.wait();
  };
  expect_failure(interrupt(), "interrupted");
  EXPECT_EQ(written(), (Words{"big.part", "big.part.info"}));
  const auto kept = std::filesystem::file_size(part);
  const Ended again = get({"http://10.77.0.1:8000/slow/big", "-o", path("out/big"), "-C", "--pcap",
                           path("again.pcapng")});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(is_big("out/big"));
  EXPECT_EQ(written(), Words{"big"});
  EXPECT_LT(std::filesystem::file_size(path("again.pcapng")), 23'000'000 - kept / 2)
      << "what was there did not come a second time";

  // The file changes meanwhile: from the beginning, and never a mixture.
  std::filesystem::remove(path("out/big"));
  expect_failure(interrupt(), "bytes are in");
  temp.write("www/big", "another file\n");
  EXPECT_EQ(get({"http://10.77.0.1:8000/slow/big", "-o", path("out/big"), "-C"}).status, 0);
  EXPECT_EQ(run({"cat", path("out/big")}).out, "another file\n");
  EXPECT_EQ(written(), Words{"big"});
}

// A server that knows no ranges sends the whole again (RFC 9110 section 14.2).
TEST_F(GetTest, FromPythonWithoutRanges) {
  server.emplace(Words{"python3", "-u", "-m", "http.server", "8000", "--bind", "0.0.0.0",
                       "--directory", path("www")});
  temp.write("out/big.part", "stale");
  temp.write("out/big.part.info", "http://10.77.0.1:8000/big\nSun, 06 Nov 1994 08:49:37 GMT\n");
  Ended ended;
  ASSERT_TRUE(eventually([&] {
    ended = get({"http://10.77.0.1:8000/big", "-o", path("out/big"), "-C"});
    return ended.err.find("refused") == std::string::npos;
  }));
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(is_big("out/big"));
  EXPECT_EQ(written(), Words{"big"});
}

// Its bodies end with the connection, announced by TLS or not at all.
TEST_F(GetTest, FromOpensslsServer) {
  make_certificates();
  server.emplace(Words{"sh", "-c",
                       "cd " + path("www") + " && exec openssl s_server -quiet -WWW -accept 8443 " +
                           "-cert " + path("cert.pem") + " -key " + path("key.pem")});
  Ended ended;
  ASSERT_TRUE(eventually([&] {
    ended = get({"https://10.77.0.1:8443/big", "--cacert", path("ca.pem"), "-o", path("out/big")});
    return ended.err.find("refused") == std::string::npos;
  }));
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(is_big("out/big"));
}

// A reader that goes away ends it; one that is slow only slows it down.
TEST_F(GetTest, ThePipesReaderDecides) {
  start_nginx();
  const std::string command = cli::bowline_path() + " get http://10.77.0.1:8000/big";
  const Ended gone = run({"bash", "-c", command + " | head -c 10; exit ${PIPESTATUS[0]}"});
  EXPECT_EQ(gone.out.size(), 10u);
  expect_failure(gone, "Broken pipe");
  const Ended slow = run({"bash", "-c", command + " | (sleep 1; cmp - " + path("www/big") + ")"});
  EXPECT_EQ(slow.status, 0) << slow.out << slow.err;
}

TEST_F(GetTest, TheTimeItMayTakeIsALimit) {
  start_nginx();
  expect_failure(get({"http://10.77.0.1:8000/slow/big", "-o", path("out/big"), "--max-time", "1"}),
                 "--max-time");
}

}  // namespace
}  // namespace bowline::interop
