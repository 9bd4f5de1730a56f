#include "tests/integration/uplink/fixture.hpp"

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;

TEST_F(UplinkTest, EveryStreamArrivesAndIsConfirmedByReceipts) {
  const Mosquitto broker;
  const auto receiver = receive(broker.uri());
  for (int count = 0; count < 20; ++count)
    for (const auto stream : record::all_streams) add(stream);
  start(options(broker.uri()));
  ASSERT_TRUE(wait_until_confirmed(seconds(20))) << health().trouble;
  add(Stream::reading, 60'000);
  ASSERT_TRUE(wait_until_confirmed(seconds(20))) << health().trouble;
  EXPECT_TRUE(receiver->batches() == added_);
  EXPECT_TRUE(wait_for([&](const auto& health) { return health.confirmed == added_.size(); }, seconds(5)));
  EXPECT_EQ(health().pending, 0U);
  EXPECT_EQ(health().receipts_refused, 0U);
  EXPECT_EQ(health().trouble, "");
}

TEST_F(UplinkTest, StatusIsOnlineWhileConnectedAndOfflineAfterwards) {
  const Mosquitto broker;
  const auto receiver = receive(broker.uri());
  start(options(broker.uri()));
  const auto state_is = [](const std::string& state) {
    return [state](const Receiver& seen) {
      const auto status = seen.texts().find("status");
      return status != seen.texts().end() && status->second.find("\"state\":\"" + state + "\"") != std::string::npos;
    };
  };
  EXPECT_TRUE(receiver->wait_until(state_is("online"), seconds(10)));
  uplink_.reset();
  EXPECT_TRUE(receiver->wait_until(state_is("offline"), seconds(10)));
}

TEST_F(UplinkTest, BrokerConfirmationNeedsNoReceipt) {
  const Mosquitto broker;
  for (int count = 0; count < 20; ++count) add(Stream::reading);
  auto chosen = options(broker.uri());
  chosen.confirm = uplink::Confirm::broker;
  start(chosen);
  EXPECT_TRUE(wait_until_confirmed(seconds(20))) << health().trouble;
}

TEST_F(UplinkTest, BatchesOfABrokerOutageArriveAfterwards) {
  Mosquitto broker;
  const auto receiver = receive(broker.uri());
  start(options(broker.uri()));
  add(Stream::reading);
  ASSERT_TRUE(wait_until_confirmed(seconds(20))) << health().trouble;
  broker.stop();
  ASSERT_TRUE(wait_for([](const auto& health) { return !health.connected; }, seconds(10)));
  for (int count = 0; count < 50; ++count) add(Stream::reading);
  EXPECT_TRUE(
      wait_for([](const auto& health) { return health.trouble.find("refused") != std::string::npos; }, seconds(20)))
      << health().trouble;
  broker.start();
  ASSERT_TRUE(wait_until_confirmed(seconds(30))) << health().trouble;
  EXPECT_TRUE(receiver->batches() == added_);
  EXPECT_EQ(receiver->conflicts(), 0U);
}

}  // namespace
}  // namespace jidian::test
