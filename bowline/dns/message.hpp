#pragma once

// The DNS message on the wire (RFC 1035 section 4, RFC 6891).
//
// A response is hostile until proven otherwise, and RFC 9267 lists how parsers fell for it:
// compression pointers that loop or point forward, names without an end, lengths and counts that
// are taken at their word. Here a message is walked once, record by record, before anything of it
// is used; after that no read can fail. A pointer must point before the name that holds it and
// before every pointer that led to it, so that it cannot loop, and only so often.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "bowline/dns/drop.hpp"
#include "bowline/dns/name.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::dns {

/// Types of records that are understood (RFC 1035 section 3.2.2, 3596, 6891). Others are skipped.
enum class Type : std::uint16_t { a = 1, cname = 5, soa = 6, aaaa = 28, opt = 41 };

/// The Internet (RFC 1035 section 3.2.4).
inline constexpr std::uint16_t kClassIn = 1;
/// How a server answered (RFC 1035 section 4.1.1, 6891 section 9).
enum class Rcode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,
};

inline constexpr std::size_t kHeaderSize = 12;
/// What we take in one datagram: fits every link without fragments (RFC 6891 section 6.2.5).
inline constexpr std::uint16_t kUdpPayload = 1'232;
/// The longest query that emit_query() makes.
inline constexpr std::size_t kMaxQuery = kHeaderSize + Name::kMaxWire + 4 + 11;
/// The longest message over TCP, whose length is 16 bits (RFC 7766 section 8).
inline constexpr std::size_t kMaxMessage = 65'535;
/// Pointers followed for one name. Honest servers need one or two.
inline constexpr unsigned kMaxPointers = 16;

/// What is asked.
struct Question {
  Name name;            ///< what is asked for
  Type type = Type::a;  ///< which records of it

  friend bool operator==(const Question&, const Question&) noexcept = default;
  template <class V>
  void visit(V& v) {
    v(name, type);
  }
};

/// Writes a query with recursion desired; with `edns`, it offers kUdpPayload. Returns the bytes
/// written.
std::size_t emit_query(std::span<std::byte, kMaxQuery> to, std::uint16_t id,
                       const Question& question, bool edns) noexcept;

/// A resource record; its data is a view on the message.
struct Record {
  Name owner;                       ///< whose record it is
  std::uint16_t type = 0;           ///< RFC 1035 section 3.2.2
  std::uint16_t record_class = 0;   ///< 1: the Internet's
  std::uint32_t ttl = 0;            ///< seconds; 0 where the sign bit was set (RFC 2181 section 8)
  std::span<const std::byte> data;  ///< RDATA, as it stands in the message
  std::size_t data_at = 0;          ///< where in the message the data begins
};

/// A response that is well-formed from its first to its last record. A view: the bytes must outlive
/// it.
class Message {
 public:
  /// Checks `bytes`. A message without a question passes where it reports a format error (such
  /// servers could not read it).
  [[nodiscard]] static std::expected<Message, Drop> parse(
      std::span<const std::byte> bytes) noexcept;

  /// The query's number, repeated.
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }
  /// The answer did not fit: ask again by TCP (RFC 1035 section 4.2.1).
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }
  /// With the upper bits that an OPT record adds.
  [[nodiscard]] Rcode rcode() const noexcept { return rcode_; }
  /// Nothing in a bare format error.
  [[nodiscard]] const std::optional<Name>& name() const noexcept { return name_; }
  [[nodiscard]] std::uint16_t type() const noexcept { return type_; }  ///< What was asked for.
  /// 1: the Internet's.
  [[nodiscard]] std::uint16_t question_class() const noexcept { return question_class_; }

  /// Calls `f(record)` for each record of the answer section until it returns false.
  template <class F>
  void for_each_answer(F&& f) const noexcept {
    walk(answers_at_, answers_, f);
  }
  /// The same for the authority section.
  template <class F>
  void for_each_authority(F&& f) const noexcept {
    walk(authorities_at_, authorities_, f);
  }
  /// The name that begins at `at`, as in a CNAME's data.
  [[nodiscard]] std::expected<Name, Drop> name_at(std::size_t at) const noexcept;
  /// The whole message.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  template <class F>
  void walk(std::size_t at, std::uint16_t count, F& f) const noexcept {
    for (; count > 0; --count) {
      const std::optional<Record> record = record_at(at);
      if (!record || !f(*record)) return;
    }
  }
  [[nodiscard]] std::optional<Record> record_at(std::size_t& at) const noexcept;

  std::span<const std::byte> bytes_;
  std::uint16_t id_ = 0;
  bool truncated_ = false;
  Rcode rcode_ = Rcode::no_error;
  std::optional<Name> name_;
  std::uint16_t type_ = 0;
  std::uint16_t question_class_ = 0;
  std::size_t answers_at_ = 0;
  std::size_t authorities_at_ = 0;
  std::uint16_t answers_ = 0;
  std::uint16_t authorities_ = 0;
};

/// Reads the name that begins at `at` of `message` and moves `at` behind it (behind the first
/// pointer, if there is one).
[[nodiscard]] std::expected<Name, Drop> read_name(std::span<const std::byte> message,
                                                  std::size_t& at) noexcept;

}  // namespace bowline::inline v0::dns
