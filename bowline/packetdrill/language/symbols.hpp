#pragma once

// The names of numbers: constants of the socket interface and of errno, with Linux's values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bowline::inline v0::packetdrill {

/// The value of a constant ("SOCK_STREAM", "TCP_NODELAY", "EAGAIN").
[[nodiscard]] std::optional<std::int64_t> symbol(std::string_view name) noexcept;

/// The errno that `name` means.
[[nodiscard]] std::optional<int> error_number(std::string_view name) noexcept;

/// "EAGAIN (Resource temporarily unavailable)"; a number where there is no name.
[[nodiscard]] std::string error_text(int error);

/// Is there a system call of this name that a script can make?
[[nodiscard]] bool is_call(std::string_view name) noexcept;

}  // namespace bowline::inline v0::packetdrill
