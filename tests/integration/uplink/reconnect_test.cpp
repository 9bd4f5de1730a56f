#include "tests/integration/tcp_proxy.hpp"
#include "tests/integration/uplink/fixture.hpp"

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;

class UplinkReconnect : public UplinkTest {};

TEST_F(UplinkReconnect, SixtyCutConnectionsLoseAndSpoilNothing) {
  const Mosquitto broker;
  TcpProxy proxy(broker.port());
  const auto receiver = receive(broker.uri());
  auto chosen = options(proxy.uri());
  chosen.receipt_timeout = Millis(5000);  // receipts sent while the connection is cut are lost
  start(chosen);
  for (std::uint64_t cut = 0; cut < 60; ++cut) {
    for (int count = 0; count < 5; ++count) add(Stream::reading, 500 + random_() % 60'000);
    // Every fifth hits the attempt; the others a connection in a batch, between two, or after the last.
    if (cut % 5 != 0) {
      ASSERT_TRUE(wait_for([](const auto& health) { return health.connected; }, seconds(20))) << health().trouble;
    }
    proxy.cut_after(cut % 5 != 0 ? random_() % 200'000 : random_() % 100);
    if (!wait_for([&](const auto&) { return proxy.cuts() > cut; }, Millis(500))) proxy.cut_after(0);
    ASSERT_TRUE(wait_for([&](const auto& health) { return !health.connected && proxy.cuts() > cut; }, seconds(20)));
  }
  ASSERT_TRUE(wait_until_confirmed(seconds(60))) << health().trouble;
  EXPECT_TRUE(receiver->batches() == added_);
  EXPECT_EQ(receiver->conflicts(), 0U);
  EXPECT_GE(health().connects, 48U);
}

TEST_F(UplinkReconnect, TwoBoxesWithOneIdAreReportedAndDoNotFight) {
  const Mosquitto broker;
  auto chosen = options(broker.uri());
  chosen.reconnect_max = Millis(10'000);
  start(chosen);
  ASSERT_TRUE(wait_for([](const auto& health) { return health.connected; }, seconds(20))) << health().trouble;
  // This broker tells nobody that a session was taken over: the twin is known by its retained status.
  chosen.id = "twin";
  chosen.instance = "0000000000000002";
  const auto twin = uplink::Uplink::start(chosen, *store_, *brokers_, *clock_, board_, {});
  const auto another = [](const auto& health) {
    return health.trouble.find("another box uses the id 'box-1'") != std::string::npos;
  };
  ASSERT_TRUE(wait_for(another, seconds(60))) << health().trouble;
  ASSERT_FALSE(notices().empty());
  EXPECT_EQ(notices()[0].kind, uplink::Notice::Kind::duplicate_identity);
  // Both stand back for a minute now and then: no more than one of them comes back at a time.
  const auto connects = [this] {
    std::uint64_t count = 0;
    for (const auto& each : board_.uplinks()) count += each.connects;
    return count;
  };
  const auto before = connects();
  EXPECT_FALSE(wait_for([&](const auto&) { return connects() > before + 2; }, seconds(20)));
}

}  // namespace
}  // namespace jidian::test
