#include "domain/state_tracker.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace jidian::domain {
namespace {

/// One letter a tick: "." nothing, "0" no voltage, "s" below stop, "b" between, "i" idle, "h" between, "R" running.
Shown shown_of(char letter) {
  switch (letter) {
    case '0':
      return Shown::no_voltage;
    case 's':
      return Shown::below_stop;
    case 'b':
      return Shown::stop_to_start;
    case 'i':
      return Shown::at_idle;
    case 'h':
      return Shown::idle_to_run;
    case 'R':
      return Shown::at_run;
    default:
      return Shown::nothing;
  }
}

/// The states of the ticks, one letter each: "?" unknown, "0", "s", "i", "R". Those that wait at the end are "_".
std::string letters_of(const StateTracker::States& states, std::size_t waiting) {
  constexpr std::string_view letters = "?0siR";
  std::string text;
  for (const FacilityState state : states) text += letters[static_cast<std::size_t>(state)];
  return text + std::string(waiting, '_');
}

std::string follow(std::string_view ticks, std::uint32_t hold = 2, bool tells_idle = true) {
  StateTracker tracker(hold, tells_idle);
  StateTracker::States states;
  for (const char letter : ticks) {
    tracker.feed(shown_of(letter), states);
    EXPECT_LT(tracker.waiting(), hold);
  }
  return letters_of(states, tracker.waiting());
}

TEST(StateTracker, HoldsANewStateAndDatesItBack) {
  EXPECT_EQ(follow("ssRRR"), "ssRRR");
  EXPECT_EQ(follow("ssR"), "ss_");
  EXPECT_EQ(follow("ssRss"), "sssss") << "what did not last never was";
  EXPECT_EQ(follow("sssRRsss", 3), "ssssssss");
  EXPECT_EQ(follow("sssRRRss", 3), "sssRRR__");
  EXPECT_EQ(follow("sRs", 1), "sRs");
}

TEST(StateTracker, KeepsTheStateBetweenTwoLevels) {
  EXPECT_EQ(follow("ssbbRRbb", 2, false), "ssssRRRR");
  EXPECT_EQ(follow("RRbbss", 2, true), "RRiiss") << "it does not run any more, and has not stopped";
  EXPECT_EQ(follow("RRhhiihh"), "RRRRiiii");
  EXPECT_EQ(follow("sshhRR"), "ssiiRR");
  EXPECT_EQ(follow("bbhbRR"), "????RR") << "nothing is known of before";
  EXPECT_EQ(follow("00bbRR"), "00ssRR") << "it comes from below";
}

TEST(StateTracker, TellsNothingOfWhatWasNotSeen) {
  EXPECT_EQ(follow("RR.RR"), "RR?RR") << "one lost tick hides no change that lasted";
  EXPECT_EQ(follow("RR.bb", 2, false), "RR?RR");
  EXPECT_EQ(follow("RR..bbRR", 2, false), "RR????RR") << "two may hide that it stopped";
  EXPECT_EQ(follow("RRs.RR"), "RR??RR") << "whether that was the second tick of a stop, nobody knows";
  EXPECT_EQ(follow("RR.sRR"), "RR??RR");
  EXPECT_EQ(follow("RR.ss"), "RR?ss");
  EXPECT_EQ(follow("RRs.ss"), "RR??ss");
  EXPECT_EQ(follow("RR.b.bRR", 2, false), "RR?R?RRR");
  EXPECT_EQ(follow("R.R", 1), "R?R");
  EXPECT_EQ(follow("......"), "??????");
}

TEST(StateTracker, CountsTimeThatNobodyLivedThrough) {
  const auto across = [](std::uint64_t count, std::string_view before, std::string_view behind) {
    StateTracker tracker(3, false);
    StateTracker::States states;
    for (const char letter : before) tracker.feed(shown_of(letter), states);
    tracker.pass_over(count, states);
    EXPECT_TRUE(count == 0 || tracker.waiting() == 0);
    for (const char letter : behind) tracker.feed(shown_of(letter), states);
    return letters_of(states, tracker.waiting());
  };
  EXPECT_EQ(across(0, "RRRs", "ss"), "RRRsss") << "no tick was lost";
  EXPECT_EQ(across(2, "RRR", "bb"), "RRRRR");
  EXPECT_EQ(across(3, "RRR", "bb"), "RRR??");
  EXPECT_EQ(across(1, "RRRs", "bb"), "RRR?RR");
  EXPECT_EQ(across(2, "RRRs", "bb"), "RRR???");
  EXPECT_EQ(across(2, "RRR", "sss"), "RRRsss");
}

/// A facility's tick: mostly as the one before.
std::string random_ticks(std::mt19937& random, std::size_t count) {
  constexpr std::string_view letters = "0sbihR";
  std::string ticks;
  char letter = 's';
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 3 == 0) letter = letters[random() % letters.size()];
    ticks += letter;
  }
  return ticks;
}

TEST(StateTracker, NeverTellsOfAMissingTickWhatTheWholeDoesNot) {
  std::mt19937 random(20'260'301);
  std::size_t known = 0;
  std::size_t all = 0;
  for (int round = 0; round < 2'000; ++round) {
    const std::uint32_t hold = 1 + static_cast<std::uint32_t>(random() % 5);
    const bool tells_idle = random() % 2 == 0;
    const std::string ticks = random_ticks(random, 60);
    std::string seen = ticks;
    const std::uint32_t lost_percent = random() % 2 == 0 ? 5 : 40;
    for (char& letter : seen)
      if (random() % 100 < lost_percent) letter = '.';
    const std::string truth = follow(ticks, hold, tells_idle);
    const std::string told = follow(seen, hold, tells_idle);
    ASSERT_EQ(told.size(), truth.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (told[i] == '?' || told[i] == '_' || truth[i] == '_') continue;
      ASSERT_EQ(told[i], truth[i]) << "tick " << i << " hold " << hold << '\n'
                                   << ticks << '\n'
                                   << seen << '\n'
                                   << truth << '\n'
                                   << told;
      if (lost_percent == 5) ++known;
    }
    if (lost_percent == 5) all += told.size();
  }
  EXPECT_GT(known * 100, all * 75) << "and yet it tells most of it";
}

TEST(StateTracker, LosesASteadyFacilityOnlyTheTicksThatAreMissing) {
  std::mt19937 random(7);
  std::string seen(20'000, 'R');
  for (char& letter : seen)
    if (random() % 20 == 0) letter = '.';
  const std::string told = follow(seen);
  std::size_t lost = 0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (told[i] == '?' && seen[i] != '.') ++lost;
  EXPECT_LT(lost, seen.size() / 1'000) << "only a tick between two double holes is lost with them";
}

}  // namespace
}  // namespace jidian::domain
