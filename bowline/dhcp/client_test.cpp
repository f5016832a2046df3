// The client as scripts in virtual time: RFC 2131's figure 5, and servers that lie.

#include "bowline/dhcp/client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

#include "bowline/base/buffer.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/dhcp/testing/reply_builder.hpp"

namespace bowline::dhcp {
namespace {

using testing::honest;
using testing::kMac;
using testing::ReplyBuilder;
using testing::v4;

const Endpoint kServer{v4("10.77.0.1"), 67};
const IpAddress kEverybody = v4("255.255.255.255");

/// What was sent, taken apart.
struct Sent {
  IpAddress destination;
  IpAddress source;
  MessageType type{};
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;
  bool broadcast = false;
  IpAddress client;  // ciaddr
  std::optional<IpAddress> requested;
  std::optional<IpAddress> server;
};

class Script {
 public:
  explicit Script(const Config& config = plain()) : client(config, SipKey{5, 6}) {}

  static Config plain() {
    Config config;
    config.hardware = kMac;
    config.probe = false;
    return config;
  }
  static Config probing() {
    Config config = plain();
    config.probe = true;
    return config;
  }

  std::optional<Sent> maybe_sent() {
    const auto transmit = client.poll_transmit(now);
    if (!transmit) return std::nullopt;
    const auto bytes = transmit->message;
    Sent sent;
    sent.destination = transmit->destination;
    sent.source = transmit->source;
    sent.transaction = load_be<std::uint32_t>(&bytes[4]);
    sent.seconds = load_be<std::uint16_t>(&bytes[8]);
    sent.broadcast = bytes[10] == std::byte{0x80};
    sent.client = IpAddress::v4(load_be<std::uint32_t>(&bytes[12]));
    for (std::size_t at = kFixedSize; bytes[at] != std::byte{255};
         at += 2 + std::to_integer<std::size_t>(bytes[at + 1])) {
      const auto code = std::to_integer<unsigned>(bytes[at]);
      if (code == 53) sent.type = static_cast<MessageType>(bytes[at + 2]);
      if (code == 50) sent.requested = IpAddress::v4(load_be<std::uint32_t>(&bytes[at + 2]));
      if (code == 54) sent.server = IpAddress::v4(load_be<std::uint32_t>(&bytes[at + 2]));
    }
    EXPECT_EQ(client.poll_transmit(now), std::nullopt) << "one message at a time";
    return sent;
  }
  Sent sent() {
    const auto sent = maybe_sent();
    EXPECT_TRUE(sent.has_value());
    return sent.value_or(Sent{});
  }
  bool silent() { return !maybe_sent().has_value(); }

  void hear(const ReplyBuilder& reply, const Endpoint& from = kServer) {
    client.receive(from, reply.bytes(), now);
  }
  void pass(Duration time) {
    now += time;
    client.advance(now);
  }
  /// On to what is due next; returns how long that was.
  Duration pass_to_deadline() {
    const Duration wait = client.next_deadline() - now;
    pass(wait);
    return wait;
  }
  EventKind event() {
    const auto event = client.poll_event();
    EXPECT_TRUE(event.has_value());
    if (!event) return EventKind::lost;
    lease = event->lease;
    return event->kind;
  }
  bool quiet() { return !client.poll_event().has_value(); }

  /// From nothing to BOUND.
  void bind() {
    client.start(now);
    const Sent discover = sent();
    hear(honest(MessageType::offer, discover.transaction));
    const Sent request = sent();
    hear(honest(MessageType::ack, request.transaction));
    EXPECT_EQ(event(), EventKind::bound);
    EXPECT_EQ(client.state(), State::bound);
  }
  /// Is `reply` dropped for `why`, and nothing changed?
  void expect_dropped(Drop why, const ReplyBuilder& reply, const Endpoint& from = kServer) {
    const std::uint64_t before = client.drops()[why];
    const State state = client.state();
    hear(reply, from);
    EXPECT_EQ(client.drops()[why], before + 1) << text_of(why).name;
    EXPECT_EQ(client.state(), state);
    EXPECT_TRUE(quiet());
    EXPECT_TRUE(silent());
  }

