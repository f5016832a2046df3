#include "bowline/tcp/options.hpp"

#include <gtest/gtest.h>

#include <array>

namespace bowline::tcp {
namespace {

Offer full_offer() {
  return make_offer(Settings::of(Profile::rfc), Family::ipv4, 1'500, 0, 1U << 20);
}

wire::TcpOptions everything() {
  wire::TcpOptions options;
  options.mss = std::uint16_t{1'400};
  options.window_scale = std::uint8_t{9};
  options.timestamps = {123, 0};
  options.sack_permitted = true;
  return options;
}

// RFC 9293 3.7.1 (MUST-67): MMS_R less the fixed TCP header; options are not taken off.
TEST(Options, MssIsTheMtuWithoutFixedHeaders) {
  const Settings settings = Settings::of(Profile::rfc);
  EXPECT_EQ(make_offer(settings, Family::ipv4, 1'500, 0, 65'535).mss, 1'460);
  EXPECT_EQ(make_offer(settings, Family::ipv6, 1'500, 0, 65'535).mss, 1'440);
  EXPECT_EQ(make_offer(settings, Family::ipv4, 65'535, 0, 65'535).mss, 65'495);
  EXPECT_EQ(make_offer(settings, Family::ipv4, 1'500, 536, 65'535).mss, 536);
  EXPECT_EQ(make_offer(settings, Family::ipv4, 1'500, 9'000, 65'535).mss, 1'460);
}

// RFC 9293 3.7.1 MUST-15: without the option, 536 for IPv4 and 1220 for IPv6.
TEST(Options, PeerWithoutMssGetsTheDefault) {
  const Settings settings = Settings::of(Profile::rfc);
  EXPECT_EQ(negotiate(settings, Family::ipv4, full_offer(), {}).peer_mss, 536);
  EXPECT_EQ(negotiate(settings, Family::ipv6, full_offer(), {}).peer_mss, 1'220);
}

// CVE-2019-11479: a peer must not make us send a header for a handful of bytes.
TEST(Options, TinyMssIsRaisedToTheFloor) {
  wire::TcpOptions peer;
  for (const std::uint16_t mss : std::array<std::uint16_t, 5>{0, 1, 8, 47, 48}) {
    peer.mss = mss;
    EXPECT_EQ(negotiate(Settings::of(Profile::rfc), Family::ipv4, full_offer(), peer).peer_mss, 48);
  }
  peer.mss = std::uint16_t{49};
  EXPECT_EQ(negotiate(Settings::of(Profile::rfc), Family::ipv4, full_offer(), peer).peer_mss, 49);
}

// RFC 7323 1.3: an option is on only when both SYNs had it.
TEST(Options, OnOnlyWhenBothSidesOffer) {
  const Settings settings = Settings::of(Profile::rfc);
  const Negotiated all = negotiate(settings, Family::ipv4, full_offer(), everything());
  EXPECT_TRUE(all.window_scaling && all.timestamps && all.sack);
  EXPECT_EQ(all.snd_shift, 9);
  EXPECT_EQ(all.rcv_shift, full_offer().shift);

  const Negotiated we_alone = negotiate(settings, Family::ipv4, full_offer(), {});
  EXPECT_FALSE(we_alone.window_scaling || we_alone.timestamps || we_alone.sack);
  EXPECT_EQ(we_alone.snd_shift, 0);
  EXPECT_EQ(we_alone.rcv_shift, 0) << "RFC 7323 2.2: neither window is scaled then";

  const Negotiated they_alone = negotiate(settings, Family::ipv4, Offer{}, everything());
  EXPECT_FALSE(they_alone.window_scaling || they_alone.timestamps || they_alone.sack);
  EXPECT_EQ(they_alone.snd_shift, 0);
}

// RFC 7323 2.2: a shift of 0 turns scaling on for the other direction.
TEST(Options, ShiftOfZeroIsAnOffer) {
  wire::TcpOptions peer;
  peer.window_scale = std::uint8_t{0};
  const Negotiated agreed = negotiate(Settings::of(Profile::rfc), Family::ipv4, full_offer(), peer);
  EXPECT_TRUE(agreed.window_scaling);
  EXPECT_EQ(agreed.snd_shift, 0);
  EXPECT_EQ(agreed.rcv_shift, full_offer().shift);
}

// RFC 7323 2.3: at most 14.
TEST(Options, ShiftIsTheSmallestThatSuffices) {
  EXPECT_EQ(shift_for(0), 0);
  EXPECT_EQ(shift_for(65'535), 0);
  EXPECT_EQ(shift_for(65'536), 1);
  EXPECT_EQ(shift_for(1U << 20), 5);
  EXPECT_EQ(shift_for(0xffff'ffff), 14);
  for (std::uint32_t buffer = 65'536; buffer < 1U << 29; buffer *= 2) {
    EXPECT_LE(buffer >> shift_for(buffer), 0xffffU);
    EXPECT_GT(buffer >> (shift_for(buffer) - 1), 0xffffU);
  }
}

TEST(Options, SettingsTurnThemOff) {
  Settings settings = Settings::of(Profile::rfc);
  settings.window_scaling = settings.timestamps = settings.sack = false;
  const Offer offer = make_offer(settings, Family::ipv4, 1'500, 0, 1U << 20);
  EXPECT_FALSE(offer.window_scaling || offer.timestamps || offer.sack);
  EXPECT_EQ(offer.shift, 0);
}

}  // namespace
}  // namespace bowline::tcp
