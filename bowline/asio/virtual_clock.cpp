#include "bowline/asio/virtual_clock.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>

namespace bowline::inline v0::net {
namespace {

/// Says which clock a context has, and takes the context's waits with it when it goes.
class VirtualTimeService final : public boost::asio::execution_context::service {
 public:
  using key_type = VirtualTimeService;
  static boost::asio::execution_context::id id;

  VirtualTimeService(boost::asio::execution_context& context, VirtualClock& clock)
      : service(context), clock_(&clock) {}
  /// use_service() demands a constructor of this form; find_virtual_clock() never gets here.
  explicit VirtualTimeService(boost::asio::execution_context& context) : service(context) {}

  [[nodiscard]] VirtualClock* clock() const noexcept { return clock_; }

 private:
  void shutdown() override {
    if (clock_ != nullptr) clock_->abandon(context());
  }

  VirtualClock* clock_ = nullptr;
};

boost::asio::execution_context::id VirtualTimeService::id;

}  // namespace

VirtualClock::~VirtualClock() {
  for (const auto& [key, wait] : std::exchange(waits_, {})) wait.operation->abandon();
}

Time VirtualClock::next() const noexcept {
  return waits_.empty() ? kNever : waits_.begin()->first.first;
}

void VirtualClock::advance_to(Time to) {
  while (!waits_.empty() && next() <= to) {
    const Key key = waits_.begin()->first;
    now_ = std::max(now_, key.first);
    take(key)->complete();
  }
  now_ = std::max(now_, to);
}

VirtualClock::Key VirtualClock::add(Time end, Operation* wait,
                                    const boost::asio::execution_context& context) {
  const Key key{end, ++count_};
  waits_.emplace(key, Wait{wait, &context});
  return key;
}

bool VirtualClock::cancel(const Key& key) {
  Operation* const wait = take(key);
  if (wait == nullptr) return false;
  wait->fail(boost::asio::error::operation_aborted);
  wait->complete();
  return true;
}

void VirtualClock::abandon(const boost::asio::execution_context& context) noexcept {
  // A handler that goes may take timers with it, and these cancel() here: first out of the map,
  // then away.
  OperationQueue going;
  for (auto place = waits_.begin(); place != waits_.end();) {
    if (place->second.context != &context) {
      ++place;
      continue;
    }
    going.push(place->second.operation);
    place = waits_.erase(place);
  }
}

Operation* VirtualClock::take(const Key& key) noexcept {
  const auto place = waits_.find(key);
  if (place == waits_.end()) return nullptr;
  Operation* const wait = place->second.operation;
  waits_.erase(place);
  return wait;
}

void use_virtual_time(boost::asio::execution_context& context, VirtualClock& clock) {
  boost::asio::make_service<VirtualTimeService>(context, clock);
}

VirtualClock* find_virtual_clock(boost::asio::execution_context& context) {
  if (!boost::asio::has_service<VirtualTimeService>(context)) return nullptr;
  return boost::asio::use_service<VirtualTimeService>(context).clock();
}

}  // namespace bowline::inline v0::net
