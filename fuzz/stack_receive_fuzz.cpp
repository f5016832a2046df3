// Stack::receive with frames as they come: nothing in them is right but by chance.
//
// An input is a row of frames. Each begins with a byte of choices (is the checksum vouched for; are
// the bytes in one piece or two; is it said to be merged; how many frames come in one batch) and a
// byte or two of length.

#include "fuzz/stack_world.hpp"

namespace bowline::fuzz {
namespace {

constexpr InterfaceId kInterface{0};

Frame read_frame(Input& input, Stack& stack, std::uint8_t choices) {
  const std::size_t length = (choices & 1U) != 0 ? input.word() : input.byte();
  const auto bytes = input.take(length);
  Frame frame;
  if ((choices & 2U) != 0 && bytes.size() > 1) {
    const std::size_t cut = 1 + input.byte() % (bytes.size() - 1);
    frame.append(stack.pool().copy(bytes.first(cut)));
    frame.append(stack.pool().copy(bytes.subspan(cut)));
  } else {
    frame = make_frame(stack.pool(), bytes);
  }
  if ((choices & 4U) != 0) frame.checksum = Checksum::verified;
  if ((choices & 8U) != 0) frame.gso_size = static_cast<std::uint16_t>(input.byte() * 8U);
  return frame;
}

void run(std::span<const std::byte> bytes) {
  Input input(bytes);
  Stack stack = make_stack(small_config(), 65'535);
  Time now(1h);
  ListenOptions listen;
  listen.local = {IpAddress::any(Family::ipv4), kListenPort};
  require(stack.listen(listen, now).has_value());
  listen.local = {IpAddress::any(Family::ipv6), kListenPort};
  require(stack.listen(listen, now).has_value());
  UdpOptions udp;
  udp.local = {IpAddress::any(Family::ipv4), kUdpPort};
  require(stack.open_udp(udp, now).has_value());

  std::array<Frame, 8> batch;
  std::size_t count = 0;
  for (int steps = 0; !input.empty() && steps < 400; ++steps) {
    const std::uint8_t choices = input.byte();
    batch[count++] = read_frame(input, stack, choices);
    if (count < batch.size() && (choices & 16U) != 0) continue;
    now += 1ms * (choices >> 5U);
    stack.receive(kInterface, std::span(batch).first(count), now);
    for (Frame& frame : std::span(batch).first(count)) frame = Frame{};
    count = 0;
    check(stack);
    if ((choices & 32U) == 0) continue;
    CollectingSink sink(choices);
    static_cast<void>(stack.transmit(kInterface, sink, now));
    while (stack.poll_ready()) {
    }
    advance(stack, now);
  }
  check_views(stack);
  advance(stack, now + 1h);
  check(stack);
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
