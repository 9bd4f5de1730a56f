#include "api/server.hpp"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "api/listen.hpp"
#include "tests/integration/api/client.hpp"
#include "tests/unit/command/fakes.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::api {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

class ServerTest : public testing::Test {
 protected:
  void start(Options options = {}) {
    options.socket = socket_;
    auto server = Server::start(options, bench_.commands);
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
  }

  void TearDown() override { bench_.gate.open(); }

  TemporaryFolder folder_;
  std::filesystem::path socket_ = folder_ / "api.sock";
  command::Bench bench_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersStatusOverTheSocket) {
  start();
  const auto response = ask(socket_, "GET", "/v1/status");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.head, HasSubstr("Content-Type: application/json"));
  EXPECT_EQ(Json::parse(response.body)["gateway"], "gw-1");
}

TEST_F(ServerTest, CarriesACommandAndItsAnswer) {
  start();
  const auto response = ask(socket_, "POST", "/v1/command", R"({"op":"read","meter":"press-1"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body)["points"][0]["value"], "231");
}

TEST_F(ServerTest, SaysWhatIsWrongWithARequest) {
  start();
  const auto malformed = ask(socket_, "POST", "/v1/command", R"({"op":)");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(Json::parse(malformed.body)["error"]["kind"], "invalid");
  EXPECT_EQ(ask(socket_, "POST", "/v1/command").status, 400);
  EXPECT_EQ(ask(socket_, "GET", "/v1/nothing").status, 404);
  const auto method = ask(socket_, "DELETE", "/v1/status");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.head, HasSubstr("Allow: GET, HEAD"));
}

