#include <gmock/gmock.h>

#include "tests/unit/acquire/core_fixture.hpp"

namespace jidian::acquire {
namespace {

using domain::EventKind;
using domain::Quality;
using std::chrono::hours;
using std::chrono::minutes;

/// A device with the common model at 40002 and an inverter or meter model behind others.
class Sunspec : public PollerCoreTest {
 protected:
  static PolledMeter make() {
    PolledMeter meter = make_meter(0, {}, Millis{std::chrono::seconds{10}});
    meter.points = {holding_u16("power", 18), holding_u16("power_scale", 22)};
    meter.points[0].scale_point = "power_scale";
    meter.points[1].type = meter::RawType::s16;
    meter.sunspec = meter::Sunspec{{201, 203}, 21};
    meter::IdentityPlace serial;
    serial.place = {meter::Table::holding, 52, 1};
    serial.type = meter::RawType::u16;
    meter.serial = serial;
    return meter;
  }
  void model(std::uint16_t at, std::uint16_t id, std::uint16_t length) {
    bus.held[at] = id;
    bus.held[at + 1U] = length;
  }
  void SetUp() override {
    bus.held[40'000] = 0x5375;
    bus.held[40'001] = 0x6E53;
    model(40'002, 1, 66);
    model(40'070, 160, 48);
    model(40'120, 203, 105);
    model(40'227, 0xFFFF, 0);
    fill(40'120);
    bus.held[40'054] = 4711;
  }
  /// 23.05 as power.
  void fill(std::uint16_t base) {
    bus.held[base + 18U] = 2305;
    bus.held[base + 22U] = static_cast<std::uint16_t>(-2);
  }
  std::size_t polls_at(std::uint16_t address) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bus.requests, [&](const auto& r) { return r.registers.first == address; }));
  }
};

TEST_F(Sunspec, ModelIsFoundOnceAndReadWhereItStands) {
  begin({make()});
  run(minutes{10});
  ASSERT_GT(sink.polls.size(), 50U);
  for (const auto& poll : sink.polls) {
    ASSERT_EQ(poll.samples[0].quality, Quality::ok);
    ASSERT_EQ(poll.samples[0].bits, 2305U);
  }
  EXPECT_LE(polls_at(40'000), 2U);
  EXPECT_GT(polls_at(40'138), 50U);
  EXPECT_TRUE(sink.events.empty());
  const auto answer = core->read("meter-0", {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->points[0].value, "23.05");
}

TEST_F(Sunspec, SerialNumberStandsInTheCommonModel) {
  begin({make()});
  run(minutes{1});
  EXPECT_EQ(Learned::from_text(sink.notes.at("meter/meter-0"))->serial, "4711");
}

TEST_F(Sunspec, ModelThatMovedWhileTheDeviceWasSilentIsFoundAgain) {
  begin({make()});
  run(minutes{1});
  silence_units({1});
  run(minutes{2});
  bus.fails = nullptr;
  model(40'120, 65'000, 10);
  model(40'132, 201, 105);
  model(40'239, 0xFFFF, 0);
  bus.held[40'138] = 9;  // what stands now where the power was
  fill(40'132);
  const auto before = sink.polls.size();
  run(minutes{10});
  EXPECT_EQ(sink.polls.back().samples[0].bits, 2305U);
  for (std::size_t n = before; n < sink.polls.size(); ++n) {
    const auto& sample = sink.polls[n].samples[0];
    ASSERT_TRUE(!has_value(sample.quality) || sample.bits == 2305U) << sample.bits;
  }
}

TEST_F(Sunspec, DeviceWithoutTheModelIsToldOnceAndAskedEverMoreRarely) {
  model(40'120, 103, 50);
  model(40'172, 0xFFFF, 0);
  begin({make()});
  run(hours{6});
  ASSERT_EQ(sink.of(EventKind::foreign_meter).size(), 1U);
  EXPECT_TRUE(sink.of(EventKind::meter_silent).empty());
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::refused);
  EXPECT_LT(polls_at(40'000), 25U);
  EXPECT_GT(polls_at(40'000), 5U);
  EXPECT_EQ(polls_at(52), 0U);  // the serial number's place is not known
  EXPECT_TRUE(sink.notes.empty());
}

TEST_F(Sunspec, SilentDeviceIsASilentMeter) {
  silence_units({1});
  begin({make()});
  run(minutes{10});
  EXPECT_EQ(sink.of(EventKind::meter_silent).size(), 1U);
  EXPECT_EQ(sink.polls.back().samples[0].quality, Quality::no_answer);
  bus.fails = nullptr;
  run(minutes{10});
  EXPECT_EQ(sink.of(EventKind::meter_back).size(), 1U);
  EXPECT_EQ(sink.polls.back().samples[0].bits, 2305U);
}

}  // namespace
}  // namespace jidian::acquire
