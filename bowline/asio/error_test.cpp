#include "bowline/asio/error.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <system_error>

namespace bowline::net {
namespace {

boost::system::error_code mapped(std::errc error) { return to_asio(std::make_error_code(error)); }

TEST(AsioError, HowConnectionsEndIsWhatAsioProgramsCompareWith) {
  EXPECT_EQ(mapped(std::errc::connection_reset), boost::asio::error::connection_reset);
  EXPECT_EQ(mapped(std::errc::connection_refused), boost::asio::error::connection_refused);
  EXPECT_EQ(mapped(std::errc::connection_aborted), boost::asio::error::connection_aborted);
  EXPECT_EQ(mapped(std::errc::timed_out), boost::asio::error::timed_out);
  EXPECT_EQ(mapped(std::errc::host_unreachable), boost::asio::error::host_unreachable);
  EXPECT_EQ(mapped(std::errc::broken_pipe), boost::asio::error::broken_pipe);
  EXPECT_EQ(mapped(std::errc::not_connected), boost::asio::error::not_connected);
  EXPECT_EQ(mapped(std::errc::address_in_use), boost::asio::error::address_in_use);
  EXPECT_EQ(mapped(std::errc::operation_would_block), boost::asio::error::would_block);
  EXPECT_EQ(mapped(std::errc::bad_file_descriptor), boost::asio::error::bad_descriptor);
}

TEST(AsioError, BothOfBoostsNamesCompareEqual) {
  EXPECT_EQ(mapped(std::errc::connection_reset), boost::system::errc::connection_reset);
  EXPECT_EQ(mapped(std::errc::address_not_available), boost::system::errc::address_not_available);
}

TEST(AsioError, AValueLooksAsItDoesFromTheKernel) {
  EXPECT_EQ(mapped(std::errc::connection_refused).category(), boost::system::system_category());
  EXPECT_EQ(mapped(std::errc::address_not_available).category(), boost::system::system_category());
}

TEST(AsioError, NoErrorStaysNone) { EXPECT_FALSE(to_asio(std::error_code())); }

TEST(AsioError, WhatIsNotInTheTableKeepsItsNumber) {
  const auto error = mapped(std::errc::filename_too_long);
  EXPECT_EQ(error.value(), static_cast<int>(std::errc::filename_too_long));
  EXPECT_EQ(error, boost::system::errc::filename_too_long);
}

}  // namespace
}  // namespace bowline::net
