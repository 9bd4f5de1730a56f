// What the recorder and the store cost together, in virtual time.
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "recorder/core.hpp"
#include "store/store.hpp"
#include "tests/bench/figure.hpp"
#include "tests/bench/noise_model.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::bench {
namespace {

constexpr std::uint32_t seed = 20260301;
constexpr UtcTime morning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{8}};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Resident memory of this process now, in MB.
double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * 4096 / 1e6;
}

/// `meters` of `points`: powers that wander and counters that grow. What plausibility looks at is among them as in a
/// meter of three phases; its numbers agree with nothing, so that every check has work.
class LargePlant {
 public:
  LargePlant(std::size_t meters, std::size_t points) : random_(seed) {
    for (std::size_t m = 0; m < meters; ++m) {
      domain::MeterEntry meter;
      meter.id = "m-" + std::to_string(m);
      meter.bus = "bus-" + std::to_string(m / 8);
      meter.ct_ratio = "2000/5";
      for (std::size_t p = 0; p < points; ++p) {
        domain::PointEntry point;
        point.name = "point_" + std::to_string(p);
        point.kind = p % 4 == 0 ? PointKind::counter : PointKind::instantaneous;
        point.carrier = Carrier::electricity;
        name_quantity(point, p);
        meter.points.push_back(point);
      }
      manifest_.meters.push_back(meter);
    }
    manifest_.gateway = "bench";
    values_.resize(meters * points, 1'000'000);
  }

  static void name_quantity(domain::PointEntry& point, std::size_t number) {
    static constexpr std::array<const char*, 5> quantities{"active_power", "reactive_power", "current", "voltage_ln",
                                                           "power_factor"};
    static constexpr std::array<const char*, 4> phases{"total", "l1", "l2", "l3"};
    if (point.kind == PointKind::counter) {
      point.quantity = number % 8 == 0 ? "active_energy_import" : "reactive_energy_import";
      point.phase = phases[number / 8 % phases.size()];
      point.unit = "kWh";
      point.exponent = -2;
      return;
    }
    const std::size_t n = number - 1 - number / 4;  // among the momentary ones
    point.quantity = n / 4 < quantities.size() ? quantities[n / 4] : "thd_current";
    point.phase = phases[n % phases.size()];
  }

  domain::Manifest manifest() const { return manifest_; }

  std::vector<domain::Poll> next_second() {
    std::vector<domain::Poll> polls;
    const UtcTime slot = morning + std::chrono::seconds(second_++);
    auto value = values_.begin();
    for (std::size_t m = 0; m < manifest_.meters.size(); ++m) {
      domain::Poll poll{static_cast<domain::MeterIndex>(m), slot, slot, slot + Millis{30}, {}, {}, {}};
      for (std::size_t p = 0; p < manifest_.meters[m].points.size(); ++p, ++value)
        poll.samples.push_back({* value += random_() % 16, domain::Quality::ok});
      polls.push_back(std::move(poll));
    }
    return polls;
  }

 private:
  domain::Manifest manifest_;
  std::vector<std::uint64_t> values_;
  std::minstd_rand random_;
  std::int64_t second_ = 0;
};

struct Cost {
  double cpu_ns_per_reading = 0;
  double cpu_ms_per_commit = 0;
  double resident_mb = 0;
};

/// Runs `seconds` of a plant through a core and a real store.
template <typename Plant>
Cost run(Plant plant, int seconds) {
  TemporaryFolder folder;
  recorder::Options options;
  options.manifest = plant.manifest();
  options.gateway = options.manifest.gateway;
  store::Options store_options;
  store_options.folder = folder / "store";
  auto store = store::open_store(store_options, morning);
  if (!store) return {};
  recorder::Core core(options);
  recorder::Instant now{morning, SteadyTime{Millis{1'000'000}}, ClockQuality::synchronised};
  core.begin((*store)->opening(), now);
  (*store)->add_manifest(core.manifest().hash, core.manifest().bytes);

  double cpu = 0;
  std::size_t readings = 0;
  int commits = 0;
  for (int s = 0; s < seconds; ++s) {
    auto polls = plant.next_second();
    now.utc = polls.front().slot + Millis{500};
    now.steady += Millis{1000};
    const double before = cpu_seconds();
    for (auto& poll : polls) {
      readings += poll.samples.size();
      core.judge(poll, now);
      core.accept(std::move(poll), now);
    }
    core.advance(now);
    while (const auto due = core.due(now)) {
      std::array<store::Head, 3> heads;
      for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = (*store)->head(record::all_streams[i]);
      const auto batches = core.build(*due, (*store)->opening().epoch, heads, now);
      if (!(*store)->commit(batches, now.utc)) return {};
      core.committed(*due, now);
      ++commits;
    }
    cpu += cpu_seconds() - before;
  }
  return {cpu * 1e9 / static_cast<double>(readings), cpu * 1e3 / std::max(1, commits), resident_mb()};
}

void print(const std::string& name, const Cost& cost) {
  print_figure((name + ".cpu").c_str(), {cost.cpu_ns_per_reading}, "ns/reading");
  print_figure((name + ".cpu_per_commit").c_str(), {cost.cpu_ms_per_commit}, "ms");
  print_figure((name + ".resident").c_str(), {cost.resident_mb}, "MB");
}

}  // namespace
}  // namespace jidian::bench

int main() {
  using namespace jidian::bench;
  std::printf("# recorder and store: 600 s of 20 meters x 20 points, 120 s of 2,000 meters x 40 points\n");
  print("recorder.400_per_s", run(NoiseModel(Numbers::scaled_integers, seed), 600));
  print("recorder.2000x40", run(LargePlant(2'000, 40), 120));
  return 0;
}
