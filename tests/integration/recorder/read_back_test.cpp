// What a start learns of batches that are not among those it reads back.
#include "recorder/read_back.hpp"

#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::recorder {
namespace {

using domain::Gap;
using domain::GapCause;
using record::Stream;
using std::chrono::seconds;

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
  std::vector<Gap> missing() {
    std::vector<Gap> gaps;
    const auto reader = store::open_reader(options_.folder);
    EXPECT_TRUE(reader);
    store::Opening opening;
    opening.last_commit = store::after(seconds(50));
    read_back(
        **reader, opening, {manifest_, {}}, [](const record::Decoded&, const domain::Manifest*) {}, {},
        [&](const Gap& gap) { gaps.push_back(gap); });
    return gaps;
  }

  store::TempFolder folder_;
  store::Options options_;
  std::uint64_t epoch_ = 0;
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

TEST_F(ReadBack, SaysOfPollsThatLeftThatTheyWereEvicted) {
  options_.retention = {{Stream::reading, std::chrono::hours(0)}};
  {
    const auto store = store::open_or_fail(options_);
    store->acknowledge("province", epoch_, Stream::reading, {3, 3});
    ASSERT_TRUE(store->maintain(store::after(std::chrono::hours(24))));
    ASSERT_EQ(store::read_all(**store->reader(), epoch_, Stream::reading).size(), 4U);
  }
  ASSERT_EQ(missing().size(), 1U);
  EXPECT_EQ(missing()[0], (Gap{GapCause::evicted, store::after(seconds(10)), store::after(seconds(20)), 0}));
}

}  // namespace
}  // namespace jidian::recorder
