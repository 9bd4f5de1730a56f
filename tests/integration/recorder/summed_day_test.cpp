#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "acquire/schedule.hpp"
#include "recorder/core.hpp"
#include "recorder/read_back.hpp"
#include "store/store.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

// A local day of a facility, an account and the site in virtual time: what is on record of it, with kills and lost
// polls.
namespace jidian::recorder {
namespace {

using domain::AggregateRow;
using domain::Subject;
using domain::SubjectKind;
using record::Stream;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds a_minute{60};
constexpr seconds a_quarter{900};
constexpr seconds a_day{86'400};

constexpr UtcTime midnight = plant::morning + hours{8};  // of UTC+8
constexpr UtcTime before = midnight - minutes{20};
constexpr UtcTime after = midnight + a_day + minutes{2};

constexpr Subject shop{SubjectKind::facility, 0};
constexpr Subject grid{SubjectKind::account, 0};

/// What a meter's counter shows, in kWh: it wraps about every nine hours, and runs unevenly.
std::uint64_t shown_at(std::size_t meter, UtcTime time) {
  const auto second = static_cast<std::uint64_t>((time - before) / Millis{1000});
  return 30 * second + (meter + 1) * (second / 7) + (second % 1'000) / 10;
}

domain::Manifest summed_manifest() {
  domain::Manifest manifest = plant::manifest(2, seconds{10});
  const domain::Amount both{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 1, 1, 0}, {1, 1, 1, 0}}};
  const domain::Amount first{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 1, 1, 0}}};
  manifest.facilities.push_back({"shop", "", domain::FacilityKind::production, {"m-0", "m-1"}, {}, 0});
  manifest.facilities[0].amounts = {both};
  manifest.site.accounts.push_back({"grid", Carrier::electricity, "1", "", "", {"m-0"}});
  manifest.site.accounts[0].amounts = {first};
  manifest.site.shifts = {{"late", minutes{960}, minutes{480}}};
  return manifest;
}

/// Lives the day on a real store, and ends it abruptly at the given instants.
class SummedDay {
 public:
  SummedDay(std::vector<UtcTime> kills, unsigned lost_percent) : kills_(std::move(kills)), lost_percent_(lost_percent) {
    options_.commit_interval = seconds{15};
    clock_.now.utc = before;
  }

  void live() {
    for (const UtcTime kill : kills_) {
      start();
      live_until(kill);
      core_.reset();
      store_.reset();  // what was not committed is lost
      clock_.pass(seconds{5});
    }
    start();
    live_until(after);
    core_->stop(clock_.now);
    commit(Flush::all);
    ASSERT_TRUE(store_->close(clock_.now.utc));
  }

  std::vector<AggregateRow> rows(Subject subject, seconds length, std::uint16_t shift = 0) {
    if (all_.empty()) read_all();
    std::vector<AggregateRow> found;
    for (const auto& row : all_)
      if (row.subject == subject && row.length == length && row.shift == shift && row.start >= midnight &&
          row.start < midnight + a_day)
        found.push_back(row);
    return found;
  }

 private:
  void start() {
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 64 << 20;
    auto opened = store::open_store(options, clock_.now.utc);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
    core_ = std::make_unique<Core>(options_);
    for (const auto& [name, text] : store_->notes()) core_->remember(domain::Note{name, text});
    const auto reader = store_->reader();
    ASSERT_TRUE(reader);
    read_back(**reader, store_->opening(), {options_.manifest, core_->manifest().hash},
              {.remember = [this](const record::Decoded& batch, const domain::Manifest* under) {
                core_->remember(batch, under);
              }});
    core_->begin(store_->opening(), clock_.now);
    store_->add_manifest(core_->manifest().hash, core_->manifest().bytes);
    commit(Flush::all);
  }

  void live_until(UtcTime until) {
    acquire::Schedule schedule({{seconds{10}, Millis{0}}, {seconds{10}, Millis{0}}}, clock_.now.utc);
    while (clock_.now.utc < until) {
      const UtcTime next = std::min(schedule.next_due(), until);
      if (next > clock_.now.utc) clock_.pass(next - clock_.now.utc);
      core_->observe(clock_.now);
      while (const auto slot = schedule.take_due(clock_.now.utc)) {
        clock_.pass(Millis{20});
        const bool is_lost = random_() % 100 < lost_percent_;
        core_->accept(is_lost ? plant::hole(slot->meter, slot->due)
                              : plant::poll(slot->meter, slot->due, shown_at(slot->meter, slot->due)),
                      clock_.now);
      }
      core_->advance(clock_.now);
      if (const auto due = core_->due(clock_.now)) commit(*due);
    }
  }

  void commit(Flush flush) {
    const std::array heads{store_->head(Stream::event), store_->head(Stream::interval), store_->head(Stream::reading)};
    const auto batches = core_->build(flush, store_->opening().epoch, heads, clock_.now);
    for (const auto& note : core_->take_notes()) store_->note(note.name, note.text);
    ASSERT_TRUE(store_->commit(batches, clock_.now.utc));
    core_->committed(flush, clock_.now);
  }

