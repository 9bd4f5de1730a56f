// What the record costs a flash device, and how fast it takes readings in. The hour of a plant runs in virtual time:
// what is counted does not depend on how fast the device is. `bench_store FOLDER` ingests in that folder.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "recorder/core.hpp"
#include "store/store.hpp"
#include "tests/bench/device_counter.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/noise_model.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t seed = 20260301;
constexpr int maintain_every_s = 10;  // as the recorder does
constexpr UtcTime morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8}};

/// Where nothing waits for a disk, if there is such a place.
fs::path memory_or_disk() {
  std::error_code missing;
  return fs::is_directory("/dev/shm", missing) ? "/dev/shm" : fs::temp_directory_path();
}

/// A store whose confirmed rows leave after an plant.
std::unique_ptr<store::Store> open_store(const fs::path& folder, std::chrono::hours retention) {
  store::Options options;
  options.folder = folder;
  for (const record::Stream stream : record::all_streams) options.retention[stream] = retention;
  options.destinations["province"] = {record::all_streams.begin(), record::all_streams.end()};
  auto store = store::open_store(options, morning);
  if (store) return std::move(*store);
  std::fprintf(stderr, "%s\n", store.error().message().c_str());
  std::exit(1);
}

void must(const Status& done) {
  if (done) return;
  std::fprintf(stderr, "%s\n", done.error().message().c_str());
  std::exit(1);
}

/// A plant's hour through the recorder's rules into a store whose one destination confirms everything ten seconds
/// later.
class Plant {
 public:
  Plant(const fs::path& folder, Millis commit_interval, std::chrono::hours retention)
      : meters_(Numbers::scaled_integers, seed),
        options_(options(meters_.manifest(), commit_interval)),
        store_(open_store(folder, retention)),
        core_(options_) {
    core_.begin(store_->opening(), now_);
    store_->add_manifest(core_.manifest().hash, core_.manifest().bytes);
  }

  void pass(int seconds) {
    for (int second = 0; second < seconds; ++second, ++passed_) {
      auto polls = meters_.next_second();
      std::ranges::sort(polls, {}, &domain::Poll::end);
      for (auto& poll : polls) {
        advance_to(poll.end);
        readings_ += poll.samples.size();
        core_.accept(std::move(poll), now_);
        while (const auto due = core_.due(now_)) commit(*due);
      }
      if (passed_ % maintain_every_s != 0) continue;
      if (const auto evicted = store_->maintain(now_.utc, store::ClockTrust::sure); !evicted) must(evicted.error());
      confirm();
    }
  }

  std::uint64_t readings() const { return readings_; }
  std::uint64_t commits() const { return commits_; }

 private:
  static recorder::Options options(domain::Manifest manifest, Millis commit_interval) {
    recorder::Options options;
    options.gateway = manifest.gateway;
    options.manifest = std::move(manifest);
    options.commit_interval = commit_interval;
    return options;
  }

  /// Does what becomes due on the way.
  void advance_to(UtcTime time) {
    while (now_.utc < time) {
      const Millis step = std::min<Millis>(time - now_.utc, core_.next_due(now_) - now_.steady);
      now_.utc += std::max(step, Millis{1});
      now_.steady += std::max(step, Millis{1});
      core_.advance(now_);
      while (const auto due = core_.due(now_)) commit(*due);
    }
  }

  void commit(recorder::Flush flush) {
    std::array<store::Head, 3> heads;
    for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = store_->head(record::all_streams[i]);
    must(store_->commit(core_.build(flush, store_->opening().epoch, heads, now_), now_.utc));
    core_.committed(flush, now_);
    ++commits_;
  }

  void confirm() {
    for (std::size_t i = 0; i < arrived_.size(); ++i) {
      const record::Stream stream = record::all_streams[i];
      if (arrived_[i] > 1) store_->acknowledge("province", store_->opening().epoch, stream, {1, arrived_[i] - 1});
      arrived_[i] = store_->head(stream).next_seq;
    }
  }

  NoiseModel meters_;
  recorder::Options options_;
  std::unique_ptr<store::Store> store_;
  recorder::Core core_;
  recorder::Instant now_{morning, SteadyTime{Millis{1'000'000}}, ClockQuality::synchronised};
  std::array<std::uint64_t, 3> arrived_{};
  int passed_ = 0;
  std::uint64_t readings_ = 0;
  std::uint64_t commits_ = 0;
};

