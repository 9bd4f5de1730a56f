#include "recorder/inbox.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

TEST(Inbox, IsBoundedAndKeepsAReserveForEvents) {
  Inbox inbox(2);
  EXPECT_TRUE(inbox.offer(plant::poll(0, plant::morning)));
  EXPECT_TRUE(inbox.offer(plant::poll(1, plant::morning)));
  EXPECT_FALSE(inbox.offer(plant::poll(2, plant::morning)));
  for (int i = 0; i < 1024; ++i) EXPECT_TRUE(inbox.offer(domain::Event{}));
  EXPECT_FALSE(inbox.offer(domain::Event{}));
  EXPECT_EQ(inbox.take_all({}, SteadyTime{}).size(), 1026u);
  EXPECT_TRUE(inbox.offer(plant::poll(2, plant::morning)));
}

TEST(Inbox, WhatAStoppedPollerLeftIsNeverRefused) {
  Inbox inbox(1);
  EXPECT_TRUE(inbox.offer(plant::poll(0, plant::morning)));
  while (inbox.offer(domain::Event{})) continue;
  const auto before = 1u + 1024u;
  inbox.put_left({domain::Event{}, domain::Event{}}, {{"meter/m-0", "text"}});
  EXPECT_EQ(inbox.take_all({}, SteadyTime{}).size(), before + 3u);
}

TEST(Inbox, HoldsAMinuteOfTwoThousandMetersWhileAChangeIsCarriedOut) {
  constexpr std::size_t meters = 2'000;
  const auto offer_some = [](Inbox& inbox, std::size_t most) {
    std::size_t taken = 0;
    while (taken < most && inbox.offer(plant::poll(0, plant::morning))) ++taken;
    return taken;
  };
  Inbox inbox;
  inbox.change({}, {});
  EXPECT_EQ(inbox.take_all({}, SteadyTime{}).size(), 1u);
  EXPECT_EQ(offer_some(inbox, 60 * meters), 60 * meters) << "it is being carried out";
  EXPECT_LT(offer_some(inbox, 60 * meters), 6 * meters) << "this is bounded as well";
  EXPECT_GE(inbox.take_all({}, SteadyTime{}).size(), 60 * meters);
  EXPECT_LT(offer_some(inbox, 60 * meters), 9 * meters) << "it is over";
}

TEST(Inbox, AChangeThatWaitsHasItsRoom) {
  Inbox inbox(1, 3);
  EXPECT_TRUE(inbox.offer(plant::poll(0, plant::morning)));
  EXPECT_FALSE(inbox.offer(plant::poll(0, plant::morning)));
  inbox.change({}, {});
  EXPECT_TRUE(inbox.offer(plant::poll(0, plant::morning)));
  EXPECT_FALSE(inbox.offer(plant::poll(0, plant::morning)));
  EXPECT_EQ(inbox.take_all({}, SteadyTime{}).size(), 3u);
}

TEST(Inbox, WaitEndsWithAWakeOrAStop) {
  Inbox inbox;
  const auto far = std::chrono::floor<Millis>(std::chrono::steady_clock::now()) + std::chrono::hours(1);
  inbox.wake();
  EXPECT_TRUE(inbox.take_all({}, far).empty());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(inbox.take_all(stop.get_token(), far).empty());
}

}  // namespace
}  // namespace jidian::recorder
