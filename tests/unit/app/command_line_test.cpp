// What verbs make of words that are no UTF-8, and of what nobody foresaw.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <streambuf>
#include <string>

#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

/// Fails as no verb expects it.
class FailingOutput : public std::streambuf {
 protected:
  int_type overflow(int_type) override { throw std::runtime_error("the output is gone"); }
};

TEST(CommandLine, AnExceptionThatNoVerbForesawIsOneSentenceAndExitStatusThree) {
  std::array<std::string, 2> words{"jidian", "version"};
  std::array<char*, 3> arguments{words[0].data(), words[1].data(), nullptr};
  FailingOutput failing;
  testing::internal::CaptureStderr();
  auto* const before = std::cout.rdbuf(&failing);
  auto* const tied = std::cerr.tie(nullptr);  // or else the failed output is flushed first, and throws again
  std::cout.exceptions(std::ios::badbit);
  const int exit = run_command_line(2, arguments.data());
  std::cout.exceptions(std::ios::goodbit);
  std::cout.rdbuf(before);
  std::cerr.tie(tied);
  speak(Language::english);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "jidian: the output is gone\n");
  EXPECT_EQ(exit, static_cast<int>(Exit::device));
}

TEST(PrintFailure, WordsThatAreNoUtf8AreToldInJsonToo) {
  Common common;
  common.json = true;
  testing::internal::CaptureStdout();
  print_failure(common, Error{ErrorKind::not_found, "no profile is called '\xff'"});
  const auto told = nlohmann::json::parse(testing::internal::GetCapturedStdout(), nullptr, false);
  ASSERT_TRUE(told.is_object() && told.contains("error"));
  EXPECT_EQ(told["error"]["message"].get<std::string>(), "no profile is called '\xEF\xBF\xBD'");
}

TEST(Check, ASiteFileWhoseNameIsNoUtf8IsToldInJsonToo) {
  const TemporaryFolder folder(memory_or_disk());
  Common common;
  common.json = true;
  common.profiles = folder.path();
  common.site = folder / "site-\xff";
  std::ofstream(common.site) << "[gateway]\n";
  testing::internal::CaptureStdout();
  const Exit exit = check(common);
  const auto told = nlohmann::json::parse(testing::internal::GetCapturedStdout(), nullptr, false);
  EXPECT_EQ(exit, Exit::usage);
  ASSERT_TRUE(told.is_object() && told.contains("mistakes"));
  ASSERT_FALSE(told["mistakes"].empty());
  EXPECT_EQ(told["mistakes"][0]["file"].get<std::string>(), (folder / "site-\xEF\xBF\xBD").string());
}

}  // namespace
}  // namespace jidian::app
