#include "health/board.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace jidian::health {
namespace {

SteadyTime at(std::int64_t ms) {
  return SteadyTime{Millis{ms}};
}

TEST(Heartbeat, ALoopThatHasNotBegunIsAlive) {
  const Heartbeat heartbeat("recorder", Millis{500});
  EXPECT_TRUE(heartbeat.alive(at(1'000'000)));
}

TEST(Heartbeat, IsAliveForExactlyItsLongestRound) {
  Heartbeat heartbeat("recorder", Millis{500});
  heartbeat.beat(at(1000));
  EXPECT_TRUE(heartbeat.alive(at(1500)));
  EXPECT_FALSE(heartbeat.alive(at(1501)));
  heartbeat.beat(at(1600));
  EXPECT_TRUE(heartbeat.alive(at(1601)));
}

TEST(Board, NamesTheLoopThatIsStuck) {
  Board board;
  auto& quick = board.add_heartbeat("bus:rtu-1", Millis{500});
  auto& slow = board.add_heartbeat("uplink:province", Millis{5000});
  quick.beat(at(1000));
  slow.beat(at(1000));
  EXPECT_EQ(board.stuck(at(1500)), std::nullopt);
  EXPECT_EQ(board.stuck(at(2000)), "bus:rtu-1");
  quick.beat(at(6500));
  EXPECT_EQ(board.stuck(at(6501)), "uplink:province");
}

TEST(Board, AHeartbeatKeepsItsPlaceWhileOthersAreAdded) {
  Board board;
  auto& first = board.add_heartbeat("first", Millis{500});
  for (int more = 0; more < 100; ++more) board.add_heartbeat("more", Millis{500});
  first.beat(at(1000));
  EXPECT_EQ(board.stuck(at(2000)), "first");
}

TEST(Board, ALoopThatEndedAsAskedIsNotStuckAndItsSuccessorTakesItsPlace) {
  Board board;
  auto& first = board.add_heartbeat("bus:rtu-1", Millis{500});
  first.beat(at(1000));
  first.rest();
  EXPECT_EQ(board.stuck(at(100'000)), std::nullopt);
  auto& second = board.add_heartbeat("bus:rtu-1", Millis{500});
  EXPECT_EQ(&second, &first) << "a gateway that is set up anew a thousand times has not a thousand of them";
  EXPECT_NE(&board.add_heartbeat("bus:rtu-1", Millis{500}), &first) << "it is in use";
  second.beat(at(100'000));
  EXPECT_EQ(board.stuck(at(101'000)), "bus:rtu-1");
}

MeterHealth meter_of(const char* id, std::uint64_t polls_good) {
  MeterHealth meter;
  meter.id = id;
  meter.polls_good = polls_good;
  return meter;
}

TEST(Board, ForgetsWhatIsNotThereAnyMore) {
  Board board;
  board.post(meter_of("press-1", 1));
  board.post(meter_of("furnace-1", 9));
  MeterRecord record;
  record.id = "press-1";
  board.post(record);
  BusHealth bus;
  bus.id = "rtu-1";
  board.post(bus);
  board.forget_meter("press-1");
  board.forget_bus("rtu-1");
  ASSERT_EQ(board.meters().size(), 1u);
  EXPECT_EQ(board.meters()[0].id, "furnace-1");
  EXPECT_TRUE(board.records().empty());
  EXPECT_TRUE(board.buses().empty());
}

TEST(Board, APostReplacesTheOneBeforeOfTheSameId) {
  Board board;
  board.post(meter_of("press-1", 1));
  board.post(meter_of("furnace-1", 9));
  board.post(meter_of("press-1", 2));
  const auto meters = board.meters();
  ASSERT_EQ(meters.size(), 2U);
  EXPECT_EQ(meters[0].id, "furnace-1");
  EXPECT_EQ(meters[1].polls_good, 2U);
}

TEST(Board, KeepsEveryKindApart) {
  Board board;
  BusHealth bus;
  UplinkHealth uplink;
  StoreHealth store;
  bus.id = uplink.id = "a";
  uplink.pending = 3;
  store.bytes = 7;
  board.post(bus);
  board.post(uplink);
  board.post(store);
  EXPECT_TRUE(board.meters().empty());
  EXPECT_EQ(board.buses().size(), 1U);
  EXPECT_EQ(board.uplinks().at(0).pending, 3U);
  EXPECT_EQ(board.store().bytes, 7U);
}

TEST(Board, IsPostedToAndReadFromManyThreadsAtOnce) {
  Board board;
  constexpr int rounds = 200;
  {
    std::vector<std::jthread> threads;
    for (const char* id : {"press-1", "press-2"})
      threads.emplace_back([&board, id] {
        auto& heartbeat = board.add_heartbeat(id, Millis{1000});
        for (int round = 1; round <= rounds; ++round) {
          heartbeat.beat(at(round));
          board.post(meter_of(id, static_cast<std::uint64_t>(round)));
        }
      });
    threads.emplace_back([&board] {
      for (int round = 0; round < rounds; ++round) {
        EXPECT_EQ(board.stuck(at(round)), std::nullopt);
        for (const auto& meter : board.meters()) EXPECT_LE(meter.polls_good, static_cast<std::uint64_t>(rounds));
      }
    });
  }
  for (const auto& meter : board.meters()) EXPECT_EQ(meter.polls_good, static_cast<std::uint64_t>(rounds));
}

}  // namespace
}  // namespace jidian::health
