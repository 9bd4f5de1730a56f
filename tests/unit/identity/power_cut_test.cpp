#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "authority.hpp"
#include "identity/identity.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::identity {
namespace {

enum class Ended : std::uint8_t { by_itself, killed, untraceable };

/// Runs `action` in a child that is killed at its `call`th entry into or return from the kernel.
Ended run_until_call(int call, const std::function<bool()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(2);
    (void)raise(SIGSTOP);
    _exit(action() ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    if (call-- == 0) {
      (void)kill(child, SIGKILL);
      continue;
    }
    (void)ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
  }
  if (WIFSIGNALED(status)) return Ended::killed;
  EXPECT_NE(WEXITSTATUS(status), 1) << "the action failed";
  return WEXITSTATUS(status) == 0 ? Ended::by_itself : Ended::untraceable;
}

std::size_t drafts_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    count += entry.path().filename().string().starts_with(".draft-") ? 1U : 0U;
  return count;
}

TEST(PowerCut, AtEveryCallARenewalLeavesAPairAndCanBeRepeated) {
  const Authority province("province");
  int killed = 0;
  for (int call = 0;; ++call) {
    const TemporaryFolder temporary(memory_or_disk());
    const Folder folder(temporary.path());
    ASSERT_TRUE(folder.create(Existing::refuse));
    const auto old_pem = province.issue(*folder.request(Which::present, "foundry-1"), {.until = today + days{9}});
    ASSERT_TRUE(folder.install(old_pem, {"foundry-1", "", {today}}));
    ASSERT_TRUE(*folder.prepare_next());
    const auto before = folder.look();
    const auto new_pem = province.issue(*folder.request(Which::next, "foundry-1"));

    const auto ended = run_until_call(call, [&] {
      return static_cast<bool>(folder.install(new_pem, {"foundry-1", province.pem(), {today}}));
    });
    if (ended == Ended::untraceable) GTEST_SKIP() << "processes may not be traced here";

    const auto after = folder.look();
    ASSERT_TRUE(after) << "call " << call << ": " << after.error().message();
    ASSERT_TRUE(after->certificate);
    const bool is_old = after->key == before->key && after->certificate == before->certificate;
    const bool is_new = after->key == *before->next_key && days_left(*after->certificate, {today}) == 365;
    EXPECT_TRUE(is_old || is_new) << "call " << call;
    EXPECT_EQ(is_old, after->next_key.has_value()) << "call " << call << ": the next key is lost, or stays for ever";

    const auto again = folder.install(new_pem, {"foundry-1", province.pem(), {today}});
    ASSERT_TRUE(again) << "call " << call << ": " << again.error().message();
    EXPECT_EQ(folder.look()->key, *before->next_key);
    EXPECT_EQ(drafts_in(temporary.path()), 0U);
    if (ended == Ended::by_itself) break;
    ++killed;
  }
  EXPECT_GT(killed, 20) << "the child was not stopped at its calls";
}

TEST(PowerCut, AtEveryCallTheFirstKeyIsThereOrNot) {
  for (int call = 0;; ++call) {
    const TemporaryFolder temporary(memory_or_disk());
    const Folder folder(temporary / "credentials");
    const auto ended = run_until_call(call, [&] { return static_cast<bool>(folder.create(Existing::refuse)); });
    if (ended == Ended::untraceable) GTEST_SKIP() << "processes may not be traced here";
    const auto view = folder.look();
    EXPECT_TRUE(view || view.error().kind() == ErrorKind::not_found) << "call " << call;
    const auto again = folder.create(Existing::refuse);
    EXPECT_EQ(static_cast<bool>(again), !view) << "call " << call;
    EXPECT_TRUE(folder.look());
    EXPECT_EQ(drafts_in(temporary / "credentials"), 0U);
    if (ended == Ended::by_itself) break;
  }
}

TEST(PowerCut, AtEveryCallAReplacedKeyIsNotLost) {
  for (int call = 0;; ++call) {
    const TemporaryFolder temporary(memory_or_disk());
    const Folder folder(temporary.path());
    const auto first = folder.create(Existing::refuse);
    ASSERT_TRUE(first);
    const auto ended = run_until_call(call, [&] { return static_cast<bool>(folder.create(Existing::set_aside)); });
    if (ended == Ended::untraceable) GTEST_SKIP() << "processes may not be traced here";
    const auto view = folder.look();
    ASSERT_TRUE(view) << "call " << call << ": " << view.error().message();
    EXPECT_TRUE(view->key == *first || std::filesystem::exists(folder.replaced_file())) << "call " << call;
    if (ended == Ended::by_itself) break;
  }
}

}  // namespace
}  // namespace jidian::identity
