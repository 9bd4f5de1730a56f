#include "recorder/pending.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {
namespace {

using record::Stream;

TEST(Pending, BatchesBehindWhichEventsWaitSaySo) {
  const domain::Manifest manifest = plant::manifest(1);
  Pending pending;
  for (int i = 0; i < 70; ++i) {  // a flush takes 64 batches
    pending.add(domain::Event{plant::morning, domain::EventKind::bus_down, "bus-0", "", std::nullopt, {}, {}}, {});
    pending.cut();
  }
  Letterhead letterhead;
  letterhead.gateway = "box-1";
  letterhead.epoch = 1;
  letterhead.now.utc = plant::morning;
  std::vector<Pending::Lost> unfit;
  const auto wait = [](const store::NewBatch& batch) { return batch.more_wait; };
  const auto first = pending.build(Flush::events, letterhead, manifest, unfit);
  ASSERT_LT(first.size(), 70U);
  EXPECT_TRUE(std::ranges::all_of(first, wait));
  pending.committed();
  letterhead.heads[0].next_seq = first.size() + 1;
  const auto rest = pending.build(Flush::events, letterhead, manifest, unfit);
  EXPECT_EQ(first.size() + rest.size(), 70U);
  EXPECT_TRUE(std::ranges::none_of(rest, wait));
}

}  // namespace
}  // namespace jidian::recorder
