// The end of a script, however it came about: the stack under test comes to rest and serves a
// newcomer.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/script.hpp"

namespace bowline::test {

/// However the script ended: the stack comes to rest. What it still sends is nobody's business, but
/// it must not go on for ever.
void Script::wind_down() {
  if (!stack_) return;
  held_ = false;
  memory_.fail_never();
  ended_ = true;
  drain();  // what it held back
  sent_.clear();
  const Time end = now_ + 10min;
  for (int deadlines = 0; stack_->next_deadline() <= end; ++deadlines) {
    if (deadlines > 20'000) {
      ADD_FAILURE() << "after its end the script's stack does not come to rest\n"
                    << timeline_.tail();
      throw ScriptEnded{};
    }
    now_ = std::max(now_, stack_->next_deadline());
    stack_->advance(now_);
    drain();
    sent_.clear();
  }
  now_ = end;
}

/// However the script ended: the stack still does its work for somebody else.
void Script::still_serves() {
  if (!set_up_) return;
  constexpr std::uint16_t kPort = 9'999;
  const auto complain = [this](std::string_view what) {
    ADD_FAILURE() << "after its end the script's stack does not serve a newcomer: " << what << "\n"
                  << timeline_.tail();
    throw ScriptEnded{};
  };
  ListenOptions options;
  options.local = {our_address(), kPort};
  const auto listening = stack_->listen(options, now_);
  if (!listening) return complain("listen: " + listening.error().message());

  wire::IpHeader ip;
  ip.source = peer_address();
  ip.destination = our_address();
  const auto say = [&](const Segment& segment, SeqNumber our_iss, std::span<const std::byte> data) {
    std::array<std::byte, wire::kTcpMaxHeaderSize> head{};
    const std::uint32_t size = emit_segment(head, segment, 50'000, kPort, SeqNumber(7), our_iss);
    deliver(build_packet(ip, std::span(head).first(size), data));
    drain();
  };
  sent_.clear();
  say("S 0:0(0) win 65535"_seg, SeqNumber(0), {});
  if (sent_.size() != 1 || !sent_.front().tcp ||
      sent_.front().tcp->header.flags != (wire::kSyn | wire::kAck)) {
    return complain("no SYN-ACK to its SYN");
  }
  const Bytes hello = bytes_of("hello");
  say("P. 1:6(5) ack 1 win 65535"_seg, sent_.front().tcp->header.seq, hello);
  const auto accepted = stack_->accept(*listening, now_);
  if (!accepted) return complain("accept: " + accepted.error().message());
  Bytes got(16);
  const auto read = stack_->read(*accepted, got, now_);
  if (!read || *read != hello.size()) return complain("its bytes do not arrive");
  if (!stack_->abort(*accepted, now_) || !stack_->close(*listening, now_)) {
    return complain("abort and close");
  }
  drain();
  sent_.clear();
}

}  // namespace bowline::test
