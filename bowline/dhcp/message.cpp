#include "bowline/dhcp/message.hpp"

#include <algorithm>
#include <array>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::dhcp {
namespace {

constexpr std::uint8_t kBootRequest = 1;
constexpr std::uint8_t kBootReply = 2;
constexpr std::uint8_t kEthernet = 1;  // hardware type
constexpr std::uint8_t kMacSize = 6;
constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::uint32_t kCookie = 0x6382'5363;
constexpr std::size_t kNameSize = 64;   // sname
constexpr std::size_t kFileSize = 128;  // file
constexpr std::size_t kNameAt = 44;
constexpr std::size_t kFileAt = kNameAt + kNameSize;

enum Option : std::uint8_t {
  kPad = 0,
  kSubnetMask = 1,
  kRouter = 3,
  kNameServer = 6,
  kHostName = 12,
  kDomainName = 15,
  kMtu = 26,
  kBroadcastAddress = 28,
  kRequestedAddress = 50,
  kLeaseTime = 51,
  kOverload = 52,
  kMessageType = 53,
  kServer = 54,
  kParameters = 55,
  kMaxSize = 57,
  kRenewal = 58,
  kRebinding = 59,
  kClientId = 61,
  kEnd = 255,
};

// What is asked for, in the order in which it matters.
constexpr std::array kAskedFor{kSubnetMask,       kRouter,    kNameServer, kDomainName, kMtu,
                               kBroadcastAddress, kLeaseTime, kRenewal,    kRebinding};

// ---- writing -----------------------------------------------------------------------------------

void put_address(wire::Writer& writer, Option option, const IpAddress& address) noexcept {
  writer.u8(option);
  writer.u8(4);
  writer.bytes(address.bytes());
}

void put_options(wire::Writer& writer, const Request& request) noexcept {
  writer.u8(kMessageType);
  writer.u8(1);
  writer.u8(static_cast<std::uint8_t>(request.type));
  writer.u8(kClientId);  // RFC 2132 section 9.14: hardware type and address
  writer.u8(1 + kMacSize);
  writer.u8(kEthernet);
  writer.bytes(request.hardware);
  if (request.requested) put_address(writer, kRequestedAddress, *request.requested);
  if (request.server) put_address(writer, kServer, *request.server);
  const bool asks = request.type == MessageType::discover || request.type == MessageType::request;
  if (asks) {  // RFC 2131 table 5: the others must not have these
    writer.u8(kMaxSize);
    writer.u8(2);
    writer.u16(kLargestReply);
    const std::string_view name = request.host_name.substr(0, 63);
    if (!name.empty()) {
      writer.u8(kHostName);
      writer.u8(static_cast<std::uint8_t>(name.size()));
      writer.bytes(std::as_bytes(std::span(name)));
    }
    writer.u8(kParameters);
    writer.u8(static_cast<std::uint8_t>(kAskedFor.size()));
    for (const Option option : kAskedFor) writer.u8(option);
  }
  writer.u8(kEnd);
}

// ---- reading -----------------------------------------------------------------------------------

// The value of one option, its parts joined (RFC 3396). Longer than any that has a meaning here:
// the rest is left out.
using Value = FixedVector<std::byte, 255>;

// The fields with options, in the order in which their parts are joined (RFC 3396 section 5).
struct Fields {
  FixedVector<std::span<const std::byte>, 3> all;

  // Calls f(option, value) for each option up to the end of each field. False: one is cut off.
  template <class F>
  [[nodiscard]] bool walk(F&& f) const noexcept {
    for (const std::span<const std::byte> field : all) {
      wire::Cursor cursor(field);
      while (cursor.remaining() > 0) {
        const std::uint8_t option = cursor.u8();
        if (option == kPad) continue;
        if (option == kEnd) break;
        const auto value = cursor.bytes(cursor.u8());
        if (!cursor.ok()) return false;
        f(option, value);
      }
    }
    return true;
  }
  [[nodiscard]] Value value(Option wanted) const noexcept {
    Value joined;
    static_cast<void>(walk([&](std::uint8_t option, std::span<const std::byte> part) {
      if (option != wanted) return;
      for (const std::byte byte : part) joined.push_back(byte);
    }));
    return joined;
  }
};

/// Takes numbers, addresses and texts out of the options, and remembers the first that is wrong.
class OptionReader {
 public:
  explicit OptionReader(const Fields& fields) noexcept : fields_(fields) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }

  template <class T>
  [[nodiscard]] std::optional<T> number(Option option) noexcept {
    const Value value = fields_.value(option);
    if (value.empty()) return absent<T>(option);
    if (value.size() != sizeof(T)) {
      ok_ = false;
      return std::nullopt;
    }
    return load_be<T>(value.begin());
  }
  [[nodiscard]] std::optional<IpAddress> address(Option option) noexcept {
    const auto value = number<std::uint32_t>(option);
    return value ? std::optional(IpAddress::v4(*value)) : std::nullopt;
  }
  template <std::size_t N>
  void addresses(Option option, FixedVector<IpAddress, N>& to) noexcept {
    const Value value = fields_.value(option);
    ok_ = ok_ && value.size() % 4 == 0 && (!value.empty() || !is_there(option));
    for (std::size_t at = 0; at + 4 <= value.size(); at += 4) {
      const IpAddress each = IpAddress::v4(load_be<std::uint32_t>(value.begin() + at));
      if (!to.contains(each) && !to.push_back(each)) return;
    }
  }
  // A host or domain name; one with other characters is none (it would end up in a shell, a file or
  // on a terminal).
  [[nodiscard]] NameText name(Option option) noexcept {
    NameText text;
    for (const std::byte byte : fields_.value(option)) {
      const char c = static_cast<char>(byte);
      if (c == '\0') break;  // some servers end it like C
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (!plain || !text.push_back(c)) return {};
    }
    return text;
  }

