#include "bowline/packetdrill/code/operators.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <optional>

namespace bowline::inline v0::packetdrill::code {
namespace {

constexpr std::size_t kMaxText = 1U << 16;  // of a string that is made here

[[noreturn]] void fail(Position position, const std::string& message) {
  throw EvaluationError(position, message);
}

const std::int64_t* integer(const Value& value) noexcept {
  return std::get_if<std::int64_t>(&value.is);
}

// Either kind of number as a double.
std::optional<double> real(const Value& value) noexcept {
  if (const auto* const whole = integer(value)) return static_cast<double>(*whole);
  if (const auto* const part = std::get_if<double>(&value.is)) return *part;
  return std::nullopt;
}

[[noreturn]] void overflow(Position position) { fail(position, "the number is too large"); }

std::int64_t floor_divide(std::int64_t a, std::int64_t b, Position position) {
  if (b == 0) fail(position, "division by zero");
  if (b == -1) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, a, &result)) overflow(position);
    return result;
  }
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::int64_t power(std::int64_t base, std::int64_t exponent, Position position) {
  if (exponent < 0) fail(position, "a negative exponent");
  std::int64_t result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) {
    if (base == 0 || base == 1) return base;
    if (__builtin_mul_overflow(result, base, &result)) overflow(position);
  }
  return result;
}

Value integers(std::string_view sign, std::int64_t a, std::int64_t b, Position position) {
  std::int64_t result = 0;
  if (sign == "+") {
    if (__builtin_add_overflow(a, b, &result)) overflow(position);
  } else if (sign == "-") {
    if (__builtin_sub_overflow(a, b, &result)) overflow(position);
  } else if (sign == "*") {
    if (__builtin_mul_overflow(a, b, &result)) overflow(position);
  } else if (sign == "/") {
    if (b == 0) fail(position, "division by zero");
    return static_cast<double>(a) / static_cast<double>(b);
  } else if (sign == "//") {
    result = floor_divide(a, b, position);
  } else if (sign == "%") {
    const std::int64_t quotient = floor_divide(a, b, position);
    result = b == -1 ? 0 : a - quotient * b;
  } else if (sign == "**") {
    result = power(a, b, position);
  } else if (sign == "|") {
    result = a | b;
  } else if (sign == "&") {
    result = a & b;
  } else if (sign == "^") {
    result = a ^ b;
  } else {
    if (b < 0 || b > 62) fail(position, "a shift by " + std::to_string(b));
    if (sign == ">>") return a >> b;
    if (__builtin_mul_overflow(a, std::int64_t{1} << b, &result)) overflow(position);
  }
  return result;
}

std::optional<Value> reals(std::string_view sign, double a, double b, Position position) {
  if (sign == "+") return a + b;
  if (sign == "-") return a - b;
  if (sign == "*") return a * b;
  if (sign == "**") return std::pow(a, b);
  if (sign != "/" && sign != "//" && sign != "%") return std::nullopt;
  if (b == 0) fail(position, "division by zero");
  if (sign == "/") return a / b;
  if (sign == "//") return std::floor(a / b);
  return a - std::floor(a / b) * b;
}

// 'cwnd=%d' % value, with %d %i %u %s %x %f %%; widths are passed over.
std::string format(const std::string& text, const Value& value, Position position) {
  const auto* const several = std::get_if<Items>(&value.is);
  std::size_t used = 0;
  const auto next = [&]() -> const Value& {
    if (several == nullptr) {
      if (used++ > 0) fail(position, "fewer values than places in the string");
      return value;
    }
    if (used == several->size()) fail(position, "fewer values than places in the string");
    return (*several)[used++];
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    ++i;
    while (i < text.size() && (text[i] == '.' || text[i] == '-' || text[i] == '#' ||
                               (text[i] >= '0' && text[i] <= '9'))) {
      ++i;
    }
    if (i == text.size()) fail(position, "the string ends within %");
    if (text[i] == '%') {
      result += '%';
    } else if (text[i] == 'x') {
      const Value& one = next();
      if (integer(one) == nullptr) fail(position, "%x needs a whole number");
      char digits[20];
      const auto end = std::to_chars(std::begin(digits), std::end(digits), *integer(one), 16);
      result.append(digits, end.ptr);
    } else if (std::string_view("diusfr").find(text[i]) != std::string_view::npos) {
      const Value& one = next();
      if (text[i] != 's' && text[i] != 'r' && !real(one)) {
        fail(position, std::string("%") + text[i] + " needs a number");
      }
      result += to_text(one, text[i] == 'r');
    } else {
      fail(position, std::string("%") + text[i] + " is not understood");
    }
  }
  if (several != nullptr && used != several->size()) {
    fail(position, "more values than places in the string");
  }
  return result;
}

