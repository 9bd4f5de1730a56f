#include "app/learn_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "config/site.hpp"
#include "recorder/core.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

using domain::FacilityState;
using std::chrono::seconds;

constexpr std::string_view two_fans = R"([gateway]
id = "works-1"
[site]
credit_code = "91350100M000100Y43"
name = "Works"
region = "130100"
industry = "C3391"
[[bus]]
id = "net"
kind = "tcp"
host = "127.0.0.1"
[[meter]]
id = "fan-1"
bus = "net"
unit = 1
period = "1s"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [ { name = "active_power.total", address = 0, type = "s32", unit = "W" } ]
[[meter]]
id = "fan-2"
bus = "net"
unit = 2
period = "2s"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [ { name = "active_power.total", address = 0, type = "s32", unit = "W" } ]
[[facility]]
id = "shop"
kind = "production"
meters = ["fan-1", "fan-2"]
)";

const UtcTime nine{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{9}};

/// A store on disk with what two fans showed.
class Learn : public testing::Test {
 protected:
  Learn() {
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 64 << 20;
    store_ = store::open_store(options, nine).value();
    options_.gateway = site_.gateway;
    options_.manifest = config::manifest_of(site_);
    core_.emplace(options_);
    core_->begin(store_->opening(), now());
    store_->add_manifest(core_->manifest().hash, core_->manifest().bytes);
  }

  recorder::Instant now() const { return {now_, SteadyTime{now_.time_since_epoch()}, ClockQuality::synchronised}; }

  void record_poll(domain::MeterIndex meter, std::int64_t watts, bool fails) {
    domain::Poll poll{meter, now_, now_, now_ + Millis{20}, ClockQuality::synchronised, {}, {}};
    poll.cause = domain::GapCause::meter_silent;
    poll.samples = {
        {static_cast<std::uint64_t>(fails ? 0 : watts), fails ? domain::Quality::no_answer : domain::Quality::ok}};
    core_->judge(poll, now());
    core_->accept(std::move(poll), now());
  }

  /// `count` seconds of both fans at so many watts each, a little scattered.
  void show(int count, std::int64_t watts, unsigned fails_percent = 0) {
    for (int i = 0; i < count; ++i, now_ += seconds(1)) {
      const auto fails = [&] { return random_() % 100 < fails_percent; };
      record_poll(0, watts + static_cast<std::int64_t>(random_() % 20), fails());
      if (now_.time_since_epoch() % seconds(2) == Millis{0}) record_poll(1, watts, fails());
    }
    std::array<store::Head, 3> heads;
    std::ranges::transform(record::all_streams, heads.begin(), [&](auto stream) { return store_->head(stream); });
    const auto batches = core_->build(recorder::Flush::all, store_->opening().epoch, heads, now());
    ASSERT_TRUE(store_->commit(batches, now_));
    core_->committed(recorder::Flush::all, now());
  }

  LearnData read(UtcTime from, UtcTime until) {
    auto reader = store_ ? store_->reader() : store::open_reader(folder_ / "store");
    EXPECT_TRUE(reader);
    const auto& facility = site_.facilities.at(0);
    auto data = read_learn_data(**reader, site_, facility, config::run_basis(site_, facility), from, until);
    EXPECT_TRUE(data) << data.error().message();
    return data ? *data : LearnData{};
  }

  TemporaryFolder folder_{memory_or_disk()};
  config::Site site_ = config::parse_site(two_fans, "site.toml", {}).site.value();
  std::unique_ptr<store::Store> store_;
  recorder::Options options_;
  std::optional<recorder::Core> core_;
  UtcTime now_ = nine;
  std::mt19937 random_{3};
};

TEST_F(Learn, AFacilityWithoutLevelsHasABasis) {
  const auto basis = config::run_basis(site_, site_.facilities.at(0));
  EXPECT_EQ(site_.facilities.at(0).run.source, domain::RunSource::none);
  EXPECT_EQ(basis.source, domain::RunSource::power);
  EXPECT_EQ(basis.meters, (std::vector<std::string>{"fan-1", "fan-2"}));
}

TEST_F(Learn, FindsInTheStoreWhatTheFansDid) {
  show(600, 30);
  show(900, 5'000, 3);
  show(500, 30);
  const LearnData data = read(nine, now_);
  EXPECT_EQ(data.tick, seconds(2));
  EXPECT_NEAR(static_cast<double>(data.totals.size()), 1'000, 2);
  EXPECT_LT(data.known(), data.totals.size()) << "what failed is no value";
  EXPECT_GT(data.known(), 950u);
  const auto learnt = domain::learn_levels(data.values(), domain::RunSource::power);
  ASSERT_EQ(learnt.verdict, domain::LearntLevels::Verdict::found);
  EXPECT_GT(learnt.rule.stop_below, 100'000);
  EXPECT_LT(learnt.rule.start_at, 10'000'000);
  const LearnOutcome outcome = try_rule(data, learnt.rule);
  EXPECT_EQ(outcome.starts, 1u);
  const auto share = [&](FacilityState state) { return outcome.ticks[static_cast<std::size_t>(state)]; };
  EXPECT_NEAR(static_cast<double>(share(FacilityState::stopped)), 550, 3);
  EXPECT_NEAR(static_cast<double>(share(FacilityState::running)), 425, 15);
  EXPECT_EQ(share(FacilityState::unknown) + share(FacilityState::stopped) + share(FacilityState::running),
            data.totals.size());
}

TEST_F(Learn, TakesTheTimeThatWasAskedForOnly) {
  show(400, 30);
  show(400, 5'000);
  const LearnData data = read(nine + seconds(400), nine + seconds(800));
  EXPECT_NEAR(static_cast<double>(data.totals.size()), 200, 2);
  EXPECT_TRUE(std::ranges::all_of(data.values(), [](std::int64_t value) { return value > 9'000'000; }));
  EXPECT_EQ(domain::learn_levels(data.values(), domain::RunSource::power).verdict,
            domain::LearntLevels::Verdict::one_level);
  EXPECT_EQ(read(nine + std::chrono::hours(5), nine + std::chrono::hours(6)).totals.size(), 0u);
}

TEST_F(Learn, ReadsWhatAnEarlierManifestRecorded) {
  show(300, 5'000);
  site_.meters[0].entry.name = "another name";
  site_.facilities[0].name = "the shop";
  const LearnData data = read(nine, now_);
  EXPECT_EQ(data.batches_lost, 0u);
  EXPECT_NEAR(static_cast<double>(data.known()), 150, 2);
}

TEST_F(Learn, GoesOnBehindAFileThatCannotBeOpened) {
  show(300, 30);
  const auto first = store_->opening().epoch;
  ASSERT_TRUE(store_->begin_epoch("the test wants another", now_));
  store_->add_manifest(core_->manifest().hash, core_->manifest().bytes);
  const UtcTime second_begin = now_;
  show(300, 5'000);
  ASSERT_TRUE(store_->close(now_));
  store_.reset();
  std::filesystem::path oldest;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "store"))
    if (entry.path().extension() == ".db" && (oldest.empty() || entry.path() < oldest)) oldest = entry.path();
  std::ofstream(oldest, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  const LearnData data = read(nine, now_);
  ASSERT_EQ(data.unread.size(), 1u);
  EXPECT_EQ(data.unread.begin()->first, first);
  EXPECT_EQ(data.known(), read(second_begin, now_).known());
  EXPECT_NEAR(static_cast<double>(data.known()), 150, 2);
}

}  // namespace
}  // namespace jidian::app
