// Who is outside and has no flow: SYNs, answered by cookies, and the cookies that come back.

#include <algorithm>

#include "bowline/gateway/syn_proxy.hpp"
#include "bowline/tcp/secrets.hpp"
#include "bowline/tcp/syn_cookie.hpp"

namespace bowline::inline v0::gateway {
namespace {

// The smallest that a cookie can say (tcp/syn_cookie.cpp). Nobody's path needs less, and small
// segments are how a peer makes others work (CVE-2019-11479).
constexpr std::uint16_t kLeastMss = 48;

}  // namespace

void SynProxy::meet_stranger(const Segment& segment) noexcept {
  if (segment.has(wire::kRst)) return drop(Reason::tcp_reset_ignored);
  if (segment.has(wire::kSyn) && !segment.has(wire::kAck)) return answer_syn(segment);
  if (!segment.has(wire::kAck)) return drop(Reason::no_ack_flag);
  const std::optional<Proof> proof = segment.has(wire::kSyn) ? std::nullopt : proof_in(segment);
  if (proof) return open_flow(segment, *proof);
  // A scan, a flood of ACKs, or a connection from before the gateway was started.
  drop(Reason::gateway_no_flow);
  if (judge(segment).action != Action::drop) reset_sender(segment, Reason::send_rst_closed);
}

SynProxy::Judgement SynProxy::judge(const Segment& segment) const noexcept {
  for (std::size_t i = 0; i < config_.rules.size(); ++i) {
    const Rule& rule = config_.rules[i];
    if (rule.matches(segment.source.address, segment.destination)) {
      return {rule.action, static_cast<std::uint32_t>(i)};
    }
  }
  return {config_.otherwise, kNone};
}

// ---- a SYN --------------------------------------------------------------------------------------

/// RFC 4987 section 3.6. The answer has no option that the SYN had not, so that it is no longer:
/// who sends SYNs in another's name does not make more of them.
void SynProxy::answer_syn(const Segment& segment) noexcept {
  const wire::TcpOptions& theirs = segment.tcp.options;
  if (theirs.md5 || theirs.authentication) return drop(Reason::gateway_signed);
  const Action action = judge(segment).action;
  if (action != Action::allow) {
    drop(Reason::gateway_denied);
    if (action == Action::deny) reset_sender(segment, Reason::gateway_deny);
    return;
  }

  const Promise& promise = promises_.of(segment.destination);
  tcp::Negotiated agreed;
  agreed.timestamps = promise.timestamps && theirs.timestamps.has_value();
  agreed.sack = agreed.timestamps && promise.sack && theirs.sack_permitted;
  agreed.window_scaling = agreed.timestamps && promise.window_scaling && theirs.window_scale;
  agreed.snd_shift = theirs.window_scale.value_or(0);

  const std::uint16_t mss = theirs.mss.value_or(default_mss(segment.ip.family()));
  const auto cookie = tcp::make_syn_cookie(cookies_, segment.destination, segment.source,
                                           segment.seq(), std::max(mss, kLeastMss), now_);
  if (!cookie) return drop(Reason::tcp_bad_option);  // not with such an MSS

  wire::TcpHeader answer;
  answer.source_port = segment.destination.port;
  answer.destination_port = segment.source.port;
  answer.seq = *cookie;
  answer.ack = segment.seq() + 1;  // data on the SYN is not kept: it is repeated
  answer.flags = wire::kSyn | wire::kAck;
  answer.window = 0;  // until the server is there
  wire::TcpOptions ours;
  if (theirs.mss) {
    const std::uint16_t ours_at_most = largest_mss(segment.ip.family());
    ours.mss = promise.mss == 0 ? ours_at_most : std::min(promise.mss, ours_at_most);
  }
  if (agreed.timestamps) {
    const std::uint32_t offset =
        tcp::timestamp_offset(keys_.timestamp, segment.destination, segment.source);
    ours.timestamps = {tcp::timestamp_with_options(tcp::timestamp_clock(now_), agreed) + offset,
                       theirs.timestamps->value};
  }
  ours.sack_permitted = agreed.sack;
  if (agreed.window_scaling) ours.window_scale = config_.window_shift;
  // Ours are padded for alignment, theirs need not be.
  if (wire::options_size(ours) > segment.tcp.header_size - wire::kTcpHeaderSize) ours = {};
  send(Side::outside,
       make_segment(pool_, segment.destination.address, segment.source.address, answer, ours),
       Reason::gateway_syn_ack);
}

// ---- its ACK ------------------------------------------------------------------------------------

/// The ACK comes one number after the SYN. If it was lost, the first that is heard of the client
/// may be a probe of our shut window, which some send one number below (RFC 9293 section 3.8.6.1).
std::optional<SynProxy::Proof> SynProxy::proof_in(const Segment& segment) noexcept {
  for (const SeqNumber irs : {segment.seq() - 1, segment.seq()}) {
    const auto mss = tcp::open_syn_cookie(cookies_, segment.destination, segment.source, irs,
                                          segment.ack() - 1, now_);
    if (mss) return Proof{irs, *mss};
  }
  return std::nullopt;
}

/// What the SYN-ACK with this cookie promised: the client's timestamp echoes it.
tcp::Negotiated SynProxy::promised(const Segment& segment, const Proof& proof) const noexcept {
  tcp::Negotiated agreed;
  agreed.peer_mss = proof.mss;
  if (!segment.tcp.options.timestamps) return agreed;
  const std::uint32_t offset =
      tcp::timestamp_offset(keys_.timestamp, segment.destination, segment.source);
  const tcp::Offer offer{.mss = 0,
                         .window_scaling = config_.window_scaling,
                         .shift = config_.window_shift,
                         .timestamps = true,
                         .sack = config_.sack};
  return tcp::agreed_by_timestamp(segment.tcp.options.timestamps->echo - offset, proof.mss, offer,
                                  tcp::EcnMode::off);  // the proxy agrees to none
}

void SynProxy::open_flow(const Segment& segment, const Proof& proof) noexcept {
  const Judgement judgement = judge(segment);
  if (judgement.action != Action::allow) {  // a SYN to it was not answered by a cookie
    drop(Reason::gateway_denied);
    return;
  }
  std::uint32_t source = kNone;
  if (judgement.rule != kNone) {
    const auto [verdict, admitted] =
        sources_.admit(config_.rules[judgement.rule], judgement.rule, segment.source.address, now_);
    if (verdict != SourceTable::Verdict::admitted) {
      drop(verdict == SourceTable::Verdict::too_fast   ? Reason::gateway_too_fast
           : verdict == SourceTable::Verdict::too_many ? Reason::gateway_too_many
                                                       : Reason::gateway_full);
      return reset_sender(segment, Reason::gateway_deny);
    }
    source = admitted;
  }
  if (!make_place()) {
    sources_.release(source);
    drop(Reason::gateway_full);
    return reset_sender(segment, Reason::gateway_deny);
  }

  const tcp::Negotiated agreed = promised(segment, proof);
  Flow flow;
  flow.outside_end = segment.source;
  flow.inside_end = segment.destination;
  flow.translated = true;
  flow.scaling = agreed.window_scaling;
  flow.timestamps = agreed.timestamps;
  flow.sack = agreed.sack;
  flow.mss = agreed.peer_mss;
  flow.cookie = segment.ack() - 1;
  flow.source = source;
  flow.number = ++flow_count_;
  flow.outside.next = proof.irs + 1;
  flow.outside.shift = agreed.snd_shift;
  flow.outside.window = std::uint32_t{segment.tcp.header.window} << agreed.snd_shift;
  if (segment.tcp.options.timestamps)
    flow.outside.timestamp = segment.tcp.options.timestamps->value;
  flow.inside.read_shift = agreed.window_scaling ? config_.window_shift : std::uint8_t{0};
  const std::uint32_t index = flows_.add(flow, now_);
  if (index == kNone) {
    sources_.release(source);
    return drop(Reason::no_memory);
  }
  decisions_.make(Reason::gateway_client_proved, decisions_.frame(), flow.number, {});
  send_syn(flows_[index], Reason::gateway_open);
}

}  // namespace bowline::inline v0::gateway
