#include "bowline/packetdrill/run/control.hpp"

#include <cstring>

#include "bowline/packetdrill/run/arguments.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

std::int64_t field_of(const Expression& expression, const char* name) {
  const Expression* const value = expression.field(name);
  if (value == nullptr) wrong_argument(expression, std::string("a structure with ") + name + "=");
  return number_of(*value, "a number");
}

void check_one(const Expression& expected, const cmsghdr& got) {
  const std::int64_t level = field_of(expected, "cmsg_level");
  const std::int64_t type = field_of(expected, "cmsg_type");
  if (got.cmsg_level != level || got.cmsg_type != type) {
    throw Mismatch("expected a control message of level " + std::to_string(level) + ", type " +
                   std::to_string(type) + ", not " + std::to_string(got.cmsg_level) + ", " +
                   std::to_string(got.cmsg_type));
  }
  const Expression* const data = expected.field("cmsg_data");
  if (data == nullptr || data->kind == ExpressionKind::ellipsis) return;
  const std::int64_t wanted = number_of(*data, "a number, as cmsg_data");
  int value = 0;
  if (got.cmsg_len != CMSG_LEN(sizeof value)) {
    throw Mismatch("expected a number as cmsg_data, not " +
                   std::to_string(got.cmsg_len - CMSG_LEN(0)) + " bytes");
  }
  std::memcpy(&value, CMSG_DATA(&got), sizeof value);
  if (value != wanted) {
    throw Mismatch("expected cmsg_data=" + std::to_string(wanted) + ", not " +
                   std::to_string(value));
  }
}

}  // namespace

std::size_t room_for_control(const Expression* expected) {
  // Of an error or a timestamp that is told with data of its own: the largest there is.
  constexpr std::size_t kMostData = 256;
  std::size_t room = 0;
  if (expected == nullptr) return room;
  for (const Expression& one : expected->items) {
    const Expression* const data = one.field("cmsg_data");
    const bool number = data != nullptr && data->kind == ExpressionKind::integer;
    room += CMSG_SPACE(number ? sizeof(int) : kMostData);
  }
  return room;
}

void check_control(const Expression* expected, const msghdr& got) {
  const std::size_t wanted = expected == nullptr ? 0 : expected->items.size();
  msghdr all = got;
  std::size_t count = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&all); one != nullptr; one = CMSG_NXTHDR(&all, one)) {
    if (count < wanted) check_one(expected->items[count], *one);
    ++count;
  }
  if (count != wanted) {
    throw Mismatch("expected " + std::to_string(wanted) + " control messages, not " +
                   std::to_string(count));
  }
}

}  // namespace bowline::inline v0::packetdrill
