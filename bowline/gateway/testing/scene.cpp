#include "bowline/gateway/testing/scene.hpp"

#include <algorithm>

namespace bowline::inline v0::gateway::testing {

Bytes Scene::packet(const Endpoint& from, const Endpoint& to, const Say& say) {
  wire::TcpHeader tcp;
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.seq = SeqNumber(say.seq);
  tcp.ack = SeqNumber(say.ack);
  tcp.flags = say.flags;
  tcp.window = say.window;
  const std::uint32_t header = wire::kTcpHeaderSize + wire::options_size(say.options);
  wire::IpHeader ip;
  ip.source = from.address;
  ip.destination = to.address;
  ip.protocol = wire::kProtocolTcp;
  ip.ttl = say.ttl;
  ip.payload_size = header + static_cast<std::uint32_t>(say.payload.size());
  const std::uint32_t at = wire::ip_header_size(ip.family());
  Bytes bytes(at + ip.payload_size);
  wire::emit_ip(bytes.data(), ip);
  const auto segment = std::span(bytes).subspan(at);
  EXPECT_EQ(wire::emit_tcp(segment, tcp, say.options), header);
  std::ranges::copy(std::as_bytes(std::span(say.payload)), segment.subspan(header).begin());
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
  sum.add(segment);
  store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, sum.finish());
  return bytes;
}

std::vector<Seen> Scene::client_data(std::uint32_t offset, const std::string& text,
                                     std::uint16_t flags, std::uint32_t server_offset) {
  return client_says({.flags = flags,
                      .seq = kClientIsn + 1 + offset,
                      .ack = seen_by_client(server_offset).raw(),
                      .payload = text});
}

std::vector<Seen> Scene::server_data(std::uint32_t offset, const std::string& text,
                                     std::uint16_t flags, std::uint32_t client_offset) {
  return server_says({.flags = flags,
                      .seq = kServerIsn + 1 + offset,
                      .ack = kClientIsn + client_offset,
                      .payload = text});
}

void Scene::expect_one(const std::vector<Seen>& seen, Side to) {
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, to);
  EXPECT_TRUE(seen[0].intact);
}

std::vector<Seen> Scene::give(Side from, const Bytes& bytes) {
  proxy->receive(from, make_frame(*pool, bytes), now);
  return wait({});
}

std::vector<Seen> Scene::wait(Duration duration) {
  now += duration;
  proxy->advance(now);
  std::vector<Seen> seen;
  for (auto& [to, frame] : std::exchange(out, {})) {
    Seen each;
    each.to = to;
    each.bytes.resize(frame.size);
    EXPECT_TRUE(frame.copy_to(0, each.bytes));
    EXPECT_EQ(frame.checksum, Checksum::complete);
    const auto ip = wire::parse_ip(each.bytes, frame.size);
    EXPECT_TRUE(ip);
    if (!ip) continue;
    each.ip = *ip;
    const auto body = std::span(each.bytes).subspan(ip->header_size, ip->payload_size);
    wire::ChecksumSum sum;
    if (ip->protocol != wire::kProtocolIcmp) {
      sum = wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size);
    }
    sum.add(body);
    each.intact = sum.verifies();
    if (ip->protocol == wire::kProtocolTcp && !ip->is_fragment()) {
      const auto tcp = wire::parse_tcp(body, ip->payload_size);
      EXPECT_TRUE(tcp);
      if (!tcp) continue;
      each.tcp = tcp->header;
      each.options = tcp->options;
      const auto data = body.subspan(tcp->header_size);
      each.payload.assign(reinterpret_cast<const char*>(data.data()), data.size());
    }
    seen.push_back(std::move(each));
  }
  return seen;
}

Say Scene::full_syn(std::uint32_t isn) {
  Say syn{.flags = wire::kSyn, .seq = isn};
  syn.options.mss = 1'460;
  syn.options.sack_permitted = true;
  syn.options.timestamps = {kClientClock, 0};
  syn.options.window_scale = 9;
  return syn;
}

Seen Scene::knock(const Say& syn) {
  const std::vector<Seen> answer = client_says(syn);
  EXPECT_EQ(answer.size(), 1U);
  if (answer.size() != 1) return {};
  EXPECT_EQ(answer[0].to, Side::outside);
  EXPECT_TRUE(answer[0].has(wire::kSyn | wire::kAck));
  cookie = answer[0].tcp.seq;
  Say ack{.flags = wire::kAck, .seq = syn.seq + 1, .ack = (cookie + 1).raw(), .window = 1'000};
  if (answer[0].options.timestamps) {
    gateway_clock = answer[0].options.timestamps->value;
    ack.options.timestamps = {kClientClock + 5, gateway_clock};
  }
  const std::vector<Seen> asked = client_says(ack);
  EXPECT_EQ(asked.size(), 1U);
  if (asked.size() != 1) return {};
  EXPECT_EQ(asked[0].to, Side::inside);
  return asked[0];
}

void Scene::answer() {
  Say answer{
      .flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1, .window = 64'000};
  answer.options.mss = 1'400;
  answer.options.sack_permitted = true;
  answer.options.timestamps = {kServerClock, kClientClock + 5};
  answer.options.window_scale = 5;
  const std::vector<Seen> seen = server_says(answer);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_EQ(seen[1].to, Side::outside);
  window_opened = seen[1].tcp.window;
  if (seen[1].options.timestamps) gateway_clock = seen[1].options.timestamps->value;
}

}  // namespace bowline::inline v0::gateway::testing
