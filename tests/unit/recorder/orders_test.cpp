#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "recorder/alive.hpp"
#include "recorder/core.hpp"
#include "recorder/live_view.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using plant::morning;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

std::string fact_in(const domain::Event& event, const std::string& name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return "none";
}

domain::Directive curtailment(std::uint32_t version) {
  domain::Directive order;
  order.issuer = "130000-energy";
  order.id = "2026-017";
  order.version = version;
  order.from = morning;
  order.to = morning + hours(1);
  order.kind = "curtailment";
  order.limit_kw = "400";
  return order;
}

class Orders : public testing::Test {
 protected:
  Orders() { start(true); }
  void start(bool new_epoch = false) {
    run_.reset();
    run_.emplace(options_, record_, clock_, new_epoch);
  }

  Options options_ = plant::options(plant::manifest(1));
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::optional<plant::Run> run_;
};

TEST_F(Orders, AreOnRecordAtOnceAndKnownAfterAKill) {
  run_->hear({"province", {curtailment(1)}, {}, true});
  ASSERT_EQ(record_.events(EventKind::directive).size(), 1u) << "an acknowledgement does not wait for the next commit";
  start();  // kill -9
  EXPECT_EQ(run_->core.directives().size(), 1u);
  run_->hear({"province", {curtailment(1)}, {}, true});
  EXPECT_EQ(record_.events(EventKind::directive).size(), 1u);
  clock_.pass(hours(1));
  run_->pass(seconds(2));
  const auto events = record_.events(EventKind::directive);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(fact_in(events[1], "state"), "expired");
  start();
  EXPECT_TRUE(run_->core.directives().empty());
}

TEST_F(Orders, ARefusedListIsOnRecordOnceHoweverOftenItIsDelivered) {
  domain::DirectiveListing garbled{"province", {}, {}, false};
  garbled.refused.push_back({"", "", "", domain::Refusal::invalid, "it is no list", "0123"});
  run_->hear(garbled);
  run_->hear(garbled);  // connected again: it is retained
  EXPECT_EQ(record_.events(EventKind::directive).size(), 1u);
  start();  // kill -9
  run_->hear(garbled);
  EXPECT_EQ(record_.events(EventKind::directive).size(), 1u);
  run_->hear({"province", {}, {}, true});
  run_->hear(garbled);
  EXPECT_EQ(record_.events(EventKind::directive).size(), 2u) << "sent once more by somebody, behind another list";
}

TEST_F(Orders, RefusalsThatWereNotToldAreANumberOnRecordBeforeTheStop) {
  domain::DirectiveListing forged{"province", {}, {}, true};
  for (int i = 0; i < 40; ++i)
    forged.refused.push_back({"nobody", "o-" + std::to_string(i), "1", domain::Refusal::unknown_issuer, "unknown"});
  run_->hear(forged);
  run_->stop();
  EXPECT_EQ(fact_in(record_.events(EventKind::directive).back(), "orders"), "10");
}

TEST_F(Orders, RefusalsThatWereNotToldAreANumberOnRecordAfterAKill) {
  domain::DirectiveListing forged{"province", {}, {}, true};
  for (int i = 0; i < 40; ++i)
    forged.refused.push_back({"nobody", "o-" + std::to_string(i), "1", domain::Refusal::unknown_issuer, "unknown"});
  run_->hear(forged);
  EXPECT_EQ(record_.events(EventKind::directive).size(), 30u);
  start();  // kill -9
  run_->hear(forged);
  run_->stop();
  const auto events = record_.events(EventKind::directive);
  ASSERT_EQ(events.size(), 31u);
  EXPECT_EQ(fact_in(events.back(), "orders"), "10");
  start();
  run_->hear(forged);
  EXPECT_EQ(record_.events(EventKind::directive).size(), 31u);
}

TEST_F(Orders, TheViewShowsTheLoadBesideTheLimit) {
  auto manifest = options_.manifest;
  domain::SupplyAccount account;
  account.id = "grid";
  account.meters = {"m-0"};
  manifest.site.accounts = {account};
  LiveView view(std::make_shared<const domain::Manifest>(manifest));
  EXPECT_EQ(view.directives(), "[]");
  view.put(std::vector{domain::KnownDirective{curtailment(1), "province", morning}});
  view.set_now(morning);
  EXPECT_THAT(view.json(), HasSubstr(R"("limit_kw":400,"load_kw":null)"));
  EXPECT_THAT(view.json(), HasSubstr(R"("in_force":true)"));
  view.set_now(morning + hours(1));
  EXPECT_THAT(view.directives(), HasSubstr(R"("in_force":false)"));
}

TEST_F(Orders, AStartSaysUntilWhenTheRunBeforeLived) {
  EXPECT_EQ(fact_in(record_.events(EventKind::start).at(0), "alive_until"), "none");
  run_->pass(seconds(600));
  const auto note = alive_note(clock_.now.utc - seconds(30));
  record_.notes[note.name] = note.text;
  clock_.pass(hours(5));
  start();
  const auto started = record_.events(EventKind::start).at(1);
  EXPECT_EQ(fact_in(started, "alive_until"), "2026-03-01T08:09:30.000Z");
  EXPECT_EQ(fact_in(started, "ended"), "crash");
  record_.notes[note.name] = "nonsense";
  run_->stop();
  start();
  const auto again = record_.events(EventKind::start).at(2);
  EXPECT_EQ(fact_in(again, "alive_until"), "2026-03-01T13:10:00.000Z");
  EXPECT_EQ(fact_in(again, "ended"), "clean_stop");
}

TEST_F(Orders, ALinkThatIsLostIsOnRecord) {
  health::UplinkHealth link;
  link.id = "province";
  run_->core.see_links({link}, clock_.now);
  clock_.pass(std::chrono::minutes(15));
  run_->core.see_links({link}, clock_.now);
  run_->flush();
  const auto events = record_.events(EventKind::data_quality);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].subject, "province");
  EXPECT_EQ(fact_in(events[0], "check"), "link");
}

}  // namespace
}  // namespace jidian::recorder
