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

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace bowline::tools
