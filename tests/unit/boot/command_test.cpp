#include "boot/command.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "boot/partition.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::boot {
namespace {

class BootCommand : public testing::Test {
 protected:
  BootCommand() { std::ofstream(path_, std::ios::binary) << std::string(64UL * 1024, '\0'); }

  Result<std::string> run(std::vector<std::string> words, std::string_view kernel = "ro rauc.slot=b panic=10\n") const {
    words.insert(words.begin(), {"--device", path_.string()});
    return run_command(words, kernel);
  }
  std::string said(std::vector<std::string> words) const {
    const auto answer = run(std::move(words));
    return answer ? *answer : "error: " + answer.error().message();
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "state";
};

TEST_F(BootCommand, GoesTheWayOfAnUpdateThatIsFoundGood) {
  EXPECT_EQ(said({"set-state", "a", "good"}), "");
  EXPECT_EQ(said({"set-state", "b", "bad"}), "");
  EXPECT_EQ(said({"get-primary"}), "a\n");
  EXPECT_EQ(said({"set-primary", "b"}), "");
  EXPECT_EQ(said({"get-primary"}), "b\n");
  EXPECT_EQ(said({"get-state", "b"}), "bad\n");
  EXPECT_EQ(said({"get-current"}), "b\n");
  EXPECT_EQ(said({"set-state", "b", "good"}), "");
  EXPECT_EQ(said({"get-state", "b"}), "good\n");
}

TEST_F(BootCommand, ASlotFoundBadLeavesThePlaceToTheOther) {
  EXPECT_EQ(said({"set-state", "a", "good"}), "");
  EXPECT_EQ(said({"set-primary", "b"}), "");
  EXPECT_EQ(said({"set-state", "b", "bad"}), "");
  EXPECT_EQ(said({"get-primary"}), "a\n");
}

TEST_F(BootCommand, ShowTellsEveryField) {
  EXPECT_EQ(said({"show"}), "copies=none\ngeneration=0\norder=a b\na_left=3\na_ok=0\nb_left=3\nb_ok=0\nnext=a\n");
  said({"set-state", "a", "good"});
  EXPECT_EQ(said({"show"}), "generation=1\norder=a b\na_left=8\na_ok=1\nb_left=3\nb_ok=0\nnext=a\n");
}

TEST_F(BootCommand, TheRunningSlotIsWhatTheKernelWasTold) {
  EXPECT_EQ(*run({"get-current"}, "rauc.slot=a"), "a\n");
  const auto unknown = run({"get-current"}, "ro panic=10\n");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind(), ErrorKind::not_found);
  EXPECT_FALSE(run({"get-current"}, "rauc.slot=c"));
  EXPECT_FALSE(run({"get-current"}, "xrauc.slot=a"));
}

TEST_F(BootCommand, NonsenseIsRefusedAndChangesNothing) {
  const auto before = said({"show"});
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{},
                                                                                     {"set-primary"},
                                                                                     {"set-primary", "c"},
                                                                                     {"set-state", "a"},
                                                                                     {"set-state", "a", "fine"},
                                                                                     {"set-state", "a", "good", "x"},
                                                                                     {"get-state"},
                                                                                     {"get-primary", "a"},
                                                                                     {"get-current", "a"},
                                                                                     {"erase"}}) {
    const auto answer = run(words);
    ASSERT_FALSE(answer) << (words.empty() ? "" : words[0]);
    EXPECT_EQ(answer.error().kind(), ErrorKind::invalid);
  }
  EXPECT_EQ(said({"show"}), before);
}

}  // namespace
}  // namespace jidian::boot
