// What the rows of facilities, accounts and the site cost a day, on the wire and on the flash device: 32 meters at 10
// s, 64 facilities with states, one account with sliding demand. A few hours in virtual time, counted exactly.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "domain/aggregate_builder.hpp"
#include "domain/interval_builder.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "store/store.hpp"
#include "tests/bench/device_counter.hpp"
#include "tests/bench/figure.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::bench {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t seed = 20260301;
constexpr std::size_t meters = 32;
constexpr std::size_t facilities = 64;
constexpr std::size_t points = 10;
constexpr seconds period{10};
constexpr int hours_run = 6;
constexpr UtcTime morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8}};

domain::Manifest plant() {
  domain::Manifest manifest;
  for (std::size_t i = 0; i < meters; ++i) {
    domain::MeterEntry meter;
    meter.id = "meter-" + std::to_string(i);
    meter.period = period;
    meter.points.resize(points);
    for (std::size_t k = 0; k < points; ++k) meter.points[k].name = "point-" + std::to_string(k);
    meter.points[0].kind = PointKind::counter;
    meter.points[0].exponent = -2;
    manifest.meters.push_back(std::move(meter));
  }
  for (std::size_t i = 0; i < facilities; ++i) {
    domain::FacilityEntry facility;
    facility.id = "facility-" + std::to_string(i);
    facility.meters = {"meter-" + std::to_string(i % meters)};
    facility.amounts = {
        {"energy.taken", Carrier::electricity, "kWh", -6, {{static_cast<domain::MeterIndex>(i % meters), 0, 1, 0}}}};
    manifest.facilities.push_back(std::move(facility));
  }
  manifest.site.accounts.push_back({"grid", Carrier::electricity, "1", "", "", {"meter-0"}});
  manifest.site.accounts[0].amounts = {{"energy.taken", Carrier::electricity, "kWh", -6, {{0, 0, 1, 0}}}};
  manifest.site.sliding_demand = seconds{60};
  return manifest;
}

/// The plant's polls, and the rows that follow from them, 10 s at a time.
class Plant {
 public:
  struct Step {
    record::Polls polls;
    record::Rows of_meters;
    record::Rows aggregates;
  };

  explicit Plant(const domain::Manifest& manifest) : intervals_(manifest), aggregates_(manifest) {}

  Step next() {
    Step step;
    domain::IntervalBuilder::Rows rows;
    domain::AggregateBuilder::Rows told;
    tell_states();
    for (std::size_t i = 0; i < meters; ++i) {
      domain::Poll poll{static_cast<domain::MeterIndex>(i), slot_, slot_ + Millis{noise(20)}, {}, {}, {}, {}};
      poll.end = poll.start + Millis{60 + noise(30)};
      counts_[i] += 20 + i % 7 + noise(9);
      poll.samples.assign(points, {2'300 + noise(40), domain::Quality::ok});
      poll.samples[0].bits = counts_[i];
      rows.clear();
      intervals_.add(poll, rows);
      for (auto& row : rows) {
        aggregates_.add(row, told);
        step.of_meters.emplace_back(std::move(row));
      }
      step.polls.push_back(std::move(poll));
    }
    for (auto& row : told) step.aggregates.emplace_back(std::move(row));
    slot_ += period;
    return step;
  }

 private:
  std::uint64_t noise(std::uint32_t below) { return random_() % below; }

  /// Every facility is in its state until now; one in sixty changes it.
  void tell_states() {
    for (std::size_t i = 0; i < facilities; ++i) {
      const bool changes = noise(60) == 0;
      if (changes) running_[i] = !running_[i];
      aggregates_.add({static_cast<domain::FacilityIndex>(i), slot_, slot_ + period,
                       running_[i] ? domain::FacilityState::running : domain::FacilityState::stopped,
                       changes && running_[i]});
    }
  }

  domain::IntervalBuilder intervals_;
  domain::AggregateBuilder aggregates_;
  std::mt19937 random_{seed};
  std::array<std::uint64_t, meters> counts_{};
  std::array<bool, facilities> running_{};
  UtcTime slot_ = morning;
};

struct Cost {
  double wire = 0;
  double device = 0;
  double rows = 0;
};

template <typename Value>
Value must(Result<Value> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message().c_str());
  std::exit(1);
}

/// Bytes of all batches, and those the block device writes for them, with the aggregate rows or without.
Cost run(const domain::Manifest& manifest, bool with_aggregates) {
  const TemporaryFolder folder;
  DeviceCounter device;
  const fault::SqliteSpy spy(device);
  store::Options options;
  options.folder = folder / "store";
  const auto store = must(store::open_store(options, morning));
  const auto hash = record::encode(manifest);
  store->add_manifest(hash.hash, hash.bytes);
  Plant plant(manifest);
  Cost cost;
  const auto before = device.counts();
  for (int step = 0; step < hours_run * 360; ++step) {
    auto made = plant.next();
    record::Rows rows = std::move(made.of_meters);
    if (with_aggregates) rows.insert(rows.end(), made.aggregates.begin(), made.aggregates.end());
    cost.rows += static_cast<double>(made.aggregates.size());
    std::vector<store::NewBatch> batches;
    const auto add = [&](record::Stream stream, const record::Body& body) {
      record::Header header;
      header.gateway = "bench";
      header.key = {store->opening().epoch, stream, store->head(stream).next_seq};
      header.previous = store->head(stream).hash;
      header.manifest = hash.hash;
      auto encoded = must(record::encode(header, body, manifest));
      cost.wire += static_cast<double>(encoded.bytes.size());
      batches.push_back({header.key, std::move(encoded), false});
    };
    if (!rows.empty()) add(record::Stream::interval, rows);
    std::ranges::stable_sort(made.polls, {}, &domain::Poll::meter);
    add(record::Stream::reading, made.polls);
    if (const auto done = store->commit(batches, morning + step * period); !done) std::exit(1);
  }
  cost.device = static_cast<double>(device.counts().device - before.device);
  return cost;
}

void measure() {
  std::printf("# aggregates: %zu meters x %zu points at 10 s, %zu facilities with states, seed %u\n", meters, points,
              facilities, seed);
  const domain::Manifest manifest = plant();
  const Cost without = run(manifest, false);
  const Cost with = run(manifest, true);
  constexpr double of_day = 24.0 / hours_run;
  print_figure("aggregates.rows", {with.rows * of_day}, "rows/day");
  print_figure("aggregates.wire", {(with.wire - without.wire) * of_day / 1e6}, "MB/day");
  print_figure("aggregates.flash", {(with.device - without.device) * of_day / 1e6}, "MB/day");
  print_figure("aggregates.wire.row", {(with.wire - without.wire) / with.rows}, "B/row");
  print_figure("aggregates.rest.wire", {without.wire * of_day / 1e6}, "MB/day");
  print_figure("aggregates.rest.flash", {without.device * of_day / 1e6}, "MB/day");
}

}  // namespace
}  // namespace jidian::bench

int main() {
  jidian::bench::measure();
  return 0;
}
