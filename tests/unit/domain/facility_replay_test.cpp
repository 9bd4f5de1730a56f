#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "facility_plant.hpp"

namespace jidian::domain {
namespace {

using namespace facility_plant;
using std::chrono::seconds;
using Ticks = std::map<UtcTime, FacilityState>;

constexpr Millis tick_length{3'000};
constexpr int seconds_long = 600;

/// The saw starts and stops, dwells between levels, loses its supply; the fan runs along.
std::vector<Poll> make_day(std::mt19937& random, std::uint32_t failing_percent) {
  constexpr std::array<std::int64_t, 5> levels{100, 1'500, 5'000, 9'000, 20'000};
  std::vector<Poll> polls;
  std::int64_t saw = 100;
  std::int64_t volts = 2'300;
  for (int i = 0; i < seconds_long; ++i) {
    if (random() % 12 == 0) saw = levels[random() % levels.size()];
    if (random() % 40 == 0) volts = volts == 0 ? 2'300 : 0;
    const UtcTime slot = noon + seconds(i);
    const std::int64_t watts = volts == 0 ? 0 : saw;
    const auto fails = [&] { return random() % 100 < failing_percent; };
    polls.push_back(fails() ? failed(0, slot) : poll(0, slot, watts, volts));
    if (i % 3 == 0) polls.push_back(fails() ? failed(1, slot) : poll(1, slot, volts == 0 ? 0 : 300, volts));
  }
  return polls;
}

/// The same polls, each meter's in order, the meters out of step by some seconds.
std::vector<Poll> out_of_step(std::vector<Poll> polls, std::mt19937& random) {
  std::vector<Poll> mixed;
  std::vector<Poll> saw;
  std::vector<Poll> fan;
  for (Poll& it : polls) (it.meter == 0 ? saw : fan).push_back(std::move(it));
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < saw.size() || k < fan.size()) {
    const bool saw_first =
        k == fan.size() || (i < saw.size() && saw[i].slot + seconds(random() % 16) < fan[k].slot + seconds(8));
    mixed.push_back(saw_first ? saw[i++] : fan[k++]);
  }
  return mixed;
}

Ticks follow_day(const Manifest& manifest, const std::vector<Poll>& polls) {
  Bench bench(manifest);
  bench.skip(noon);
  for (const Poll& it : polls) bench.add(it);
  bench.skip(noon + std::chrono::hours(1));
  return bench.ticks(tick_length);
}

TEST(FacilityWatch, DoesNotDependOnTheOrderInWhichBusesDeliver) {
  const Manifest manifest = two_meters();
  std::mt19937 random(1);
  for (int round = 0; round < 16; ++round) {
    const auto polls = make_day(random, round % 2 == 0 ? 0 : 10);
    const Ticks in_order = follow_day(manifest, polls);
    ASSERT_EQ(in_order.size(), seconds_long / 3u);
    for (int order = 0; order < 3; ++order) ASSERT_EQ(follow_day(manifest, out_of_step(polls, random)), in_order);
    auto by_meter = polls;
    std::ranges::stable_sort(by_meter, {}, &Poll::meter);
    ASSERT_EQ(follow_day(manifest, by_meter), in_order) << "one meter wholly before the other";
  }
}

TEST(FacilityWatch, InventsNothingWhereOneInTwentyPollsFails) {
  const Manifest manifest = two_meters();
  std::size_t known = 0;
  std::size_t all = 0;
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    auto polls = make_day(random, 0);
    const Ticks truth = follow_day(manifest, polls);
    for (Poll& it : polls)
      if (random() % 20 == 0) it = failed(it.meter, it.slot);
    const Ticks told = follow_day(manifest, polls);
    ASSERT_EQ(told.size(), truth.size());
    for (const auto& [at, state] : told) {
      ++all;
      if (state == FacilityState::unknown) continue;
      ++known;
      ASSERT_EQ(state, truth.at(at)) << "seed " << seed << ' ' << format_utc(at);
    }
  }
  EXPECT_GT(known * 100, all * 75);
  EXPECT_LT(known, all);
}

/// A gateway that is killed again and again, and its record: what had a value and was committed.
struct Plant {
  explicit Plant(const Manifest& of) : manifest(of) {}

  /// A new run that recalls the record, as the recorder does, and starts at `now`.
  void start(UtcTime now) {
    bench.emplace(manifest);
    for (const Event& event : events) bench->watch.restore(event);
    for (const Poll& it : recorded) bench->recall(it);
    recalled_events = bench->events.size();
    bench->skip(now);
    events.push_back({now, EventKind::start, {}, {}, {}, {}, {}});
    events_told = 0;
  }

