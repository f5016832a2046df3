#include "examples/attacks/stage.hpp"

#include <cstdio>
#include <string>

#include "bowline/trace/counters.hpp"

namespace bowline::attack {

Stage::Stage(Ground& ground, std::size_t lines) : ground_(ground), most_(lines) {
  ground.witness = [this](bool in, const Bytes& packet) { show(in, packet); };
}

void Stage::show(bool in, const Bytes& packet) {
  if (left_ == 0) {
    ++hidden_;
    return;
  }
  --left_;
  std::printf("  %s %s\n", in ? "->" : "<-", line(packet).c_str());
}

void Stage::act(std::string_view what) {
  if (hidden_ > 0) std::printf("     ... and %zu packets more\n", hidden_);
  hidden_ = 0;
  left_ = most_;
  std::printf("\n%.*s\n", static_cast<int>(what.size()), what.data());
}

void Stage::claim(std::string_view what, bool holds) {
  left_ = 0;
  if (hidden_ > 0) std::printf("     ... and %zu packets more\n", hidden_);
  hidden_ = 0;
  right_ = right_ && holds;
  std::printf("  %.*s: %s\n", static_cast<int>(what.size()), what.data(), holds ? "yes" : "NO");
}

void Stage::client_is_served() {
  const bool served = ground_.serves(5min);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(ground_.served_in());
  claim("an honest client is served, in " + std::to_string(ms.count()) + " ms", served);
}

int Stage::verdict() {
  const Traffic& traffic = ground_.traffic();
  const StackUsage usage = ground_.victim().usage();
  std::printf("\n%llu packets (%llu bytes) in, %llu (%llu bytes) out\n",
              static_cast<unsigned long long>(traffic.packets_in),
              static_cast<unsigned long long>(traffic.bytes_in),
              static_cast<unsigned long long>(traffic.packets_out),
              static_cast<unsigned long long>(traffic.bytes_out));
  std::printf(
      "held now: %u connections, %u half open, %u TIME-WAIT, %llu bytes of buffers; %zu "
      "bytes in all\n",
      usage.connections, usage.half_open, usage.time_wait,
      static_cast<unsigned long long>(usage.buffer_bytes), ground_.memory().live_bytes());
  std::printf("%s", trace::counter_table(ground_.victim().counters()).c_str());
  return right_ ? 0 : 1;
}

}  // namespace bowline::attack
