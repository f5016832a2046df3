#include "bowline/lab/invariant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bowline::inline v0::lab {
namespace {

using trace::Side;

struct Entry {
  Text name;
  Text promise;
};

const std::array<Entry, 11>& entries() {
  static const std::array<Entry, 11> kEntries{{
      {{"agreement", "一致"},
       {"when an end is ESTABLISHED, its peer has received its ISN, and each holds the other's",
        "一端进入 ESTABLISHED 时，对方已收到它的初始序列号，双方各自掌握对方的号码"}},
      {{"no phantom", "无幽灵连接"},
       {"whatever a listener hands up was asked for by one connect that is still wanted",
        "监听者交给应用的每个连接，都对应对方一次仍然有效的 connect"}},
      {{"prefix", "前缀"},
       {"the bytes read are a prefix of those written in the same incarnation",
        "读到的字节，是同一次连接中写入字节的前缀"}},
      {{"whole", "完整"},
       {"when both ends report an orderly close, all bytes of both have been read",
        "双方都报告正常关闭时，双方写入的字节都已被读完"}},
      {{"progress", "进展"},
       {"once the network is fair again, every call ends within its bound",
        "网络恢复正常之后，每个调用都在期限内结束"}},
      {{"no leak", "不泄漏"},
       {"every record is gone within its bound once its peer or its owner is gone",
        "对方或主人消失之后，每条记录都在期限内释放"}},
      {{"bounded", "有界"},
       {"memory held for unproven peers stays below the configured bound",
        "为身份未经证实的对方所占的内存不超过设定的上限"}},
      {{"service", "服务"},
       {"an honest client gets a connection within its patience",
        "诚实的客户端在耐心耗尽之前能得到连接"}},
      {{"orderly", "有序"},
       {"loss, delay, duplicates and idling never reset a connection, nor end a live one",
        "丢失、延迟、重复和空闲不会复位连接，也不会终止活着的连接"}},
      {{"off-path", "路径外"},
       {"who sees no packet can open, feed or end nothing, except by guessing 32 bits",
        "看不到报文的人，除非猜中 32 位号码，不能建立、注入或终止任何连接"}},
      {{"told", "告知"},
       {"if written bytes do not arrive, or the peer's program is gone or hung, the application "
        "learns it within its bound",
        "写入的字节若没有到达，或对方的程序已消失或停止响应，应用会在期限内得知"}},
  }};
  return kEntries;
}

const Entry& entry(Invariant invariant) {
  return entries().at(static_cast<std::size_t>(invariant) - 1);
}

Text side_name(Side side) {
  return side == Side::left ? Text{"the client", "客户端"} : Text{"the server", "服务器"};
}

// The other end of the same incarnation.
const Facts* peer_of(const Facts& one, const Observation& seen) {
  if (one.incarnation == 0) return nullptr;
  for (const Facts& other : seen.connections) {
    if (other.side != one.side && other.incarnation == one.incarnation) return &other;
  }
  return nullptr;
}

using Found = std::optional<Text>;

Found agreement(const Observation& seen) {
  for (const Establishment& moment : seen.established) {
    if (moment.peer_knows && moment.agreed) continue;
    const Text who = side_name(moment.side);
    return Text{fmt::format("{} counts itself ESTABLISHED while its peer has never received its "
                            "initial sequence number",
                            who.en),
                fmt::format("{}自认为已是 ESTABLISHED，而对方从未收到它的初始序列号", who.zh)};
  }
  return std::nullopt;
}

Found no_phantom(const Observation& seen) {
  std::size_t phantoms = 0;
  for (const Facts& one : seen.connections) {
    if (one.passive && (!one.wanted_by_peer || peer_of(one, seen) == nullptr)) ++phantoms;
  }
  if (phantoms == 0) return std::nullopt;
  return Text{fmt::format("the server handed {} to its application that nobody wants",
                          phantoms == 1 ? "a connection" : fmt::format("{} connections", phantoms)),
              fmt::format("服务器把 {} 个没有人要的连接交给了应用", phantoms)};
}

Found prefix(const Observation& seen) {
  for (const Facts& reader : seen.connections) {
    if (reader.read.empty()) continue;
    const Facts* const writer = peer_of(reader, seen);
    const std::string_view written = writer == nullptr ? "" : std::string_view(writer->written);
    if (written.starts_with(reader.read)) continue;
    const auto differ = std::ranges::mismatch(reader.read, written).in1 - reader.read.begin();
    const Text who = side_name(reader.side);
    return Text{fmt::format("{} read bytes that were not written so: byte {} of {} is the first "
                            "that differs",
                            who.en, differ + 1, reader.read.size()),
                fmt::format("{}读到的内容与写入的不符：共 {} 字节，从第 {} 字节起不同", who.zh,
                            reader.read.size(), differ + 1)};
  }
  return std::nullopt;
}

Found whole(const Observation& seen) {
  for (const Facts& reader : seen.connections) {
    const Facts* const writer = peer_of(reader, seen);
    if (writer == nullptr || !reader.closed || !writer->closed || reader.aborted ||
        writer->aborted) {
      continue;
    }
    // Orderly: nobody was told of an error before it had let go.
    if (reader.error || writer->error) continue;
    if (reader.read.size() >= writer->written.size()) continue;
    const Text who = side_name(writer->side);
    return Text{
        fmt::format("both ends closed in good order, yet {} of the {} bytes that {} wrote "
                    "were never read",
                    writer->written.size() - reader.read.size(), writer->written.size(), who.en),
        fmt::format("双方都以为正常关闭了，但{}写的 {} 字节中有 {} 字节从未被读到", who.zh,
                    writer->written.size(), writer->written.size() - reader.read.size())};
  }
  return std::nullopt;
}

Found progress(const Observation& seen) {
  for (const Facts& one : seen.connections) {
    const Duration since = seen.end - one.opened;
    if (since < seen.bound || one.aborted || one.silent_since != kNever) continue;
    const Text who = side_name(one.side);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    if (!one.passive && one.wanted && !one.established && !one.error) {
      return Text{fmt::format("{} has been waiting for its connect for {} s", who.en, seconds),
                  fmt::format("{}的 connect 等了 {} 秒仍未结束", who.zh, seconds)};
    }
    if (one.established && one.awaits_end && !one.end_seen && !one.error && !one.closed) {
      return Text{fmt::format("{} has been waiting for the end of the stream for {} s: it has {} "
                              "bytes and will get no more",
                              who.en, seconds, one.read.size()),
                  fmt::format("{}等流的结尾等了 {} 秒：已读 {} 字节，再也等不到更多", who.zh,
                              seconds, one.read.size())};
    }
  }
  return std::nullopt;
}

Found no_leak(const Observation& seen) {
  for (const Record& record : seen.left) {
    if (!record.peer_gone || record.age < seen.bound) continue;
    const Text who = side_name(record.side);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(record.age).count();
    return Text{fmt::format("{} still holds a record in {} after {} s, and nobody is at its other "
                            "end",
                            who.en, tcp::name(record.state), seconds),
                fmt::format("{} 秒之后，{}仍有一条 {} 状态的记录，而另一端早已无人", seconds,
                            who.zh, tcp::name(record.state))};
  }
  return std::nullopt;
}

Found bounded(const Observation& seen) {
  if (seen.unproven == 0 && seen.half_open <= seen.half_open_bound) return std::nullopt;
  if (seen.unproven == 0) {
    return Text{fmt::format("the server held {} half-open entries for peers that have proven "
                            "nothing; {} are meant for those",
                            seen.half_open, seen.half_open_bound),
                fmt::format("服务器为身份未证实的对方保留了 {} 个半连接表项，而允许的只有 {} 个",
                            seen.half_open, seen.half_open_bound)};
  }
  return Text{fmt::format("the server held {} full connections for peers that have proven nothing; "
                          "only its {} half-open entries are meant for those",
                          seen.unproven, seen.half_open_bound),
              fmt::format("服务器为身份未证实的对方保留了 {} 个完整连接，而为它们准备的只有 {} "
                          "个半连接表项",
                          seen.unproven, seen.half_open_bound)};
}

Found service(const Observation& seen) {
  for (const Facts& one : seen.connections) {
    if (one.passive || !one.wanted || !one.honest || one.patience == Duration::max()) continue;
    const Time end = one.established ? one.established_at : seen.end;
    if (end - one.opened <= one.patience) continue;
    const double waited = std::chrono::duration<double>(end - one.opened).count();
    const double patience = std::chrono::duration<double>(one.patience).count();
    return Text{fmt::format("an honest client waited {:.1f} s for its connection; its patience is "
                            "{:.0f} s",
                            waited, patience),
                fmt::format("一个诚实的客户端等连接等了 {:.1f} 秒，而它的耐心只有 {:.0f} 秒",
                            waited, patience)};
  }
  return std::nullopt;
}

Found orderly(const Observation& seen) {
  if (!seen.hosts_alive) return std::nullopt;
  for (const Reset& reset : seen.resets) {
    const bool live = reset.met != tcp::State::closed && reset.met != tcp::State::listen &&
                      reset.met != tcp::State::syn_sent && reset.met != tcp::State::syn_received &&
                      reset.met != tcp::State::time_wait;
    if (!live || reset.asked_for || reset.forged) continue;
    const Text who = side_name(reset.at);
    return Text{fmt::format("a RST met {} in {}, though nobody had aborted anything", who.en,
                            tcp::name(reset.met)),
                fmt::format("没有任何一方中止连接，处于 {} 的{}却收到了 RST", tcp::name(reset.met),
                            who.zh)};
  }
  for (const Facts& one : seen.connections) {
    if (one.error != std::errc::connection_reset || one.aborted || seen.forged > 0) continue;
    const Text who = side_name(one.side);
    return Text{fmt::format("{} was told that its connection was reset, though nobody had aborted "
                            "it",
                            who.en),
                fmt::format("没有任何一方中止连接，{}却得知连接被复位", who.zh)};
  }
  for (const Facts& one : seen.connections) {
    const Facts* const peer = peer_of(one, seen);
    const bool there = peer != nullptr && !peer->aborted && peer->silent_since == kNever;
    if (one.error != std::errc::timed_out || !one.established || one.aborted || !there) continue;
    const Text who = side_name(one.side);
    return Text{fmt::format("the connection of {} was given up, though its peer was there all the "
                            "time",
                            who.en),
                fmt::format("{}的连接被放弃，而对方一直都在", who.zh)};
  }
  return std::nullopt;
}

Found off_path(const Observation& seen) {
  if (seen.forged == 0) return std::nullopt;
  for (const Facts& one : seen.connections) {
    const Text who = side_name(one.side);
    if (one.passive && peer_of(one, seen) == nullptr) {
      return Text{fmt::format("{} forged packets opened a connection in another's name{}",
                              seen.forged, one.read.empty() ? "" : ", and what they said was read"),
                  fmt::format("{} 个伪造的报文就以他人名义建立了连接{}", seen.forged,
                              one.read.empty() ? "" : "，其中的内容也被读走了")};
    }
    if (one.error == std::errc::connection_reset && !one.aborted) {
      return Text{fmt::format("{} forged packets were enough to end {}'s connection; guessing "
                              "would have taken up to 2^32",
                              seen.forged, who.en),
                  fmt::format("只用 {} 个伪造的报文就终止了{}的连接；靠猜本应需要多达 2^32 个",
                              seen.forged, who.zh)};
    }
  }
  return std::nullopt;
}

// "... or the peer's program is gone or hung".
Found told_of_silence(const Observation& seen) {
  for (const Facts& one : seen.connections) {
    const Facts* const peer = peer_of(one, seen);
    if (peer == nullptr || peer->silent_since == kNever) continue;
    if (one.error || one.end_seen || one.closed || one.silent_since != kNever) continue;
    const Duration since = seen.end - peer->silent_since;
    if (since < seen.bound) continue;
    const Text who = side_name(one.side);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    return Text{fmt::format("nobody has been at the other end for {} s, and {} does not know it",
                            seconds, who.en),
                fmt::format("对端已有 {} 秒无人应答，{}却毫不知情", seconds, who.zh)};
  }
  return std::nullopt;
}

Found told(const Observation& seen) {
  if (Found silent = told_of_silence(seen)) return silent;
  for (const Facts& writer : seen.connections) {
    const Facts* const reader = peer_of(writer, seen);
    const std::size_t read = reader == nullptr ? 0 : reader->read.size();
    if (writer.error || read >= writer.written.size() || !writer.wanted) continue;
    if (writer.silent_since != kNever) continue;  // there is nobody to be told
    if (seen.end - writer.opened < seen.bound) continue;
    const Text who = side_name(writer.side);
    return Text{fmt::format("{} of the {} bytes that {} wrote did not arrive, and nobody told it",
                            writer.written.size() - read, writer.written.size(), who.en),
                fmt::format("{}写的 {} 字节中有 {} 字节没有到达，却没有人告诉它", who.zh,
                            writer.written.size(), writer.written.size() - read)};
  }
  return std::nullopt;
}

}  // namespace

std::string label_of(Invariant invariant) {
  return fmt::format("I{}", static_cast<unsigned>(invariant));
}

Text name_of(Invariant invariant) { return entry(invariant).name; }

Text promise_of(Invariant invariant) { return entry(invariant).promise; }

std::optional<Broken> check(Invariant invariant, const Observation& seen) {
  using Check = Found (*)(const Observation&);
  constexpr std::array<Check, 11> kChecks{agreement, no_phantom, prefix,  whole,
                                          progress,  no_leak,    bounded, service,
                                          orderly,   off_path,   told};
  Found found = kChecks.at(static_cast<std::size_t>(invariant) - 1)(seen);
  if (!found) return std::nullopt;
  return Broken{invariant, std::move(*found)};
}

std::vector<Broken> check_all(const std::vector<Invariant>& invariants, const Observation& seen) {
  std::vector<Broken> broken;
  for (const Invariant invariant : invariants) {
    if (auto one = check(invariant, seen)) broken.push_back(std::move(*one));
  }
  return broken;
}

}  // namespace bowline::inline v0::lab
