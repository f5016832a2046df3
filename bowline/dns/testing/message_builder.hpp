#pragma once

// Responses written field by field, as a server would or would not: for tests.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/dns/message.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dns::testing {

/// A name from text that is one.
inline Name name(std::string_view text) { return Name::parse(text).value(); }

/// Appends what a message consists of; counts are kept by itself until they are lied about.
class MessageBuilder {
 public:
  static constexpr unsigned kResponse = 0x8180;  // with recursion desired and available
  static constexpr unsigned kTruncated = 0x0200;

  explicit MessageBuilder(std::uint16_t id, unsigned flags = kResponse) {
    u16(id).u16(flags).u16(0).u16(0).u16(0).u16(0);
  }

  MessageBuilder& u8(unsigned value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  MessageBuilder& u16(unsigned value) { return u8(value >> 8U & 0xffU).u8(value & 0xffU); }
  MessageBuilder& u32(std::uint32_t value) { return u16(value >> 16U).u16(value & 0xffffU); }
  MessageBuilder& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  MessageBuilder& label(std::string_view text) {
    return u8(static_cast<unsigned>(text.size())).raw(std::as_bytes(std::span(text)));
  }
  MessageBuilder& pointer(std::size_t to) { return u16(0xc000U | static_cast<unsigned>(to)); }

  /// The question; `question.name` as it is spelled.
  MessageBuilder& question(const Question& question) {
    count(4);
    raw(question.name.wire());
    return u16(static_cast<unsigned>(question.type)).u16(kClassIn);
  }
  /// A record's head and data, into the answer section (6), the authority section (8) or the
  /// additional one (10).
  MessageBuilder& record(std::size_t section, const Name& owner, Type type, std::uint32_t ttl,
                         std::span<const std::byte> data) {
    count(section);
    raw(owner.wire()).u16(static_cast<unsigned>(type)).u16(kClassIn).u32(ttl);
    return u16(static_cast<unsigned>(data.size())).raw(data);
  }
  MessageBuilder& address(std::string_view owner, std::string_view text, std::uint32_t ttl = 300) {
    const IpAddress address = IpAddress::parse(text).value();
    return record(6, name(owner), address.is_v4() ? Type::a : Type::aaaa, ttl, address.bytes());
  }
  MessageBuilder& alias(std::string_view owner, std::string_view target, std::uint32_t ttl = 300) {
    return record(6, name(owner), Type::cname, ttl, name(target).wire());
  }
  MessageBuilder& soa(std::string_view zone, std::uint32_t ttl, std::uint32_t minimum) {
    std::vector<std::byte> data;
    for (const std::string_view each : {"ns.example.org", "root.example.org"}) {
      const Name server = name(each);
      data.insert(data.end(), server.wire().begin(), server.wire().end());
    }
    data.resize(data.size() + 20);
    store_be<std::uint32_t>(data.data() + data.size() - 4, minimum);
    return record(8, name(zone), Type::soa, ttl, data);
  }

  /// Says in the header that `section` (4 question, 6, 8, 10) has `count` entries.
  MessageBuilder& lie(std::size_t section, std::uint16_t count) {
    store_be<std::uint16_t>(bytes_.data() + section, count);
    return *this;
  }
  /// One more in `section`.
  MessageBuilder& count(std::size_t section) {
    return lie(section,
               static_cast<std::uint16_t>(load_be<std::uint16_t>(bytes_.data() + section) + 1));
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace bowline::inline v0::dns::testing
