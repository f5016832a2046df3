#include "bowline/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "bowline/replay/record.hpp"
#include "bowline/stack/call_bytes.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/trace/capture_link.hpp"

namespace bowline::inline v0::replay {
namespace {

// A call that no Stack can have been called with.
struct WrongCall {
  std::string what;
};

// An argument as it is kept between reading and the call.
template <class T>
struct Argument {
  T value{};
  T& get() { return value; }
};
template <>
struct Argument<std::span<const std::byte>> {
  std::vector<std::byte> value;
  std::span<const std::byte> get() { return value; }
};

// Stands for the wire: brings what the record brought, takes as much as it took.
class RecordedLink final : public Link {
 public:
  explicit RecordedLink(const LinkInfo& info) : info_(info) {}

  [[nodiscard]] LinkInfo info() const noexcept override { return info_; }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool&, Time) noexcept override {
    const std::size_t count = std::min(frames.size(), arrived.size());
    std::move(arrived.begin(), arrived.begin() + static_cast<std::ptrdiff_t>(count),
              frames.begin());
    arrived.clear();
    return count;
  }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t offered = 0;
    for (const Frame& frame : frames) offered += wire_packets(frame);
    // More is asked than the record knows of, or less is offered: the comparison will tell.
    const std::size_t taken = next < takes.size() ? std::min(takes[next], offered) : 0;
    ++next;
    sent += taken;
    return taken;
  }

  std::vector<Frame> arrived;
  std::vector<std::size_t> takes;
  std::size_t next = 0;
  std::uint64_t sent = 0;

 private:
  LinkInfo info_;
};

class Replayer final : private CallListener {
 public:
  Replayer(RecordReader reader, Stack stack, trace::Recorder* watch)
      : reader_(std::move(reader)), stack_(std::move(stack)), watch_(watch) {
    stack_.set_call_listener(this);
    if (watch_ != nullptr) stack_.set_listener(watch_);
  }

  ReplayOutcome run() {
    for (;;) {
      const auto next = reader_.next();
      if (!next) outcome_.damage = next.error();
      if (!next || !*next) break;
      // After a difference nothing can be compared; but the record's sum tells whose it is.
      if (!outcome_.difference.empty()) continue;
      recorded_ = **next;
      compare();
    }
    outcome_.digest = digest_.value();
    for (const Port& port : ports_) outcome_.sent += port.recorded->sent;
    return outcome_;
  }

 private:
  struct Port {
    std::unique_ptr<RecordedLink> recorded;
    std::unique_ptr<Link> captured;  // around it, if somebody watches
    Link* link = nullptr;
  };

  // ---- comparing

  void compare() {
    heard_ = false;
    try {
      again();
      if (!heard_) differs("it was not heard");
    } catch (const WrongCall& wrong) {
      differs(wrong.what);
    }
    if (outcome_.difference.empty()) ++outcome_.calls;
  }

  void called(StackCall call, std::span<const std::byte> arguments,
              std::span<const std::byte> result) noexcept override {
    heard_ = true;
    digest_.add(call, arguments, result);
    if (call != recorded_.call || !std::ranges::equal(arguments, recorded_.arguments)) {
      differs("the call itself does not come out the same");
    } else if (!std::ranges::equal(result, recorded_.result)) {
      const auto [left, right] = std::ranges::mismatch(result, recorded_.result);
      differs(fmt::format("{} differs at byte {} of {} ({} then)",
                          call == StackCall::transmit ? "what the link was offered" : "the result",
                          left - result.begin() + 1, result.size(), recorded_.result.size()));
    }
  }
  void missed() noexcept override { differs("memory ran out"); }

  void differs(const std::string& how) {
    if (!outcome_.difference.empty()) return;
    outcome_.difference =
        fmt::format("call {}, {} at {:.6f} s: {}", recorded_.number, name(recorded_.call),
                    std::chrono::duration<double>(now_ - outcome_.begin).count(), how);
  }

  // ---- reading arguments

  void load(LoadVisitor& in, Argument<std::span<const std::byte>>& argument) {
    std::uint64_t size = 0;
    in(size);
    if (size > in.remaining()) throw WrongCall{"its bytes are not all there"};
    argument.value.resize(static_cast<std::size_t>(size));
    in.raw(argument.value);
  }
  void load(LoadVisitor& in, Argument<Time>& argument) {
    in(argument.value);
    note(argument.value);
  }
  template <class T>
  void load(LoadVisitor& in, Argument<T>& argument) {
    call_bytes::visit(in, argument.value);
  }
  // How much room there was for bytes that were read.
  std::size_t load_room(LoadVisitor& in) {
    std::uint64_t size = 0;
    in(size);
    if (size > kLargestPart) throw WrongCall{"more room than there can be"};
    return static_cast<std::size_t>(size);
  }

