#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "recorder/core.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using plant::morning;

/// A few hours of a plant where everything goes wrong at random, with runs that end by crash or stop.
class RandomLife {
 public:
  explicit RandomLife(unsigned seed) : random_(seed), options_(plant::options(plant::manifest(3))) {}

  void live() {
    for (int life = 0; life < 4; ++life) {
      plant::Run run(options_, record_, clock_, life == 0);
      const int seconds = 60 + static_cast<int>(random_() % 150);
      for (int s = 0; s < seconds; ++s) live_a_second(run);
      if (random_() % 2 == 0) run.stop();
      // The power may be off for a while, or the process is started again at once.
      if (random_() % 2 == 0) clock_.pass(Millis{static_cast<std::int64_t>(random_() % 100'000)});
    }
    end_ = clock_.now.utc;
    plant::Run last(options_, record_, clock_);  // declares what the last crash left
    last.stop();
  }

  void check() {
    std::map<domain::MeterIndex, std::set<UtcTime>> recorded;
    for (const auto& poll : record_.polls()) EXPECT_TRUE(recorded[poll.meter].insert(poll.slot).second);
    for (domain::MeterIndex meter = 0; meter < 3; ++meter) {
      ASSERT_FALSE(recorded[meter].empty());
      check_meter(meter, recorded[meter]);
    }
  }

 private:
  void live_a_second(plant::Run& run) {
    const UtcTime slot = std::chrono::ceil<std::chrono::seconds>(clock_.now.utc);
    run.store_fails = random_() % 40 != 0 && (run.store_fails || random_() % 100 == 0);
    for (domain::MeterIndex meter = 0; meter < 3; ++meter) {
      if (random_() % 30 == 0) silent_[meter] = !silent_[meter];
      if (random_() % 25 == 0) continue;  // passed over
      if (silent_[meter])
        run.take(plant::hole(meter, slot));
      else
        run.take(plant::poll(meter, slot));
    }
    if (random_() % 50 == 0) run.take(domain::Event{slot, EventKind::bus_down, "bus-0", "", std::nullopt, {}, {}});
    run.pass(slot + Millis{500} - clock_.now.utc);
  }

  /// Every slot from the first recorded one to the end is recorded or lies in a gap; the counts of the meter's own gaps
  /// say exactly how many are missing beside those of the box.
  void check_meter(domain::MeterIndex meter, const std::set<UtcTime>& recorded) {
    const std::string id = "m-" + std::to_string(meter);
    std::vector<domain::Gap> own;
    std::vector<domain::Gap> of_box;
    for (const auto& event : record_.events(EventKind::gap)) {
      if (event.subject == id) own.push_back(*event.gap);
      if (event.subject.empty()) of_box.push_back(*event.gap);
    }
    std::uint64_t declared = 0;
    for (const auto& gap : own)
      if (gap.until > *recorded.begin()) declared += gap.missed;
    for (UtcTime slot = *recorded.begin(); slot < end_; slot += Millis{1000}) {
      const auto covers = [&](const domain::Gap& gap) { return gap.from <= slot && slot < gap.until; };
      const bool in_box = std::ranges::any_of(of_box, covers);
      if (recorded.contains(slot)) {
        EXPECT_FALSE(in_box) << id << " " << format_utc(slot);
        continue;
      }
      EXPECT_TRUE(in_box || std::ranges::any_of(own, covers)) << id << " " << format_utc(slot);
      if (!in_box) --declared;
    }
    EXPECT_EQ(static_cast<std::int64_t>(declared), 0) << id;
  }

  std::mt19937 random_;
  Options options_;
  plant::HandClock clock_;
  plant::MemoryRecord record_{options_.manifest};
  std::array<bool, 3> silent_{};
  UtcTime end_;
};

class Account : public testing::TestWithParam<unsigned> {};

TEST_P(Account, RecordedSlotsAndDeclaredGapsAreAllSlots) {
  RandomLife life(GetParam());
  life.live();
  life.check();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Account, testing::Range(1u, 5u));

}  // namespace
}  // namespace jidian::recorder
