#include "store/damage.hpp"

#include <gtest/gtest.h>

namespace jidian::store {
namespace {

using record::Stream;

std::string taken(Damage& damage, Stream stream = Stream::reading) {
  auto news = damage.take_new();
  return news[{1, stream}].to_text();
}

TEST(Damage, IsToldOnceHoweverItIsMet) {
  Damage damage;
  damage.add(1, Stream::reading, {98, 108});
  EXPECT_EQ(taken(damage), "98-108");
  damage.add(1, Stream::reading, {99, 108});
  damage.add(1, Stream::reading, {108, 108});
  EXPECT_EQ(taken(damage), "");
  damage.add(1, Stream::reading, {95, 110});
  EXPECT_EQ(taken(damage), "95-97,109-110") << "what was told is not told again";
  damage.add(1, Stream::event, {98, 98});
  EXPECT_EQ(taken(damage, Stream::event), "98-98");
  EXPECT_EQ(damage.count(), 3U);
}

TEST(Damage, WhatAnEarlierRunToldIsFoundAndNotTold) {
  Damage damage;
  Ranges told;
  told.add({3, 5});
  damage.add(1, Stream::reading, {1, 3});  // before that was known
  damage.know_told({{{1, Stream::reading}, told}});
  damage.add(1, Stream::reading, {4, 7});
  EXPECT_EQ(taken(damage), "1-2,6-7");
  EXPECT_EQ(damage.count(), 2U);
}

TEST(Damage, WhatCouldNotBeToldIsTakenAgain) {
  Damage damage;
  damage.add(1, Stream::reading, {1, 9});
  EXPECT_EQ(taken(damage), "1-9");
  damage.put_back(1, Stream::reading, {4, 5});
  EXPECT_EQ(taken(damage), "4-5");
  EXPECT_EQ(taken(damage), "");
}

TEST(Damage, PlacesBeyondTheBoundAreCounted) {
  Damage damage;
  for (std::uint64_t i = 1; i <= Damage::places_max + 5; ++i) damage.add(1, Stream::reading, {2 * i, 2 * i});
  EXPECT_EQ(damage.count(), Damage::places_max);
  EXPECT_EQ(damage.beyond(), 5U);
  damage.add(1, Stream::reading, {2, 2});
  EXPECT_EQ(damage.beyond(), 5U) << "that one is known";
}

TEST(Damage, ARefusalCountsOnceARoundAndIsForgottenWhenTheBatchIsRead) {
  const auto whole = Damage::with_rounds();
  Damage one(whole);
  Damage another(whole);
  const record::BatchKey key{1, Stream::reading, 7};
  for (int round = 1; round < Damage::refusals_max; ++round) {
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(one.is_refused_for_good(key) || another.is_refused_for_good(key));
    whole->begin_round();
  }
  another.was_read(key);
  for (int round = 1; round < Damage::refusals_max; ++round) {
    EXPECT_FALSE(one.is_refused_for_good(key));
    whole->begin_round();
  }
  EXPECT_TRUE(another.is_refused_for_good(key));
}

TEST(Damage, OfAnEpochThatIsGoneNothingIsTold) {
  Damage damage;
  damage.add(1, Stream::reading, {1, 2});
  damage.forget(1);
  EXPECT_EQ(taken(damage), "");
  EXPECT_EQ(damage.end_around({1, Stream::reading, 1}), std::nullopt);
}

TEST(Damage, EndsAreKnownOfTheWhole) {
  const auto whole = Damage::with_rounds();
  Damage one(whole);
  one.add(1, Stream::reading, {5, 9});
  EXPECT_EQ(Damage(whole).end_around({1, Stream::reading, 7}), 9U);
  EXPECT_EQ(Damage(whole).end_around({1, Stream::reading, 10}), std::nullopt);
}

}  // namespace
}  // namespace jidian::store
