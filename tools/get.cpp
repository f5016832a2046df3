// bowline get: a file over HTTP or HTTPS, on this TCP.

#include "bowline/http/download.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <optional>
#include <string>

#include "bowline/http/deadline.hpp"
#include "bowline/http/listing.hpp"
#include "bowline/http/tcp_channel.hpp"
#include "tools/command.hpp"
#include "tools/descriptor_stream.hpp"
#include "tools/network.hpp"
#include "tools/output_file.hpp"
#include "tools/progress.hpp"
#include "tools/signals.hpp"
#include "tools/terminal.hpp"

namespace bowline::tools {
namespace {

using boost::asio::awaitable;

struct GetOptions {
  http::DownloadRequest request;
  http::ChannelSettings channel;
  std::string output;  // a file; empty: standard output
  bool name_from_url = false;
  bool resume = false;
  std::uint64_t most_seconds = 0;  // 0: no limit
  NetworkOptions network;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo bowline get http://10.77.0.1:8000/\n"
    "      from a server on this machine; to standard output\n"
    "  sudo bowline get -o big.iso -C https://example.com/big.iso --gateway 10.77.0.1\n"
    "      goes on with big.iso.part where an earlier run stopped\n"
    "  sudo bowline get --resolve host.test:10.77.0.1 --cacert ca.pem https://host.test:8443/x\n"
    "      a name without a name server, and an authority of one's own\n"
    "  sudo bowline get http://10.77.0.1:8000/big -o /dev/null --ladder\n"
    "      the connection as a diagram\n"
    "\n"
    "With -o the file is written as FILE.part, and has its name only once it is whole. A part "
    "that\n"
    "can be gone on with is kept, with what is needed to know it again in FILE.part.info.\n"
    "Beyond the link, this machine has to forward packets (sysctl net.ipv4.ip_forward, a NAT "
    "rule).\n";

// ---- where the body goes -----------------------------------------------------------------------

// Into a file.
class FileSink final : public http::BodySink {
 public:
  FileSink(OutputFile& file, Progress& progress) : file_(file), progress_(progress) {}

  awaitable<std::string> begin(const http::Answer& answer) override {
    progress_.start(answer.offset, answer.total());
    co_return file_.begin(answer.offset, answer.validator());
  }
  awaitable<std::string> take(std::span<const char> bytes) override {
    progress_.add(bytes.size());
    co_return file_.append(bytes);
  }

 private:
  OutputFile& file_;
  Progress& progress_;
};

// To standard output, as fast as its reader is.
class StandardSink final : public http::BodySink {
 public:
  StandardSink(DescriptorOutput& output, Progress& progress)
      : output_(output), progress_(progress) {}

  awaitable<std::string> begin(const http::Answer& answer) override {
    // Where the body itself appears on the terminal a line of progress would break it up.
    if (!is_terminal(STDOUT_FILENO)) progress_.start(answer.offset, answer.total());
    co_return std::string();
  }
  awaitable<std::string> take(std::span<const char> bytes) override {
    progress_.add(bytes.size());
    const auto error = co_await output_.write(bytes);
    if (!error) co_return std::string();
    co_return fmt::format("standard output cannot be written: {}", error.message());
  }

 private:
  DescriptorOutput& output_;
  Progress& progress_;
};

// ---- the work ----------------------------------------------------------------------------------

std::string header_text(const http::Answer& answer) {
  std::string text = fmt::format("HTTP/{}.{} {} {}\n", answer.version / 10, answer.version % 10,
                                 answer.status, answer.reason);
  for (const http::Field& field : answer.fields) {
    text += fmt::format("{}: {}\n", field.first, field.second);
  }
  return text;
}

// The file to write, or nothing for standard output.
std::unique_ptr<OutputFile> open_file(const GetOptions& options) {
  if (options.output.empty()) return nullptr;
  return std::make_unique<OutputFile>(options.output, http::to_string(options.request.url));
}

// Runs the download on the context to its end. Throws Failure.
class Get {
 public:
  Get(boost::asio::io_context& context, const GetOptions& options)
      : channel_(http::make_tcp_channel(context.get_executor(), options.channel)),
        file_(open_file(options)),
        output_(context.get_executor(), STDOUT_FILENO),
        progress_(context.get_executor()),
        time_limit_(context.get_executor(),
                    [this, most = options.most_seconds] {
                      cancel(fmt::format("not done within {} s (--max-time)", most));
                    }),
        head_(options.request.head),
        url_(http::to_string(options.request.url)) {
    http::DownloadRequest request = options.request;
    if (options.resume && file_) {
      if (const auto part = file_->find_part()) request.resume = {part->size, part->validator};
    }
    download_.emplace(*channel_, std::move(request));
    if (options.most_seconds > 0) time_limit_.set(std::chrono::seconds(options.most_seconds));
  }

