#include "app/last_good.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "../temporary_folder.hpp"

namespace jidian::app {
namespace {

class LastGood : public testing::Test {
 protected:
  LastGood() {
    std::filesystem::create_directories(store_);
    std::filesystem::create_directories(profiles_);
  }
  std::string text() const {
    return "[gateway]\nid = \"foundry-1\"\n[site]\ncredit_code = \"91350100M000100Y43\"\nname = \"Foundry\"\n"
           "region = \"130100\"\nindustry = \"C3391\"\n[[bus]]\nid = \"plc\"\nkind = \"tcp\"\nhost = \"127.0.0.1\"\n"
           "[store]\nfolder = \"" +
           store_.string() + "\"\n";
  }
  void write(const std::string& what) const { std::ofstream(file_) << what; }
  std::optional<Startable> start() const { return startable_from(load_site(file_, profiles_), file_, profiles_); }

  TemporaryFolder folder_;
  std::filesystem::path store_ = folder_ / "store";
  std::filesystem::path profiles_ = folder_ / "meters";
  std::filesystem::path file_ = folder_ / "site.toml";
};

TEST_F(LastGood, ASiteFileInOrderIsTaken) {
  write(text());
  const auto found = start();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->why.empty());
  EXPECT_EQ(found->text, text());
}

TEST_F(LastGood, ADamagedOneIsReplacedByTheOneThatIsKept) {
  ASSERT_TRUE(keep_last_good(store_, text()));
  for (const std::string& damage : {text() + "[[meter]\n", text() + "unknown = 1\n", "\xff" + text()}) {
    write(damage);
    const auto found = start();
    ASSERT_TRUE(found) << damage;
    EXPECT_EQ(found->site.gateway, "foundry-1");
    EXPECT_FALSE(found->why.empty());
    EXPECT_EQ(found->instead, last_good_of(store_));
    EXPECT_EQ(found->text, text());
  }
}

TEST_F(LastGood, NothingIsTakenWhereNoneIsKeptOrThatIsDamagedToo) {
  write(text() + "[[meter]\n");
  EXPECT_FALSE(start());
  ASSERT_TRUE(keep_last_good(store_, "[[meter]"));
  EXPECT_FALSE(start());
}

TEST_F(LastGood, AFileThatIsNotThereIsNoDamage) {
  ASSERT_TRUE(keep_last_good(store_, text()));
  EXPECT_FALSE(start());
}

TEST_F(LastGood, IsReplacedAtOnceAndLeavesNoDraft) {
  ASSERT_TRUE(keep_last_good(store_, "one"));
  ASSERT_TRUE(keep_last_good(store_, "two"));
  ASSERT_TRUE(keep_last_good(store_, "two"));
  EXPECT_EQ(*read_file(last_good_of(store_)), "two");
  const std::filesystem::directory_iterator files(store_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
  struct stat kept {};
  ASSERT_EQ(stat(last_good_of(store_).c_str(), &kept), 0);
  EXPECT_EQ(kept.st_mode & 07777U, 0640U);
}

TEST_F(LastGood, AFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(keep_last_good(folder_ / "none", "text"));
}

}  // namespace
}  // namespace jidian::app
