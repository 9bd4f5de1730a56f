// What a start learns of batches that are not among those it reads back.
#include "recorder/read_back.hpp"

#include <algorithm>
#include <set>

#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::recorder {
namespace {

using domain::Gap;
using domain::GapCause;
using record::Stream;
using std::chrono::seconds;

/// A reader whose disk refuses some rows: asked for them together with others, it gives none.
class RefusingReader final : public store::Reader {
 public:
  RefusingReader(store::Reader& sound, std::set<std::uint64_t> refused, ErrorKind kind)
      : sound_(sound), refused_(std::move(refused)), kind_(kind) {}
  std::vector<std::uint64_t> epochs() override { return sound_.epochs(); }
  std::optional<UtcTime> began(std::uint64_t epoch) override { return sound_.began(epoch); }
  Result<std::optional<store::SeqRange>> extent(std::uint64_t epoch, Stream stream) override {
    return sound_.extent(epoch, stream);
  }
  Result<std::vector<store::StoredBatch>> read(std::uint64_t epoch, Stream stream, store::SeqRange wanted,
                                               std::size_t rows_max, std::size_t bytes_max) override {
    ++looks;
    auto rows = sound_.read(epoch, stream, wanted, rows_max, bytes_max);
    if (rows && std::ranges::any_of(*rows, [&](const auto& row) { return refused_.contains(row.key.seq); }))
      return Error{kind_, "the disk refuses"};
    return rows;
  }
  Result<std::optional<store::SeqRange>> find(std::uint64_t epoch, Stream stream, UtcTime from,
                                              UtcTime until) override {
    return sound_.find(epoch, stream, from, until);
  }
  Result<Bytes> manifest(const Hash& hash) override { return sound_.manifest(hash); }
  Result<store::Ranges> acknowledged(const std::string& destination, std::uint64_t epoch, Stream stream) override {
    return sound_.acknowledged(destination, epoch, stream);
  }
  Result<store::DepartedLogs> departures() override { return sound_.departures(); }
  Result<store::Ranges> damage_told(std::uint64_t epoch, Stream stream) override {
    return sound_.damage_told(epoch, stream);
  }
  std::uint64_t damaged() const override { return sound_.damaged(); }

  std::size_t looks = 0;

 private:
  store::Reader& sound_;
  std::set<std::uint64_t> refused_;
  ErrorKind kind_;
};

/// A store of five reading batches of ten seconds each, the third of which tells of the time until after(20 s).
class ReadBack : public testing::Test {
 protected:
  ReadBack() {
    options_.folder = folder_.path() / "store";
    options_.destinations = {{"province", {Stream::reading}}};
    const auto store = store::open_or_fail(options_);
    epoch_ = store->opening().epoch;
    store::record_batches(*store, Stream::reading, 5);
    EXPECT_TRUE(store->close(store::after(seconds(50))));
  }
  void spoil(std::uint64_t seq) {
    const auto file = store::epoch_files(options_.folder).front();
    const auto content = store::content_of({epoch_, Stream::reading, seq}, 500);
    store::flip_byte(file, store::offset_of(file, content) + 100);
  }
  std::vector<MissingPolls> missing_where_refused(const std::set<std::uint64_t>& seqs, ErrorKind kind) {
    std::vector<MissingPolls> missing;
    const auto sound = store::open_reader(options_.folder);
    EXPECT_TRUE(sound);
    RefusingReader reader(**sound, seqs, kind);
    store::Opening opening;
    opening.last_commit = last_commit_;
    read_back(reader, opening, {manifest_, {}},
              {.remember = [](const record::Decoded&, const domain::Manifest*) {},
               .missing = [&](const MissingPolls& polls) { missing.push_back(polls); },
               .alive = [&] { ++beats_; }});
    looks_ = reader.looks;
    return missing;
  }
  std::vector<Gap> missing() {
    std::vector<Gap> gaps;
    for (const MissingPolls& polls : missing_where_refused({}, ErrorKind::io)) {
      EXPECT_FALSE(polls.may_come_back);
      gaps.push_back(polls.gap);
    }
    return gaps;
  }

