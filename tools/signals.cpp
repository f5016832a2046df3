#include "tools/signals.hpp"

#include <csignal>
#include <utility>

namespace bowline::tools {

EndSignals::EndSignals(boost::asio::io_context& context, std::function<void()> end)
    : signals_(context, SIGINT, SIGTERM, SIGHUP) {
  signals_.async_wait([this, end = std::move(end)](const boost::system::error_code& error, int) {
    if (error) return;
    signals_.clear();  // the next one does what it does by default
    end();
  });
}

void EndSignals::cancel() {
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

namespace {
volatile std::sig_atomic_t stop_asked = 0;
}  // namespace

StopFlag::StopFlag() {
  struct sigaction once{};
  once.sa_handler = [](int) { stop_asked = 1; };
  once.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &once, nullptr);
}

bool StopFlag::asked() noexcept { return stop_asked != 0; }

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace bowline::tools
