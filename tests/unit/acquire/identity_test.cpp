#include <gmock/gmock.h>

#include "acquire/identity_watch.hpp"
#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::EventKind;
using domain::Quality;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint16_t serial_at = 500;
constexpr std::uint16_t model_at = 600;

class Identity : public PollerCoreTest {
 protected:
  /// Points at 1 and 2, the second multiplied by the ratio at 3; a serial number and a model number to be asked for.
  static PolledMeter make(const std::string& declared = {}, Millis period = seconds{10}) {
    PolledMeter meter = make_meter(0, {1, 2, 3}, period);
    meter.points[1].ratio_points = {"p3"};
    meter.points[2].exponent = -1;
    meter::IdentityPlace place;
    place.place = {meter::Table::holding, serial_at, 1};
    place.type = meter::RawType::u16;
    meter.serial = place;
    place.place.first = model_at;
    meter.identify = {{place, {"341", "342"}}};
    meter.serial_declared = declared;
    return meter;
  }
  void SetUp() override {
    bus.held[serial_at] = 1234;
    bus.held[model_at] = 342;
  }
  /// Starts again with what was remembered.
  void restart(PolledMeter meter) {
    meter.remembered = Learned::from_text(sink.notes.at("meter/meter-0"));
    begin({std::move(meter)});
  }
  std::size_t times_asked(std::uint16_t address) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bus.requests, [&](const auto& r) { return r.registers.first == address; }));
  }
  std::vector<domain::Event> surprises() const { return sink.of(EventKind::foreign_meter); }
  Quality last_quality() const { return sink.polls.back().samples[0].quality; }
  static std::string fact(const domain::Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return {};
  }
};

