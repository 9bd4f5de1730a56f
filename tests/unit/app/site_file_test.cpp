#include "app/site_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "../temporary_folder.hpp"

namespace jidian::app {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::size_t count_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SiteFile, IsReplacedWithItsModeAndNothingLeftBeside) {
  const TemporaryFolder folder;
  put(folder / "site.toml", "old");
  ASSERT_EQ(chmod((folder / "site.toml").c_str(), 0640), 0);
  const auto file = SiteFile::open(folder / "site.toml");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text(), "old");
  ASSERT_TRUE(file->replace("new"));
  EXPECT_EQ(content_of(folder / "site.toml"), "new");
  EXPECT_EQ(std::filesystem::status(folder / "site.toml").permissions(), std::filesystem::perms{0640});
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(SiteFile, KeepsTheOwnerIfItMay) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  const TemporaryFolder folder;
  put(folder / "site.toml", "old");
  ASSERT_EQ(chown((folder / "site.toml").c_str(), 1234, 4321), 0);
  ASSERT_TRUE(SiteFile::open(folder / "site.toml")->replace("new"));
  struct stat now {};
  ASSERT_EQ(stat((folder / "site.toml").c_str(), &now), 0);
  EXPECT_EQ(now.st_uid, 1234U);
  EXPECT_EQ(now.st_gid, 4321U);
}

TEST(SiteFile, ALinkStaysALink) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "real");
  put(folder / "real/site.toml", "old");
  std::filesystem::create_symlink("real/site.toml", folder / "link.toml");
  const auto file = SiteFile::open(folder / "link.toml");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->replace("new"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.toml"));
  EXPECT_EQ(content_of(folder / "real/site.toml"), "new");
}

TEST(SiteFile, WhatSomebodyElseWroteMeanwhileStays) {
  const TemporaryFolder folder;
  put(folder / "site.toml", "old");
  const auto in_place = SiteFile::open(folder / "site.toml");
  put(folder / "site.toml", "theirs");
  EXPECT_EQ(in_place->replace("new").error().kind(), ErrorKind::conflict);
  EXPECT_EQ(content_of(folder / "site.toml"), "theirs");
}

TEST(SiteFile, AnotherFileInItsPlaceStays) {
  const TemporaryFolder folder;
  put(folder / "site.toml", "old");
  const auto moved = SiteFile::open(folder / "site.toml");
  put(folder / "other", "old");
  std::filesystem::rename(folder / "other", folder / "site.toml");
  EXPECT_EQ(moved->replace("new").error().kind(), ErrorKind::conflict);
  std::filesystem::remove(folder / "site.toml");
  EXPECT_EQ(moved->replace("new").error().kind(), ErrorKind::conflict);
  EXPECT_EQ(count_files(folder.path()), 0U);
}

TEST(SiteFile, TwoDoNotChangeItAtOnce) {
  const TemporaryFolder folder;
  put(folder / "site.toml", "old");
  {
    const auto first = SiteFile::open(folder / "site.toml");
    ASSERT_TRUE(first);
    EXPECT_EQ(SiteFile::open(folder / "site.toml").error().kind(), ErrorKind::conflict);
  }
  EXPECT_TRUE(SiteFile::open(folder / "site.toml"));
}

TEST(SiteFile, AMissingOneIsTold) {
  const auto file = SiteFile::open("/nowhere/site.toml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind(), ErrorKind::unreachable);
  EXPECT_NE(file.error().message().find("/nowhere/site.toml"), std::string::npos);
}

}  // namespace
}  // namespace jidian::app
