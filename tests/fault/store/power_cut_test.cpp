// Power cuts: what was not synced may be there, partly there, or not there at all; wherever the power fails, and again
// and again.
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>

#include "tests/fault/store/cut_check.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

constexpr std::uint64_t cuts_usual = 200;
constexpr std::uint64_t cuts_max = 10'000'000;
constexpr std::uint64_t seed_usual = 20260301;

/// Cuts of one run, a phase.
constexpr std::size_t cuts_a_phase = 5;

/// Cuts beside each call where all of a phase are tried.
constexpr int times_everywhere = 5;

/// A number from the environment; nothing if it is not set. Fails the test if it is no number of [least, most].
std::optional<std::uint64_t> number_from_environment(const char* name, std::uint64_t least, std::uint64_t most) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets one
  if (text == nullptr) return std::nullopt;
  const std::string_view word(text);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (failed == std::errc{} && end == word.data() + word.size() && number >= least && number <= most) return number;
  ADD_FAILURE() << "environment variable " << name << " is '" << word << "': write a whole number from " << least
                << " to " << most << ", or leave it out";
  return std::nullopt;
}

Options options_in(const fs::path& folder) {
  Options options;
  options.folder = folder;
  options.quota_bytes = 1 << 20;  // checkpoints and evictions are frequent
  options.retention = {{Stream::reading, 1h}, {Stream::interval, 1h}, {Stream::event, 1h}};
  options.destinations = {{"province", {Stream::event, Stream::interval, Stream::reading}},
                          {"city", {Stream::event, Stream::reading}}};
  return options;
}

/// When the power fails: before this call, while that was being done.
struct Instant {
  std::size_t step = 0;
  Phase phase = Phase::none;
};

class PowerCut : public testing::Test {
 protected:
  PowerCut() { spdlog::set_level(spdlog::level::off); }  // thousands of losses, all of them wanted
  ~PowerCut() override { spdlog::set_level(spdlog::level::info); }

  void cut_all(Phase phase);
  void cut_runs(std::uint64_t cuts, std::uint64_t seed);
  void cut(const CutRun& run, std::uint64_t cuts_left);
  void cut_once(const CutRun& run, const fault::CutDisk& disk, Instant at);
  std::vector<Instant> draw_instants(const CutRun& run, std::uint64_t cuts_left);

  TempFolder folder_;
  std::mt19937_64 chance_;
  Given given_;
  std::uint64_t cuts_ = 0;
  std::array<std::uint64_t, phase_names.size()> cuts_by_phase_{};
  std::optional<Known> heir_;  ///< What is known of the folder "heir", which the next run begins with.
};

/// Where the power fails, ascending: in each phase as often, as far as the run has it, and there beside each kind of
/// call as often; otherwise most cuts would be between two writes.
std::vector<Instant> PowerCut::draw_instants(const CutRun& run, std::uint64_t cuts_left) {
  std::array<std::map<fault::FileCall::Kind, std::vector<std::size_t>>, phase_names.size()> steps;
  for (std::size_t step = 0; step + 1 < run.steps().size(); ++step)
    if (const CutRun::Step& at = run.steps()[step]; at.phase != Phase::none)
      steps[static_cast<std::size_t>(at.phase)][at.call.kind].push_back(step);
  std::vector<Instant> drawn;
  for (std::size_t round = 0; round < cuts_a_phase; ++round)
    for (const auto& by_kind : steps) {
      if (by_kind.empty() || drawn.size() == cuts_left) continue;
      const auto& of_kind = std::next(by_kind.begin(), static_cast<std::ptrdiff_t>(chance_() % by_kind.size()))->second;
      const std::size_t step = of_kind[chance_() % of_kind.size()];
      drawn.push_back({step + chance_() % 2, run.steps()[step].phase});
    }
  std::ranges::sort(drawn, {}, &Instant::step);
  return drawn;
}

