#include "api/listen.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/integration/api/client.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::api {
namespace {

/// Binds at `path` and closes without removing the file: what a killed process leaves.
void leave_stale_socket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(fd);
}

TEST(ListenAtPath, GivesOwnerAndGroupTheSocketAndNobodyElse) {
  const TemporaryFolder folder;
  const auto listener = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_TRUE(listener) << listener.error().message();
  struct stat file {};
  ASSERT_EQ(stat((folder / "api.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0660U);
  EXPECT_TRUE(Client(folder / "api.sock").connected());
}

TEST(ListenAtPath, HandsTheSocketToItsGroup) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give files to any group";
  const TemporaryFolder folder;
  const auto listener = Listener::at_path(folder / "api.sock", gid_t{12'345});
  ASSERT_TRUE(listener) << listener.error().message();
  struct stat file {};
  ASSERT_EQ(stat((folder / "api.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_gid, 12'345U);
}

TEST(ListenAtPath, ASocketThatCannotBeGivenToItsGroupStaysWithItsOwner) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  const pid_t child = fork();
  if (child == 0) {  // root may give files to any group
    bool holds = geteuid() != 0 || (setgroups(0, nullptr) == 0 && setgid(4321) == 0 && setuid(4321) == 0);
    const auto listener = Listener::at_path(folder / "api.sock", gid_t{0});
    struct stat file {};
    holds = holds && listener && !listener->why_closed().empty() && stat((folder / "api.sock").c_str(), &file) == 0 &&
            (file.st_mode & 07777U) == 0600U && file.st_gid == getegid();
    _exit(holds ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(ListenAtPath, AClosedDoorIsTheOwnersAlone) {
  const TemporaryFolder folder;
  const auto listener = Listener::at_path(folder / "api.sock", getegid(), Listener::Door::owner);
  ASSERT_TRUE(listener) << listener.error().message();
  struct stat file {};
  ASSERT_EQ(stat((folder / "api.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0600U);
  EXPECT_EQ(listener->why_closed(), "");
}

TEST(ListenAtPath, OpensADoorThatWasClosedToItsGroup) {
  const TemporaryFolder folder;
  auto listener = Listener::at_path(folder / "api.sock", std::nullopt, Listener::Door::owner);
  ASSERT_TRUE(listener) << listener.error().message();
  ASSERT_TRUE(listener->give_to(getegid()));
  struct stat file {};
  ASSERT_EQ(stat((folder / "api.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0660U);
  EXPECT_EQ(file.st_gid, getegid());
  std::filesystem::remove(folder / "api.sock");
  const auto given = listener->give_to(getegid());
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().kind(), ErrorKind::not_found);
}

TEST(ListenAtPath, MakesTheFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(Listener::at_path(folder / "run/jidian/api.sock", std::nullopt));
}

TEST(ListenAtPath, ReplacesWhatADeadProcessLeft) {
  const TemporaryFolder folder;
  leave_stale_socket(folder / "api.sock");
  EXPECT_TRUE(Listener::at_path(folder / "api.sock", std::nullopt));
}

TEST(ListenAtPath, LeavesALivingListenerAlone) {
  const TemporaryFolder folder;
  const auto first = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_TRUE(first);
  const auto second = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
  EXPECT_TRUE(Client(folder / "api.sock").connected());
}

TEST(ListenAtPath, NeverRemovesWhatIsNoSocket) {
  const TemporaryFolder folder;
  std::ofstream(folder / "api.sock") << "precious";
  const auto listener = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind(), ErrorKind::invalid);
  EXPECT_EQ(std::filesystem::file_size(folder / "api.sock"), 8U);
}

TEST(ListenAtPath, RefusesAPathTheKernelWouldCut) {
  const TemporaryFolder folder;
  const auto listener = Listener::at_path(folder / std::string(120, 'x'), std::nullopt);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind(), ErrorKind::invalid);
}

TEST(ListenAtPath, RemovesItsFileAtTheEndUnlessItIsAnothers) {
  const TemporaryFolder folder;
  {
    const auto listener = Listener::at_path(folder / "api.sock", std::nullopt);
    ASSERT_TRUE(listener);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "api.sock"));

  auto old = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_TRUE(old);
  std::filesystem::rename(folder / "api.sock", folder / "moved.sock");
  const auto next = Listener::at_path(folder / "api.sock", std::nullopt);
  ASSERT_TRUE(next);
  { const Listener gone = std::move(*old); }
  EXPECT_TRUE(std::filesystem::exists(folder / "api.sock"));
}

TEST(ListenOnLoopback, TakesLoopbackAddressesOnly) {
  EXPECT_TRUE(Listener::on_loopback("127.0.0.1:0"));
  EXPECT_TRUE(Listener::on_loopback("localhost:0"));
  for (const char* address : {"0.0.0.0:9464", "192.168.1.4:9464", "[::]:9464", "[::1]", "127.0.0.1",
                              "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:9464x", ":9464", "", "example.org:9464"}) {
    const auto listener = Listener::on_loopback(address);
    ASSERT_FALSE(listener) << address;
    EXPECT_EQ(listener.error().kind(), ErrorKind::invalid) << address;
  }
}

TEST(ListenOnLoopback, APortInUseIsAConflict) {
  const auto first = Listener::on_loopback("127.0.0.1:0");
  ASSERT_TRUE(first);
  sockaddr_in bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(getsockname(first->fd(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const auto second = Listener::on_loopback("127.0.0.1:" + std::to_string(ntohs(bound.sin_port)));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
}

}  // namespace
}  // namespace jidian::api
