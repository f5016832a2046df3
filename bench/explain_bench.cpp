// explain_bench [MEGABYTES [FILE]]: a capture of that size (1000) is written to FILE (in the folder
// of temporary files), explained, and removed.
//
// It holds 1000 connections at a time that carry 100 KB each, with a repeat now and then, and in
// between SYNs from scattered addresses: what fills the tables. Figures: processor time, packets a
// second, and the most memory that the process ever held.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/measure.hpp"
#include "bowline/explain/analyzer.hpp"
#include "bowline/explain/report/text_report.hpp"

namespace bowline::bench {
namespace {

constexpr std::uint32_t kSegment = 1'448;
constexpr std::uint32_t kSegments = 70;  // of a connection
constexpr std::uint32_t kAtATime = 1'000;

// Writes a pcap of raw IP packets.
class Generator {
 public:
  explicit Generator(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) give_up("cannot write", path);
    for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65'535U, 101U}) u32(word);
  }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    if (std::fclose(file_) != 0) give_up("cannot write", "the capture: is the disk full?");
  }

  void write(const trace::Segment& segment) {
    const std::vector<std::byte> packet = trace::to_packet(segment);
    microseconds_ += 3;
    u32(1'700'000'000 + static_cast<std::uint32_t>(microseconds_ / 1'000'000));
    u32(static_cast<std::uint32_t>(microseconds_ % 1'000'000));
    u32(static_cast<std::uint32_t>(packet.size()));
    u32(static_cast<std::uint32_t>(packet.size()));
    put(packet.data(), packet.size());
    ++packets_;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t packets() const { return packets_; }

 private:
  void u32(std::uint32_t value) { put(&value, sizeof value); }
  void put(const void* from, std::size_t size) {
    if (std::fwrite(from, 1, size, file_) != size) give_up("cannot write", "the capture");
    bytes_ += size;
  }

  std::FILE* file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t microseconds_ = 0;
};

struct Talk {
  Endpoint client;
  std::uint32_t step = 0;
};

// The next segment of a connection: three to open, then data and an acknowledgment for every
// second.
trace::Segment next(Talk& talk, const Endpoint& server) {
  trace::Segment segment;
  segment.source = talk.client;
  segment.destination = server;
  segment.window = 65'535;
  segment.flags = wire::kAck;
  const std::uint32_t step = talk.step++;
  const SeqNumber client(1'000'000);
  const SeqNumber own(5'000'000);
  segment.seq = client + 1;
  segment.ack = own + 1;
  if (step == 0) {
    segment.flags = wire::kSyn;
    segment.seq = client;
    segment.options.mss = 1'460;
  } else if (step == 1) {
    std::swap(segment.source, segment.destination);
    segment.flags = wire::kSyn | wire::kAck;
    segment.seq = own;
    segment.ack = client + 1;
    segment.options.mss = 1'460;
  } else if (step > 2) {
    const std::uint32_t round = (step - 3) / 3;
    const std::uint32_t turn = (step - 3) % 3;
    if (turn < 2) {
      segment.seq = client + 1 + (2 * round + turn) * kSegment;
      segment.length = kSegment;
      if (round % 16 == 15 && turn == 1) segment.seq = segment.seq - kSegment;  // sent again
    } else {
      std::swap(segment.source, segment.destination);
      segment.seq = own + 1;
      segment.ack = client + 1 + (2 * round + 2) * kSegment;
    }
  }
  return segment;
}

void generate(const std::string& path, std::uint64_t bytes) {
  Generator file(path);
  const Endpoint server{IpAddress::v4(0x0a00'0001), 80};
  std::vector<Talk> talks(kAtATime);
  std::uint32_t begun = 0;
  const auto fresh = [&] {
    ++begun;
    return Talk{{IpAddress::v4(0x0b00'0000 + begun / 50'000),
                 static_cast<std::uint16_t>(1'024 + begun % 50'000)}};
  };
  for (Talk& talk : talks) talk = fresh();
  std::uint32_t flood = 0;
  while (file.bytes() < bytes) {
    for (Talk& talk : talks) {
      file.write(next(talk, server));
      if (talk.step > 3 + 3 * kSegments / 2) talk = fresh();
    }
    for (int i = 0; i < 10; ++i) {
      trace::Segment syn;
      syn.source = {IpAddress::v4(0xc000'0000U + ++flood * 2'654'435U), 5'000};
      syn.destination = server;
      syn.flags = wire::kSyn;
      file.write(syn);
    }
  }
}

class Nothing final : public trace::ByteSink {
 public:
  bool append(std::string_view record) override {
    bytes_ += record.size();
    return true;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

int run(std::uint64_t megabytes, const std::string& path) {
  generate(path, megabytes * 1'000'000);
  auto source = explain::FileSource::open(path);
  if (!source) give_up("explain_bench", source.error());
  const std::uint64_t size = *source->size();
  const double before = cpu_seconds();
  const double wall = seconds_on(CLOCK_MONOTONIC);
  explain::InputBuffer input(*source);
  auto reader = explain::open_capture(input);
  if (!reader) give_up("explain_bench", reader.error());
  explain::Analyzer analyzer;
  explain::CapturedPacket packet;
  while ((*reader)->next(packet) == explain::Read::packet)
    analyzer.add(packet, explain::decode(packet));
  const explain::Explanation explanation = std::move(analyzer).finish();
  Nothing nothing;
  explain::write_text(nothing, path, (*reader)->info(), explanation, {});
  const double seconds = cpu_seconds() - before;
  const double passed = seconds_on(CLOCK_MONOTONIC) - wall;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto packets = static_cast<double>(explanation.totals.packets);
  fmt::print(
      "| MB | packets | connections | s of processor | s passed | MB/s | M packets/s | peak MiB |\n"
      "|---:|---:|---:|---:|---:|---:|---:|---:|\n"
      "| {:.0f} | {} | {} | {:.2f} | {:.2f} | {:.0f} | {:.2f} | {:.0f} |\n",
      static_cast<double>(size) / 1e6, explanation.totals.packets, explanation.connection_count,
      seconds, passed, static_cast<double>(size) / 1e6 / seconds, packets / 1e6 / seconds,
      static_cast<double>(usage.ru_maxrss) / 1'024);
  std::filesystem::remove(path);
  return explanation.totals.packets > 0 && nothing.bytes() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bowline::bench

int main(int argc, char** argv) {
  const std::uint64_t megabytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000;
  const std::string path = argc > 2 ? argv[2]
                                    : (std::filesystem::temp_directory_path() /
                                       fmt::format("explain_bench.{}.pcap", ::getpid()))
                                          .string();
  if (megabytes == 0) bowline::bench::give_up("explain_bench", "a number of megabytes, 1 or more");
  return bowline::bench::run(megabytes, path);
}
