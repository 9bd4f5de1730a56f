#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "record/chain.hpp"
#include "recorder/recorder.hpp"
#include "tests/unit/recorder/plant.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::recorder {

/// The clock of this machine.
class RealClock final : public Clock {
 public:
  UtcTime utc_now() override { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
  SteadyTime steady_now() override { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }
  ClockQuality quality() override { return ClockQuality::synchronised; }
};

/// A store whose disk can be full at will.
class FragileStore final : public store::Store {
 public:
  explicit FragileStore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}

  const store::Opening& opening() const override { return store_->opening(); }
  store::Head head(record::Stream stream) const override { return store_->head(stream); }
  Status commit(std::span<const store::NewBatch> batches, UtcTime now) override {
    if (is_full) {
      ++refusals;
      return Error{ErrorKind::full, "no space left"};
    }
    return store_->commit(batches, now);
  }
  void add_manifest(const Hash& hash, Bytes bytes) override { store_->add_manifest(hash, std::move(bytes)); }
  void note(const std::string& name, const std::string& text) override { store_->note(name, text); }
  std::map<std::string, std::string> notes() const override { return store_->notes(); }
  void acknowledge(const std::string& destination, std::uint64_t epoch, record::Stream stream,
                   store::SeqRange range) override {
    store_->acknowledge(destination, epoch, stream, range);
  }
  store::Ranges acknowledged(const std::string& destination, std::uint64_t epoch,
                             record::Stream stream) const override {
    return store_->acknowledged(destination, epoch, stream);
  }
  Result<std::vector<store::Eviction>> maintain(UtcTime now, store::ClockTrust clock) override {
    return store_->maintain(now, clock);
  }
  Status begin_epoch(const std::string& reason, UtcTime now) override { return store_->begin_epoch(reason, now); }
  void call_between_steps(std::function<SteadyTime()> step) override {
    if (step) is_watched = step() > SteadyTime{};
    store_->call_between_steps(std::move(step));
  }
  Result<std::unique_ptr<store::Reader>> reader() const override { return store_->reader(); }
  health::StoreHealth health() const override { return store_->health(); }
  Status close(UtcTime now) override { return store_->close(now); }

  std::atomic<bool> is_full = false;
  std::atomic<bool> is_watched = false;
  std::atomic<int> refusals = 0;

 private:
  std::unique_ptr<store::Store> store_;
};

/// The recorder's thread over a real store.
class RecorderOnDisk : public testing::Test {
 protected:
  RecorderOnDisk() {
    options_.commit_interval = Millis{20};
    options_.live_interval = Millis{10};
    open();
  }

  void open() {
    store::Options options;
    options.folder = folder_ / "store";
    options.quota_bytes = 64 << 20;
    auto store = store::open_store(options, clock_.utc_now());
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::make_unique<FragileStore>(std::move(*store));
  }
  void start() {
    auto recorder = Recorder::start(
        options_, *store_, clock_, board_,
        {[this] { note(commits_); }, [this](const std::string&) { note(views_); }, [this] { note(starts_stored_); }});
    ASSERT_TRUE(recorder);
    recorder_ = std::move(*recorder);
  }
  void stop() {
    recorder_.reset();
    ASSERT_TRUE(store_->close(clock_.utc_now()));
  }
  void note(int& counter) {
    const std::scoped_lock lock(mutex_);
    ++counter;
    changed_.notify_all();
  }
  template <typename Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      changed_.wait_for(lock, Millis{5});
    }
    return true;
  }
  /// Batches of a stream of the newest epoch, their chain checked.
  std::vector<record::Decoded> read(record::Stream stream) {
    std::vector<record::Decoded> all;
    auto reader = store::open_reader(folder_ / "store");
    EXPECT_TRUE(reader);
    const auto epoch = (*reader)->epochs().back();
    record::ChainWalker walker;
    const auto rows = (*reader)->read(epoch, stream, {1, 1'000'000}, 100'000, std::size_t{1} << 30);
    EXPECT_TRUE(rows);
    for (const auto& row : *rows) {
      EXPECT_EQ(walker.step(row.key, row.bytes), std::nullopt);
      auto decoded = record::decode(row.bytes, &options_.manifest);
      EXPECT_TRUE(decoded);
      all.push_back(std::move(*decoded));
    }
    return all;
  }
  record::Events events(domain::EventKind kind) {
    record::Events found;
    for (const auto& batch : read(record::Stream::event))
      for (const auto& event : std::get<record::Events>(batch.body))
        if (event.kind == kind) found.push_back(event);
    return found;
  }
  std::size_t readings() {
    std::size_t count = 0;
    for (const auto& batch : read(record::Stream::reading)) count += batch.count;
    return count;
  }
  UtcTime slot(int s) { return std::chrono::floor<std::chrono::seconds>(clock_.utc_now()) + std::chrono::seconds(s); }

  TemporaryFolder folder_{memory_or_disk()};
  RealClock clock_;
  health::Board board_;
  Options options_ = plant::options(plant::manifest(4));
  std::mutex mutex_;
  std::condition_variable changed_;
  int commits_ = 0;
  int views_ = 0;
  int starts_stored_ = 0;
  std::unique_ptr<FragileStore> store_;
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace jidian::recorder