  store::TempFolder folder_;
  store::Options options_;
  std::uint64_t epoch_ = 0;
  UtcTime last_commit_ = store::after(seconds(50));
  std::size_t looks_ = 0;
  std::size_t beats_ = 0;
  domain::Manifest manifest_ = plant::manifest();
};

TEST_F(ReadBack, SaysOfPollsBetweenTheirNeighboursThatTheyAreDamaged) {
  EXPECT_TRUE(missing().empty());
  spoil(3);
  ASSERT_EQ(missing().size(), 1U);
  EXPECT_EQ(missing()[0], (Gap{GapCause::damaged, store::after(seconds(10)), store::after(seconds(20)), 0}));
}

TEST_F(ReadBack, SaysOfTheLastPollsThatTheyAreDamaged) {
  spoil(5);
  ASSERT_EQ(missing().size(), 1U);
  EXPECT_EQ(missing()[0], (Gap{GapCause::damaged, store::after(seconds(30)), store::after(seconds(50)), 0}));
}

TEST_F(ReadBack, ReadsAllRowsAroundOneThatTheDiskRefusesAndCallsItNoDamage) {
  const auto missing = missing_where_refused({3, 4}, ErrorKind::io);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_TRUE(missing[0].may_come_back);
  EXPECT_EQ(missing[0].gap.from, store::after(seconds(10))) << "the rows before it count";
  EXPECT_EQ(missing[0].gap.until, store::after(seconds(30))) << "and those behind it";
}

TEST_F(ReadBack, CallsAnEndOfTheRecordThatIsRefusedNoDamage) {
  const auto missing = missing_where_refused({5}, ErrorKind::io);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_TRUE(missing[0].may_come_back);
  EXPECT_EQ(missing[0].gap.from, store::after(seconds(30)));
}

TEST_F(ReadBack, LetsARefusedEndOfAnEpochReachToTheNextEpochAndNoFurther) {
  {
    const auto store = store::open_or_fail(options_, store::after(seconds(55)));
    ASSERT_TRUE(store->begin_epoch("test", store::after(seconds(60))));
    store::record_batches(*store, Stream::reading, 3, store::after(seconds(70)));
    ASSERT_TRUE(store->close(store::after(seconds(100))));
  }
  last_commit_ = store::after(seconds(100));
  const auto missing = missing_where_refused({5}, ErrorKind::io);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].gap.from, store::after(seconds(30)));
  EXPECT_EQ(missing[0].gap.until, store::after(seconds(60)));
}

TEST_F(ReadBack, SaysThatItLivesAfterEachLookThatTheDiskRefuses) {
  EXPECT_EQ(missing_where_refused({1, 2, 3, 4, 5}, ErrorKind::io).size(), 0U) << "nothing stands before them";
  EXPECT_GE(looks_, 8U) << "of all together, and of each";
  EXPECT_GE(beats_, looks_);
}

TEST_F(ReadBack, FindsDamageBehindARowThatTheDiskRefuses) {
  spoil(4);
  const auto missing = missing_where_refused({2}, ErrorKind::io);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_TRUE(missing[0].may_come_back);
  EXPECT_FALSE(missing[1].may_come_back);
  EXPECT_EQ(missing[1].gap, (Gap{GapCause::damaged, store::after(seconds(20)), store::after(seconds(30)), 0}));
}

TEST_F(ReadBack, SaysOfPollsThatLeftThatTheyWereEvicted) {
  options_.retention = {{Stream::reading, std::chrono::hours(0)}};
  {
    const auto store = store::open_or_fail(options_);
    store->acknowledge("province", epoch_, Stream::reading, {3, 3});
    ASSERT_TRUE(store->maintain(store::after(std::chrono::hours(24)), store::ClockTrust::sure));
    ASSERT_EQ(store::read_all(**store->reader(), epoch_, Stream::reading).size(), 4U);
  }
  ASSERT_EQ(missing().size(), 1U);
  EXPECT_EQ(missing()[0], (Gap{GapCause::evicted, store::after(seconds(10)), store::after(seconds(20)), 0}));
}

}  // namespace
}  // namespace jidian::recorder
