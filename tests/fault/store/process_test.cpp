// The process dies, or the disk refuses.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

constexpr int kills = 50;

Options options_in(const std::filesystem::path& folder, std::uint64_t quota_bytes) {
  Options options;
  options.folder = folder;
  options.quota_bytes = quota_bytes;
  options.destinations = {{"province", {Stream::event, Stream::interval, Stream::reading}}};
  return options;
}

/// The child: commits until it is killed and reports every commit that returned.
[[noreturn]] void write_for_ever(const Options& options, int report) {
  auto store = open_store(options, noon);
  if (!store) _exit(1);
  for (std::uint64_t i = 0;; ++i) {
    const Stream stream = record::all_streams[i % 3];
    if (!record_together(**store, stream, 1 + i % 2, after(std::chrono::seconds(i)), 300 + i % 5 * 1500)) _exit(2);
    const record::BatchKey key{(*store)->opening().epoch, stream, (*store)->head(stream).next_seq - 1};
    if (write(report, &key, sizeof key) != sizeof key) _exit(3);
    if (i % 16 == 15 && !(*store)->maintain(after(std::chrono::seconds(i)), ClockTrust::sure)) _exit(4);
    if (i % 40 == 39 && !(*store)->begin_epoch("test", after(std::chrono::seconds(i)))) _exit(5);
  }
}

TEST(Kill, EveryCommitThatReturnedIsThere) {
  TempFolder folder;
  const Options options = options_in(folder.path() / "store", 256 << 20);
  std::mt19937 chance(20260301);
  std::map<std::pair<std::uint64_t, Stream>, std::uint64_t> reported;
  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      write_for_ever(options, ends[1]);
    }
    close(ends[1]);
    const std::uint64_t reports = 1 + chance() % 60;  // the instant is a commit's, and a few microseconds of chance
    record::BatchKey key;
    for (std::uint64_t i = 0; i < reports && read(ends[0], &key, sizeof key) == sizeof key; ++i)
      reported[{key.epoch, key.stream}] = key.seq;
    usleep(static_cast<useconds_t>(chance() % 3000));
    kill(child, SIGKILL);
    while (read(ends[0], &key, sizeof key) == sizeof key) reported[{key.epoch, key.stream}] = key.seq;
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up with " << WEXITSTATUS(status);
  }
  const auto store = open_or_fail(options);
  EXPECT_FALSE(store->opening().began_epoch) << store->opening().reason;
  const auto reader = *store->reader();
  for (const auto& [log, last] : reported) {
    const auto rows = read_all(*reader, log.first, log.second);
    ASSERT_GE(rows.size(), last);
    ASSERT_EQ(seqs_of(rows), seqs_between(1, rows.size()));
    for (const StoredBatch& row : rows) ASSERT_EQ(row.bytes, content_of(row.key, row.bytes.size()));
  }
  EXPECT_EQ(reader->damaged(), 0U);
  EXPECT_GT(reported.size(), 3U);
}

TEST(Kill, LockOfADeadProcessIsFree) {
  TempFolder folder;
  const Options options = options_in(folder.path() / "store", 16 << 20);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) write_for_ever(options, ends[1]);
  record::BatchKey key;
  ASSERT_EQ(read(ends[0], &key, sizeof key), static_cast<ssize_t>(sizeof key));
  EXPECT_EQ(open_store(options, noon).error().kind(), ErrorKind::conflict);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(open_store(options, noon));
}

TEST(Refusal, FileThatMayNotGrowFailsTheCommitAndLosesNothing) {
  TempFolder folder;
  const auto store = open_or_fail(options_in(folder.path() / "store", 64 << 20));
  record_batches(*store, Stream::reading, 5, noon, 4000);
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tight { 16 << 10, before.rlim_max };
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto refused = record_together(*store, Stream::reading, 20, after(60s), 4000);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(store->head(Stream::reading).next_seq, 6U);
  EXPECT_NE(store->health().trouble, "");
  record_batches(*store, Stream::reading, 5, after(60s), 4000);
  EXPECT_EQ(seqs_of(read_all(**store->reader(), store->opening().epoch, Stream::reading)), seqs_between(1, 10));
  EXPECT_EQ(store->health().trouble, "");
}