std::partial_ordering order(const Value& left, const Value& right, Position position) {
  if (integer(left) != nullptr && integer(right) != nullptr)
    return *integer(left) <=> *integer(right);
  if (real(left) && real(right)) return *real(left) <=> *real(right);
  const auto* const a = std::get_if<std::string>(&left.is);
  const auto* const b = std::get_if<std::string>(&right.is);
  if (a == nullptr || b == nullptr) {
    fail(position, std::string(left.type()) + " and " + right.type() + " cannot be compared");
  }
  return *a <=> *b;
}

bool equal(const Value& left, const Value& right) {
  if (integer(left) != nullptr && integer(right) != nullptr)
    return *integer(left) == *integer(right);
  if (real(left) && real(right)) return *real(left) == *real(right);
  if (left.is.index() != right.is.index()) return false;
  if (const auto* const items = std::get_if<Items>(&left.is)) {
    return std::ranges::equal(*items, std::get<Items>(right.is), equal);
  }
  if (const auto* const text = std::get_if<std::string>(&left.is)) {
    return *text == std::get<std::string>(right.is);
  }
  return true;
}

bool contains(const Value& all, const Value& one, Position position) {
  if (const auto* const items = std::get_if<Items>(&all.is)) {
    return std::ranges::any_of(*items, [&](const Value& item) { return equal(item, one); });
  }
  const auto* const text = std::get_if<std::string>(&all.is);
  const auto* const part = std::get_if<std::string>(&one.is);
  if (text == nullptr || part == nullptr) fail(position, "'in' needs several values behind it");
  return text->find(*part) != std::string::npos;
}

const Value& only(const Items& arguments, std::string_view name, Position position) {
  if (arguments.size() != 1) fail(position, std::string(name) + "() takes one value");
  return arguments[0];
}

Value extreme(const Items& arguments, bool largest, Position position) {
  const auto* const inner = arguments.size() == 1 ? std::get_if<Items>(&arguments[0].is) : nullptr;
  const Items& values = inner != nullptr ? *inner : arguments;
  if (values.empty()) fail(position, "min() and max() need at least one value");
  const Value* best = &values[0];
  for (const Value& value : values) {
    const auto against = order(value, *best, position);
    if (largest ? against > 0 : against < 0) best = &value;
  }
  return *best;
}

Value to_integer(const Value& value, Position position) {
  if (integer(value) != nullptr) return value;
  if (const auto* const part = std::get_if<double>(&value.is)) {
    if (!(std::abs(*part) < 9e18)) overflow(position);
    return static_cast<std::int64_t>(*part);
  }
  const auto* const text = std::get_if<std::string>(&value.is);
  std::int64_t result = 0;
  if (text != nullptr) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), result);
    if (error == std::errc{} && end == text->data() + text->size()) return result;
  }
  fail(position, "int() needs a number");
}

}  // namespace

Value operate(std::string_view sign, const Value& value, Position position) {
  if (sign == "not") return std::int64_t{value.truth() ? 0 : 1};
  if (const auto* const whole = integer(value)) {
    if (sign == "~") return ~*whole;
    return sign == "+" ? value : integers("-", 0, *whole, position);
  }
  if (const auto* const part = std::get_if<double>(&value.is); part != nullptr && sign != "~") {
    return sign == "+" ? *part : -*part;
  }
  fail(position, "'" + std::string(sign) + "' in front of " + value.type());
}

