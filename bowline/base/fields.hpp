#pragma once

// Lists of a plain struct's fields that cannot be incomplete.
//
// Where a struct of settings is written down field by field, a field that is added later would be
// forgotten. Here the compiler counts them: an aggregate takes as many initialisers as it has
// fields, and a list of another length does not compile.

#include <cstddef>
#include <cstdlib>
#include <utility>

namespace bowline::inline v0 {

namespace detail {

struct Anything {
  explicit constexpr Anything(std::size_t) noexcept {}
  template <class T>
  operator T() const noexcept {
    std::abort();  // never called: only whether it could be is asked
  }
};

template <class T, std::size_t... I>
consteval bool takes_initialisers(std::index_sequence<I...>) {
  return requires { T{Anything(I)...}; };
}

}  // namespace detail

/// How many fields the aggregate T has, of `Most` at most. None of them may be a C array.
template <class T, std::size_t Most = 128>
consteval std::size_t field_count() {
  if constexpr (Most == 0) {
    return 0;
  } else if constexpr (detail::takes_initialisers<T>(std::make_index_sequence<Most>())) {
    return Most;
  } else {
    return field_count<T, Most - 1>();
  }
}

/// Does not compile unless `fields` are as many as T has, but for `LeftOut`: each has to be there
/// once.
template <class T, std::size_t LeftOut = 0, class... Field>
constexpr void check_fields(const Field&... /*fields*/) noexcept {
  static_assert(sizeof...(Field) + LeftOut == field_count<T>(),
                "a field was added to this struct or taken away: change the list at the line that "
                "this was required from");
}

/// Visits `fields`, which are all that T has (base/visit.hpp).
template <class T, class V, class... Field>
void visit_fields(V& v, Field&... fields) {
  check_fields<T>(fields...);
  v(fields...);
}

}  // namespace bowline::inline v0
