#pragma once

#include <sys/stat.h>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {

/// A store whose quota is small enough to be felt.
class Keeping : public testing::Test {
 protected:
  Keeping() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 1 << 20;
    options_.destinations = {{"province", {record::Stream::event, record::Stream::interval, record::Stream::reading}}};
  }

  static std::vector<std::uint64_t> seqs(Store& store, record::Stream stream) {
    return seqs_of(read_all(**store.reader(), store.opening().epoch, stream));
  }
  static void acknowledge(Store& store, const std::string& destination, record::Stream stream, std::uint64_t last) {
    store.acknowledge(destination, store.opening().epoch, stream, {1, last});
  }
  static std::vector<Eviction> maintain(Store& store, UtcTime now, ClockTrust clock = ClockTrust::sure) {
    auto evictions = store.maintain(now, clock);
    EXPECT_TRUE(evictions) << evictions.error().message();
    return evictions ? std::move(*evictions) : std::vector<Eviction>{};
  }
  static std::vector<Departure> departures(Store& store, std::uint64_t epoch) {
    const auto left = (*store.reader())->departures();
    EXPECT_TRUE(left) << left.error().message();
    if (!left) return {};
    const auto log = left->find({epoch, record::Stream::reading});
    return log == left->end() ? std::vector<Departure>{} : log->second.entries();
  }
  /// What the store takes of the disk.
  std::uint64_t folder_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder)) {
      struct stat found {};
      if (stat(entry.path().c_str(), &found) == 0) sum += static_cast<std::uint64_t>(found.st_blocks) * 512;
    }
    return sum;
  }

  TempFolder folder_;
  Options options_;
};

}  // namespace jidian::store
