// What name servers send: messages, the meaning of answers, and the resolver that is told them; and
// the two text files.
//
// The lowest bit of an input's first byte says whether the message's ID is made to fit the
// query and its question put in (else nearly nothing would get past them); the rest is the message.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bowline/dns/hosts_file.hpp"
#include "bowline/dns/resolv_conf.hpp"
#include "bowline/dns/resolver.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

const Endpoint kServer{IpAddress::v4(0x0a4d'0001), 53};

void check_message(std::span<const std::byte> bytes) {
  const auto message = dns::Message::parse(bytes);
  if (!message) return;
  const auto check_record = [&](const dns::Record& record) {
    require(record.owner.wire().size() <= dns::Name::kMaxWire);
    require(record.data_at + record.data.size() <= bytes.size());
    return true;
  };
  message->for_each_answer(check_record);
  message->for_each_authority(check_record);
  if (!message->name()) return;
  const dns::Question question{*message->name(), static_cast<dns::Type>(message->type())};
  const auto answer = dns::read_answer(*message, question);
  require(!answer || (answer->outcome == dns::Outcome::found) == !answer->addresses.empty());
}

// `bytes` with the ID of `query`, and its question behind the header, where the counts may or may
// not speak of it.
std::vector<std::byte> fit(std::span<const std::byte> bytes, std::span<const std::byte> query) {
  std::vector<std::byte> fitted(bytes.begin(), bytes.end());
  if (fitted.size() < dns::kHeaderSize) return fitted;
  std::copy_n(query.begin(), 2, fitted.begin());
  std::size_t end = dns::kHeaderSize;
  require(dns::read_name(query, end).has_value());
  const auto question = query.subspan(dns::kHeaderSize, end + 4 - dns::kHeaderSize);
  fitted.insert(fitted.begin() + dns::kHeaderSize, question.begin(), question.end());
  return fitted;
}

// A lookup that is told `bytes` for every query it sends ends, and in time.
void check_resolver(std::span<const std::byte> bytes, bool fitted) {
  dns::Config config;
  config.add_server(kServer.address);
  config.search.push_back(*dns::Name::parse("example.org"));
  dns::Resolver resolver(config, {}, {1, 2}, heap_memory());
  Time now{};
  require(resolver.start(*dns::Name::parse("www"), false, {}, now).has_value());
  unsigned sent = 0;
  for (;;) {
    while (const auto transmit = resolver.poll_transmit()) {
      require(++sent < 1'000);
      const auto told = fitted ? fit(bytes, transmit->message)
                               : std::vector<std::byte>(bytes.begin(), bytes.end());
      resolver.receive(transmit->exchange, kServer, told, now);
    }
    if (const auto finished = resolver.poll_finished()) {
      require((finished->outcome == dns::Outcome::found) == !finished->addresses.empty());
      break;
    }
    now = resolver.next_deadline();
    require(now != kNever);
    resolver.advance(now);
  }
  require(resolver.lookups() == 0 && resolver.queries() == 0);
}

void check(std::span<const std::byte> input) {
  if (input.empty()) return;
  const auto bytes = input.subspan(1);
  check_message(bytes);
  check_resolver(bytes, (input[0] & std::byte{1}) != std::byte{0});

  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto conf = dns::parse_resolv_conf(text);
  require(conf.config.attempts >= 1 && conf.config.timeout > Duration::zero());
  static_cast<void>(dns::find_in_hosts(text, *dns::Name::parse("a"), dns::Type::a));
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