  // A driver may say a time that is a little older than that of the call before; a Stack takes the
  // later one (Core::begin).
  void note(Time now) {
    if (now < Time{} || now.time_since_epoch() > Duration::max() / 2) {
      throw WrongCall{"a time out of all range"};
    }
    if (!timed_) now_ = outcome_.begin = now;
    timed_ = true;
    now_ = outcome_.end = std::max(now_, now);
  }

  static void done(const LoadVisitor& in) {
    if (!in.complete()) throw WrongCall{"its arguments are not those of this call"};
  }

  LoadVisitor arguments() { return LoadVisitor(recorded_.arguments, stack_.pool()); }

  // ---- the calls

  template <class R, class... A>
  void again(R (Stack::*method)(A...) noexcept) {
    LoadVisitor in = arguments();
    std::tuple<Argument<std::remove_cvref_t<A>>...> values;
    std::apply([&](auto&... each) { (load(in, each), ...); }, values);
    done(in);
    std::apply([&](auto&... each) { (void)(stack_.*method)(std::move(each.get())...); }, values);
  }

  void again_transmit() {
    LoadVisitor in = arguments();
    Argument<InterfaceId> interface;
    Argument<Time> now;
    load(in, interface);
    load(in, now);
    done(in);
    Port& port = port_of(interface.value);
    port.recorded->takes.clear();
    port.recorded->next = 0;
    LoadVisitor result(recorded_.result, stack_.pool());
    for (bool more = false; result(more), more && !result.failed();) {
      std::uint64_t frames = 0;
      std::uint64_t digest = 0;
      std::uint64_t taken = 0;
      result(frames, digest, taken);
      port.recorded->takes.push_back(static_cast<std::size_t>(taken));
    }
    (void)stack_.transmit(interface.value, *port.link, now.value);
    if (watch_ != nullptr) port.link->settle();
  }

  void again_receive() {
    LoadVisitor in = arguments();
    Argument<InterfaceId> interface;
    Argument<Time> now;
    load(in, interface);
    load(in, now);
    std::uint64_t count = 0;
    in(count);
    std::vector<Frame> frames;
    for (std::uint64_t i = 0; i < count && !in.failed(); ++i) in(frames.emplace_back());
    done(in);
    for (const Frame& frame : frames) check(frame);
    outcome_.received += count;
    Port& port = port_of(interface.value);
    std::vector<Frame> batch(frames.size());
    port.recorded->arrived = std::move(frames);
    const std::size_t got = port.link->receive(batch, stack_.pool(), now.value);
    stack_.receive(interface.value, std::span(batch).first(got), now.value);
    if (watch_ != nullptr) port.link->settle();
  }

  // A frame is what a link vouches for; a record vouches for nothing.
  static void check(const Frame& frame) {
    std::uint64_t size = 0;
    if (frame.piece_count > Frame::kMaxPieces) throw WrongCall{"a frame of too many pieces"};
    for (std::size_t i = 0; i < frame.pieces.size(); ++i) {
      if ((i < frame.piece_count) == frame.pieces[i].empty()) {
        throw WrongCall{"a frame whose pieces are not there"};
      }
      size += frame.pieces[i].size();
    }
    if (size != frame.size || frame.header_size > frame.size ||
        static_cast<int>(frame.checksum) > static_cast<int>(Checksum::complete)) {
      throw WrongCall{"a frame that contradicts itself"};
    }
  }

  // `method` reads into a buffer that has the room that there was.
  template <class... First, class Method>
  void again_read(Method method) {
    LoadVisitor in = arguments();
    std::tuple<Argument<First>...> values;
    std::apply([&](auto&... each) { (load(in, each), ...); }, values);
    std::vector<std::byte> room(load_room(in));
    done(in);
    std::apply([&](auto&... each) { method(std::span<std::byte>(room), each.get()...); }, values);
  }