  Time now = Time{} + 1h;
  Client client;
  Lease lease;  // of the last event()
};

TEST(DhcpClient, FourMessagesMakeALease) {  // RFC 2131 section 3.1
  Script script;
  script.client.start(script.now);
  EXPECT_EQ(script.client.state(), State::selecting);
  const Sent discover = script.sent();
  EXPECT_EQ(discover.type, MessageType::discover);
  EXPECT_EQ(discover.destination, kEverybody);
  EXPECT_TRUE(discover.source.is_unspecified());
  EXPECT_TRUE(discover.broadcast);
  EXPECT_EQ(discover.server, std::nullopt);

  script.now += 2s;
  script.hear(honest(MessageType::offer, discover.transaction));
  EXPECT_EQ(script.client.state(), State::requesting);
  const Sent request = script.sent();
  EXPECT_EQ(request.type, MessageType::request);
  EXPECT_EQ(request.destination, kEverybody);
  EXPECT_EQ(request.transaction, discover.transaction);
  EXPECT_EQ(request.requested, v4("10.77.0.50"));
  EXPECT_EQ(request.server, v4("10.77.0.1"));
  EXPECT_TRUE(request.client.is_unspecified());
  EXPECT_EQ(request.seconds, 2);

  const Time asked = script.now;
  script.now += 1s;
  script.hear(honest(MessageType::ack, request.transaction));
  EXPECT_EQ(script.event(), EventKind::bound);
  EXPECT_EQ(script.lease.address, *Cidr::parse("10.77.0.50/24"));
  EXPECT_EQ(script.lease.routers[0], v4("10.77.0.1"));
  EXPECT_EQ(script.lease.expires, asked + 3600s) << "it runs from the REQUEST";
  EXPECT_EQ(script.client.state(), State::bound);
  EXPECT_EQ(script.client.next_deadline(), asked + 1800s);
  EXPECT_TRUE(script.quiet());
  EXPECT_TRUE(script.silent());
}

TEST(DhcpClient, TheDiscoverIsRepeatedEverMoreSlowly) {  // RFC 2131 section 4.1
  Script script;
  script.client.start(script.now);
  const std::uint32_t transaction = script.sent().transaction;
  bool varied = false;
  for (const Duration expected : {4s, 8s, 16s, 32s, 64s, 64s, 64s}) {
    const Duration wait = script.pass_to_deadline();
    EXPECT_GE(wait, expected - 1s);
    EXPECT_LE(wait, expected + 1s);
    varied = varied || wait != expected;
    const Sent again = script.sent();
    EXPECT_EQ(again.type, MessageType::discover);
    EXPECT_EQ(again.transaction, transaction);
  }
  EXPECT_TRUE(varied) << "a second more or less, at random";
}

TEST(DhcpClient, AServerThatOffersAndIsSilentIsGivenUp) {
  Script script;
  script.client.start(script.now);
  const Sent discover = script.sent();
  script.hear(honest(MessageType::offer, discover.transaction));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(script.sent().type, MessageType::request);
    script.pass_to_deadline();
  }
  EXPECT_EQ(script.client.state(), State::init);
  script.pass_to_deadline();
  const Sent anew = script.sent();
  EXPECT_EQ(anew.type, MessageType::discover);
  EXPECT_NE(anew.transaction, discover.transaction);
}

TEST(DhcpClient, AsksForTheAddressItHadBefore) {
  Config config = Script::plain();
  config.wanted = v4("10.77.0.99");
  Script script(config);
  script.client.start(script.now);
  EXPECT_EQ(script.sent().requested, v4("10.77.0.99"));
}

// ---- renewing: RFC 2131 section 4.4.5 ----------------------------------------------------------

TEST(DhcpClient, RenewsWithItsServerAtT1) {
  Script script;
  script.bind();
  script.pass_to_deadline();
  EXPECT_EQ(script.client.state(), State::renewing);
  const Sent request = script.sent();
  EXPECT_EQ(request.type, MessageType::request);
  EXPECT_EQ(request.destination, v4("10.77.0.1")) << "unicast";
  EXPECT_EQ(request.source, v4("10.77.0.50"));
  EXPECT_EQ(request.client, v4("10.77.0.50"));
  EXPECT_EQ(request.requested, std::nullopt);
  EXPECT_EQ(request.server, std::nullopt);
  EXPECT_FALSE(request.broadcast);
  const Time asked = script.now;
  script.hear(honest(MessageType::ack, request.transaction).address(6, "10.77.0.7"));
  EXPECT_EQ(script.client.drops()[Drop::bad_option_length], 0U);
  EXPECT_EQ(script.event(), EventKind::renewed);
  EXPECT_EQ(script.lease.name_servers.size(), 2U);
  EXPECT_EQ(script.lease.expires, asked + 3600s);
  EXPECT_EQ(script.client.state(), State::bound);
}

TEST(DhcpClient, AsksAgainAfterHalfOfWhatIsLeftAndAMinuteAtLeast) {
  Script script;
  script.bind();
  const Time start = script.now;
  script.pass_to_deadline();  // 1800 s: T1
  std::vector<std::int64_t> seconds;
  while (script.client.state() != State::init) {
    const Sent sent = script.sent();
    EXPECT_EQ(sent.destination,
              script.client.state() == State::renewing ? v4("10.77.0.1") : kEverybody);
    EXPECT_EQ(sent.source, v4("10.77.0.50"));
    seconds.push_back(std::chrono::floor<std::chrono::seconds>(script.now - start).count());
    script.pass_to_deadline();
  }
  // T2 is 3150 s, the end 3600 s.
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{1800, 2475, 2812, 2981, 3065, 3125, 3150, 3375,
                                                3487, 3547}));
  EXPECT_EQ(script.event(), EventKind::lost);
  EXPECT_EQ(script.now, start + 3600s);
  script.pass_to_deadline();
  EXPECT_EQ(script.sent().type, MessageType::discover);
}

