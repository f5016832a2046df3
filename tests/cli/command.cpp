#include "tests/cli/command.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

namespace bowline::cli {

std::string bowline_path() { return BOWLINE_BINARY_DIR "/bin/bowline"; }

Program::Program(const std::vector<std::string>& words, uid_t user)
    : out_(::memfd_create("out", MFD_CLOEXEC)), err_(::memfd_create("err", MFD_CLOEXEC)) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(out_, STDOUT_FILENO);
  ::dup2(err_, STDERR_FILENO);
  // Opened while it may be: the other user need not be allowed to look into the build folder.
  const bool path = words[0].find('/') != std::string::npos;
  const int program = path ? ::open(pointers[0], O_PATH | O_CLOEXEC) : -1;
  if (user != 0 && ::geteuid() == 0 && (::setgid(user) != 0 || ::setuid(user) != 0)) ::_exit(126);
  if (path) {
    ::fexecve(program, pointers.data(), environ);
  } else {
    ::execvp(pointers[0], pointers.data());
  }
  ::_exit(127);
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  ::close(out_);
  ::close(err_);
}

void Program::signal(int number) const { ::kill(pid_, number); }

bool Program::says(const std::string& text, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < until) {
    if (read_file(err_).find(text) != std::string::npos) return true;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0) {
      return read_file(err_).find(text) != std::string::npos;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

Ended Program::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out_),
          read_file(err_)};
}

std::string Program::read_file(int descriptor) {
  std::string text;
  std::array<char, 4096> block;
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(descriptor, block.data(), block.size(), at);
    if (got <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    at += got;
  }
}

Ended run(const std::vector<std::string>& words, uid_t user) { return Program(words, user).wait(); }

Ended run_bowline(std::vector<std::string> arguments, uid_t user) {
  std::vector<std::string> words = {bowline_path()};
  for (std::string& argument : arguments) words.push_back(std::move(argument));
  return run(words, user);
}

bool is_one_line(const std::string& text) {
  return text.size() > 1 && text.find('\n') == text.size() - 1;
}

}  // namespace bowline::cli
