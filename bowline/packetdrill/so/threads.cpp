#include "bowline/packetdrill/so/threads.hpp"

#include <sys/syscall.h>

#include <fstream>
#include <iterator>
#include <string>

namespace bowline::inline v0::packetdrill {
namespace {

std::string line_of(pid_t id, const char* file) {
  std::ifstream in("/proc/self/task/" + std::to_string(id) + '/' + file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

bool is_asleep(pid_t id) {
  // proc(5): the state stands behind the name, which ends with the last ')'.
  const std::string stat = line_of(id, "stat");
  const std::size_t name = stat.rfind(')');
  return name == std::string::npos || name + 2 >= stat.size() || stat[name + 2] == 'S';
}

bool waits_for_a_thread(pid_t id) {
  const std::string call = line_of(id, "syscall");  // its number first
  return call.starts_with(std::to_string(SYS_futex) + ' ');
}

}  // namespace bowline::inline v0::packetdrill
