#include "app/update_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

const std::string whole = R"({"format":1,"id":"20260301t080000z-1a2b3c4d","from":"1.4.0","to":"1.5.0","slot":"b",
"state":"trying","at":"2026-03-01T08:05:00Z","reason":"","more":[1],
"steps":[{"state":"installing","at":"2026-03-01T08:00:00Z","reason":""},
{"state":"installed","at":"2026-03-01T08:01:00Z","reason":""},
{"state":"trying","at":"2026-03-01T08:05:00Z","reason":"start 2","by":"x"}]})";

std::string with(const std::string& from, const std::string& to) {
  std::string text = whole;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ParseUpdate, GivesEveryStepInItsPlace) {
  const auto read = parse_update(whole);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->report.id, "20260301t080000z-1a2b3c4d");
  EXPECT_EQ(read->report.from + " " + read->report.to + " " + read->report.slot, "1.4.0 1.5.0 b");
  ASSERT_EQ(read->report.steps.size(), 3u);
  EXPECT_EQ(read->report.steps[2],
            (domain::UpdateStep{2, domain::UpdateState::trying, *parse_time("2026-03-01T08:05:00Z"), "start 2"}));
}

TEST(ParseUpdate, LeavesOutAStateThatIsNotKnownAndKeepsThePlacesOfTheOthers) {
  const auto read = parse_update(with(R"("state":"installed")", R"("state":"pondering")"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->report.steps.size(), 2u);
  EXPECT_EQ(read->report.steps[1].number, 2u);
  EXPECT_EQ(read->unknown_states, std::vector<std::string>{"pondering"});
}

TEST(ParseUpdate, WithoutAListTheNewestStepIsTheOnlyOne) {
  const auto read = parse_update(whole.substr(0, whole.find(",\n\"steps\"")) + "}");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->report.steps.size(), 1u);
  EXPECT_EQ(read->report.steps[0].state, domain::UpdateState::trying);
}

TEST(ParseUpdate, RefusesWhatIsNotAsItShouldBe) {
  std::string steps;
  for (int i = 0; i < 33; ++i) steps += R"({"state":"trying","at":"2026-03-01T08:05:00Z"},)";
  const std::string cases[] = {
      "",
      "[]",
      "{",
      whole.substr(0, whole.size() / 2),
      std::string(10'000, '['),
      with(R"("format":1)", R"("format":2)"),
      with(R"("format":1,)", ""),
      with("20260301t080000z-1a2b3c4d", ""),
      with("20260301t080000z-1a2b3c4d", "U 1"),
      with("20260301t080000z-1a2b3c4d", std::string(65, 'a')),
      with(R"("1.4.0")", "14"),
      with(R"("1.4.0")", R"("1\n4")"),
      with(R"("slot":"b")", R"("slot":null)"),
      with(R"("at":"2026-03-01T08:00:00Z")", R"("at":"yesterday")"),
      with(R"("at":"2026-03-01T08:00:00Z")", R"("at":"2026-02-30T08:00:00Z")"),
      with(R"("reason":"start 2")", R"("reason":{})"),
      with(R"({"state":"installing","at":"2026-03-01T08:00:00Z","reason":""})", "7"),
      whole.substr(0, whole.find("[{")) + "[]}",
      whole.substr(0, whole.find("[{")) + "[" + steps.substr(0, steps.size() - 1) + "]}",
      whole.substr(0, whole.find("[{")) + "{}}",
  };
  for (const auto& text : cases) EXPECT_FALSE(parse_update(text)) << text.substr(0, 200);
}

TEST(ParseUpdate, CutsAReasonAndMakesItPrintable) {
  const auto read = parse_update(with("start 2", R"(a\u001b[31m\u00e9)" + std::string(400, 'x')));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->report.steps[2].reason.substr(0, 8), "a?[31m??");
  EXPECT_EQ(read->report.steps[2].reason.size(), 300u);
}

TEST(UpdateFile, LiesWhereSystemdKeepsTheStateOrBesideTheStore) {
  EXPECT_EQ(update_file_of("/var/lib/jidian", "/data/store"), "/var/lib/jidian/update.json");
  EXPECT_EQ(update_file_of("/var/lib/jidian:/var/lib/other", "/data/store"), "/var/lib/jidian/update.json");
  EXPECT_EQ(update_file_of(nullptr, "/tmp/x/store"), "/tmp/x/update.json");
  EXPECT_EQ(update_file_of("", "/tmp/x/store"), "/tmp/x/update.json");
  EXPECT_EQ(update_file_of("lib", "/tmp/x/store"), "/tmp/x/update.json");
}

class UpdateFileNews : public testing::Test {
 protected:
  void write(const std::string& text) {  // as the box does: another file takes the name
    const auto draft = folder_.path() / "draft";
    std::ofstream(draft) << text;
    std::filesystem::rename(draft, path_);
  }

  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "update.json";
  UpdateFile file_{path_};
};

TEST_F(UpdateFileNews, ComeOnceForEachFile) {
  EXPECT_FALSE(file_.news()) << "a box that was never updated";
  write(whole);
  ASSERT_TRUE(file_.news());
  EXPECT_FALSE(file_.news());
  write(with("1.5.0", "1.6.0"));
  const auto news = file_.news();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->to, "1.6.0");
}

TEST_F(UpdateFileNews, AreNotMadeOfWhatIsNoFileNorOfALargeOneNorWaitedFor) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(file_.news());
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(file_.news());
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/dev/zero", path_);
  EXPECT_FALSE(file_.news());
  std::filesystem::remove(path_);
  write(whole + std::string(16 * 1024, ' '));
  EXPECT_FALSE(file_.news());
  write(whole);
  EXPECT_TRUE(file_.news()) << "none of it keeps the next good one out";
}

}  // namespace
}  // namespace jidian::app
