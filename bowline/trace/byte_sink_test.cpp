#include "bowline/trace/byte_sink.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace bowline::trace {
namespace {

// A path of its own for a test's file, removed at the end.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "bowline-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor >= 0) ::close(descriptor);
    path = name;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return all.str();
  }
  std::string path;
};

// No file of this process may grow beyond `bytes`, as on a disk that is nearly full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(FileSink, WritesWhatItIsGivenAtTheEndAtLatest) {
  const TemporaryFile file;
  {
    auto sink = FileSink::create(file.path);
    ASSERT_TRUE(sink) << sink.error();
    EXPECT_TRUE(sink->append("one "));
    EXPECT_TRUE(sink->append("two"));
    EXPECT_EQ(file.text(), "");
    EXPECT_TRUE(sink->flush());
    EXPECT_EQ(file.text(), "one two");
    EXPECT_TRUE(sink->append(" three"));
  }
  EXPECT_EQ(file.text(), "one two three");
}

TEST(FileSink, AFullDiskIsOneErrorAndAFileOfWholeRecords) {
  const TemporaryFile file;
  auto sink = FileSink::create(file.path);
  ASSERT_TRUE(sink);
  EXPECT_TRUE(sink->append(std::string(400, 'a')) && sink->flush());
  {
    const FileSizeLimit limit(1'000);
    for (const char c : {'b', 'c'}) sink->append(std::string(400, c));
    EXPECT_FALSE(sink->flush());
  }
  EXPECT_EQ(file.text(), std::string(400, 'a') + std::string(400, 'b'));
  EXPECT_EQ(sink->error(),
            "cannot write " + file.path + ": File too large; make room or name another file");
  // There is room again, but what comes now would follow a gap.
  EXPECT_FALSE(sink->append("later"));
  EXPECT_FALSE(sink->flush());
  EXPECT_EQ(file.text().size(), 800U);
}

TEST(FileSink, ADeviceWithoutRoomIsToldToo) {
  auto sink = FileSink::create("/dev/full");
  if (!sink) GTEST_SKIP() << "cannot open /dev/full";
  sink->append("x");
  EXPECT_FALSE(sink->flush());
  EXPECT_EQ(sink->error(),
            "cannot write /dev/full: No space left on device; make room or name another file");
}

TEST(FileSink, AFileThatCannotBeMadeNamesTheRemedy) {
  const auto missing = FileSink::create("/nowhere/at/all.pcapng");
  ASSERT_FALSE(missing);
  EXPECT_EQ(
      missing.error(),
      "cannot write /nowhere/at/all.pcapng: No such file or directory; make the folder first");
  const auto folder = FileSink::create("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error(), "cannot write /: Is a directory; name a file");
}

TEST(FileSink, AnImmediateOneHoldsNothingBack) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  FileSink sink(ends[1], "standard output", true);
  EXPECT_TRUE(sink.append("line\n"));
  char text[8] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 5);
  EXPECT_STREQ(text, "line\n");
  ::close(ends[0]);
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_FALSE(sink.append("nobody reads\n"));
  EXPECT_EQ(sink.error(), "cannot write standard output: Broken pipe");
  ::close(ends[1]);
}

TEST(FileSink, AMovedOneWritesOnce) {
  const TemporaryFile file;
  {
    auto sink = FileSink::create(file.path);
    ASSERT_TRUE(sink);
    sink->append("once");
    FileSink moved = std::move(*sink);
  }
  EXPECT_EQ(file.text(), "once");
}

}  // namespace
}  // namespace bowline::trace