  void again_add_interface() {
    LoadVisitor in = arguments();
    Argument<InterfaceConfig> config;
    load(in, config);
    done(in);
    const auto id = stack_.add_interface(config.value);
    if (!id) return;
    Port port;
    port.recorded = std::make_unique<RecordedLink>(config.value.link);
    port.link = port.recorded.get();
    if (watch_ != nullptr) {
      port.captured = std::make_unique<trace::CaptureLink>(*port.recorded, *watch_, *id,
                                                           fmt::format("if{}", ports_.size()));
      port.link = port.captured.get();
    }
    ports_.push_back(std::move(port));
  }

  Port& port_of(InterfaceId interface) {
    const auto index = static_cast<std::size_t>(interface);
    if (index >= ports_.size()) throw WrongCall{"an interface that there is not"};
    return ports_[index];
  }

  void again() {
    switch (recorded_.call) {
      case StackCall::add_interface:
        return again_add_interface();
      case StackCall::add_address:
        return again(&Stack::add_address);
      case StackCall::remove_address:
        return again(&Stack::remove_address);
      case StackCall::add_route:
        return again(&Stack::add_route);
      case StackCall::remove_route:
        return again(&Stack::remove_route);
      case StackCall::set_mtu:
        return again(&Stack::set_mtu);
      case StackCall::receive:
        return again_receive();
      case StackCall::advance:
        return again(&Stack::advance);
      case StackCall::transmit:
        return again_transmit();
      case StackCall::listen:
        return again(&Stack::listen);
      case StackCall::accept:
        return again(&Stack::accept);
      case StackCall::connect:
        return again(&Stack::connect);
      case StackCall::write:
        return again(&Stack::write);
      case StackCall::write_owned:
        return again(&Stack::write_owned);
      case StackCall::read:
        return again_read<Handle, Time>(
            [this](auto to, Handle socket, Time now) { (void)stack_.read(socket, to, now); });
      case StackCall::read_slice:
        return again(&Stack::read_slice);
      case StackCall::peek:
        return again_read<Handle, std::uint32_t>(
            [this](auto to, Handle socket, auto offset) { (void)stack_.peek(socket, to, offset); });
      case StackCall::shutdown:
        return again(&Stack::shutdown);
      case StackCall::close:
        return again(&Stack::close);
      case StackCall::abort:
        return again(&Stack::abort);
      case StackCall::set_options:
        return again(&Stack::set_options);
      case StackCall::mark_urgent:
        return again(&Stack::mark_urgent);
      case StackCall::take_error:
        return again(&Stack::take_error);
      case StackCall::open_udp:
        return again(&Stack::open_udp);
      case StackCall::connect_udp:
        return again(&Stack::connect_udp);
      case StackCall::disconnect_udp:
        return again(&Stack::disconnect_udp);
      case StackCall::send_to:
        return again(&Stack::send_to);
      case StackCall::send_message:
        return again(&Stack::send_message);
      case StackCall::receive_from:
        return again_read<Handle, Time>([this](auto to, Handle socket, Time now) {
          (void)stack_.receive_from(socket, to, now);
        });
      case StackCall::peek_from:
        return again_read<Handle, Time>(
            [this](auto to, Handle socket, Time now) { (void)stack_.peek_from(socket, to, now); });
      case StackCall::set_udp_options:
        return again(&Stack::set_udp_options);
      case StackCall::poll_ready:
        return again(&Stack::poll_ready);
      case StackCall::pick_port:
        return again(&Stack::pick_port);
      case StackCall::set_tcp_settings:
        return again(&Stack::set_tcp_settings);
      case StackCall::forget_servers:
        return again(&Stack::forget_servers);
      case StackCall::listen_again:
        return again(&Stack::listen_again);
    }
    throw WrongCall{"there is no such call"};
  }

  RecordReader reader_;
  std::vector<Port> ports_;  // the Stack may hold frames that they brought: it goes first
  Stack stack_;
  trace::Recorder* watch_;
  RecordedCall recorded_;
  ReplayOutcome outcome_;
  CallDigest digest_;
  Time now_{};
  bool timed_ = false;
  bool heard_ = false;
};

}  // namespace

std::expected<ReplayOutcome, std::string> replay(std::span<const std::byte> bytes,
                                                 trace::Recorder* watch) {
  auto reader = RecordReader::open(bytes);
  if (!reader) return std::unexpected(reader.error());
  auto stack = Stack::create(reader->config());
  if (!stack) {
    return std::unexpected("no Stack can be made from its configuration: " +
                           stack.error().message());
  }
  return Replayer(std::move(*reader), std::move(*stack), watch).run();
}

}  // namespace bowline::inline v0::replay
