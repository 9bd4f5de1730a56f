// One writer, readers and confirmations at once. Worth most under the thread sanitizer.
#include <atomic>
#include <thread>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using record::Stream;

TEST(Threads, ReaderAndConfirmationsBesideTheWriter) {
  TempFolder folder;
  Options options;
  options.folder = folder.path() / "store";
  options.quota_bytes = 4 << 20;
  options.destinations = {{"province", {Stream::reading}}};
  const auto store = open_or_fail(options);
  std::atomic<bool> done = false;
  std::uint64_t read = 0;
  std::uint64_t wrong = 0;
  {
    const std::jthread drain([&] {
      const auto reader = *store->reader();
      for (bool last = false; !last;) {
        last = done;
        for (const std::uint64_t epoch : reader->epochs()) {
          const auto extent = reader->extent(epoch, Stream::reading);
          if (!extent || !*extent) continue;
          const auto missing = store->acknowledged("province", epoch, Stream::reading).first_missing(**extent);
          if (!missing) continue;
          const auto rows = reader->read(epoch, Stream::reading, *missing, 20, 100'000);
          if (!rows) continue;
          for (const StoredBatch& row : *rows) {
            wrong += static_cast<std::uint64_t>(row.bytes != content_of(row.key, row.bytes.size()));
            store->acknowledge("province", epoch, Stream::reading, {row.key.seq, row.key.seq});
            ++read;
          }
          last = false;
        }
        (void)store->health();
        (void)store->opening().epoch;
      }
    });
    for (int i = 0; i < 600; ++i) {
      const UtcTime now = after(std::chrono::seconds(10 * i));
      record_batches(*store, Stream::reading, 1, now, 3000);
      if (i % 7 == 0) {
        EXPECT_TRUE(store->maintain(now, ClockTrust::sure));
      }
      if (i % 200 == 199) {
        EXPECT_TRUE(store->begin_epoch("test", now));
      }
    }
    done = true;
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(read + store->health().evicted, 600U);
}

}  // namespace
}  // namespace jidian::store
