#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "recorder/recorder.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

// A statement and another configuration that wait for the recorder's thread at the same time.
namespace jidian::recorder {
namespace {

class WallClock final : public Clock {
 public:
  UtcTime utc_now() override { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
  SteadyTime steady_now() override { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }
  ClockQuality quality() override { return ClockQuality::synchronised; }
};

TEST(DeskAndChange, AStatementThatWaitsIsTakenBeforeTheChangeSoThatTheNewPollersKnowOfIt) {
  constexpr std::chrono::seconds patience{20};
  TemporaryFolder folder{memory_or_disk()};
  WallClock clock;
  health::Board board;
  auto options = plant::options(plant::manifest(2));
  options.live_interval = Millis{10};
  store::Options place;
  place.folder = folder / "store";
  place.quota_bytes = 64 << 20;
  auto store = store::open_store(place, clock.utc_now());
  ASSERT_TRUE(store) << store.error().message();

  std::promise<void> is_busy;
  std::promise<void> may_go_on;
  bool is_first = true;  // on the recorder's thread only
  const auto hold_once = [&](const std::string&) {
    if (!std::exchange(is_first, false)) return;
    is_busy.set_value();
    may_go_on.get_future().wait();
  };
  auto recorder = Recorder::start(options, **store, clock, board, {.committed = {}, .live = hold_once});
  ASSERT_TRUE(recorder);
  ASSERT_EQ(is_busy.get_future().wait_for(patience), std::future_status::ready);

  auto stated = (*recorder)->attest({.event = {clock.utc_now(), domain::EventKind::signoff, "m-0", "", {}, {}, {}},
                                     .notes = {{"meter/m-0", "its new serial number"}}});
  Change change{plant::manifest(1), {clock.utc_now(), domain::EventKind::configuration, {}, "", {}, {}, {}}, {}};
  auto answer = (*recorder)->change(std::move(change), {});
  may_go_on.set_value();
  ASSERT_EQ(answer.wait_for(patience), std::future_status::ready);
  const auto changed = answer.get();
  ASSERT_TRUE(changed.notes.contains("meter/m-0"));
  EXPECT_EQ(changed.notes.at("meter/m-0"), "its new serial number");
  ASSERT_EQ(stated.wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(stated.get());
  recorder->reset();
  EXPECT_TRUE((*store)->close(clock.utc_now()));
}

}  // namespace
}  // namespace jidian::recorder
