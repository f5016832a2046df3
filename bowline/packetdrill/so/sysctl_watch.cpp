#include "bowline/packetdrill/so/sysctl_watch.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace bowline::inline v0::packetdrill {

SysctlWatch::SysctlWatch(std::string file, std::string root)
    : file_(std::move(file)), root_(std::move(root)) {
  // What the system is like before the script is older than anything in the file.
  read_root();
  read_file();
}

void SysctlWatch::look() {
  read_file();
  read_root();
}

void SysctlWatch::read_file() {
  if (file_.empty()) return;
  std::ifstream in(file_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.size() < read_) read_ = 0;  // somebody began anew
  // A line without its end may still be growing.
  for (std::size_t end = text.find('\n', read_); end != std::string::npos;
       end = text.find('\n', read_)) {
    found_.assign_line(std::string_view(text).substr(read_, end - read_));
    read_ = end + 1;
  }
}

void SysctlWatch::read_root() {
  for (const std::string_view key : Sysctls::known()) {
    std::string path(key);
    std::ranges::replace(path, '.', '/');
    std::ifstream in(root_ + '/' + path);
    std::string value;
    if (!std::getline(in, value)) continue;  // no such setting here, or not for us to read
    const auto [last, first_time] = rooted_.try_emplace(std::string(key), value);
    if (!first_time && last->second == value) continue;
    last->second = value;
    found_.assign(key, value);
  }
}

}  // namespace bowline::inline v0::packetdrill
