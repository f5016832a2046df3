#include "bowline/asio/error.hpp"

#include <algorithm>
#include <array>
#include <boost/system/errc.hpp>

namespace bowline::inline v0::net {
namespace {

struct Row {
  std::errc ours;
  boost::system::error_code theirs;
};

boost::system::error_code system_error(boost::system::errc::errc_t value) noexcept {
  return {static_cast<int>(value), boost::system::system_category()};
}

const std::array kTable{
    Row{std::errc::permission_denied, boost::asio::error::access_denied},
    Row{std::errc::address_family_not_supported, boost::asio::error::address_family_not_supported},
    Row{std::errc::address_in_use, boost::asio::error::address_in_use},
    // Asio has no name of its own for this one; its programs meet the plain errno.
    Row{std::errc::address_not_available, system_error(boost::system::errc::address_not_available)},
    Row{std::errc::already_connected, boost::asio::error::already_connected},
    Row{std::errc::bad_file_descriptor, boost::asio::error::bad_descriptor},
    Row{std::errc::broken_pipe, boost::asio::error::broken_pipe},
    Row{std::errc::connection_aborted, boost::asio::error::connection_aborted},
    Row{std::errc::connection_already_in_progress, boost::asio::error::already_started},
    Row{std::errc::connection_refused, boost::asio::error::connection_refused},
    Row{std::errc::connection_reset, boost::asio::error::connection_reset},
    Row{std::errc::destination_address_required,
        system_error(boost::system::errc::destination_address_required)},
    Row{std::errc::host_unreachable, boost::asio::error::host_unreachable},
    Row{std::errc::invalid_argument, boost::asio::error::invalid_argument},
    Row{std::errc::message_size, boost::asio::error::message_size},
    Row{std::errc::network_down, boost::asio::error::network_down},
    Row{std::errc::network_reset, boost::asio::error::network_reset},
    Row{std::errc::network_unreachable, boost::asio::error::network_unreachable},
    Row{std::errc::no_buffer_space, boost::asio::error::no_buffer_space},
    Row{std::errc::no_protocol_option, boost::asio::error::no_protocol_option},
    Row{std::errc::not_connected, boost::asio::error::not_connected},
    Row{std::errc::not_enough_memory, boost::asio::error::no_memory},
    Row{std::errc::operation_canceled, boost::asio::error::operation_aborted},
    Row{std::errc::operation_in_progress, boost::asio::error::in_progress},
    Row{std::errc::operation_not_permitted, boost::asio::error::no_permission},
    Row{std::errc::operation_not_supported, boost::asio::error::operation_not_supported},
    Row{std::errc::operation_would_block, boost::asio::error::would_block},
    Row{std::errc::protocol_error, system_error(boost::system::errc::protocol_error)},
    Row{std::errc::timed_out, boost::asio::error::timed_out},
};

}  // namespace

boost::system::error_code to_asio(std::error_code error) noexcept {
  if (!error) return {};
  const auto* const row = std::find_if(kTable.begin(), kTable.end(), [&](const Row& candidate) {
    return std::make_error_code(candidate.ours) == error;
  });
  if (row != kTable.end()) return row->theirs;
  return {error.value(), boost::system::generic_category()};
}

}  // namespace bowline::inline v0::net