TEST(DhcpClient, AnyServerMayExtendTheLeaseAfterT2) {
  Script script;
  script.bind();
  script.pass(3200s);
  EXPECT_EQ(script.client.state(), State::rebinding);
  const Sent request = script.sent();
  script.hear(honest(MessageType::ack, request.transaction, "10.77.0.50", "10.77.0.2"));
  EXPECT_EQ(script.event(), EventKind::renewed);
  EXPECT_EQ(script.lease.server, v4("10.77.0.2"));
}

TEST(DhcpClient, ANakEndsTheLeaseAtOnce) {  // RFC 2131 section 4.4.5
  Script script;
  script.bind();
  script.pass_to_deadline();
  const Sent request = script.sent();
  script.hear(
      ReplyBuilder(request.transaction, "0.0.0.0").type(MessageType::nak).address(54, "10.77.0.1"));
  EXPECT_EQ(script.event(), EventKind::lost);
  EXPECT_EQ(script.lease.address, *Cidr::parse("10.77.0.50/24"));
  EXPECT_EQ(script.client.state(), State::init);
}

TEST(DhcpClient, ServersThatSayNoAgainAndAgainDoNotKeepItBusy) {
  Script script;
  script.client.start(script.now);
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    script.hear(honest(MessageType::offer, script.sent().transaction));
    script.hear(ReplyBuilder(script.sent().transaction, "0.0.0.0")
                    .type(MessageType::nak)
                    .address(54, "10.77.0.1"));
    EXPECT_TRUE(script.quiet());
    pauses.push_back(script.pass_to_deadline());
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 64s, 64s}));
}

TEST(DhcpClient, AfterASuspendTheLeaseIsGone) {  // time may jump by days
  Script script;
  script.bind();
  script.pass(48h);
  EXPECT_EQ(script.event(), EventKind::lost);
  EXPECT_EQ(script.client.state(), State::init);
}

// ---- conflicts and the end ---------------------------------------------------------------------

TEST(DhcpClient, AnAddressThatSomebodyHasIsDeclined) {  // RFC 2131 section 3.1 step 5
  Script script(Script::probing());
  script.client.start(script.now);
  script.hear(honest(MessageType::offer, script.sent().transaction));
  script.hear(honest(MessageType::ack, script.sent().transaction));
  EXPECT_EQ(script.client.state(), State::probing);
  EXPECT_EQ(script.event(), EventKind::probe);
  EXPECT_EQ(script.lease.address, *Cidr::parse("10.77.0.50/24"));
  script.now += 3s;
  script.client.probed(false, script.now);
  EXPECT_TRUE(script.quiet()) << "it was never in use";
  const Sent decline = script.sent();
  EXPECT_EQ(decline.type, MessageType::decline);
  EXPECT_EQ(decline.destination, kEverybody);
  EXPECT_EQ(decline.requested, v4("10.77.0.50"));
  EXPECT_EQ(decline.server, v4("10.77.0.1"));
  EXPECT_TRUE(decline.client.is_unspecified());
  EXPECT_EQ(script.pass_to_deadline(), 10s);
  EXPECT_EQ(script.sent().type, MessageType::discover);
}

TEST(DhcpClient, AFreeAddressIsUsed) {
  Script script(Script::probing());
  script.client.start(script.now);
  script.hear(honest(MessageType::offer, script.sent().transaction));
  script.hear(honest(MessageType::ack, script.sent().transaction));
  EXPECT_EQ(script.event(), EventKind::probe);
  script.client.probed(true, script.now);
  EXPECT_EQ(script.event(), EventKind::bound);
  EXPECT_EQ(script.client.state(), State::bound);
}

TEST(DhcpClient, AConflictLaterEndsTheLease) {
  Script script;
  script.bind();
  script.client.conflict(script.now);
  EXPECT_EQ(script.event(), EventKind::lost);
  EXPECT_EQ(script.sent().type, MessageType::decline);
}

TEST(DhcpClient, GivesTheLeaseBackAtTheEnd) {  // RFC 2131 section 4.4.6
  Script script;
  script.bind();
  script.client.release(script.now);
  EXPECT_EQ(script.event(), EventKind::lost);
  const Sent release = script.sent();
  EXPECT_EQ(release.type, MessageType::release);
  EXPECT_EQ(release.destination, v4("10.77.0.1"));
  EXPECT_EQ(release.source, v4("10.77.0.50"));
  EXPECT_EQ(release.client, v4("10.77.0.50"));
  EXPECT_EQ(release.server, v4("10.77.0.1"));
  EXPECT_EQ(script.client.state(), State::stopped);
  EXPECT_EQ(script.client.next_deadline(), kNever);
}

