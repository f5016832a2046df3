// Options of sockets and descriptors.

#include <sys/time.h>

#include "bowline/packetdrill/run/call_maker.hpp"

namespace bowline::inline v0::packetdrill {

using sockets::Outcome;

namespace {

// What a script gives setsockopt(): [number], "text", {onoff=, linger=}, {tv_sec=, tv_usec=}.
std::vector<std::byte> option_value(const Expression& expression) {
  std::vector<std::byte> bytes;
  const auto put = [&](const auto& value) {
    const auto* const from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
  };
  if (expression.kind == ExpressionKind::string) {
    const auto* const from = reinterpret_cast<const std::byte*>(expression.text.data());
    bytes.assign(from, from + expression.text.size() + 1);
    return bytes;
  }
  if (expression.kind == ExpressionKind::list) {
    for (const Expression& item : expression.items) {
      put(static_cast<int>(number_of(item, "a number")));
    }
    return bytes;
  }
  const auto field = [&](std::string_view name) {
    const Expression* const value = expression.field(name);
    if (value == nullptr) {
      wrong_argument(expression, "[number], \"text\", {onoff=, linger=} or {tv_sec=, tv_usec=}");
    }
    return number_of(*value, "a number");
  };
  if (expression.kind == ExpressionKind::structure && expression.field("tv_sec") != nullptr) {
    put(timeval{.tv_sec = static_cast<time_t>(field("tv_sec")),
                .tv_usec = static_cast<suseconds_t>(field("tv_usec"))});
  } else {
    put(linger{.l_onoff = static_cast<int>(field("onoff")),
               .l_linger = static_cast<int>(field("linger"))});
  }
  return bytes;
}

std::string printable(const std::byte* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = std::to_integer<unsigned char>(bytes[i]);
    if (byte >= ' ' && byte <= '~') {
      text += static_cast<char>(byte);
    } else {
      text += std::string("\\x") + kDigits[byte >> 4U] + kDigits[byte & 15U];
    }
  }
  return '"' + text + '"';
}

void check_value(const Expression& expected, const std::vector<std::byte>& got,
                 std::size_t length) {
  if (expected.kind == ExpressionKind::ellipsis) return;
  if (expected.kind == ExpressionKind::list && expected.items.size() == 1 && length == 4) {
    int value = 0;
    std::memcpy(&value, got.data(), sizeof value);
    const std::int64_t wanted = bracketed_number(expected, "a number");
    if (static_cast<int>(wanted) != value) {
      throw Mismatch("expected the value " + std::to_string(wanted) + ", not " +
                     std::to_string(value));
    }
    return;
  }
  std::vector<std::byte> wanted = option_value(expected);
  if (expected.kind == ExpressionKind::string) wanted.pop_back();  // its length says where it ends
  if (wanted.size() > length) wanted.resize(length);
  if (wanted.size() == length && std::memcmp(wanted.data(), got.data(), length) == 0) return;
  throw Mismatch("expected the value " + printable(wanted.data(), wanted.size()) + ", not " +
                 printable(got.data(), length));
}

}  // namespace

MadeCall CallMaker::getsockopt(const Arguments& arguments) {
  struct Kept {
    std::vector<std::byte> value;
    socklen_t length = 0;
  };
  const auto expected = bracketed_number(arguments[4], "a length");
  if (expected < 0 || expected > 1 << 16) wrong_argument(arguments[4], "[a length]");
  const auto kept = std::make_shared<Kept>();
  kept->value.resize(static_cast<std::size_t>(expected) + 1);
  kept->length = static_cast<socklen_t>(expected);
  return {.call = table_.getsockopt(fd(arguments), arguments.number(1), arguments.number(2),
                                    kept->value.data(), &kept->length, now_),
          .look = [kept, expected, arguments](const Outcome& done) {
            if (done.value < 0) return;
            if (static_cast<std::int64_t>(kept->length) != expected) {
              throw Mismatch("expected the length " + std::to_string(expected) + ", not " +
                             std::to_string(kept->length));
            }
            check_value(arguments[3], kept->value, kept->length);
          }};
}

MadeCall CallMaker::setsockopt(const Arguments& arguments) {
  std::vector<std::byte> value;
  const bool none =
      arguments[3].kind == ExpressionKind::integer && arguments[3].integer == 0;  // NULL
  if (!none) value = option_value(arguments[3]);
  const int length = arguments.number(4);
  // What stands behind the value is nobody's: a length that is larger reads zeros.
  if (length > 0 && static_cast<std::size_t>(length) > value.size() && length <= 1 << 16) {
    value.resize(static_cast<std::size_t>(length));
  }
  return {.call = table_.setsockopt(fd(arguments), arguments.number(1), arguments.number(2),
                                    none ? nullptr : value.data(), static_cast<socklen_t>(length),
                                    now_)};
}

MadeCall CallMaker::fcntl(const Arguments& arguments) {
  const long argument = arguments.size() == 3 ? arguments.number(2) : 0;
  return {.call = table_.fcntl(fd(arguments), arguments.number(1), argument, now_)};
}
MadeCall CallMaker::ioctl(const Arguments& arguments) {
  const auto value = std::make_shared<int>(0);
  const auto request = static_cast<unsigned long>(static_cast<std::uint32_t>(arguments.number(1)));
  const bool has_value = arguments.size() == 3;
  return {.call = table_.ioctl(fd(arguments), request, value.get(), now_),
          .look = [value, has_value, arguments](const Outcome& done) {
            if (!has_value || done.value < 0) return;
            const std::int64_t expected = bracketed_number(arguments[2], "a number");
            if (expected == *value) return;
            throw Mismatch("expected the value " + std::to_string(expected) + ", not " +
                           std::to_string(*value));
          }};
}

}  // namespace bowline::inline v0::packetdrill
