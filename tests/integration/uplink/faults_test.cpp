#include <gmock/gmock.h>

#include "tests/integration/uplink/fixture.hpp"

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;
using testing::HasSubstr;

class UplinkFaults : public UplinkTest {
 protected:
  std::string trouble() const { return health().trouble; }
  bool wait_for_trouble(const std::string& text) const {
    return wait_for([&](const auto& health) { return health.trouble.find(text) != std::string::npos; }, seconds(20));
  }
};

TEST_F(UplinkFaults, ATopicTheBrokerDeniesIsSaidAndNothingIsDropped) {
  MosquittoOptions denying;
  denying.acl =
      "topic read jidian/#\ntopic write jidian/v1/370211/box-1/status\ntopic write "
      "jidian/v1/370211/box-1/manifest\ntopic write jidian/v1/370211/box-1/event\n";
  const Mosquitto broker(denying);
  for (int count = 0; count < 30; ++count) add(Stream::reading);
  add(Stream::event);
  auto chosen = options(broker.uri());
  chosen.confirm = uplink::Confirm::broker;
  start(chosen);
  EXPECT_TRUE(wait_for_trouble("refuses the topic 'jidian/v1/370211/box-1/reading': not authorised (0x87)"))
      << trouble();
  EXPECT_EQ(store_->acknowledged("province", store_->opening().epoch, Stream::reading).size(), 0U);
  EXPECT_EQ(store_->acknowledged("province", store_->opening().epoch, Stream::event).size(), 1U);
  EXPECT_EQ(health().pending, 30U);
}

TEST_F(UplinkFaults, ABatchAboveTheBrokersPacketSizeIsShownAndBlocksNothing) {
  MosquittoOptions small;
  small.more = "max_packet_size 4000";
  const Mosquitto broker(small);
  const auto receiver = receive(broker.uri());
  add(Stream::reading, 1000);
  const auto large = add(Stream::reading, 8000);
  add(Stream::reading, 1000);
  start(options(broker.uri()));
  EXPECT_TRUE(wait_for_trouble("reading 2: too_large")) << trouble();
  EXPECT_TRUE(receiver->wait_until([](const Receiver& seen) { return seen.batches().size() == 2; }, seconds(10)));
  EXPECT_FALSE(receiver->batches().contains(large));
  EXPECT_TRUE(wait_for([](const auto& health) { return health.rejected == 1 && health.pending == 1; }, seconds(10)));
  EXPECT_EQ(health().connects, 1U);
}

TEST_F(UplinkFaults, AReceiveMaximumOfOneIsEnough) {
  MosquittoOptions narrow;
  narrow.more = "max_inflight_messages 1";
  const Mosquitto broker(narrow);
  const auto receiver = receive(broker.uri());
  for (int count = 0; count < 50; ++count) add(Stream::reading);
  start(options(broker.uri()));
  EXPECT_TRUE(wait_until_confirmed(seconds(30))) << trouble();
  EXPECT_EQ(health().connects, 1U);
}

TEST_F(UplinkFaults, AWrongPasswordIsSaidAndARenewedFileIsTaken) {
  MosquittoOptions guarded;
  const auto passwords = folder_.path() / "passwords";
  std::ofstream(passwords) << "box:right\nbackend:secret\n";
  ASSERT_EQ(std::system(("mosquitto_passwd -U '" + passwords.string() + "'").c_str()), 0);
  guarded.more = "password_file " + passwords.string();
  const Mosquitto broker(guarded);
  const auto secret = folder_.path() / "secret";
  std::ofstream(secret) << "wrong\n";
  auto chosen = options(broker.uri());
  chosen.confirm = uplink::Confirm::broker;
  chosen.broker.username = "box";
  chosen.broker.password_file = secret.string();
  add(Stream::reading);
  start(chosen);
  EXPECT_TRUE(wait_for_trouble("the broker refuses the connection: ")) << trouble();
  EXPECT_THAT(trouble(), testing::AnyOf(HasSubstr("(0x86)"), HasSubstr("(0x87)")));
  std::ofstream(secret) << "right\n";
  EXPECT_TRUE(wait_until_confirmed(seconds(20))) << trouble();
}

TEST_F(UplinkFaults, ACommandIsAnsweredOnceHoweverOftenItComes) {
  const Mosquitto broker;
  const auto receiver = receive(broker.uri());
  start(options(broker.uri()));
  ASSERT_TRUE(wait_for([](const auto& health) { return health.connected; }, seconds(20))) << trouble();
  uplink::BrokerOptions sender;
  sender.uri = broker.uri();
  sender.client_id = "asker";
  const auto asker = brokers_->make();
  ASSERT_TRUE(asker->connect(sender, {}));
  std::vector<uplink::BrokerEvent> events;
  while (events.empty()) events = asker->wait({}, steady_now() + Millis(10'000));
  const auto expires = format_utc(clock_->utc_now() + seconds(60));
  const auto command = R"({"id":"c1","op":"echo","expires":")" + expires + R"("})";
  for (int times = 0; times < 2; ++times)
    ASSERT_TRUE(asker->publish({std::string(base) + "command", {command.begin(), command.end()}, 1, false, "", {}, 0}));
  EXPECT_TRUE(receiver->wait_until(
      [&](const Receiver& seen) {
        const auto reply = seen.texts().find("reply");
        return reply != seen.texts().end() && reply->second == command;
      },
      seconds(10)));
}

TEST_F(UplinkFaults, StoppingDoesNotWaitForABrokerThatIsSilent) {
  Mosquitto broker;
  broker.freeze();
  for (const bool connecting : {true, false}) {
    if (!connecting) {
      broker.thaw();
      start(options(broker.uri()));
      ASSERT_TRUE(wait_for([](const auto& health) { return health.connected; }, seconds(20))) << trouble();
      broker.freeze();
      add(Stream::reading);
    } else {
      start(options(broker.uri()));
      ASSERT_TRUE(wait_for([](const auto& health) { return !health.id.empty(); }, seconds(20)));
    }
    const auto begin = std::chrono::steady_clock::now();
    uplink_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(4)) << connecting;
  }
  broker.thaw();
}

}  // namespace
}  // namespace jidian::test