/// Passes `seconds` and prints what they cost.
void count(Plant& plant, DeviceCounter& device, const std::string& name, int seconds) {
  const auto before = device.counts();
  const auto readings_before = plant.readings();
  const auto commits_before = plant.commits();
  plant.pass(seconds);
  const auto after = device.counts();
  const auto readings = static_cast<double>(plant.readings() - readings_before);
  const auto commits = static_cast<double>(plant.commits() - commits_before);
  const auto device_bytes = static_cast<double>(after.device - before.device);
  const auto log_bytes = static_cast<double>(after.log - before.log);
  print_figure(("flash." + name).c_str(), {device_bytes / readings}, "B/reading");
  print_figure(("syncs." + name).c_str(), {static_cast<double>(after.syncs - before.syncs) / commits}, "per commit");
  std::printf("  %.0f readings, %.0f commits; a commit: log %.0f B, file %.0f B, as SQLite wrote them %.0f B\n",
              readings, commits, log_bytes / commits, (device_bytes - log_bytes) / commits,
              static_cast<double>(after.written - before.written) / commits);
}

/// While the store fills, and when rows leave it as fast as they come. Long enough for several checkpoints each.
void measure_wear(const std::string& name, Millis commit_interval, std::chrono::hours retention) {
  const TemporaryFolder folder(memory_or_disk());
  DeviceCounter device;
  const fault::SqliteSpy spy(device);
  Plant plant(folder / "store", commit_interval, retention);
  const int seconds = static_cast<int>(std::chrono::seconds(retention).count());
  const int warm_up = seconds / 6;  // until the write-ahead log is as long as it gets
  plant.pass(warm_up);
  count(plant, device, name + ".filling", seconds - warm_up);
  plant.pass(seconds);
  count(plant, device, name + ".retiring", 2 * seconds);
}

/// Batches of `seconds` of the noise model, encoded beforehand, in the order of the log.
std::vector<record::Encoded> encode_batches(int batches, int seconds) {
  NoiseModel plant(Numbers::scaled_integers, seed);
  const domain::Manifest manifest = plant.manifest();
  std::vector<record::Encoded> encoded;
  record::Header header;
  header.gateway = "bench";
  header.key = {1, record::Stream::reading, 0};
  for (int batch = 0; batch < batches; ++batch) {
    record::Polls polls;
    for (int second = 0; second < seconds; ++second)
      for (auto& poll : plant.next_second()) polls.push_back(std::move(poll));
    ++header.key.seq;
    encoded.push_back(record::encode(header, record::Body{std::move(polls)}, manifest).value());
    header.previous = encoded.back().hash;
  }
  return encoded;
}

/// Commits every batch durably, one a transaction, `passes` times: readings a second, by the clock and by the
/// processor.
void measure_ingest(const char* name, const fs::path& folder, const std::vector<record::Encoded>& batches, int passes) {
  std::vector<double> by_clock;
  std::vector<double> by_processor;
  const auto store = open_store(folder, std::chrono::hours{24});
  UtcTime now = morning;
  std::uint64_t seq = 0;
  for (int pass = 0; pass < passes; ++pass) {
    double readings = 0;
    const auto began = std::chrono::steady_clock::now();
    const auto spent_before = processor_time();
    for (const record::Encoded& batch : batches) {
      now += std::chrono::seconds{10};
      const store::NewBatch next{{store->opening().epoch, record::Stream::reading, ++seq}, batch};
      must(store->commit({&next, 1}, now));
      readings += batch.count;
    }
    const std::chrono::duration<double> spent = processor_time() - spent_before;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    by_clock.push_back(readings / elapsed.count() / 1e6);
    by_processor.push_back(readings / spent.count() / 1e6);
  }
  print_figure(("ingest." + std::string(name)).c_str(), by_clock, "M readings/s");
  print_figure(("ingest." + std::string(name) + ".processor").c_str(), by_processor, "M readings/s");
}

void measure(const fs::path& folder) {
  std::printf("# store: noise model of %zu meters x %zu points, seed %u\n", NoiseModel::meters, NoiseModel::points,
              seed);
  measure_wear("commit_10s", std::chrono::seconds{10}, std::chrono::hours{3});
  measure_wear("commit_1s", std::chrono::seconds{1}, std::chrono::hours{1});
  constexpr int passes = 9;
  measure_ingest("24000", folder / "large", encode_batches(40, 60), passes);
  measure_ingest("4000", folder / "small", encode_batches(60, 10), passes);
}

}  // namespace
}  // namespace jidian::bench

int main(int argc, char** argv) {
  const jidian::TemporaryFolder own;
  const std::filesystem::path folder = argc > 1 ? std::filesystem::path(argv[1]) : own / "ingest";
  std::filesystem::create_directories(folder);
  jidian::bench::measure(folder);
  return 0;
}