  void cancel(const std::string& why) {
    download_->cancel(why);
    output_.cancel();
  }

  awaitable<void> run() {
    std::expected<http::DownloadResult, std::string> result;
    if (file_ && !head_) {
      FileSink sink(*file_, progress_);
      result = co_await download_->run(sink);
    } else {
      StandardSink sink(output_, progress_);
      result = co_await download_->run(sink);
    }
    progress_.stop();
    time_limit_.clear();
    if (result && head_) {
      const std::string text = header_text(result->answer);
      if (const auto error = co_await output_.write(text)) {
        result = std::unexpected("standard output cannot be written: " + error.message());
      }
    }
    if (result && file_ && !head_) finish(*result);
    if (!result) fail(result.error());
  }

  // After the run: throws Failure if it failed.
  void check() const {
    if (!problem_.empty()) throw Failure(problem_);
  }

 private:
  void finish(const http::DownloadResult& result) {
    if (const std::string why = file_->commit(); !why.empty()) fail(why);
    if (problem_.empty() && is_terminal(STDERR_FILENO)) {
      fmt::print(stderr, "{} received{}.\n", http::format_size(result.body_bytes),
                 result.was_complete ? ": the part was the whole file already" : "");
    }
  }

  void fail(const std::string& why) {
    problem_ = fmt::format("{}: {}", url_, why);
    const std::string part = file_ ? file_->part_path() : "";
    const std::uint64_t kept = file_ ? file_->abandon() : 0;
    if (kept > 0) {
      problem_ += fmt::format("; {} bytes are in {}, and -C goes on from there", kept, part);
    }
  }

