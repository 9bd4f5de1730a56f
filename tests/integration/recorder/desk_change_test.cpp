#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <utility>
#include <variant>

#include "record/manifest.hpp"
#include "recorder/recorder.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

// What else may happen to the recorder while it takes over another configuration, or starts with one.
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

TEST(DeskAndChange, AFileDeletedBeforeIsFollowedByAnEpochInWhichWhatWaitedCanBeRead) {
  TemporaryFolder folder{memory_or_disk()};
  WallClock clock;
  health::Board board;
  auto options = plant::options(plant::manifest(2));
  options.commit_interval = std::chrono::hours(1);
  store::Options place;
  place.folder = folder / "store";
  place.quota_bytes = 64 << 20;
  auto store = store::open_store(place, clock.utc_now());
  ASSERT_TRUE(store) << store.error().message();
  auto recorder = Recorder::start(options, **store, clock, board, {});
  ASSERT_TRUE(recorder);

  (*recorder)->inbox().offer(plant::poll(1, std::chrono::floor<std::chrono::seconds>(clock.utc_now())));
  for (const auto& entry : std::filesystem::directory_iterator(place.folder))
    if (entry.path().filename().string().starts_with("epoch-")) std::filesystem::remove(entry.path());
  Change change{plant::manifest(1), {clock.utc_now(), domain::EventKind::configuration, {}, "", {}, {}, {}}, {}};
  auto answer = (*recorder)->change(std::move(change), {});
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  recorder->reset();  // it ends its round before, and with it begins the other epoch
  EXPECT_TRUE((*store)->close(clock.utc_now()));

  auto reader = store::open_reader(place.folder);
  ASSERT_TRUE(reader);
  const auto readings = (*reader)->read((*reader)->epochs().back(), record::Stream::reading, {1, 9}, 9, 1 << 20);
  ASSERT_TRUE(readings);
  ASSERT_EQ(readings->size(), 1u);
  const auto header = record::decode_header(readings->front().bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->manifest, record::encode(options.manifest).hash);
  EXPECT_TRUE((*reader)->manifest(header->manifest)) << "without it nobody can read them";
}

TEST(StartWithoutAMeter, TellsItsRowsInANewEpochSoThatTheyCanBeRead) {
  TemporaryFolder folder{memory_or_disk()};
  WallClock clock;
  health::Board board;
  const auto options = plant::options(plant::manifest(2));
  store::Options place;
  place.folder = folder / "store";
  place.quota_bytes = 64 << 20;
  auto store = store::open_store(place, clock.utc_now());
  ASSERT_TRUE(store) << store.error().message();
  auto recorder = Recorder::start(options, **store, clock, board, {});
  ASSERT_TRUE(recorder);
  (*recorder)->inbox().offer(plant::poll(1, std::chrono::floor<std::chrono::seconds>(clock.utc_now())));
  recorder->reset();
  ASSERT_TRUE((*store)->begin_epoch("test", clock.utc_now()));
  recorder = Recorder::start(plant::options(plant::manifest(1)), **store, clock, board, {});
  ASSERT_TRUE(recorder);
  recorder->reset();
  EXPECT_TRUE((*store)->close(clock.utc_now()));

  auto reader = store::open_reader(place.folder);
  ASSERT_TRUE(reader);
  const auto batches = (*reader)->read((*reader)->epochs().back(), record::Stream::interval, {1, 9}, 9, 1 << 20);
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 1u);
  const auto decoded = record::decode(batches->front().bytes, &options.manifest);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->header.manifest, record::encode(options.manifest).hash);
  EXPECT_TRUE((*reader)->manifest(decoded->header.manifest)) << "without it nobody can read them";
  const auto& rows = std::get<record::Rows>(decoded->body);
  ASSERT_EQ(rows.size(), 2u) << "its minute and its quarter hour";
  for (const auto& row : rows) EXPECT_EQ(std::get<domain::IntervalRow>(row).meter, 1u);
}

}  // namespace
}  // namespace jidian::recorder