/// A file system of its own, small enough to be filled; skips the test where mounting is not allowed.
class SmallPartition : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_.path() / "partition";
    std::filesystem::create_directory(path_);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=16m") == 0;
    if (!mounted_) GTEST_SKIP() << "mounting a file system needs more rights";
  }
  void TearDown() override {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }

  /// Takes all the space others could take; again, what has become free since.
  void fill() const {
    std::ofstream filler(path_ / "filler", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }

  /// Commits of one batch each, confirmed at once, while others take whatever space there is before each of them.
  void record_while_others_fill(Store& store, int commits, UtcTime first) const {
    for (int i = 0; i < commits && !HasFailure(); ++i) {
      const UtcTime now = first + i * 10s;
      fill();
      record_batches(store, Stream::reading, 1, now, 4000);
      store.acknowledge("province", store.opening().epoch, Stream::reading,
                        {1, store.head(Stream::reading).next_seq - 1});
      if (i % 10 != 0) continue;
      fill();
      EXPECT_TRUE(store.maintain(now, ClockTrust::sure));
    }
  }

  TempFolder folder_;
  std::filesystem::path path_;
  bool mounted_ = false;
};

TEST_F(SmallPartition, FilledByOthersTheStoreGoesOnInsideItsOwnSpace) {
  const auto store = open_or_fail(options_in(path_ / "store", 64 << 20));
  const std::uint64_t epoch = store->opening().epoch;
  record_batches(*store, Stream::reading, 300, noon, 4000);
  store->acknowledge("province", epoch, Stream::reading, {1, 300});
  fill();
  for (int i = 0; i < 1000; ++i) {
    const UtcTime now = after(std::chrono::seconds(3000 + 10 * i));
    record_batches(*store, Stream::reading, 1, now, 4000);
    store->acknowledge("province", epoch, Stream::reading, {1, store->head(Stream::reading).next_seq - 1});
    if (i % 10 == 0) {
      ASSERT_TRUE(store->maintain(now, ClockTrust::sure));
    }
  }
  EXPECT_NE(store->health().trouble.find("partition is full"), std::string::npos) << store->health().trouble;
  EXPECT_EQ(store->health().evicted, 0U);
  EXPECT_EQ(read_all(**store->reader(), epoch, Stream::reading).back().key.seq, 1300U);

  std::filesystem::remove(path_ / "filler");
  ASSERT_TRUE(store->maintain(after(20'000s), ClockTrust::sure));
  record_batches(*store, Stream::reading, 1, after(20'000s), 4000);
  EXPECT_EQ(store->health().trouble, "");
}

TEST_F(SmallPartition, ThatOthersKeepFillingTheStoreGoesOnInsideItsOwnSpace) {
  const auto store = open_or_fail(options_in(path_ / "store", 64 << 20));
  const std::uint64_t epoch = store->opening().epoch;
  record_batches(*store, Stream::reading, 300, noon, 4000);
  store->acknowledge("province", epoch, Stream::reading, {1, 300});
  record_while_others_fill(*store, 1000, after(3000s));
  EXPECT_EQ(store->health().evicted, 0U);
  const auto rows = read_all(**store->reader(), epoch, Stream::reading);
  EXPECT_GT(rows.front().key.seq, 1U) << "the oldest made room";
  EXPECT_EQ(seqs_of(rows), seqs_between(rows.front().key.seq, 1300));

  std::filesystem::remove(path_ / "filler");
  ASSERT_TRUE(store->maintain(after(20'000s), ClockTrust::sure));
  record_batches(*store, Stream::reading, 1, after(20'000s), 4000);
  EXPECT_EQ(store->health().trouble, "");
}

TEST_F(SmallPartition, ThatOthersKeepFillingFromTheStartOnLeavesTheLogALength) {
  const Options options = options_in(path_ / "store", 64 << 20);
  {
    const auto store = open_or_fail(options);
    record_batches(*store, Stream::reading, 300, noon, 4000);
    store->acknowledge("province", store->opening().epoch, Stream::reading, {1, 300});
    ASSERT_TRUE(store->close(after(3000s)));
  }
  const auto store = open_or_fail(options, after(3000s));
  ASSERT_FALSE(store->opening().began_epoch);
  record_while_others_fill(*store, 500, after(3000s));
  EXPECT_EQ(store->health().evicted, 0U);
  EXPECT_EQ(read_all(**store->reader(), store->opening().epoch, Stream::reading).back().key.seq, 800U);
}

TEST_F(SmallPartition, ReadOnlyMediumIsReadAndNotOpened) {
  const Options options = options_in(path_ / "store", 16 << 20);
  std::uint64_t epoch = 0;
  {
    const auto store = open_or_fail(options);
    epoch = store->opening().epoch;
    record_batches(*store, Stream::reading, 3);
    ASSERT_TRUE(store->close(noon));
  }
  ASSERT_EQ(mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, "size=16m"), 0);
  const auto refused = open_store(options, noon);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::io);
  const auto reader = open_reader(options.folder);
  ASSERT_TRUE(reader);
  EXPECT_EQ(seqs_of(read_all(**reader, epoch, Stream::reading)), seqs_between(1, 3));
}

}  // namespace
}  // namespace jidian::store
