#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "host/host.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::host {
namespace {

TEST(Lock, ASecondTakerLearnsTheHoldersPid) {
  const TemporaryFolder folder;
  const auto first = Lock::take(folder / "lock");
  ASSERT_TRUE(first);

  const auto second = Lock::take(folder / "lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
  EXPECT_NE(second.error().message().find("pid " + std::to_string(getpid()) + ")"), std::string::npos)
      << second.error().message();
}

TEST(Lock, ARefusedTakerLeavesTheHoldersPidInPlace) {
  const TemporaryFolder folder;
  const auto first = Lock::take(folder / "lock");
  ASSERT_TRUE(first);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = Lock::take(folder / "lock");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("pid "), std::string::npos) << refused.error().message();
  }
}

TEST(Lock, IsFreeAgainAfterTheHolderIsGone) {
  const TemporaryFolder folder;
  {
    const auto first = Lock::take(folder / "lock");
    ASSERT_TRUE(first);
  }
  EXPECT_TRUE(Lock::take(folder / "lock"));
}

TEST(Lock, MovesWithItsOwner) {
  const TemporaryFolder folder;
  std::optional<Lock> kept;
  {
    auto first = Lock::take(folder / "lock");
    ASSERT_TRUE(first);
    kept.emplace(std::move(*first));
  }
  EXPECT_FALSE(Lock::take(folder / "lock"));
  kept.reset();
  EXPECT_TRUE(Lock::take(folder / "lock"));
}

TEST(Lock, AMissingFolderIsAnIoError) {
  const TemporaryFolder folder;
  const auto lock = Lock::take(folder / "absent" / "lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), ErrorKind::io);
}

}  // namespace
}  // namespace jidian::host
