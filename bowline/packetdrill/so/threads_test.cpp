// What /proc says of a thread that waits for another, and of one that works.

#include "bowline/packetdrill/so/threads.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bowline::packetdrill {
namespace {

TEST(Threads, OneThatWaitsForAnother) {
  std::mutex mutex;
  std::condition_variable done;
  std::atomic<pid_t> id{0};
  bool over = false;
  std::thread waiting([&] {
    std::unique_lock lock(mutex);
    id = ::gettid();
    done.wait(lock, [&] { return over; });
  });
  while (id == 0 || !is_asleep(id)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(is_asleep(id));
  EXPECT_TRUE(waits_for_a_thread(id));
  {
    const std::scoped_lock lock(mutex);
    over = true;
  }
  done.notify_one();
  waiting.join();
}

TEST(Threads, OneThatWorks) {
  EXPECT_FALSE(is_asleep(::gettid()));
  EXPECT_FALSE(waits_for_a_thread(::gettid()));
}

}  // namespace
}  // namespace bowline::packetdrill
