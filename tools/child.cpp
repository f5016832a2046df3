#include "tools/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

constexpr int kNotStarted = 127;

// In the child, first of all: to go when the parent goes.
void follow(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it had gone before the kernel knew
}

std::string read_whole(int descriptor) {
  std::string text;
  std::array<char, 4096> block;
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(descriptor, block.data(), block.size(), at);
    if (got <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    at += got;
  }
}

[[noreturn]] void execute(const std::vector<std::string>& words, int out, int err) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);
  ::execvp(pointers[0], pointers.data());
  const std::string why = std::error_code(errno, std::generic_category()).message();
  const ssize_t ignored = ::write(STDERR_FILENO, why.data(), why.size());
  static_cast<void>(ignored);
  ::_exit(kNotStarted);
}

}  // namespace

Child Child::fork(const std::function<int()>& work) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw Failure(fmt::format("cannot make a process: {}",
                              std::error_code(errno, std::generic_category()).message()));
  }
  if (pid == 0) {
    follow(parent);
    ::_exit(work());
  }
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

boost::asio::awaitable<ProgramResult> run_program(std::vector<std::string> words) {
  Pipe out;
  const os::FileDescriptor err(::memfd_create("stderr", MFD_CLOEXEC));
  Child child = Child::fork([&]() -> int { execute(words, out.write.get(), err.get()); });
  out.write = os::FileDescriptor();

  boost::asio::posix::stream_descriptor reader(co_await boost::asio::this_coro::executor,
                                               ::fcntl(out.read.get(), F_DUPFD_CLOEXEC, 0));
  out.read = os::FileDescriptor();
  ProgramResult result;
  const auto [error, size] =
      co_await boost::asio::async_read(reader, boost::asio::dynamic_buffer(result.out),
                                       boost::asio::as_tuple(boost::asio::use_awaitable));
  static_cast<void>(error);  // the end of the file: the program has ended, or soon will
  static_cast<void>(size);
  result.status = child.wait();
  result.err = read_whole(err.get());
  co_return result;
}

bool has_program(const std::string& name) {
  const char* const list = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::string_view rest = list == nullptr ? "/usr/bin:/bin" : list;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string path = std::string(rest.substr(0, end)) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Pipe::Pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Failure(fmt::format("cannot make a pipe: {}",
                              std::error_code(errno, std::generic_category()).message()));
  }
  read = os::FileDescriptor(ends[0]);
  write = os::FileDescriptor(ends[1]);
}

}  // namespace bowline::tools
