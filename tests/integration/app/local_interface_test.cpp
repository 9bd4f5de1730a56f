// What becomes of a local interface that cannot be opened at the start: over real sockets, with a clock of the test's.
#include "app/local_interface.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "api/listen.hpp"
#include "tests/integration/api/client.hpp"
#include "tests/unit/command/fakes.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

using namespace std::chrono_literals;

class LocalInterfaceTest : public testing::Test {
 protected:
  void start() { interface_.emplace(options_, bench_.commands, bench_.board, start_); }
  int status() const { return api::ask(socket_, "GET", "/v1/status").status; }
  std::size_t troubles() const { return bench_.board.interface_troubles().size(); }

  TemporaryFolder folder_;
  std::filesystem::path socket_ = folder_ / "run/api.sock";
  command::Bench bench_;
  api::Options options_{.socket = socket_, .read_group = {}, .operate_group = {}, .metrics_address = {}};
  const SteadyTime start_{1h};
  std::optional<LocalInterface> interface_;
};

TEST_F(LocalInterfaceTest, ComesOnceItsFolderCanBeMade) {
  std::ofstream(folder_ / "run") << "a file where the folder is to be";
  start();
  EXPECT_FALSE(interface_->is_open());
  ASSERT_EQ(troubles(), 1U);
  EXPECT_NE(bench_.board.interface_troubles()[0].advice.find("tried again"), std::string::npos);
  std::filesystem::remove(folder_ / "run");
  interface_->look_after(start_ + 4'999ms);
  EXPECT_FALSE(interface_->is_open()) << "too early";
  interface_->look_after(start_ + 5s);
  EXPECT_TRUE(interface_->is_open());
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(troubles(), 0U);
}

TEST_F(LocalInterfaceTest, IsTriedAtDistancesThatGrowToFiveMinutes) {
  std::ofstream(folder_ / "run") << "a file where the folder is to be";
  start();
  SteadyTime now = start_;
  const auto has_tried = [&] {  // a try makes the folder, and the socket in it
    std::filesystem::remove(folder_ / "run");
    interface_->look_after(now);
    if (interface_->is_open()) return true;
    std::ofstream(folder_ / "run") << "a file again";
    return false;
  };
  for (const auto distance : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    now += distance - 1ms;
    EXPECT_FALSE(has_tried()) << distance.count() << " s are not over";
    now += 1ms;
    interface_->look_after(now);  // in vain
    EXPECT_FALSE(interface_->is_open());
  }
  now += 300s;
  EXPECT_TRUE(has_tried());
}

TEST_F(LocalInterfaceTest, ServesWhileItsMetricsPortIsTakenAndOpensThatLater) {
  auto taken = std::make_optional(api::Listener::on_loopback("127.0.0.1:0"));
  ASSERT_TRUE(*taken);
  sockaddr_in bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(getsockname((*taken)->fd(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const std::uint16_t port = ntohs(bound.sin_port);
  options_.metrics_address = "127.0.0.1:" + std::to_string(port);
  start();
  EXPECT_EQ(status(), 200);
  ASSERT_EQ(troubles(), 1U);
  interface_->look_after(start_ + 5s);
  EXPECT_EQ(troubles(), 1U) << "it is still taken";
  taken.reset();
  interface_->look_after(start_ + 15s);
  EXPECT_EQ(troubles(), 0U);
  EXPECT_EQ(status(), 200);
  api::Client scraper(port);
  EXPECT_EQ(api::ask(scraper, "GET", "/metrics").status, 200);
}

TEST_F(LocalInterfaceTest, AGroupThatStaysAwayStaysATrouble) {
  options_.read_group = "no-such-group-here";
  start();
  interface_->look_after(start_ + 5s);
  EXPECT_EQ(troubles(), 1U);
  EXPECT_EQ(status(), 200);
}

}  // namespace
}  // namespace jidian::app