Value operate(std::string_view sign, const Value& left, const Value& right, Position position) {
  const auto* const text = std::get_if<std::string>(&left.is);
  if (text != nullptr && sign == "%") return format(*text, right, position);
  if (text != nullptr && sign == "+") {
    if (const auto* const more = std::get_if<std::string>(&right.is)) {
      if (text->size() + more->size() > kMaxText) fail(position, "the string is too long");
      return *text + *more;
    }
  }
  if (integer(left) != nullptr && integer(right) != nullptr) {
    return integers(sign, *integer(left), *integer(right), position);
  }
  if (real(left) && real(right)) {
    if (auto result = reals(sign, *real(left), *real(right), position)) return *result;
  }
  fail(position, "'" + std::string(sign) + "' between " + left.type() + " and " + right.type());
}

bool holds(std::string_view sign, const Value& left, const Value& right, Position position) {
  if (sign == "==") return equal(left, right);
  if (sign == "!=") return !equal(left, right);
  if (sign == "in") return contains(right, left, position);
  if (sign == "not in") return !contains(right, left, position);
  const std::partial_ordering is = order(left, right, position);
  if (sign == "<") return is < 0;
  if (sign == "<=") return is <= 0;
  if (sign == ">") return is > 0;
  return is >= 0;
}

Value apply(std::string_view name, const Items& arguments, Position position) {
  if (name == "min" || name == "max") return extreme(arguments, name == "max", position);
  const Value& value = only(arguments, name, position);
  if (name == "str") return to_text(value);
  if (name == "bool") return std::int64_t{value.truth() ? 1 : 0};
  if (name == "int") return to_integer(value, position);
  if (name == "len") {
    if (const auto* const text = std::get_if<std::string>(&value.is)) {
      return static_cast<std::int64_t>(text->size());
    }
    if (const auto* const items = std::get_if<Items>(&value.is)) {
      return static_cast<std::int64_t>(items->size());
    }
    fail(position, "len() needs a string or several values");
  }
  if (!real(value)) fail(position, std::string(name) + "() needs a number");
  if (name == "float") return *real(value);
  if (name == "round") {
    return integer(value) != nullptr ? value : to_integer(std::nearbyint(*real(value)), position);
  }
  if (integer(value) == nullptr) return std::abs(*real(value));  // abs()
  return *integer(value) < 0 ? integers("-", 0, *integer(value), position) : value;
}

Value element(const Value& value, const Value& index, Position position) {
  const auto* const items = std::get_if<Items>(&value.is);
  if (items == nullptr || integer(index) == nullptr) {
    fail(position, "[] needs several values and a whole number");
  }
  std::int64_t at = *integer(index);
  if (at < 0) at += static_cast<std::int64_t>(items->size());
  if (at < 0 || at >= static_cast<std::int64_t>(items->size())) {
    fail(position, "there is no element " + std::to_string(*integer(index)));
  }
  return (*items)[static_cast<std::size_t>(at)];
}

bool Value::truth() const noexcept {
  if (const auto* const number = std::get_if<std::int64_t>(&is)) return *number != 0;
  if (const auto* const number = std::get_if<double>(&is)) return *number != 0;
  if (const auto* const text = std::get_if<std::string>(&is)) return !text->empty();
  if (const auto* const items = std::get_if<Items>(&is)) return !items->empty();
  return false;
}

const char* Value::type() const noexcept {
  constexpr const char* kNames[] = {"None", "a number", "a decimal number", "a string",
                                    "several values"};
  return kNames[is.index()];
}

std::string to_text(const Value& value, bool quoted) {
  if (const auto* const number = std::get_if<std::int64_t>(&value.is)) {
    return std::to_string(*number);
  }
  if (const auto* const number = std::get_if<double>(&value.is)) {
    char digits[40];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), *number);
    std::string text(digits, end.ptr);
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return text;
  }
  if (const auto* const text = std::get_if<std::string>(&value.is)) {
    return quoted ? "'" + *text + "'" : *text;
  }
  const auto* const items = std::get_if<Items>(&value.is);
  if (items == nullptr) return "None";
  std::string text = "(";
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (i > 0) text += ", ";
    text += to_text((*items)[i], true);
  }
  return text + (items->size() == 1 ? ",)" : ")");
}

}  // namespace bowline::inline v0::packetdrill::code
