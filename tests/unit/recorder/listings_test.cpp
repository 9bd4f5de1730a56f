#include "recorder/listings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jidian::recorder {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

domain::DirectiveListing list_with(const std::string& destination, const std::string& id) {
  domain::DirectiveListing listing{destination, {}, {}, true};
  listing.orders.emplace_back().id = id;
  return listing;
}

std::vector<std::string> ids_in(const std::deque<domain::DirectiveListing>& lists) {
  std::vector<std::string> ids;
  for (const auto& list : lists) ids.push_back(list.destination + " " + list.orders.at(0).id);
  return ids;
}

TEST(Listings, AListThatAnotherFollowsAtOnceIsJudgedAllTheSame) {
  Listings listings;
  listings.put(list_with("province", "forged"));
  listings.put(list_with("bureau", "x"));
  listings.put(list_with("province", "good"));
  EXPECT_THAT(ids_in(listings.take()), ElementsAre("province forged", "bureau x", "province good"));
  EXPECT_THAT(listings.take(), IsEmpty());
}

TEST(Listings, BeyondTheirBoundTheOldestAndTheNewestAreJudgedAndTheOthersCounted) {
  Listings listings;
  for (std::size_t i = 0; i < Listings::waiting_max + 5; ++i)
    listings.put(list_with("province", "o-" + std::to_string(i)));
  listings.put(list_with("bureau", "x"));
  const auto lists = listings.take();
  ASSERT_EQ(lists.size(), Listings::waiting_max + 1) << "one destination takes no room from another";
  EXPECT_EQ(lists[0].orders[0].id, "o-0");
  EXPECT_EQ(lists[0].passed_over, 0U);
  const auto& newest = lists[Listings::waiting_max - 1];
  EXPECT_EQ(newest.orders[0].id, "o-" + std::to_string(Listings::waiting_max + 4));
  EXPECT_EQ(newest.passed_over, 5U);
  EXPECT_EQ(lists.back().passed_over, 0U);
}

TEST(Listings, WhatTheConnectionDroppedIsCountedToo) {
  Listings listings;
  for (std::size_t i = 0; i <= Listings::waiting_max; ++i) {
    auto list = list_with("province", "o");
    list.passed_over = 3;
    listings.put(std::move(list));
  }
  EXPECT_EQ(listings.take().back().passed_over, 7U) << "three before each of two, and one of the two";
}

}  // namespace
}  // namespace jidian::recorder
