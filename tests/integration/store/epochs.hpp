#pragma once

#include <sqlite3.h>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {

/// A store whose files are stopped, spoiled and opened again.
class Epochs : public testing::Test {
 protected:
  Epochs() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 64 << 20;
    options_.destinations = {{"province", {record::Stream::event, record::Stream::interval, record::Stream::reading}}};
  }

  /// A store with one epoch of some batches, stopped. Gives the epoch.
  std::uint64_t stopped_store(std::uint64_t batches, std::size_t size = 4000) {
    const auto store = open_or_fail(options_);
    EXPECT_TRUE(record_together(*store, record::Stream::reading, batches, noon, size));
    EXPECT_TRUE(store->close(noon));
    return store->opening().epoch;
  }

  std::filesystem::path newest_file() const { return epoch_files(options_.folder).back(); }

  /// Opens and expects a new epoch after `before`, for a reason with this word in it.
  std::unique_ptr<Store> expect_new_epoch(std::uint64_t before, const std::string& word) {
    auto store = open_or_fail(options_, after(std::chrono::hours(1)));
    if (!store) return store;
    EXPECT_TRUE(store->opening().began_epoch);
    EXPECT_NE(store->opening().epoch, before);
    EXPECT_EQ(store->opening().predecessor, before);
    EXPECT_NE(store->opening().reason.find(word), std::string::npos) << store->opening().reason;
    EXPECT_EQ(store->head(record::Stream::reading).next_seq, 1U);
    record_batches(*store, record::Stream::reading, 1, after(std::chrono::hours(1)));
    return store;
  }

  static void run_sql(const std::filesystem::path& file, const char* sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }

  TempFolder folder_;
  Options options_;
};

}  // namespace jidian::store
