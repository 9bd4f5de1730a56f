// Files of other releases.
#include "tests/integration/store/epochs.hpp"

namespace jidian::store {
namespace {

using record::Stream;

TEST_F(Epochs, NewerFormatStaysAndIsStillRead) {
  const std::uint64_t epoch = stopped_store(3);
  run_sql(newest_file(), "PRAGMA user_version=3");
  const auto store = expect_new_epoch(epoch, "format 3");
  EXPECT_EQ(seqs_of(read_all(**store->reader(), epoch, Stream::reading)), seqs_between(1, 3));
}

TEST_F(Epochs, FileOfAnOlderFormatIsEndedInGoodOrderAndRead) {
  const std::uint64_t epoch = stopped_store(3);
  run_sql(newest_file(), "PRAGMA user_version=1");
  const auto store = expect_new_epoch(epoch, "format 1");
  EXPECT_TRUE(store->opening().stopped_cleanly);
  EXPECT_EQ(store->opening().last_commit, noon);
  EXPECT_EQ(seqs_of(read_all(**store->reader(), epoch, Stream::reading)), seqs_between(1, 3));
}

}  // namespace
}  // namespace jidian::store
