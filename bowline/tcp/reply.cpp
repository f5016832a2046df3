#include "bowline/tcp/reply.hpp"

namespace bowline::inline v0::tcp {

Reply reset_for(const Segment& segment, Reason why) noexcept {
  Reply reply;
  reply.local = segment.local;
  reply.remote = segment.remote;
  reply.interface = segment.interface;
  reply.why = why;
  if (segment.has_ack()) {
    reply.seq = segment.ack;  // <SEQ=SEG.ACK><CTL=RST>
    reply.flags = wire::kRst;
  } else {
    reply.ack = segment.seq + segment.len();  // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
    reply.flags = wire::kRst | wire::kAck;
  }
  return reply;
}

}  // namespace bowline::inline v0::tcp
