#pragma once

// Values of the little language inside %{ }%.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace bowline::inline v0::packetdrill::code {

struct Value;

/// (a, b), [a, b].
using Items = std::vector<Value>;

/// A number, a string, several values, or None. True and False are 1 and 0.
struct Value {
  std::variant<std::monostate, std::int64_t, double, std::string, Items> is;  ///< what it is

  Value() = default;                                ///< None.
  Value(std::int64_t number) : is(number) {}        // NOLINT(google-explicit-constructor)
  Value(double number) : is(number) {}              // NOLINT(google-explicit-constructor)
  Value(std::string text) : is(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Value(Items items) : is(std::move(items)) {}      // NOLINT(google-explicit-constructor)

  /// Does it count as true? 0, "", () and None do not.
  [[nodiscard]] bool truth() const noexcept;
  /// "a number", "a string", ...
  [[nodiscard]] const char* type() const noexcept;
};

/// As print() writes it; strings inside tuples with quotes.
[[nodiscard]] std::string to_text(const Value& value, bool quoted = false);

}  // namespace bowline::inline v0::packetdrill::code
