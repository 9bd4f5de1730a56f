#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "acquire/schedule.hpp"
#include "record/chain.hpp"
#include "recorder/core.hpp"
#include "store/store.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

// A whole day of two meters in virtual time: the schedule of a bus, the recorder's decisions and a real store.
namespace jidian::recorder {
namespace {

using domain::EventKind;
using record::Stream;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t modulus = 1'000'000;
constexpr UtcTime start = plant::morning;  // 16:00 at the site: its midnight and that of UTC lie inside
constexpr UtcTime end = start + hours{24} - Millis{1};
constexpr UtcTime forward_at = start + hours{5} + seconds{10};
constexpr Millis forward = minutes{7};
constexpr UtcTime back_at = start + hours{20} + seconds{50};
constexpr Millis back = seconds{40};

/// What the meter's counter shows: it wraps about every nine hours.
std::uint64_t energy_at(UtcTime time) {
  return static_cast<std::uint64_t>((time - start) / Millis{1000}) * 30;
}

class Day : public testing::Test {
 protected:
  Day() {
    options_.manifest.meters[1].period = minutes{1};
    options_.commit_interval = minutes{5};
    clock_.now.utc = start;
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 64 << 20;
    auto opened = store::open_store(options, start);
    EXPECT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }

  /// Polls whatever is due until the wall clock shows `until`.
  void live(Core& core, acquire::Schedule& schedule, UtcTime until) {
    while (clock_.now.utc < until) {
      const UtcTime next = std::min(schedule.next_due(), until);
      if (next > clock_.now.utc) clock_.pass(next - clock_.now.utc);
      core.observe(clock_.now);
      while (const auto slot = schedule.take_due(clock_.now.utc)) {
        EXPECT_EQ(slot->skipped, 0U);
        clock_.pass(Millis{20});
        core.accept(plant::poll(slot->meter, slot->due, energy_at(slot->due)), clock_.now);
      }
      core.advance(clock_.now);
      if (const auto due = core.due(clock_.now)) commit(core, *due);
    }
  }

  void set_clock(Core& core, acquire::Schedule& schedule, Millis by) {
    clock_.now.utc += by;
    core.observe(clock_.now);
    schedule.realign(clock_.now.utc);
  }

  void commit(Core& core, Flush flush) {
    const std::array heads{store_->head(Stream::event), store_->head(Stream::interval), store_->head(Stream::reading)};
    const auto batches = core.build(flush, store_->opening().epoch, heads, clock_.now);
    const auto done = store_->commit(batches, clock_.now.utc);
    ASSERT_TRUE(done) << done.error().message();
    core.committed(flush, clock_.now);
  }

  void live_the_day() {
    Core core(options_);
    core.begin(store_->opening(), clock_.now);
    store_->add_manifest(core.manifest().hash, core.manifest().bytes);
    commit(core, Flush::all);
    acquire::Schedule schedule({{seconds{30}, Millis{0}}, {minutes{1}, Millis{0}}}, start);
    live(core, schedule, forward_at);
    set_clock(core, schedule, forward);
    live(core, schedule, back_at);
    set_clock(core, schedule, -back);
    live(core, schedule, end);
    core.stop(clock_.now);
    commit(core, Flush::all);
    ASSERT_TRUE(store_->close(clock_.now.utc));
  }

  /// What the store has of a stream, its chain walked from the first batch to the last.
  template <typename Body>
  Body read(Stream stream) {
    Body all;
    auto reader = store::open_reader(folder_ / "store");
    EXPECT_TRUE(reader);
    const auto rows = (*reader)->read((*reader)->epochs().back(), stream, {1, 1'000'000}, 1'000'000, 1U << 30);
    EXPECT_TRUE(rows);
    record::ChainWalker walker;
    for (const auto& row : *rows) {
      EXPECT_EQ(row.key.seq, walker.batches() + 1);
      EXPECT_EQ(walker.step(row.key, row.bytes), std::nullopt);
      const auto decoded = record::decode(row.bytes, &options_.manifest);
      EXPECT_TRUE(decoded);
      for (const auto& entry : std::get<Body>(decoded->body)) all.push_back(entry);
    }
    return all;
  }

  TemporaryFolder folder_{memory_or_disk()};
  plant::HandClock clock_;
  Options options_ = plant::options(plant::manifest(2, seconds{30}));
  std::unique_ptr<store::Store> store_;
};

/// Slots of `period` of the day, without those that the clock jumped over.
std::set<UtcTime> slots_of_the_day(Millis period) {
  std::set<UtcTime> slots;
  for (UtcTime slot = start; slot < end; slot += period)
    if (slot < forward_at || slot >= forward_at + forward) slots.insert(slot);
  return slots;
}

TEST_F(Day, HasEverySlotOnceAndEnergiesThatTelescopeOverItsEdges) {
  ASSERT_NO_FATAL_FAILURE(live_the_day());

  std::array<std::set<UtcTime>, 2> slots;
  for (const auto& poll : read<record::Polls>(Stream::reading)) {
    EXPECT_TRUE(slots[poll.meter].insert(poll.slot).second) << format_utc(poll.slot);
    EXPECT_EQ(poll.samples[1].bits, energy_at(poll.slot) % modulus);
  }
  EXPECT_EQ(slots[0], slots_of_the_day(seconds{30}));
  EXPECT_EQ(slots[1], slots_of_the_day(minutes{1}));

  std::map<EventKind, int> events;
  for (const auto& event : read<record::Events>(Stream::event)) ++events[event.kind];
  EXPECT_EQ(events[EventKind::clock], 2);
  EXPECT_EQ(events[EventKind::gap], 0);
  EXPECT_EQ(events[EventKind::stop], 1);

  for (const seconds length : domain::IntervalBuilder::lengths) {
    std::array<std::vector<domain::IntervalRow>, 2> rows;
    for (const auto& any : read<record::Rows>(Stream::interval))
      if (const auto* row = std::get_if<domain::IntervalRow>(&any); row != nullptr && row->length == length)
        rows[row->meter].push_back(*row);
    for (const auto& of_meter : rows) {
      std::set<UtcTime> starts;
      std::uint64_t energy = 0;
      for (std::size_t i = 0; i < of_meter.size(); ++i) {
        const auto& counter = of_meter[i].points[1];
        EXPECT_TRUE(starts.insert(of_meter[i].start).second) << format_utc(of_meter[i].start);
        if (i > 0) {
          EXPECT_EQ(counter.first, of_meter[i - 1].points[1].last) << format_utc(of_meter[i].start);
        }
        energy += (counter.last + modulus - counter.first) % modulus;
      }
      ASSERT_FALSE(of_meter.empty());
      const auto& last = of_meter.back().points[1];
      EXPECT_EQ(energy, energy_at(last.last_at) - energy_at(of_meter.front().points[1].first_at));
      for (const UtcTime midnight : {start + hours{8}, start + hours{16}}) {  // the site's, and UTC's
        EXPECT_TRUE(starts.contains(midnight - length));
        EXPECT_TRUE(starts.contains(midnight));
      }
    }
  }
}

}  // namespace
}  // namespace jidian::recorder