TEST(DhcpClient, WithoutALeaseThereIsNothingToGiveBack) {
  Script script;
  script.client.start(script.now);
  static_cast<void>(script.sent());
  script.client.release(script.now);
  EXPECT_TRUE(script.silent());
  EXPECT_TRUE(script.quiet());
}

// ---- servers that lie --------------------------------------------------------------------------

TEST(DhcpClient, OffersThatDoNotFitAreDroppedAndTheTrueOneIsTaken) {
  Script script;
  script.client.start(script.now);
  const std::uint32_t xid = script.sent().transaction;
  const auto offer = [&] { return honest(MessageType::offer, xid); };
  script.expect_dropped(Drop::wrong_transaction, honest(MessageType::offer, xid + 1));
  script.expect_dropped(Drop::wrong_hardware_address, offer().set(33, 0xee));
  script.expect_dropped(Drop::wrong_port, offer(), {kServer.address, 6767});
  script.expect_dropped(Drop::unexpected, honest(MessageType::ack, xid));
  script.expect_dropped(Drop::no_server, ReplyBuilder(xid, "10.77.0.50").type(MessageType::offer));
  script.expect_dropped(Drop::bad_address, honest(MessageType::offer, xid, "127.0.0.1"));
  script.expect_dropped(Drop::bad_address, honest(MessageType::offer, xid, "10.77.0.255"));
  script.expect_dropped(Drop::bad_lease, ReplyBuilder(xid, "10.77.0.50")
                                             .type(MessageType::offer)
                                             .address(54, "10.77.0.1")
                                             .number(51, 1));
  script.expect_dropped(Drop::bad_mask, ReplyBuilder(xid, "10.77.0.50")
                                            .type(MessageType::offer)
                                            .address(54, "10.77.0.1")
                                            .address(1, "0.255.0.0"));
  script.expect_dropped(Drop::truncated_option, offer().byte(12).byte(200));
  script.hear(offer());
  EXPECT_EQ(script.client.state(), State::requesting);
}

TEST(DhcpClient, OnlyTheChosenServerMayAnswerTheRequest) {
  Script script;
  script.client.start(script.now);
  const std::uint32_t xid = script.sent().transaction;
  script.hear(honest(MessageType::offer, xid));
  static_cast<void>(script.sent());
  script.expect_dropped(Drop::wrong_server,
                        honest(MessageType::ack, xid, "10.77.0.50", "10.66.66.66"));
  script.expect_dropped(
      Drop::wrong_server,
      ReplyBuilder(xid, "0.0.0.0").type(MessageType::nak).address(54, "10.66.66.66"));
  script.expect_dropped(Drop::no_server, ReplyBuilder(xid, "0.0.0.0").type(MessageType::nak));
  script.expect_dropped(Drop::other_address, honest(MessageType::ack, xid, "10.77.0.51"));
  script.expect_dropped(Drop::unexpected, honest(MessageType::offer, xid));
  script.hear(honest(MessageType::ack, xid));
  EXPECT_EQ(script.event(), EventKind::bound);
}

TEST(DhcpClient, WhatComesUnaskedWhileBoundIsDropped) {
  Script script;
  script.bind();
  script.expect_dropped(Drop::unexpected, honest(MessageType::ack, 1));
  script.expect_dropped(Drop::unexpected,
                        ReplyBuilder(1, "0.0.0.0").type(MessageType::nak).address(54, "10.77.0.1"));
}

TEST(DhcpClient, ARenewalToAnotherAddressIsDropped) {
  Script script;
  script.bind();
  script.pass_to_deadline();
  const std::uint32_t xid = script.sent().transaction;
  script.expect_dropped(Drop::other_address, honest(MessageType::ack, xid, "10.77.0.51"));
  script.expect_dropped(Drop::wrong_server,
                        honest(MessageType::ack, xid, "10.77.0.50", "10.77.0.2"));
}

TEST(DhcpClient, IsSavedAndGoesOnAsBefore) {
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  Script script;
  script.bind();
  SaveVisitor saved(heap_memory());
  save(saved, script.client);
  Script copy;
  copy.now = script.now;
  LoadVisitor load(saved.bytes(), *pool);
  load(copy.client);
  ASSERT_TRUE(load.complete());
  EXPECT_EQ(copy.client.lease(), script.client.lease());
  script.pass_to_deadline();
  copy.pass_to_deadline();
  EXPECT_EQ(script.now, copy.now);
  EXPECT_EQ(script.sent().transaction, copy.sent().transaction);
}

}  // namespace
}  // namespace bowline::dhcp
