#pragma once

#include "tests/integration/store/losses.hpp"

namespace jidian::store {

/// An old epoch of 200 batches, of which the province has 41 to 70, beside a present one that wants room.
class OldEpochGivesRoom : public Losses {
 protected:
  OldEpochGivesRoom() {
    options_.quota_bytes = 2 << 20;
    store_ = open_or_fail(options_);
    old_ = store_->opening().epoch;
    for (int half = 0; half < 2; ++half) {
      EXPECT_TRUE(record_together(*store_, record::Stream::reading, 100, noon, 4000));
    }
    EXPECT_TRUE(store_->begin_epoch("test", noon));
    store_->acknowledge("province", old_, record::Stream::reading, {41, 70});
  }
  std::vector<std::uint64_t> left() { return seqs_of(read_all(**store_->reader(), old_, record::Stream::reading)); }
  std::vector<std::uint64_t> present() {
    return seqs_of(read_all(**store_->reader(), store_->opening().epoch, record::Stream::reading));
  }
  template <typename Condition>
  void record_until(Condition is_reached) {
    for (int i = 0; i < 200 && !is_reached(); ++i) {
      record_batches(*store_, record::Stream::reading, 2, now_, 4000);
      now_ += std::chrono::seconds(20);
    }
    ASSERT_TRUE(is_reached());
  }
  /// Stops the store, and goes on with `then` once `meanwhile` is over.
  template <typename Meanwhile, typename Then>
  void restart_after(Meanwhile meanwhile, Then then) {
    ASSERT_TRUE(store_->close(now_));
    store_.reset();
    meanwhile();
    then();
  }
  static std::vector<std::uint64_t> joined(std::vector<std::uint64_t> first, const std::vector<std::uint64_t>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  std::unique_ptr<Store> store_;
  std::uint64_t old_ = 0;
  UtcTime now_ = after(std::chrono::seconds(10));
};

}  // namespace jidian::store