  void read_all() {
    auto reader = store::open_reader(folder_ / "store");
    ASSERT_TRUE(reader);
    const auto batches =
        (*reader)->read((*reader)->epochs().back(), Stream::interval, {1, 1'000'000}, 1'000'000, 1U << 30);
    ASSERT_TRUE(batches);
    for (const auto& batch : *batches) {
      const auto decoded = record::decode(batch.bytes, &options_.manifest);
      ASSERT_TRUE(decoded);
      for (const auto& row : std::get<record::Rows>(decoded->body))
        if (const auto* aggregate = std::get_if<AggregateRow>(&row)) all_.push_back(*aggregate);
    }
  }

  TemporaryFolder folder_{memory_or_disk()};
  plant::HandClock clock_;
  Options options_ = plant::options(summed_manifest());
  std::vector<UtcTime> kills_;
  unsigned lost_percent_;
  std::mt19937 random_{7};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Core> core_;
  std::vector<AggregateRow> all_;
};

std::int64_t sum_of(const std::vector<AggregateRow>& rows) {
  std::int64_t sum = 0;
  for (const auto& row : rows) sum += row.amounts[0].value;
  return sum;
}

/// Between the counts at the two ends of the day, in 10^-6 kWh.
std::int64_t shown_on_the_day(std::size_t meter, UtcTime from, UtcTime until) {
  return static_cast<std::int64_t>(shown_at(meter, until) - shown_at(meter, from)) * 1'000'000;
}

UtcTime slot_of(UtcTime edge) {
  return edge - Millis{20};
}

/// Rows follow each other without a hole or a repetition, and their counts are those of the meters to the last digit.
void expect_whole_day(SummedDay& day) {
  for (const Subject subject : {shop, grid}) {
    const auto minute_rows = day.rows(subject, a_minute);
    const auto quarters = day.rows(subject, a_quarter);
    ASSERT_EQ(minute_rows.size(), 1'440u);
    ASSERT_EQ(quarters.size(), 96u);
    std::set<UtcTime> starts;
    for (const auto& row : minute_rows) EXPECT_TRUE(starts.insert(row.start).second) << format_utc(row.start);
    for (const auto& row : quarters) EXPECT_TRUE(row.length == a_quarter && row.covered_s == 0);
    const auto whole = day.rows(subject, a_day);
    ASSERT_EQ(whole.size(), 1u);
    EXPECT_EQ(whole[0].start, midnight);
    EXPECT_EQ(whole[0].covered_s, 86'400u);
    EXPECT_FALSE(whole[0].amounts[0].is_partial);
    EXPECT_EQ(whole[0].amounts[0].value, sum_of(quarters));
    EXPECT_EQ(sum_of(minute_rows), sum_of(quarters));
    EXPECT_EQ(sum_of(day.rows(subject, hours{1})), sum_of(quarters));
    EXPECT_EQ(day.rows(subject, hours{8}, 1).size(), 1u);
  }
  const auto whole = day.rows(grid, a_day).at(0);
  EXPECT_EQ(whole.amounts[0].value, shown_on_the_day(0, slot_of(whole.from), slot_of(whole.until)));
  EXPECT_LE(std::chrono::abs(whole.from - midnight), Millis{20'020});
  EXPECT_LE(std::chrono::abs(whole.until - (midnight + a_day)), Millis{20'020});
}

TEST(SummedDay, IsKnownToTheLastDigit) {
  SummedDay day({}, 0);
  ASSERT_NO_FATAL_FAILURE(day.live());
  ASSERT_NO_FATAL_FAILURE(expect_whole_day(day));
  const auto whole = day.rows(shop, a_day).at(0);
  EXPECT_EQ(whole.amounts[0].value,
            shown_on_the_day(0, midnight, midnight + a_day) + shown_on_the_day(1, midnight, midnight + a_day));
  EXPECT_EQ(whole.polls_made, 2u * 8'640);
  for (const auto& row : day.rows(shop, a_minute)) {
    EXPECT_EQ(row.polls_made, row.polls_expected);
    EXPECT_FALSE(row.amounts[0].is_partial || row.amounts[0].is_spanning) << format_utc(row.start);
  }
}

TEST(SummedDay, WithLostPollsAndTwentyKillsHasTheSameRowsAndSums) {
  std::mt19937 random(11);
  std::vector<UtcTime> kills;
  for (int i = 0; i < 20; ++i)
    kills.push_back(before + minutes{1} + Millis{random() % Millis{after - before - minutes{3}}.count()});
  std::ranges::sort(kills);
  SummedDay day(kills, 5);
  ASSERT_NO_FATAL_FAILURE(day.live());
  ASSERT_NO_FATAL_FAILURE(expect_whole_day(day));
  std::size_t marked = 0;
  for (const auto& row : day.rows(shop, a_minute)) {
    const bool is_marked = row.amounts[0].is_partial || row.amounts[0].is_spanning;
    marked += is_marked ? 1U : 0U;
    // A whole minute of 12 polls has what was counted in it, at most a lost poll at an edge more or less.
    const std::int64_t counted =
        shown_on_the_day(0, row.start, row.start + a_minute) + shown_on_the_day(1, row.start, row.start + a_minute);
    if (!is_marked) {
      EXPECT_LE(std::abs(row.amounts[0].value - counted), 2 * 340'000'000ll) << format_utc(row.start);
    }
    EXPECT_LE(row.polls_made, row.polls_expected);
  }
  EXPECT_GT(marked, 5u);
  EXPECT_LT(marked, 200u);
}

}  // namespace
}  // namespace jidian::recorder