 private:
  // An option of no bytes where there must be some.
  template <class T>
  std::optional<T> absent(Option option) noexcept {
    if (is_there(option)) ok_ = false;
    return std::nullopt;
  }
  [[nodiscard]] bool is_there(Option wanted) const noexcept {
    bool found = false;
    static_cast<void>(fields_.walk(
        [&](std::uint8_t option, std::span<const std::byte>) { found |= option == wanted; }));
    return found;
  }

  const Fields& fields_;
  bool ok_ = true;
};

// RFC 2131 section 4.1: the options field, then by option 52, which must stand there, the others.
std::expected<Fields, Drop> find_fields(std::span<const std::byte> message) noexcept {
  Fields fields;
  fields.all.push_back(message.subspan(kFixedSize));
  bool is_there = false;
  if (!fields.walk([&](std::uint8_t option, auto) { is_there |= option == kOverload; })) {
    return std::unexpected(Drop::truncated_option);
  }
  if (!is_there) return fields;
  const Value overload = fields.value(kOverload);
  const unsigned which = overload.size() == 1 ? std::to_integer<unsigned>(overload[0]) : 0;
  if (which < 1 || which > 3) return std::unexpected(Drop::bad_overload);
  if ((which & 1U) != 0) fields.all.push_back(message.subspan(kFileAt, kFileSize));
  if ((which & 2U) != 0) fields.all.push_back(message.subspan(kNameAt, kNameSize));
  if (!fields.walk([](std::uint8_t, auto) {})) return std::unexpected(Drop::truncated_option);
  if (fields.value(kOverload).size() != 1) return std::unexpected(Drop::bad_overload);
  return fields;
}

bool is_servers(MessageType type) noexcept {
  return type == MessageType::offer || type == MessageType::ack || type == MessageType::nak;
}

}  // namespace

std::size_t emit(std::span<std::byte, kLargestRequest> to, const Request& request) noexcept {
  wire::Writer writer(to);
  writer.u8(kBootRequest);
  writer.u8(kEthernet);
  writer.u8(kMacSize);
  writer.u8(0);  // hops
  writer.u32(request.transaction);
  writer.u16(request.seconds);
  writer.u16(request.broadcast ? kBroadcastFlag : 0);
  writer.bytes(request.address.bytes());
  writer.u32(0);  // yiaddr
  writer.u32(0);  // siaddr
  writer.u32(0);  // giaddr
  writer.bytes(request.hardware);
  writer.fill(16 - kMacSize, std::byte{0});
  writer.fill(kNameSize + kFileSize, std::byte{0});
  writer.u32(kCookie);
  put_options(writer, request);
  if (writer.size() < kSmallestMessage) {
    writer.fill(kSmallestMessage - writer.size(), std::byte{0});
  }
  return writer.size();
}

std::expected<Reply, Drop> parse(std::span<const std::byte> message) noexcept {
  if (message.size() < kFixedSize) return std::unexpected(Drop::truncated);
  wire::Cursor cursor(message);
  const std::uint8_t operation = cursor.u8();
  const std::uint8_t hardware_type = cursor.u8();
  const std::uint8_t hardware_size = cursor.u8();
  if (operation != kBootReply) return std::unexpected(Drop::not_a_reply);
  if (hardware_type != kEthernet || hardware_size != kMacSize) {
    return std::unexpected(Drop::wrong_hardware_address);
  }
  Reply reply;
  cursor.skip(1);
  reply.transaction = cursor.u32();
  cursor.skip(8);  // secs, flags, ciaddr
  reply.address = IpAddress::v4(cursor.u32());
  cursor.skip(8);  // siaddr, giaddr
  std::ranges::copy(cursor.bytes(kMacSize), reply.hardware.begin());
  cursor.skip(16 - kMacSize + kNameSize + kFileSize);
  if (cursor.u32() != kCookie) return std::unexpected(Drop::bad_cookie);

  const auto fields = find_fields(message);
  if (!fields) return std::unexpected(fields.error());
  OptionReader options(*fields);
  const auto type = options.number<std::uint8_t>(kMessageType);
  if (!type || !is_servers(static_cast<MessageType>(*type))) {
    return std::unexpected(Drop::bad_message_type);
  }
  reply.type = static_cast<MessageType>(*type);
  reply.server = options.address(kServer);
  reply.mask = options.address(kSubnetMask);
  options.addresses(kRouter, reply.routers);
  options.addresses(kNameServer, reply.name_servers);
  reply.domain = options.name(kDomainName);
  reply.mtu = options.number<std::uint16_t>(kMtu);
  reply.broadcast = options.address(kBroadcastAddress);
  reply.lease_seconds = options.number<std::uint32_t>(kLeaseTime);
  reply.renew_seconds = options.number<std::uint32_t>(kRenewal);
  reply.rebind_seconds = options.number<std::uint32_t>(kRebinding);
  if (!options.ok()) return std::unexpected(Drop::bad_option_length);
  return reply;
}

}  // namespace bowline::inline v0::dhcp
