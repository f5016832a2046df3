#include "bowline/base/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "bowline/base/random.hpp"

namespace bowline {
namespace {

class IndexListTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kElements = 16;
  ListLink& link(std::uint32_t index) { return links_[index]; }
  auto links() {
    return [this](std::uint32_t index) -> ListLink& { return link(index); };
  }
  std::deque<std::uint32_t> forward() {
    std::deque<std::uint32_t> order;
    for (std::uint32_t i = list_.head; i != ListLink::kNone; i = links_[i].next) order.push_back(i);
    return order;
  }
  std::deque<std::uint32_t> backward() {
    std::deque<std::uint32_t> order;
    for (std::uint32_t i = list_.tail; i != ListLink::kNone; i = links_[i].previous) {
      order.push_front(i);
    }
    return order;
  }

  std::array<ListLink, kElements> links_{};
  IndexList list_;
};

TEST_F(IndexListTest, EmptyHasNoFront) {
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.front(), IndexList::kNone);
  EXPECT_EQ(list_.pop_front(links()), IndexList::kNone);
  EXPECT_FALSE(list_.contains(links(), 3));
}

TEST_F(IndexListTest, FirstInFirstOut) {
  for (const std::uint32_t i : {4U, 2U, 9U}) list_.push_back(links(), i);
  EXPECT_EQ(list_.size, 3U);
  EXPECT_TRUE(list_.contains(links(), 2));
  EXPECT_EQ(list_.front(), 4U);
  EXPECT_EQ(list_.pop_front(links()), 4U);
  EXPECT_FALSE(list_.contains(links(), 4));
  EXPECT_EQ(list_.pop_front(links()), 2U);
  EXPECT_EQ(list_.pop_front(links()), 9U);
  EXPECT_TRUE(list_.empty());
}

TEST_F(IndexListTest, ErasingWhatIsNotLinkedDoesNothing) {
  list_.push_back(links(), 1);
  list_.erase(links(), 5);
  EXPECT_EQ(list_.size, 1U);
}

// Random operations beside a std::deque.
TEST_F(IndexListTest, BehavesLikeADeque) {
  Random random(11);
  std::deque<std::uint32_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const auto index = static_cast<std::uint32_t>(random.below(kElements));
    const auto at = std::ranges::find(model, index);
    switch (random.below(4)) {
      case 0:
      case 1:
        if (at != model.end()) break;
        if (random.chance(0.5)) {
          list_.push_back(links(), index);
          model.push_back(index);
        } else {
          list_.push_front(links(), index);
          model.push_front(index);
        }
        break;
      case 2:
        list_.erase(links(), index);
        if (at != model.end()) model.erase(at);
        break;
      default:
        ASSERT_EQ(list_.pop_front(links()), model.empty() ? IndexList::kNone : model.front());
        if (!model.empty()) model.pop_front();
    }
    ASSERT_EQ(list_.size, model.size());
    ASSERT_EQ(forward(), model);
    ASSERT_EQ(backward(), model);
    for (std::uint32_t i = 0; i < kElements; ++i) {
      ASSERT_EQ(links_[i].linked, std::ranges::find(model, i) != model.end());
    }
  }
}

}  // namespace
}  // namespace bowline