TEST_F(ServerTest, HeadGetsTheHeadOnly) {
  start();
  const auto response = ask(socket_, "HEAD", "/v1/status");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

TEST_F(ServerTest, TakesABodyUpToTheLimitAndNoMore) {
  start();
  const std::string request = R"({"op":"status"})";
  const std::string longest = request + std::string(65'536 - request.size(), ' ');
  EXPECT_EQ(ask(socket_, "POST", "/v1/command", longest).status, 200);
  EXPECT_EQ(ask(socket_, "POST", "/v1/command", longest + " ").status, 413);

  Client liar(socket_);
  liar.send("POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n");
  EXPECT_NE(parse_response(liar.receive()).status, 200);
}

TEST_F(ServerTest, HangsUpOnAnEndlessBody) {
  start();
  Client client(socket_);
  client.send("POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "4000\r\n" + std::string(0x4000, ' ') + "\r\n";
  bool hung_up = false;
  for (int sent = 0; sent < 1000 && !hung_up; ++sent) hung_up = !client.send(chunk);
  EXPECT_TRUE(hung_up);
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
}

TEST_F(ServerTest, NonsenseHurtsNobody) {
  start();
  for (const std::string& bytes :
       {std::string("\0\0\0\0\r\n\r\n", 8), std::string("GET\r\n\r\n"), std::string(100'000, 'A') + "\r\n\r\n",
        std::string("GET /v1/status HTTP/1.1\r\nX: ") + std::string(100'000, 'b') + "\r\n\r\n"}) {
    Client client(socket_);
    client.send(bytes);
    client.finish();
    EXPECT_NE(parse_response(client.receive()).status, 200);
  }
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
}

TEST_F(ServerTest, ClientsThatStopHalfwayHoldUpNobody) {
  start();
  std::vector<std::unique_ptr<Client>> halves;
  for (int client = 0; client < 8; ++client) {
    halves.push_back(std::make_unique<Client>(socket_));
    halves.back()->send(client % 2 == 0 ? "GET /v1/sta" : "POST /v1/command HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
  }
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
  server_.reset();  // and the stop does not wait for them
}

TEST_F(ServerTest, AClientThatDoesNotReadHoldsUpNobody) {
  for (int id = 0; id < 1000; ++id) {
    health::MeterHealth meter;
    meter.id = "meter-" + std::to_string(id);
    bench_.board.post(meter);
  }
  start();
  Client slow(socket_);  // its answer is far beyond what the socket buffers
  slow.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ask(socket_, "GET", "/v1/live").status, 200);
  server_.reset();
}

TEST_F(ServerTest, OthersAreAnsweredWhileAReadWaitsForItsBus) {
  start();
  bench_.gate.close();
  Client waiting(socket_);
  const std::string body = R"({"op":"read","meter":"press-1"})";
  waiting.send("POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body);
  bench_.gate.wait_for_visitor();
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
  bench_.gate.open();
  EXPECT_EQ(parse_response(waiting.receive()).status, 200);
}

TEST_F(ServerTest, ClientsAtOnceAreAllAnswered) {
  start();
  std::vector<std::jthread> clients;
  for (int client = 0; client < 12; ++client)
    clients.emplace_back([this] {
      for (int round = 0; round < 10; ++round) EXPECT_EQ(ask(socket_, "GET", "/v1/live").status, 200);
    });
}

TEST_F(ServerTest, BeyondItsLimitItHangsUpAndServesAgainWhenThereIsRoom) {
  start();
  std::vector<std::unique_ptr<Client>> idle;
  for (int client = 0; client < 32; ++client) idle.push_back(std::make_unique<Client>(socket_));
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 0);
  idle.clear();
  bool served = false;
  for (int attempt = 0; attempt < 1000 && !served; ++attempt) served = ask(socket_, "GET", "/v1/status").status == 200;
  EXPECT_TRUE(served);
}

TEST_F(ServerTest, ASecondServerOnTheSameSocketIsAConflict) {
  start();
  const auto second =
      Server::start({.socket = socket_, .read_group = {}, .operate_group = {}, .metrics_address = {}}, bench_.commands);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
}

TEST_F(ServerTest, AGroupThatDoesNotExistClosesTheSocketToAllGroupsAndIsTold) {
  Options options;
  options.read_group = "root";
  options.operate_group = "no-such-group-here";
  start(options);
  ASSERT_EQ(server_->troubles().size(), 1U);
  EXPECT_THAT(server_->troubles()[0].what, HasSubstr("no group 'no-such-group-here'"));
  EXPECT_THAT(server_->troubles()[0].advice, HasSubstr("`operate_group`"));
  EXPECT_EQ(std::filesystem::status(socket_).permissions(), std::filesystem::perms{0600});
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
}

TEST_F(ServerTest, WithoutGroupsTheSocketIsItsOwnersAlone) {
  start();
  EXPECT_TRUE(server_->troubles().empty());
  EXPECT_EQ(std::filesystem::status(socket_).permissions(), std::filesystem::perms{0600});
}

TEST_F(ServerTest, AMetricsPortThatIsTakenIsToldAndTheSocketServes) {
  const auto taken = Listener::on_loopback("127.0.0.1:0");
  ASSERT_TRUE(taken);
  sockaddr_in bound{};
  socklen_t length = sizeof bound;
  getsockname(taken->fd(), reinterpret_cast<sockaddr*>(&bound), &length);
  Options options;
  options.metrics_address = "127.0.0.1:" + std::to_string(ntohs(bound.sin_port));
  start(options);
  ASSERT_EQ(server_->troubles().size(), 1U);
  EXPECT_THAT(server_->troubles()[0].what, HasSubstr("the metrics port is not open"));
  EXPECT_EQ(ask(socket_, "GET", "/v1/status").status, 200);
}

TEST_F(ServerTest, TheFileIsGoneAfterTheEnd) {
  start();
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(ServerTest, PrometheusScrapesOverLoopback) {
  std::uint16_t port = 0;
  {
    const auto probe = Listener::on_loopback("127.0.0.1:0");
    ASSERT_TRUE(probe);
    sockaddr_in bound{};
    socklen_t length = sizeof bound;
    getsockname(probe->fd(), reinterpret_cast<sockaddr*>(&bound), &length);
    port = ntohs(bound.sin_port);
  }
  Options options;
  options.metrics_address = "127.0.0.1:" + std::to_string(port);
  start(options);
  Client scraper(port);
  const auto response = ask(scraper, "GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("jidian_info"));
  Client curious(port);
  EXPECT_EQ(ask(curious, "GET", "/v1/status").status, 404);
}

/// Asks as another user, from a process of its own; returns the HTTP status, or 0 if the kernel let it not connect.
int status_as(uid_t user, gid_t group, const std::vector<gid_t>& further, const std::filesystem::path& socket,
              const char* method, const char* path, const char* body) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    int status = -1;
    if (setgroups(further.size(), further.data()) == 0 && setgid(group) == 0 && setuid(user) == 0) {
      Client client(socket);
      status = client.connected() ? ask(client, method, path, body).status : 0;
    }
    (void)!write(pipe_ends[1], &status, sizeof status);
    _exit(0);
  }
  int status = -1;
  (void)!read(pipe_ends[0], &status, sizeof status);
  waitpid(child, nullptr, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  return status;
}

// Debian's own groups stand for the two that an installation makes.
TEST_F(ServerTest, TheKernelDecidesWhoMayWhat) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can ask as somebody else";
  const gid_t looks = getgrnam("games")->gr_gid;
  const gid_t operates = getgrnam("staff")->gr_gid;
  constexpr uid_t user = 4321;
  constexpr gid_t own_group = 4321;
  const char* retry = R"({"op":"retry","uplink":"province"})";

  Options options;
  options.read_group = "games";
  options.operate_group = "staff";
  start(options);
  std::filesystem::permissions(socket_.parent_path(), std::filesystem::perms{0755});

  const auto as = [&](const std::vector<gid_t>& further, const char* method, const char* path, const char* body) {
    return status_as(user, own_group, further, socket_, method, path, body);
  };
  EXPECT_EQ(as({}, "GET", "/v1/status", ""), 0);  // not even connected
  EXPECT_EQ(as({looks}, "GET", "/v1/status", ""), 200);
  EXPECT_EQ(as({looks}, "GET", "/metrics", ""), 200);
  EXPECT_EQ(as({looks}, "POST", "/v1/command", retry), 403);
  EXPECT_EQ(bench_.uplink.retries, 0);
  EXPECT_EQ(as({looks, operates}, "POST", "/v1/command", retry), 200);
  EXPECT_EQ(bench_.uplink.retries, 1);

  // Were the file open to all, the groups would still decide.
  std::filesystem::permissions(socket_, std::filesystem::perms{0666});
  EXPECT_EQ(as({}, "GET", "/v1/status", ""), 403);
  EXPECT_EQ(as({operates}, "POST", "/v1/command", retry), 200);
  EXPECT_EQ(status_as(user, looks, {}, socket_, "GET", "/v1/status", ""), 200);  // by its primary group
}

}  // namespace
}  // namespace jidian::api
