#include <dlfcn.h>
#include <gmock/gmock.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>

#include "tests/integration/uplink/fixture.hpp"

namespace {

std::mutex mutex;
std::condition_variable changed;
bool released = false;
int hanging = 0;

}  // namespace

/// Stands in front of the C library's: a name server that never answers for one name.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (!numeric && node != nullptr && std::strcmp(node, "silent.example") == 0) {
    std::unique_lock lock(mutex);
    ++hanging;
    changed.notify_all();
    changed.wait(lock, [] { return released; });
    --hanging;
    changed.notify_all();
    return EAI_AGAIN;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, found);
}

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;
using testing::HasSubstr;

class SilentNameServer : public UplinkTest {
 protected:
  ~SilentNameServer() override {
    uplink_.reset();
    std::unique_lock lock(mutex);
    released = true;
    changed.notify_all();
    changed.wait(lock, [] { return hanging == 0; });
    released = false;
  }
  void wait_until_hanging() {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, seconds(10), [] { return hanging > 0; }));
  }
};

TEST_F(SilentNameServer, DoesNotHoldUpTheStop) {
  start(options("mqtt://silent.example:1883"));
  wait_until_hanging();
  const auto begin = std::chrono::steady_clock::now();
  uplink_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
}

TEST_F(SilentNameServer, IsSaidAndDoesNotHoldUpAnotherUplink) {
  auto lost = options("mqtt://silent.example:1883");
  lost.id = "bureau";
  lost.broker.connect_timeout = seconds(2);
  const auto other = uplink::Uplink::start(lost, *store_, *brokers_, *clock_, board_, {});
  wait_until_hanging();

  const Mosquitto broker;
  const auto receiver = receive(broker.uri());
  add(Stream::reading);
  start(options(broker.uri()));
  EXPECT_TRUE(wait_until_confirmed(seconds(20)));
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  const auto trouble = [&] { return board_.uplinks().front().trouble; };
  while (trouble().find("name server") == std::string::npos && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_THAT(trouble(), HasSubstr("cannot find the broker 'silent.example': the name server does not answer"));
}

TEST(ResolveTest, AnUnknownNameIsSaid) {
  const auto factory = mqtt::make_broker_factory();
  const auto broker = factory->make();
  uplink::BrokerOptions options;
  options.uri = "mqtt://no-such-host.invalid";
  ASSERT_TRUE(broker->connect(options, {}));
  std::vector<uplink::BrokerEvent> events;
  while (events.empty()) events = broker->wait({}, steady_now() + Millis(60'000));
  const auto* lost = std::get_if<uplink::Disconnected>(&events.front());
  ASSERT_NE(lost, nullptr);
  EXPECT_THAT(lost->why, HasSubstr("'no-such-host.invalid'"));
}

TEST(BrokerUri, MistakesAreSaid) {
  const auto factory = mqtt::make_broker_factory();
  for (const auto* uri : {"", "localhost", "http://x", "mqtt://", "mqtt://:1", "mqtt://h:0", "mqtt://h:70000",
                          "mqtt://h:1x", "mqtts://[::1", "mqtts://[::1]x", "mqtt://u@h"}) {
    uplink::BrokerOptions options;
    options.uri = uri;
    const auto connected = factory->make()->connect(options, {});
    ASSERT_FALSE(connected) << uri;
    EXPECT_EQ(connected.error().kind(), ErrorKind::invalid) << uri;
  }
}

}  // namespace
}  // namespace jidian::test
