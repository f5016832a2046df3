#pragma once

// Ending on request: Ctrl-C, SIGTERM and SIGHUP end a subcommand cleanly, with its capture complete
// and its interface gone; a second one ends it at once.

#include "bowline/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace bowline::tools {

/// Calls a function at the first signal that asks for the end.
class EndSignals {
 public:
  /// `end` is called once, on `context`.
  EndSignals(boost::asio::io_context& context, std::function<void()> end);
  /// No longer waits: without this the context would never run out of work.
  void cancel();

 private:
  boost::asio::signal_set signals_;
};

/// The same for a subcommand that computes and waits for nothing: it asks now and then.
class StopFlag {
 public:
  StopFlag();  ///< From now on the first such signal is kept for whoever asks.
  /// Was there one?
  [[nodiscard]] static bool asked() noexcept;
};

/// A reader that goes away (`bowline serve --trace | head`) is an error of writing, not the end of
/// the process.
void ignore_broken_pipes();

}  // namespace bowline::tools