TEST_F(Identity, IsAskedAtTheStartAndOnceADay) {
  begin({make("1234", minutes{1})});
  run(minutes{1});
  EXPECT_EQ(times_asked(serial_at), 1U);
  EXPECT_EQ(times_asked(model_at), 1U);
  run(hours{25});
  EXPECT_EQ(times_asked(serial_at), 2U);
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(Identity, AnotherSerialNumberThanDeclaredIsToldOnceAndMarksEveryReading) {
  begin({make("SN-99", minutes{1})});
  run(hours{30});
  ASSERT_EQ(surprises().size(), 1U);
  EXPECT_EQ(surprises()[0].subject, "meter-0");
  EXPECT_EQ(fact(surprises()[0], "what"), "serial");
  EXPECT_EQ(fact(surprises()[0], "expected"), "SN-99");
  EXPECT_EQ(fact(surprises()[0], "told"), "1234");
  for (const auto& poll : sink.polls) ASSERT_EQ(poll.samples[0].quality, Quality::implausible);
  EXPECT_EQ(sink.polls.back().samples[0].bits, register_value(1, 1));
}

TEST_F(Identity, HealthSaysWhoStandsThereUntilItIsTheRightOne) {
  begin({make("SN-99")});
  bus.held[model_at] = 777;
  run(minutes{1});
  EXPECT_EQ(health_of("meter-0").foreign,
            "it tells the serial number '1234', not 'SN-99'; it tells the model '777', not '341'");
  ASSERT_TRUE(core->adopt("meter-0", "1234"));
  bus.held[model_at] = 341;
  run(minutes{1});
  EXPECT_EQ(health_of("meter-0").foreign, "");
}

TEST_F(Identity, AMeterThatIsSaidToBeReplacedIsGoodAtOnceAndAfterARestart) {
  begin({make("SN-99")});
  run(minutes{1});
  ASSERT_EQ(last_quality(), Quality::implausible);
  const auto who = core->identify("meter-0", "", {});
  ASSERT_TRUE(who) << who.error().message();
  EXPECT_EQ(who->known, "SN-99");
  EXPECT_EQ(who->told, "1234");
  EXPECT_EQ(who->note.name, "meter/meter-0");
  EXPECT_EQ(Learned::from_text(who->note.text)->serial, "1234");
  EXPECT_EQ(last_quality(), Quality::implausible) << "asking changes nothing";
  ASSERT_TRUE(core->adopt("meter-0", who->told));
  run(minutes{1});
  EXPECT_EQ(last_quality(), Quality::ok);
  EXPECT_EQ(surprises().size(), 1U);
  restart(make());
  run(minutes{1});
  EXPECT_EQ(last_quality(), Quality::ok);
}

TEST_F(Identity, TheWrongMeterIsFoundOutAfterItWasAdopted) {
  begin({make("1234")});
  run(minutes{1});
  ASSERT_TRUE(core->adopt("meter-0", "5678"));
  run(minutes{1});
  EXPECT_EQ(last_quality(), Quality::implausible);
  ASSERT_EQ(surprises().size(), 1U);
  EXPECT_EQ(fact(surprises()[0], "expected"), "5678");
}

TEST_F(Identity, NobodyIsAskedOrAdoptedWhoIsNotThere) {
  begin({make()});
  EXPECT_EQ(core->identify("meter-9", "", {}).error().kind(), ErrorKind::not_found);
  EXPECT_EQ(core->adopt("meter-9", "1").error().kind(), ErrorKind::not_found);
}

TEST_F(Identity, AMeterThatWasSwappedWhileSilentIsNoticedBeforeItsFirstReading) {
  begin({make()});
  run(minutes{1});
  EXPECT_EQ(last_quality(), Quality::ok);
  silence_units({1});
  run(minutes{1});
  bus.held[serial_at] = 777;
  bus.fails = nullptr;
  const auto silent = sink.polls.size();
  run(minutes{10});
  ASSERT_EQ(surprises().size(), 1U);
  EXPECT_EQ(fact(surprises()[0], "expected"), "1234");
  EXPECT_EQ(fact(surprises()[0], "told"), "777");
  for (std::size_t n = silent; n < sink.polls.size(); ++n) ASSERT_NE(sink.polls[n].samples[0].quality, Quality::ok);
}

TEST_F(Identity, AMeterThatWasSwappedWhileNothingRanIsNoticedToo) {
  begin({make()});
  run(minutes{1});
  bus.held[serial_at] = 777;
  restart(make());
  run(minutes{1});
  EXPECT_EQ(surprises().size(), 1U);
  EXPECT_EQ(last_quality(), Quality::implausible);

  restart(make("777"));  // the site file says that it is right
  run(minutes{1});
  EXPECT_EQ(surprises().size(), 1U);
  EXPECT_EQ(last_quality(), Quality::ok);

  restart(make());
  run(minutes{1});
  EXPECT_EQ(surprises().size(), 1U);
}

TEST_F(Identity, ASerialNumberThatIsAnotherOneEachTimeAccusesNobody) {
  begin({make("1234")});
  bus.on_read = [this] { ++bus.held[serial_at]; };
  run(minutes{1});
  EXPECT_TRUE(surprises().empty());
  EXPECT_EQ(last_quality(), Quality::ok);
}

TEST_F(Identity, AnotherModelIsTold) {
  bus.held[model_at] = 500;
  begin({make("1234", minutes{1})});
  run(hours{30});
  ASSERT_EQ(surprises().size(), 1U);
  EXPECT_EQ(fact(surprises()[0], "what"), "model");
  EXPECT_EQ(fact(surprises()[0], "told"), "500");
}

TEST_F(Identity, AMeterThatDoesNotSayIsNotAskedAgainThatDay) {
  bus.fails = [](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
    if (asked.first >= serial_at) return refusal();
    return std::nullopt;
  };
  begin({make("1234")});
  run(hours{1});
  EXPECT_TRUE(sink.events.empty());
  EXPECT_EQ(times_asked(serial_at), 1U);
  EXPECT_EQ(last_quality(), Quality::ok);
}

TEST_F(Identity, AQuestionWithoutAnAnswerCostsNoSlotAndIsRepeatedEverMoreRarely) {
  bus.fails = [](std::uint8_t, meter::Registers asked) -> std::optional<Error> {
    if (asked.first >= serial_at) return silence();
    return std::nullopt;
  };
  begin({make("1234")});
  run(hours{12});
  EXPECT_LT(times_asked(serial_at), 25U);
  EXPECT_GT(times_asked(serial_at), 10U);
  EXPECT_NEAR(static_cast<double>(sink.polls.size()), 12 * 360, 2);
}

TEST_F(Identity, ARatioThatChangesInTheMeterIsToldWithBothValues) {
  bus.held[3] = 400;
  begin({make("1234")});
  run(minutes{10});
  EXPECT_TRUE(sink.of(EventKind::ratio_changed).empty());
  bus.held[3] = 600;
  run(minutes{10});
  ASSERT_EQ(sink.of(EventKind::ratio_changed).size(), 1U);
  const auto event = sink.of(EventKind::ratio_changed)[0];
  EXPECT_EQ(fact(event, "point"), "p3");
  EXPECT_EQ(fact(event, "before"), "40.0");
  EXPECT_EQ(fact(event, "after"), "60.0");

  bus.held[3] = 800;  // while nothing runs
  restart(make("1234"));
  run(minutes{10});
  ASSERT_EQ(sink.of(EventKind::ratio_changed).size(), 2U);
  EXPECT_EQ(fact(sink.of(EventKind::ratio_changed)[1], "before"), "60.0");
}

TEST(SerialNumber, IsTheSameHoweverItIsWritten) {
  EXPECT_TRUE(is_same_serial("00012345", "12345"));
  EXPECT_TRUE(is_same_serial("ab 12-34", "AB1234"));
  EXPECT_FALSE(is_same_serial("12345", "123450"));
  EXPECT_FALSE(is_same_serial("12345", ""));
}

}  // namespace
}  // namespace jidian::acquire