  std::unique_ptr<http::Channel> channel_;
  std::unique_ptr<OutputFile> file_;
  DescriptorOutput output_;
  Progress progress_;
  http::Deadline time_limit_;
  const bool head_;
  const std::string url_;
  std::optional<http::Download> download_;
  std::string problem_;
};

void get(const GetOptions& options) {
  ignore_broken_pipes();
  std::unique_ptr<Watch> watch;
  if (options.network.watch.any()) watch = std::make_unique<Watch>(options.network.watch);

  boost::asio::io_context context(1);
  Network network(context, options.network, watch.get());
  Get get(context, options);
  EndSignals signals(context, [&] { get.cancel("interrupted"); });
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, get.run(), [&](const std::exception_ptr& error) {
    thrown = error;
    signals.cancel();
    network.stop_answering();
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);

  network.drain();
  if (watch) watch->finish();
  get.check();
}

// ---- the command line --------------------------------------------------------------------------

http::Url read_url(const std::string& text) {
  auto url = http::parse_url(text);
  if (!url) throw WrongUsage(fmt::format("URL {}: {}", text, url.error()));
  return std::move(*url);
}

http::Field read_field(const std::string& text) {
  auto field = http::parse_field(text);
  if (!field) throw WrongUsage(fmt::format("--header {}: must be 'Name: value'", text));
  return std::move(*field);
}

// "host:10.77.0.1", "host:[fd77::1]", "host:fd77::1".
void read_resolve(http::ChannelSettings& settings, const std::string& text) {
  const std::size_t colon = text.find(':');
  std::string host = text.substr(0, colon);
  if (colon == std::string::npos || host.empty()) {
    throw WrongUsage(fmt::format("--resolve {}: must be HOST:ADDRESS", text));
  }
  std::ranges::transform(host, host.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string address = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  settings.addresses[host].push_back(net::to_asio(read_address("--resolve", address)));
}

void complete(GetOptions& options) {
  if (options.name_from_url && options.output.empty()) {
    options.output = http::file_name(options.request.url);
    if (options.output.empty()) {
      throw WrongUsage(fmt::format("-O: {} ends with no name; give one with -o FILE",
                                   http::to_string(options.request.url)));
    }
  }
  if (options.resume && options.output.empty()) {
    throw WrongUsage("-C: goes on with a file; name it with -o FILE");
  }
  const WatchOptions& watch = options.network.watch;
  if (options.output.empty() && (watch.trace || watch.ladder || watch.json)) {
    throw WrongUsage(fmt::format("{}: is for standard output, where the body goes; give -o FILE",
                                 watch.trace    ? "--trace"
                                 : watch.ladder ? "--ladder"
                                                : "--json"));
  }
  complete(options.network);
}

void add_transfer_options(CLI::App& command, GetOptions& options) {
  const auto* const group = "Transfer";
  command.add_option("-o,--output", options.output, "Write into this file [standard output]")
      ->type_name("FILE")
      ->group(group);
  command
      .add_flag("-O,--remote-name", options.name_from_url,
                "Write into a file named as the URL's last part")
      ->group(group);
  command
      .add_flag("-C,--continue", options.resume,
                "Go on with FILE.part if the server still has the same file; else begin again")
      ->group(group);
  command.add_flag("-I,--head", options.request.head, "Get and print the header alone")
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "-H,--header",
          [&](const std::vector<std::string>& texts) {
            for (const auto& text : texts) options.request.fields.push_back(read_field(text));
          },
          "A field for the request; may be repeated")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::string>(
          "--max-redirects",
          [&](const std::string& text) {
            options.request.most_redirects =
                static_cast<std::uint32_t>(read_number("--max-redirects", text, 0, 1'000));
          },
          "Follow at most so many redirects [20]")
      ->type_name("NUMBER")
      ->group(group);
}

void add_connection_options(CLI::App& command, GetOptions& options) {
  const auto* const group = "Connection";
  const auto add_seconds = [&](const char* name, auto set, const char* what) {
    command
        .add_option_function<std::string>(
            name,
            [name, set](const std::string& text) { set(read_number(name, text, 1, 1'000'000)); },
            what)
        ->type_name("SECONDS")
        ->group(group);
  };
  add_seconds(
      "--connect-timeout",
      [&](std::uint64_t s) { options.channel.connect_timeout = std::chrono::seconds(s); },
      "For name, connection and TLS together [30]");
  add_seconds(
      "--idle-timeout",
      [&](std::uint64_t s) { options.channel.stall_timeout = std::chrono::seconds(s); },
      "Fail when nothing has come for so long [60]");
  add_seconds(
      "--max-time", [&](std::uint64_t s) { options.most_seconds = s; },
      "Fail when it is not done by then [no limit]");
  command
      .add_option_function<std::vector<std::string>>(
          "--resolve",
          [&](const std::vector<std::string>& texts) {
            for (const auto& text : texts) read_resolve(options.channel, text);
          },
          "The address of a host, instead of asking for it; may be repeated")
      ->type_name("HOST:ADDRESS")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("--cacert", options.channel.authorities,
                  "Trust the authorities of this file (PEM) instead of the system's")
      ->type_name("FILE")
      ->group(group);
  command
      .add_flag("-k,--insecure", options.channel.insecure, "Do not verify the server's certificate")
      ->group(group);
}

}  // namespace

void add_get(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* const command = app.add_subcommand("get", "Get a file over HTTP or HTTPS, on this TCP");
  command->footer(kExamples);
  command
      ->add_option_function<std::string>(
          "URL", [=](const std::string& text) { options->request.url = read_url(text); },
          "http://... or https://...")
      ->type_name("")
      ->required();
  add_transfer_options(*command, *options);
  add_connection_options(*command, *options);
  add_network_options(*command, options->network);
  command->callback([options, &status] {
    complete(*options);
    get(*options);
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
