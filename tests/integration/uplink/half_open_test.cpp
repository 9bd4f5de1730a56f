#include "tests/integration/uplink/fixture.hpp"

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;

class UplinkHalfOpen : public UplinkTest {};

TEST_F(UplinkHalfOpen, AHalfOpenLinkIsLeftWithinTwentyFiveSecondsOfTheFirstUnansweredPublish) {
  Mosquitto frozen;
  start(options(frozen.uri()));
  ASSERT_TRUE(wait_for([](const auto& health) { return health.connected; }, seconds(20))) << health().trouble;
  frozen.freeze();
  add(Stream::reading);
  const auto published = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_for([](const auto& health) { return !health.connected; }, seconds(25))) << health().trouble;
  frozen.thaw();
  const auto receiver = receive(frozen.uri());
  ASSERT_TRUE(receiver->wait_until([](const Receiver& seen) { return !seen.batches().empty(); }, seconds(25)));
  const auto took = std::chrono::steady_clock::now() - published;
  EXPECT_LE(took, seconds(25));
  RecordProperty("resend_ms", static_cast<int>(std::chrono::duration_cast<Millis>(took).count()));
  EXPECT_TRUE(wait_for([](const auto& health) { return health.resent >= 1; }, seconds(5)));
}

}  // namespace
}  // namespace jidian::test
