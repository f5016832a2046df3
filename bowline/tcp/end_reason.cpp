#include "bowline/tcp/end_reason.hpp"

namespace bowline::inline v0::tcp {

std::string_view name(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::none:
      return "open";
    case EndReason::orderly:
      return "finished in order";
    case EndReason::reset:
      return "reset by the peer";
    case EndReason::refused:
      return "refused by the peer";
    case EndReason::timed_out:
      return "timed out";
    case EndReason::unreachable:
      return "unreachable";
    case EndReason::keepalive_failed:
      return "keepalive failed";
    case EndReason::aborted:
      return "aborted";
    case EndReason::no_resources:
      return "out of resources";
  }
  return "";
}

std::error_code error_of(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::none:
    case EndReason::orderly:
      return {};
    case EndReason::reset:
      return std::make_error_code(std::errc::connection_reset);
    case EndReason::refused:
      return std::make_error_code(std::errc::connection_refused);
    case EndReason::timed_out:
    case EndReason::keepalive_failed:
      return std::make_error_code(std::errc::timed_out);
    case EndReason::unreachable:
      return std::make_error_code(std::errc::host_unreachable);
    case EndReason::aborted:
      return std::make_error_code(std::errc::connection_aborted);
    case EndReason::no_resources:
      return std::make_error_code(std::errc::no_buffer_space);
  }
  return {};
}

}  // namespace bowline::inline v0::tcp
