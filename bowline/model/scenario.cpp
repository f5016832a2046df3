#include "bowline/model/scenario.hpp"

namespace bowline::inline v0::model {

std::string_view name(Invariant invariant) noexcept {
  switch (invariant) {
    case Invariant::agreement:
      return "I1 agreement";
    case Invariant::no_phantom:
      return "I2 no phantom";
    case Invariant::prefix:
      return "I3 prefix";
    case Invariant::whole:
      return "I4 whole";
    case Invariant::progress:
      return "I5 progress";
    case Invariant::no_leak:
      return "I6 no leak";
    case Invariant::bounded:
      return "I7 bounded";
    case Invariant::service:
      return "I8 service";
    case Invariant::orderly:
      return "I9 orderly";
    case Invariant::told:
      break;
  }
  return "I11 told";
}

std::string_view rule(Invariant invariant) noexcept {
  switch (invariant) {
    case Invariant::agreement:
      return "when an end is ESTABLISHED, its peer has received its ISN, and each holds the "
             "other's";
    case Invariant::no_phantom:
      return "whatever a listener hands to its application was asked for by one connect of the "
             "peer that is still wanted";
    case Invariant::prefix:
      return "the bytes read are a prefix of those written in the same incarnation";
    case Invariant::whole:
      return "who is told that the peer has finished has read all that the peer wrote";
    case Invariant::progress:
      return "once the network is fair again, every call ends within its bound";
    case Invariant::no_leak:
      return "every record is gone within its bound once its peer or its owner is gone";
    case Invariant::bounded:
      return "memory held for unproven peers stays below the configured bound";
    case Invariant::service:
      return "an honest client gets a connection within its patience";
    case Invariant::orderly:
      return "loss, delay, duplicates and idling never reset a connection, nor end a live one";
    case Invariant::told:
      break;
  }
  return "if written bytes do not arrive, or the peer's program is gone, the application learns it";
}

StackConfig tiny_config() {
  StackConfig config;
  config.seed = {11, 22, 33, 44};
  config.tcp.rto_initial = config.tcp.rto_min = config.tcp.rto_max = 1s;
  config.tcp.rto_initial_after_loss = 1s;
  config.tcp.timestamps = false;
  config.tcp.sack = false;
  config.tcp.ecn = tcp::EcnMode::off;
  config.tcp.pacing = false;
  config.tcp.window_validation = false;
  config.tcp.congestion = tcp::CongestionAlgorithm::reno;
  config.tcp.mtu_probing = tcp::MtuProbing::off;
  config.tcp.syn_cookies = tcp::SynCookies::never;  // the bound on entries is what is explored
  config.tcp.syn_ack_retries = 5;                   // Linux's: they live longer
  config.tcp.keepalive.enabled = true;
  config.tcp.send_buffer = config.tcp.send_buffer_max = 4096;
  config.tcp.receive_buffer = config.tcp.receive_buffer_max = 4096;
  config.limits.connections = 8;
  config.limits.listeners = 2;
  config.limits.udp_sockets = 1;
  config.limits.half_open = 4;
  config.limits.orphans = 8;
  config.limits.time_wait = 8;
  config.limits.buffer_bytes = 1U << 20;
  config.limits.interfaces = 1;
  config.limits.routes = 4;
  config.limits.neighbours = 1;
  config.limits.path_mtu_entries = 4;
  return config;
}

Scenario::Scenario() : client(tiny_config()), server(tiny_config()) { client_program.connects = 1; }

}  // namespace bowline::inline v0::model