  void add(const Poll& poll) {
    bench->add(poll);
    bench->close(poll.end);
    waiting.push_back(poll);
    // Events are committed at once.
    for (; events_told < bench->events.size(); ++events_told) events.push_back(bench->events[events_told]);
  }

  void commit() {
    for (Poll& it : waiting)
      if (has_any_value(it)) recorded.push_back(std::move(it));
    waiting.clear();
  }

  void kill() {
    waiting.clear();
    bench.reset();
  }

  const Manifest& manifest;
  std::vector<Poll> recorded;
  std::vector<Poll> waiting;
  std::vector<Event> events;
  std::optional<Bench> bench;
  std::size_t events_told = 0;
  std::size_t recalled_events = 0;
};

TEST(FacilityWatch, SaysTheSameAfterTwentyKills) {
  const Manifest manifest = two_meters();
  for (unsigned seed = 0; seed < 16; ++seed) {
    std::mt19937 random(seed);
    const auto polls = make_day(random, seed % 2 == 0 ? 0 : 5);
    const Ticks truth = follow_day(manifest, polls);
    Plant plant(manifest);
    plant.start(noon);
    UtcTime dead_until = noon;
    std::size_t kills = 0;
    for (const Poll& it : polls) {
      if (it.slot < dead_until) continue;
      if (!plant.bench) plant.start(dead_until);
      plant.add(it);
      if (random() % 8 == 0) plant.commit();
      if (random() % 40 != 0) continue;
      plant.kill();
      ++kills;
      dead_until = it.slot + seconds(1 + random() % 9);
    }
    if (!plant.bench) plant.start(noon + seconds(seconds_long));
    EXPECT_GE(kills, 8u);
    const Ticks lived = plant.bench->ticks(tick_length);
    ASSERT_GT(lived.size(), seconds_long / 3u / 3u);
    std::size_t known = 0;
    for (const auto& [at, state] : lived) {
      if (state == FacilityState::unknown) continue;
      ++known;
      ASSERT_EQ(state, truth.at(at)) << "seed " << seed << ' ' << format_utc(at);
    }
    EXPECT_GT(known * 2, lived.size());

    // Who reads the whole record again says of every tick what the last run says.
    Plant again(manifest);
    plant.commit();
    again.recorded = plant.recorded;
    again.events = plant.events;
    const UtcTime end = noon + seconds(seconds_long);
    again.start(end);
    plant.bench->skip(end);
    ASSERT_EQ(again.bench->ticks(tick_length), plant.bench->ticks(tick_length)) << "seed " << seed;
    EXPECT_EQ(again.recalled_events, 0u) << "what was told is not told again";
  }
}

TEST(FacilityWatch, AShortRestartLosesNoTickThatWasPolled) {
  const Manifest manifest = two_meters();
  Plant plant(manifest);
  plant.start(noon);
  const auto show = [&](int from, int until) {
    for (int i = from; i < until; ++i) {
      plant.add(poll(0, noon + seconds(i), 20'000));
      if (i % 3 == 0) plant.add(poll(1, noon + seconds(i), 0));
    }
  };
  show(0, 31);
  plant.commit();
  plant.kill();
  plant.start(noon + seconds(32));
  show(32, 60);
  const std::map<FacilityState, std::int64_t> wanted{{FacilityState::running, 60}};
  EXPECT_EQ(plant.bench->seconds(), wanted);
  ASSERT_EQ(plant.bench->events.size(), 1u) << "told anew";
  EXPECT_EQ(plant.bench->fact(0, "before"), "unknown");
  EXPECT_EQ(plant.bench->fact(0, "since"), format_utc(noon + seconds(33)));
}

TEST(FacilityWatch, NothingIsCarriedAcrossATimeTheBoxWasOff) {
  const Manifest manifest = two_meters();
  Plant plant(manifest);
  plant.start(noon);
  for (int i = 0; i < 30; i += 3) {
    plant.add(poll(0, noon + seconds(i), 20'000));
    plant.add(poll(1, noon + seconds(i), 0));
  }
  plant.commit();
  plant.kill();
  plant.start(noon + seconds(90));
  for (int i = 90; i < 120; i += 3) {
    plant.add(poll(0, noon + seconds(i), 1'500));  // between stop and start
    plant.add(poll(1, noon + seconds(i), 0));
  }
  const std::map<FacilityState, std::int64_t> wanted{{FacilityState::running, 30}, {FacilityState::unknown, 30}};
  EXPECT_EQ(plant.bench->seconds(), wanted) << "no second for the time in between";
  ASSERT_EQ(plant.bench->events.size(), 1u);
  EXPECT_EQ(plant.bench->fact(0, "state"), "unknown");
}

}  // namespace
}  // namespace jidian::domain
