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
    std::filesystem::create_directories(site_.parent_path());
  }
  std::string text() const {
    return "[gateway]\nid = \"foundry-1\"\n[site]\ncredit_code = \"91350100M000100Y43\"\nname = \"Foundry\"\n"
           "region = \"130100\"\nindustry = \"C3391\"\n[[bus]]\nid = \"plc\"\nkind = \"tcp\"\nhost = \"127.0.0.1\"\n"
           "[store]\nfolder = \"" +
           store_.string() + "\"\n";
  }
  void write(const std::string& what) const { std::ofstream(site_) << what; }
  PointerPlaces places() const { return {site_, state_}; }
  std::optional<Startable> start() const { return startable_from(load_site(site_, profiles_), places(), profiles_); }

  TemporaryFolder folder_;
  std::filesystem::path store_ = folder_ / "store";
  std::filesystem::path profiles_ = folder_ / "meters";
  std::filesystem::path state_ = folder_ / "state";
  std::filesystem::path site_ = folder_ / "etc" / "site.toml";
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

TEST_F(LastGood, AProfileThatNoMeterUsesAndNobodyCanReadKeepsNoneFromBeingTaken) {
  std::filesystem::create_symlink("nowhere", profiles_ / "gone.toml");
  ASSERT_TRUE(keep_last_good(store_, text()));
  write(text());
  const auto whole = start();
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->instead.empty());
  write(text() + "[[meter]\n");
  const auto damaged = start();
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->instead, last_good_of(store_));
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

TEST_F(LastGood, AnEmptySiteFileIsReplacedWhereverTheStoreIs) {
  std::filesystem::create_directories(state_);
  ASSERT_TRUE(keep_last_good(store_, text()));
  ASSERT_TRUE(keep_pointer(places(), store_));
  for (const std::string& damage : {std::string(), std::string(4096, '\0'), std::string("[store]\n")}) {
    write(damage);
    const auto found = start();
    ASSERT_TRUE(found) << damage.size();
    EXPECT_EQ(found->instead, last_good_of(store_));
    EXPECT_FALSE(found->why.empty());
  }
}

TEST_F(LastGood, TheFolderIsNotedBesideTheSiteFileWhereThereIsNoStateFolder) {
  ASSERT_TRUE(keep_last_good(store_, text()));
  ASSERT_TRUE(keep_pointer(places(), store_));
  EXPECT_TRUE(std::filesystem::exists(places().files().back()));
  write("");
  EXPECT_TRUE(start());
}

TEST_F(LastGood, ThereIsOnlyOneNoteSoThatNoneIsStale) {
  ASSERT_TRUE(keep_pointer(places(), folder_ / "earlier"));
  std::filesystem::create_directories(state_);
  ASSERT_TRUE(keep_pointer(places(), store_));
  EXPECT_FALSE(std::filesystem::exists(places().files().back()));
  std::filesystem::remove_all(state_);
  EXPECT_FALSE(pointed_to(places()));
}

TEST_F(LastGood, WhatTheGatewayRanByCountsAndNotWhatADamagedFileWants) {
  const auto other = folder_ / "other";
  std::filesystem::create_directories(other);
  ASSERT_TRUE(keep_last_good(other, text()));
  ASSERT_TRUE(keep_last_good(store_, text() + "# the newest\n"));
  ASSERT_TRUE(keep_pointer(places(), store_));
  write("[store]\nfolder = \"" + other.string() + "\"\n[[meter]\n");
  const auto found = start();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->instead, last_good_of(store_));
}

TEST_F(LastGood, WhereTheNotedFolderIsGoneTheFileIsRead) {
  ASSERT_TRUE(keep_last_good(store_, text()));
  ASSERT_TRUE(keep_pointer(places(), folder_ / "gone"));
  write(text() + "[[meter]\n");
  EXPECT_TRUE(start());
}

TEST_F(LastGood, ANoteIsForItsSiteFileAlone) {
  std::filesystem::create_directories(state_);
  ASSERT_TRUE(keep_pointer(places(), store_));
  EXPECT_EQ(pointed_to(places()), store_);
  EXPECT_FALSE(pointed_to({folder_ / "etc" / "second.toml", state_}));
  for (const std::string& damage : {std::string(), site_.string() + "\n" + store_.string(), std::string("/x\n/y\n"),
                                    site_.string() + "\nstore\n", site_.string() + "\n\n"}) {
    std::ofstream(places().files().front()) << damage;
    EXPECT_FALSE(pointed_to(places())) << damage;
  }
}

TEST_F(LastGood, WithoutAnyPlaceForTheNoteThatIsAnError) {
  const PointerPlaces nowhere{folder_ / "none" / "site.toml", folder_ / "none"};
  EXPECT_FALSE(keep_pointer(nowhere, store_));
  EXPECT_FALSE(pointed_to(nowhere));
}

}  // namespace
}  // namespace jidian::app
