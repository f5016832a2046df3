#pragma once

// Replies of DHCP servers, honest and not, written option by option: for tests.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/dhcp/message.hpp"

namespace bowline::inline v0::dhcp::testing {

inline constexpr wire::MacAddress kMac{std::byte{2},    std::byte{0},    std::byte{0},
                                       std::byte{0x5e}, std::byte{0x10}, std::byte{7}};

inline IpAddress v4(std::string_view text) { return IpAddress::parse(text).value(); }

/// A reply; options go where the last field() said, at first into the options field.
class ReplyBuilder {
 public:
  enum Field : std::size_t { kName = 44, kFile = 108, kOptions = 240 };

  ReplyBuilder(std::uint32_t transaction, std::string_view address) : bytes_(kOptions) {
    bytes_[0] = std::byte{2};
    bytes_[1] = std::byte{1};
    bytes_[2] = std::byte{6};
    store_be<std::uint32_t>(&bytes_[4], transaction);
    store_be<std::uint32_t>(&bytes_[16], v4(address).v4_value());
    hardware(kMac);
    store_be<std::uint32_t>(&bytes_[236], 0x6382'5363);
  }

  ReplyBuilder& hardware(const wire::MacAddress& mac) {
    std::copy(mac.begin(), mac.end(), bytes_.begin() + 28);
    return *this;
  }
  /// Overwrites one byte.
  ReplyBuilder& set(std::size_t at, unsigned value) {
    bytes_[at] = static_cast<std::byte>(value);
    return *this;
  }
  /// Further options go into this field (sname, file, options), from its start.
  ReplyBuilder& field(Field to) {
    at_ = to;
    return *this;
  }
  ReplyBuilder& byte(unsigned value) {
    if (at_ >= kOptions && bytes_.size() == at_) bytes_.emplace_back();
    bytes_.at(at_++) = static_cast<std::byte>(value);
    return *this;
  }
  ReplyBuilder& option(unsigned code, std::initializer_list<unsigned> value) {
    byte(code).byte(static_cast<unsigned>(value.size()));
    for (const unsigned each : value) byte(each);
    return *this;
  }
  ReplyBuilder& text(unsigned code, std::string_view value) {
    byte(code).byte(static_cast<unsigned>(value.size()));
    for (const char each : value) byte(static_cast<unsigned char>(each));
    return *this;
  }
  ReplyBuilder& number(unsigned code, std::uint32_t value) {
    return option(code, {value >> 24U, value >> 16U & 0xffU, value >> 8U & 0xffU, value & 0xffU});
  }
  ReplyBuilder& address(unsigned code, std::string_view text) {
    return number(code, v4(text).v4_value());
  }
  ReplyBuilder& type(MessageType type) { return option(53, {static_cast<unsigned>(type)}); }
  ReplyBuilder& end() { return byte(255); }

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t at_ = kOptions;
};

/// What an honest server says: an hour, a mask, a router, a name server.
inline ReplyBuilder honest(MessageType type, std::uint32_t transaction,
                           std::string_view address = "10.77.0.50",
                           std::string_view server = "10.77.0.1") {
  ReplyBuilder reply(transaction, address);
  reply.type(type).address(54, server).number(51, 3600).address(1, "255.255.255.0");
  reply.address(3, "10.77.0.1").address(6, "10.77.0.1");
  return reply;
}

}  // namespace bowline::inline v0::dhcp::testing
