#include "app/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/config/texts.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

TEST(LoadSite, ACredentialThatNobodyLaidIsToldWhereItsUplinkStands) {
  const TemporaryFolder folder(memory_or_disk());
  std::ofstream(folder / "test-meter.toml") << config::small_profile;
  const std::string text = std::string(config::small_site) + "ca_file = \"credentials:ca\"\n";
  std::ofstream(folder / "site") << text;
  unsetenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): before any thread
  const auto loaded = load_site(folder / "site", folder.path());
  ASSERT_TRUE(loaded.site) << loaded.problem << config::print(loaded.mistakes);
  ASSERT_EQ(loaded.mistakes.size(), 1U) << config::print(loaded.mistakes);
  const auto& warning = loaded.mistakes[0];
  EXPECT_TRUE(warning.warning);
  const auto before = text.substr(0, text.find("[[uplink]]"));
  EXPECT_EQ(warning.line, 1 + std::count(before.begin(), before.end(), '\n'));
  EXPECT_EQ(warning.column, 1);
}

TEST(LoadSite, AProfileThatCannotBeReadIsAMistakeAndTheSiteIsThereUnlessItNamesIt) {
  const TemporaryFolder folder(memory_or_disk());
  const auto profile = folder / "test-meter.toml";
  std::ofstream(profile) << config::small_profile;
  std::ofstream(folder / "site") << config::small_site;
  std::filesystem::create_directory(folder / "folder.toml");
  std::filesystem::create_symlink("nowhere", folder / "gone.toml");
  const auto loaded = load_site(folder / "site", folder.path());
  EXPECT_TRUE(loaded.site);
  EXPECT_EQ(loaded.problem, "");
  ASSERT_EQ(loaded.mistakes.size(), 2U) << config::print(loaded.mistakes);
  EXPECT_EQ(loaded.mistakes[0].file, (folder / "folder.toml").string());
  EXPECT_EQ(loaded.mistakes[1].file, (folder / "gone.toml").string());
  EXPECT_FALSE(loaded.mistakes[1].warning);

  std::filesystem::remove(profile);
  std::filesystem::create_symlink("nowhere", profile);
  const auto without = load_site(folder / "site", folder.path());
  EXPECT_FALSE(without.site);
  const auto told = config::print(without.mistakes);
  EXPECT_NE(told.find("cannot read " + profile.string()), std::string::npos) << told;
}

TEST(LoadSite, TheLockThatAnEditorLaysBesideAProfileIsPassedOver) {
  const TemporaryFolder folder(memory_or_disk());
  std::ofstream(folder / "test-meter.toml") << config::small_profile;
  std::ofstream(folder / "site") << config::small_site;
  std::filesystem::create_symlink("user@host.1", folder / ".#test-meter.toml");
  const auto loaded = load_site(folder / "site", folder.path());
  EXPECT_TRUE(loaded.site) << loaded.problem;
  EXPECT_TRUE(loaded.mistakes.empty()) << config::print(loaded.mistakes);
}

/// Opens like a file, and fails with EIO at the first read: nothing is mapped at the beginning.
constexpr const char* failing_file = "/proc/self/mem";

TEST(ReadFile, ADiskThatFailsInTheMiddleIsAnErrorWithItsReason) {
  const auto text = read_file(failing_file);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind(), ErrorKind::unreachable);
  EXPECT_NE(text.error().message().find(failing_file), std::string::npos) << text.error().message();
}

TEST(ReadFile, GivesEveryByte) {
  const TemporaryFolder folder(memory_or_disk());
  const std::string bytes = std::string(40'000, 'x') + std::string(1, '\0') + "end\n";
  std::ofstream(folder / "file", std::ios::binary) << bytes;
  const auto text = read_file(folder / "file");
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, bytes);
}

TEST(LoadSite, ASiteFileOnADiskThatFailsIsAProblemAndNoMore) {
  const TemporaryFolder folder(memory_or_disk());
  const auto loaded = load_site(failing_file, folder.path());
  EXPECT_FALSE(loaded.site);
  EXPECT_NE(loaded.problem.find(failing_file), std::string::npos) << loaded.problem;
}

}  // namespace
}  // namespace jidian::app
