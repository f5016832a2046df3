#include "bowline/dns/message.hpp"

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::dns {
namespace {

// The flags of the header's second word (RFC 1035 section 4.1.1).
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRcodeBits = 0x000f;

constexpr std::size_t kSmallestRecord = 11;  // the root as owner, no data
constexpr std::size_t kSoaNumbers = 20;

// RFC 9267 section 6: the data ends where its type says.
std::optional<Drop> check_data(std::span<const std::byte> message, const Record& record) noexcept {
  if (record.record_class != kClassIn) return std::nullopt;
  const std::size_t end = record.data_at + record.data.size();
  std::size_t at = record.data_at;
  switch (static_cast<Type>(record.type)) {
    case Type::a:
      at += 4;
      break;
    case Type::aaaa:
      at += 16;
      break;
    case Type::cname:
    case Type::soa: {
      const bool soa = static_cast<Type>(record.type) == Type::soa;
      for (int names = soa ? 2 : 1; names > 0; --names) {
        const auto name = read_name(message, at);
        if (!name) return name.error();
      }
      if (soa) at += kSoaNumbers;
      break;
    }
    default:
      return std::nullopt;
  }
  if (at != end) return Drop::bad_record_data;
  return std::nullopt;
}

// Reads the record at `at` and moves `at` behind it.
std::expected<Record, Drop> read_record(std::span<const std::byte> message,
                                        std::size_t& at) noexcept {
  Record record;
  const auto owner = read_name(message, at);
  if (!owner) return std::unexpected(owner.error());
  record.owner = *owner;
  wire::Cursor cursor(message.subspan(at));
  record.type = cursor.u16();
  record.record_class = cursor.u16();
  record.ttl = cursor.u32();
  if ((record.ttl >> 31U) != 0) record.ttl = 0;
  const std::uint16_t length = cursor.u16();
  record.data_at = at + cursor.offset();
  record.data = cursor.bytes(length);
  if (!cursor.ok()) return std::unexpected(Drop::truncated_record);
  at += cursor.offset();
  return record;
}

// RFC 6891 section 6.1.2: what an OPT record's fields mean.
std::optional<Drop> take_option_record(const Record& record, bool& seen, Rcode& rcode) noexcept {
  if (seen || !record.owner.is_root()) return Drop::bad_option_record;
  seen = true;
  wire::Cursor options(record.data);
  while (options.ok() && options.remaining() > 0) {
    options.u16();
    options.skip(options.u16());
  }
  if (!options.ok()) return Drop::bad_option_record;
  // A TTL with its sign bit set reads as 0, and so would an extended rcode from 128 up: none
  // exists.
  const std::uint32_t upper = record.ttl >> 24U;
  rcode = static_cast<Rcode>(upper << 4U | static_cast<std::uint16_t>(rcode));
  return std::nullopt;
}

}  // namespace

std::size_t emit_query(std::span<std::byte, kMaxQuery> to, std::uint16_t id,
                       const Question& question, bool edns) noexcept {
  wire::Writer writer(to);
  writer.u16(id);
  writer.u16(kRecursionDesired);
  writer.u16(1);  // a question
  writer.u16(0);
  writer.u16(0);
  writer.u16(edns ? 1 : 0);
  writer.bytes(question.name.wire());
  writer.u16(static_cast<std::uint16_t>(question.type));
  writer.u16(kClassIn);
  if (edns) {
    writer.u8(0);  // the root
    writer.u16(static_cast<std::uint16_t>(Type::opt));
    writer.u16(kUdpPayload);
    writer.u32(0);  // version 0, no flags
    writer.u16(0);  // no options
  }
  return writer.size();
}

std::expected<Name, Drop> read_name(std::span<const std::byte> message, std::size_t& at) noexcept {
  Name name;
  std::size_t place = at;
  std::size_t lowest = at;  // every pointer goes before all that led to it
  unsigned pointers = 0;
  for (;;) {
    if (place >= message.size()) return std::unexpected(Drop::truncated_name);
    const std::size_t length = std::to_integer<std::size_t>(message[place]);
    switch (length >> 6U) {
      case 0:
        if (length == 0) {
          if (pointers == 0) at = place + 1;
          return name;
        }
        if (message.size() - place < 1 + length) return std::unexpected(Drop::truncated_name);
        if (!name.append_label(message.subspan(place + 1, length))) {
          return std::unexpected(Drop::name_too_long);
        }
        place += 1 + length;
        break;
      case 3: {
        if (message.size() - place < 2) return std::unexpected(Drop::truncated_name);
        const std::size_t target = load_be<std::uint16_t>(message.data() + place) & 0x3fffU;
        if (target >= lowest || target < kHeaderSize || pointers == kMaxPointers) {
          return std::unexpected(Drop::bad_pointer);
        }
        if (pointers == 0) at = place + 2;
        ++pointers;
        place = lowest = target;
        break;
      }
      default:
        return std::unexpected(Drop::bad_label);
    }
  }
}

std::expected<Message, Drop> Message::parse(std::span<const std::byte> bytes) noexcept {
  wire::Cursor header(bytes);
  Message message;
  message.bytes_ = bytes;
  message.id_ = header.u16();
  const std::uint16_t flags = header.u16();
  const std::uint16_t questions = header.u16();
  message.answers_ = header.u16();
  message.authorities_ = header.u16();
  const std::uint16_t additionals = header.u16();
  if (!header.ok()) return std::unexpected(Drop::truncated_header);
  if ((flags & kResponse) == 0) return std::unexpected(Drop::not_a_response);
  if ((flags & kOpcode) != 0) return std::unexpected(Drop::bad_opcode);
  message.truncated_ = (flags & kTruncated) != 0;
  message.rcode_ = static_cast<Rcode>(flags & kRcodeBits);
  if (questions != 1 && !(questions == 0 && message.rcode_ == Rcode::format_error)) {
    return std::unexpected(Drop::bad_question_count);
  }
  const std::size_t records = std::size_t{message.answers_} + message.authorities_ + additionals;
  if (records * kSmallestRecord > bytes.size() - kHeaderSize) {
    return std::unexpected(Drop::bad_record_count);
  }

  std::size_t at = kHeaderSize;
  if (questions == 1) {
    const auto name = read_name(bytes, at);
    if (!name) return std::unexpected(name.error());
    message.name_ = *name;
    wire::Cursor rest(bytes.subspan(at));
    message.type_ = rest.u16();
    message.question_class_ = rest.u16();
    if (!rest.ok()) return std::unexpected(Drop::truncated_name);
    at += rest.offset();
  }
  bool option_record = false;
  for (std::size_t i = 0; i < records; ++i) {
    if (i == 0) message.answers_at_ = at;
    if (i == message.answers_) message.authorities_at_ = at;
    const auto record = read_record(bytes, at);
    if (!record) return std::unexpected(record.error());
    if (record->type == static_cast<std::uint16_t>(Type::opt)) {
      const bool additional = i >= std::size_t{message.answers_} + message.authorities_;
      if (!additional) return std::unexpected(Drop::bad_option_record);
      if (const auto drop = take_option_record(*record, option_record, message.rcode_)) {
        return std::unexpected(*drop);
      }
    }
    if (const auto drop = check_data(bytes, *record)) return std::unexpected(*drop);
  }
  return message;
}

std::expected<Name, Drop> Message::name_at(std::size_t at) const noexcept {
  return read_name(bytes_, at);
}

std::optional<Record> Message::record_at(std::size_t& at) const noexcept {
  const auto record = read_record(bytes_, at);
  if (!record) return std::nullopt;  // cannot be: parse() has walked here
  return *record;
}

}  // namespace bowline::inline v0::dns
