// jidian-plant: serves a simulated plant, or tells what its registers truly showed.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "plant.hpp"
#include "truth.hpp"

namespace {

using namespace jidian::plant;

constexpr int exit_usage = 2;
constexpr int exit_system = 3;

// A reader sees either nothing or the whole file.
void write_whole(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  const std::string beside = path + ".part";
  {
    std::ofstream file(beside);
    file << text;
    if (!file.flush()) throw SystemError("cannot write " + beside);
  }
  std::filesystem::rename(beside, path);
}

struct ServeOptions {
  std::string scenario;
  std::string folder = ".";
  std::string control;
  std::string ports_file;
  std::string scenario_file;
  std::string stats_file;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> shift_ms;
};

int serve(const ServeOptions& options) {
  Scenario scenario = load_scenario(options.scenario);
  if (options.seed) scenario.seed = *options.seed;
  if (options.shift_ms) scenario.schedule_shift_ms = *options.shift_ms;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the plant's threads, which inherit it

  Plant plant(scenario, {options.folder, options.control});
  write_whole(options.scenario_file, format_scenario(plant.scenario()));
  write_whole(options.ports_file, plant.ports_json());
  std::cout << "plant '" << scenario.name << "' serves " << scenario.endpoints.size() << " ports and "
            << scenario.lines.size() << " lines" << std::endl;
  const timespec look_again{0, 200'000'000};
  while (!plant.stop_was_asked() && sigtimedwait(&signals, nullptr, &look_again) < 0) {
  }
  write_whole(options.stats_file, plant.stats_json() + "\n");
  return 0;
}

struct TruthOptions {
  std::string scenario;
  std::string meter;
  int table = 3;
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::int64_t at_ms = 0;
  std::int64_t until_ms = 0;
};

int tell_truth(const TruthOptions& options) {
  Truth truth(load_scenario(options.scenario));
  const std::int64_t until = std::max(options.at_ms, options.until_ms);
  if (until - options.at_ms >= 3'600'000) throw ScenarioError("--until must be within an hour of --at");
  const auto shown = truth.registers_between(options.meter, Table{static_cast<std::uint8_t>(options.table)},
                                             options.first, options.count, options.at_ms, until);
  if (shown.empty()) throw ScenarioError("the meter refuses such a read, or there is no such meter");
  for (const auto& [from_ms, words] : shown) {
    std::printf("%lld", static_cast<long long>(from_ms));
    for (const std::uint16_t word : words) std::printf(" %04x", word);
    std::printf("\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A simulated plant that speaks Modbus");
  app.require_subcommand(1);

  ServeOptions serving;
  CLI::App* serve_verb = app.add_subcommand("serve", "Serve a scenario until SIGTERM");
  serve_verb->add_option("--scenario", serving.scenario, "Built-in name or file")->required();
  serve_verb->add_option("--dir", serving.folder, "Where the links to the lines are laid");
  serve_verb->add_option("--control", serving.control, "Path of the control socket");
  serve_verb->add_option("--ports-file", serving.ports_file, "Written when ready: ports and paths as JSON");
  serve_verb->add_option("--scenario-file", serving.scenario_file, "Written when ready: the scenario with real ports");
  serve_verb->add_option("--stats-file", serving.stats_file, "Written at exit: all counters as JSON");
  serve_verb->add_option("--seed", serving.seed, "Instead of the scenario's");
  serve_verb->add_option("--shift-ms", serving.shift_ms, "How much later than the clock the plant lives");

  TruthOptions asking;
  CLI::App* truth_verb = app.add_subcommand("truth", "Print what registers showed: start of the step, words");
  truth_verb->add_option("--scenario", asking.scenario, "Built-in name or file")->required();
  truth_verb->add_option("--meter", asking.meter)->required();
  truth_verb->add_option("--table", asking.table, "1 coils, 2 discrete inputs, 3 holding, 4 input")
      ->check(CLI::Range(1, 4));
  truth_verb->add_option("--first", asking.first, "Zero-based address");
  truth_verb->add_option("--count", asking.count);
  truth_verb->add_option("--at", asking.at_ms, "UTC milliseconds")->required();
  truth_verb->add_option("--until", asking.until_ms, "Also everything until then");

  std::string name;
  CLI::App* scenario_verb = app.add_subcommand("scenario", "Print a scenario as JSON");
  scenario_verb->add_option("name", name, "Built-in name or file")->required();

  CLI11_PARSE(app, argc, argv);
  try {
    if (*serve_verb) return serve(serving);
    if (*truth_verb) return tell_truth(asking);
    std::cout << format_scenario(load_scenario(name));
    return 0;
  } catch (const ScenarioError& error) {
    std::cerr << "jidian-plant: " << error.what() << "\n";
    return exit_usage;
  } catch (const std::exception& error) {
    std::cerr << "jidian-plant: " << error.what() << "\n";
    return exit_system;
  }
}
