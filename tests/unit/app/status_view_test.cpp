#include "app/status_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/texts.hpp"
#include "command/status.hpp"
#include "tests/unit/command/declared.hpp"
#include "tests/unit/command/healthy.hpp"

namespace jidian::app {
namespace {

using command::healthy;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

StatusView shown(const command::Snapshot& snapshot, Colours colours = Colours::none) {
  auto view = render_status(command::status_json(snapshot), colours);
  EXPECT_TRUE(view);
  return view ? *view : StatusView{};
}

command::Snapshot with_silent_meter() {
  auto snapshot = healthy();
  auto& meter = snapshot.meters[1];
  meter.misses_in_row = 40;
  meter.polls_failed = 40;
  meter.last_good = command::before(std::chrono::minutes{12});
  meter.next_try = command::morning + std::chrono::seconds{40};
  meter.last_error = "no answer within 500 ms";
  return snapshot;
}

TEST(StatusView, OfAHealthyGatewayIsAScreenThatSaysSo) {
  const auto view = shown(healthy());
  EXPECT_TRUE(view.healthy);
  EXPECT_EQ(view.text,
            "gw-1  recording  for 2 h  version 1.2.3  clock synchronised  2026-03-01T08:00:00.000Z\n"
            "store  1.0 MB of 2.0 GB, 160 days left, last commit 4 s ago, 300000 readings since the start\n"
            "\n"
            "uplinks\n"
            "  province  connected  2 waiting, oldest 12 s  receipt 6 s  mqtts://broker.example:8883\n"
            "\n"
            "buses\n"
            "  rtu-1  open  41 % busy  /dev/ttyUSB0 9600 8N1\n"
            "  tcp-1  open  2 % busy   10.0.0.5:502\n"
            "\n"
            "meters  3 of 3 well\n"
            "  furnace-1  rtu-1/3  ok  1 s ago  0 of 7200 polls failed  not signed off\n"
            "  press-1    rtu-1/4  ok  1 s ago  0 of 7200 polls failed  not signed off\n"
            "  gas-1      tcp-1/1  ok  9 s ago  0 of 7200 polls failed  not signed off\n"
            "\n"
            "All is well.\n"
            "Next: jidian watch shows the newest values\n");
}

TEST(StatusView, ShowsTheNewestUpdateInBothLanguages) {
  auto snapshot = healthy();
  snapshot.update = health::UpdateHealth{.id = "u-1",
                                         .from = "1.4.0",
                                         .to = "1.5.0",
                                         .slot = "b",
                                         .state = "rolled_back",
                                         .reason = "it did not come up",
                                         .at = command::morning};
  EXPECT_THAT(shown(snapshot).text, HasSubstr("update  1.4.0 to 1.5.0 in slot b: TAKEN BACK  2026-03-01T08:00:00.000Z\n"
                                              "        -> it did not come up\n"));
  speak(Language::chinese);
  const auto chinese = shown(snapshot).text;
  speak(Language::english);
  EXPECT_THAT(chinese, HasSubstr("升级  1.4.0 到 1.5.0，槽位 b：已回退"));
  snapshot.update->state = "pondering";
  snapshot.update->to.clear();
  snapshot.update->reason.clear();
  EXPECT_THAT(shown(snapshot).text, HasSubstr("update  1.4.0 to - in slot b: pondering"));
  EXPECT_TRUE(shown(snapshot).healthy) << "an update is news, no fault";
}

TEST(StatusView, ShowsWhatFacilitiesDo) {
  auto snapshot = healthy();
  const auto since = command::before(std::chrono::minutes{5});
  snapshot.facilities = {
      {"melting-shop", domain::RunSource::power, {domain::FacilityState::running, since, 812'340'000, since}},
      {"bag-filter", domain::RunSource::current, {domain::FacilityState::stopped, since, 300, since}},
      {"line", domain::RunSource::status, {domain::FacilityState::unknown, since, 3, since}},
      {"office", domain::RunSource::none, {}}};
  EXPECT_THAT(shown(snapshot).text, HasSubstr("\nfacilities\n"
                                              "  melting-shop  running   for 5 min  812.3 kW\n"
                                              "  bag-filter    stopped   for 5 min  0.3 A\n"
                                              "  line          unknown   for 5 min  status 3\n"
                                              "  office        not told\n"));
  EXPECT_THAT(command::status_json(snapshot), HasSubstr("\"power_kw\":812.34,"));
}

TEST(StatusView, ShowsTheLoadAndWhatCouldBeDoneWithout) {
  EXPECT_THAT(shown(command::with_load()).text,
              HasSubstr("\nload, mean of the newest quarter hour that is over\n"
                        "  grid  812.4 kW    3 min ago              most of the month 1203.2 kW, until "
                        "2026-03-01T06:15Z  1300012345678, Feeder 512, 10 kV\n"
                        "  gas   48.00 m3/h  3 min ago, INCOMPLETE  most of the month not known                        "
                        "   GZ-20871, Station 7, 0.2 MPa      agreed 4000 m3 a day\n"
                        "\ndeclared for a shortage\n"
                        "  site          contract 2000 kVA         security load 120 kW\n"
                        "  melting-shop  900 kW off within 45 min  200 kW less within 10 min\n"));
}

TEST(StatusView, PutsTheMeterInTroubleFirstAndTheAdviceLast) {
  const auto view = shown(with_silent_meter());
  EXPECT_FALSE(view.healthy);
  EXPECT_LT(view.text.find("press-1"), view.text.find("furnace-1"));
  EXPECT_THAT(view.text, HasSubstr("2 of 3 well"));
  EXPECT_THAT(view.text, HasSubstr("FAULT  12 min ago"));
  EXPECT_THAT(view.text, HasSubstr("next try in 40 s"));
  EXPECT_THAT(view.text, HasSubstr("ERROR meter press-1: unit 4 on rtu-1 gave nothing for 12 min"));
  EXPECT_THAT(view.text, HasSubstr("Next: check its power"));
}

TEST(StatusView, AMeterThatHasOnlyBegunIsNoFault) {
  auto snapshot = healthy();
  snapshot.meters[0].learning = true;
  snapshot.meters[0].last_error = "Modbus exception 2";
  snapshot.meters[1] = {};
  snapshot.meters[1].id = "press-1";
  const auto view = shown(snapshot);
  EXPECT_TRUE(view.healthy);
  EXPECT_THAT(view.text, HasSubstr("1 of 3 well"));
  EXPECT_THAT(view.text, HasSubstr("being learnt"));
  EXPECT_THAT(view.text, HasSubstr("asked for the first time"));
  EXPECT_THAT(view.text, Not(HasSubstr("FAULT")));
  EXPECT_THAT(view.text, Not(HasSubstr("exception 2")));
  EXPECT_THAT(view.text, HasSubstr("Nothing is wrong"));
}

TEST(StatusView, AMeterThatContradictsItselfIsNotWell) {
  auto snapshot = healthy();
  snapshot.records = {{"press-1", {{"zero_current", "current.l1", "No current.", command::morning}}, std::nullopt, ""}};
  const auto view = shown(snapshot);
  EXPECT_FALSE(view.healthy);
  EXPECT_THAT(view.text, HasSubstr("2 of 3 well"));
  EXPECT_THAT(view.text, HasSubstr("press-1    rtu-1/4  CHECK"));
  EXPECT_THAT(view.text, HasSubstr("WARN  meter press-1: No current (current.l1), for 0 s"));
}

TEST(StatusView, SaysWhoSignedAMeterOffAndWhen) {
  auto snapshot = healthy();
  snapshot.records = {{"press-1", {}, command::morning, "当班电工"}};
  EXPECT_THAT(shown(snapshot).text, HasSubstr("signed off 2026-03-01 by 当班电工"));
  EXPECT_THAT(shown(snapshot).text, HasSubstr("not signed off"));
  EXPECT_TRUE(shown(snapshot).healthy);
}

TEST(StatusView, FitsAScreenWithHundredsOfMeters) {
  auto snapshot = with_silent_meter();
  for (int id = 0; id < 300; ++id) {
    snapshot.meters.push_back(command::answering_meter("m-" + std::to_string(id), "tcp-1", 1, command::morning));
    snapshot.buses.push_back(command::open_bus("b-" + std::to_string(id), "10.0.0.5:502", 0.1));
  }
  const auto view = shown(snapshot);
  EXPECT_LE(std::count(view.text.begin(), view.text.end(), '\n'), 60);
  EXPECT_THAT(view.text, HasSubstr("press-1"));
  EXPECT_THAT(view.text, HasSubstr("302 of 303 well"));
  EXPECT_THAT(view.text, HasSubstr("and 287 more"));
}

TEST(StatusView, SaysHowLongRoomAndFlashLast) {
  auto snapshot = healthy();
  snapshot.store.autonomy_days = 161;
  EXPECT_THAT(shown(snapshot).text, HasSubstr("of 2.0 GB, 161 days of autonomy, last commit"));
  snapshot.store.flash_years = 12.4;
  EXPECT_THAT(shown(snapshot).text, HasSubstr("161 days of autonomy, flash for 12 years, last commit"));
}

TEST(StatusView, SaysWhenTheBacklogOfALongOutageBegins) {
  auto snapshot = healthy();
  snapshot.uplinks[0].backlog_from = command::morning + std::chrono::seconds(250);
  EXPECT_THAT(shown(snapshot).text, HasSubstr("2 waiting, oldest 12 s, the backlog begins in 4 min  receipt"));
}

TEST(StatusView, ShowsWhatIsAskedForAgain) {
  auto snapshot = healthy();
  EXPECT_THAT(shown(snapshot).text, Not(HasSubstr("asked for again")));
  snapshot.uplinks[0].backfills = {{"b-1", "reading", 40, 30, command::morning}};
  EXPECT_THAT(
      shown(snapshot).text,
      HasSubstr("asked for again\n  province  reading  30 of 40 batches left  since 2026-03-01T08:00:00.000Z  b-1\n"));
}

TEST(StatusView, SaysWhereOnlyTheBrokersWordIsKnown) {
  auto snapshot = healthy();
  snapshot.uplinks[0].confirm = "broker";
  EXPECT_THAT(shown(snapshot).text, HasSubstr("confirmed by the broker only"));
}

TEST(StatusView, PaintsOnlyWhenAsked) {
  EXPECT_THAT(shown(healthy()).text, Not(HasSubstr("\033[")));
  EXPECT_THAT(shown(healthy(), Colours::ansi).text, HasSubstr("\033[32mrecording\033[0m"));
}

TEST(StatusView, TextOfADeviceCannotSteerTheTerminal) {
  auto snapshot = with_silent_meter();
  snapshot.meters[1].last_error = "\033]0;pwned\a\n";
  EXPECT_THAT(shown(snapshot).text, Not(HasSubstr("\033")));
  EXPECT_THAT(shown(snapshot).text, HasSubstr("?]0;pwned??"));
}

TEST(StatusView, OfAnotherVersionsStatusShowsWhatIsThere) {
  for (const char* json :
       {"{}", R"({"meters":7,"buses":null,"uplinks":{},"findings":"x","store":[]})",
        R"({"gateway":1,"meters":[null,{"id":{}}],"uplinks":[[]],"findings":[{}],"recording":"yes"})"}) {
    const auto view = render_status(json, Colours::none);
    ASSERT_TRUE(view) << json;
    EXPECT_FALSE(view->healthy) << json;
    EXPECT_THAT(view->text, HasSubstr("NOT RECORDING")) << json;
  }
}

TEST(StatusView, OfWhatIsNoStatusIsAnError) {
  for (const char* text : {"", "<html>", "[]", "null"}) {
    const auto view = render_status(text, Colours::none);
    ASSERT_FALSE(view) << text;
    EXPECT_EQ(view.error().kind(), ErrorKind::corrupt);
  }
}

}  // namespace
TEST(StatusView, MarksAndOrdersAreShown) {
  const auto view = render_status(
      R"({"gateway":"gw-1","marks":[{"id":"260301-081500","mark":"maintenance","subject":"","from":"2026-03-01T08:15:00Z",
          "until":null,"in_force":true,"reason":"relining"}],
          "directives":[{"id":"2026-017","version":2,"issuer":"130000-energy","from":"2026-03-01T08:00:00Z",
          "to":"2026-03-01T12:00:00Z","in_force":true,"level":"orange","facilities":["furnace"],"limit_kw":400,"load_kw":380.25},
          {"id":"2026-018","version":1,"facilities":[],"load_kw":null}]})",
      Colours::none);
  ASSERT_TRUE(view);
  EXPECT_NE(view->text.find("whole site  maintenance"), std::string::npos) << view->text;
  EXPECT_NE(view->text.find("level orange, load 380.2 kW of 400 kW"), std::string::npos) << view->text;
  EXPECT_NE(view->text.find("load unknown"), std::string::npos) << view->text;
}

}  // namespace jidian::app