void PowerCut::cut_once(const CutRun& run, const fault::CutDisk& disk, Instant at) {
  const Known& known = run.known_at(at.step);
  SCOPED_TRACE("cut " + std::to_string(cuts_) + ", in phase " +
               std::string(phase_names[static_cast<std::size_t>(at.phase)]) + ", before call " +
               std::to_string(at.step) + " on '" + run.steps()[at.step].call.name + "'");
  ++cuts_;
  ++cuts_by_phase_[static_cast<std::size_t>(at.phase)];
  const Options left = options_in(folder_.path() / "left");
  fs::remove_all(left.folder);
  disk.leave(chance_, left.folder);
  if (!known.other && (!heir_ || chance_() % 8 == 0)) {
    fs::remove_all(folder_.path() / "heir");
    fs::copy(left.folder, folder_.path() / "heir");
    heir_ = known;
  }
  CutCheck(left, known, given_, chance_).run();
}

void PowerCut::cut(const CutRun& run, std::uint64_t cuts_left) {
  fault::CutDisk disk = run.disk();
  std::size_t done = 0;
  for (const Instant at : draw_instants(run, cuts_left)) {
    for (; done < at.step; ++done) disk.carry_out(run.steps()[done].call);
    cut_once(run, disk, at);
    if (HasFailure()) return;
  }
}

/// Each run begins with what a cut of the one before it left; now and then with nothing.
void PowerCut::cut_runs(std::uint64_t cuts, std::uint64_t seed) {
  chance_.seed(seed);
  const fs::path live = folder_.path() / "live";
  while (cuts_ < cuts) {
    fs::remove_all(live);
    // Of more epochs than that the store does not know what left.
    if (!heir_ || heir_->epochs.size() + 2 > departed_epochs_max || chance_() % 4 == 0) {
      fs::create_directory(live);
      heir_ = Known{};
      given_ = {};
    } else {
      fs::rename(folder_.path() / "heir", live);
    }
    CutRun run(options_in(live), *std::exchange(heir_, std::nullopt), given_, chance_());
    run.live();
    if (HasFailure()) return;
    cut(run, cuts - cuts_);
    if (HasFailure()) return;
  }
}

/// One life, cut beside every call of one phase.
void PowerCut::cut_all(Phase phase) {
  chance_.seed(seed_usual);
  const fs::path live = folder_.path() / "live";
  fs::create_directory(live);
  CutRun run(options_in(live), {}, given_, chance_());
  run.live();
  fault::CutDisk disk = run.disk();
  bool was_in_it = false;
  for (std::size_t step = 0; step < run.steps().size() && !HasFailure(); ++step) {
    const bool is_in_it = run.steps()[step].phase == phase;
    if (std::exchange(was_in_it, is_in_it) || is_in_it)  // before each of its calls, and behind the last one
      for (int time = 0; time < times_everywhere && !HasFailure(); ++time) cut_once(run, disk, {step, phase});
    disk.carry_out(run.steps()[step].call);
  }
  EXPECT_GT(cuts_, 0U);
}

TEST_F(PowerCut, ThatBringsARemovedEpochBackBringsItsConfirmationsToo) {
  cut_all(Phase::epoch_removal);
}

TEST_F(PowerCut, AtAnEpochsBeginningLeavesOneOrTheOther) {
  cut_all(Phase::epoch_change);
}

TEST_F(PowerCut, BreaksNoPromiseWhereverThePowerFails) {
  const auto wanted = number_from_environment("JIDIAN_POWER_CUTS", phase_names.size(), cuts_max);
  const auto seed_wanted = number_from_environment("JIDIAN_SEED", 0, ~std::uint64_t{0});
  if (HasFailure()) return;
  // Who asks for another number wants to look where nobody has looked yet.
  const std::uint64_t seed = seed_wanted ? *seed_wanted : wanted ? std::random_device{}() : seed_usual;
  std::cout << "power cuts: JIDIAN_SEED=" << seed << std::endl;
  cut_runs(wanted.value_or(cuts_usual), seed);
  std::cout << "power cuts: " << cuts_ << " in all";
  for (std::size_t i = 0; i < phase_names.size(); ++i) std::cout << ", " << phase_names[i] << " " << cuts_by_phase_[i];
  std::cout << std::endl;
  if (HasFailure()) return;
  for (std::size_t i = 0; i < phase_names.size(); ++i)
    EXPECT_GT(cuts_by_phase_[i], 0U) << "no power cut in phase " << phase_names[i];
}

}  // namespace
}  // namespace jidian::store
