#include "bowline/base/handle.hpp"

#include <gtest/gtest.h>

namespace bowline {
namespace {

TEST(Handle, TheDefaultNamesNothing) { EXPECT_FALSE(Handle{}); }

TEST(Handle, IndexGenerationAndKindTogetherAreTheName) {
  const Handle handle{3, 1, HandleKind::tcp};
  EXPECT_TRUE(handle);
  EXPECT_EQ(handle, (Handle{3, 1, HandleKind::tcp}));
  EXPECT_NE(handle, (Handle{4, 1, HandleKind::tcp}));
  EXPECT_NE(handle, (Handle{3, 2, HandleKind::tcp}));
  EXPECT_NE(handle, (Handle{3, 1, HandleKind::udp}));
}

}  // namespace
}  // namespace bowline
