// jidian-fill-store: a store as a gateway leaves it that recorded 400 readings a second and reached nobody.
//
//   jidian-fill-store --folder DIR --gateway ID --hours N --until-ms UTC [--destination ID]
//
// The recorder's own rules and the real store: manifest, events, interval rows, batches every ten seconds, and a clean
// stop at `--until-ms`. The meters are the benchmark's model, called `before-1` … `before-20`.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "recorder/core.hpp"
#include "store/store.hpp"
#include "tests/bench/noise_model.hpp"

namespace jidian::fault {
namespace {

constexpr std::uint32_t seed = 20260301;
constexpr std::int64_t maintain_every_s = 60;
constexpr int commits_at_stop_max = 16;

struct Arguments {
  std::string folder;
  std::string gateway = "jd-1";
  std::string destination = "province";
  std::int64_t hours = 6;
  std::int64_t until_ms = 0;
};

domain::Manifest manifest_of(const bench::NoiseModel& meters, const std::string& gateway) {
  domain::Manifest manifest = meters.manifest();
  manifest.gateway = gateway;
  for (std::size_t i = 0; i < manifest.meters.size(); ++i)
    manifest.meters[i].id = "before-" + std::to_string(i + 1);  // not to be taken for meters of the simulated plant
  return manifest;
}

/// Records in virtual time. Plausibility is not judged: the model's energies are behind other transformers than it
/// says.
class Filling {
 public:
  Filling(const Arguments& arguments, std::unique_ptr<store::Store> store, recorder::Instant begin)
      : options_(options(meters_, arguments)), store_(std::move(store)), core_(options_), now_(begin) {
    core_.begin(store_->opening(), now_);
    store_->add_manifest(core_.manifest().hash, core_.manifest().bytes);
  }

  Status pass(std::int64_t seconds) {
    auto polls = meters_.next_second();
    const Millis later = now_.utc - polls.front().slot;  // the model has a time of its own
    for (std::int64_t second = 0; second < seconds; ++second, polls = meters_.next_second()) {
      now_.utc += std::chrono::seconds(1);  // when its polls are over
      now_.steady += std::chrono::seconds(1);
      core_.observe(now_);
      for (auto& poll : polls) {
        poll.slot += later;
        poll.start += later;
        poll.end += later;
        readings_ += poll.samples.size();
        core_.accept(std::move(poll), now_);
      }
      core_.advance(now_);
      if (const auto done = commit_due(); !done) return done;
      if (second % maintain_every_s != 0) continue;
      if (const auto evicted = store_->maintain(now_.utc, store::ClockTrust::sure); !evicted) return evicted.error();
    }
    return {};
  }

  /// A clean end: all that is still to be told, and the store's own goodbye.
  Status stop() {
    core_.stop(now_);
    for (int i = 0; i < commits_at_stop_max && core_.has_pending(); ++i)
      if (const auto done = commit(recorder::Flush::all); !done) return done;
    return store_->close(now_.utc);
  }

  std::uint64_t readings() const { return readings_; }
  std::uint64_t batches() const { return batches_; }

 private:
  static recorder::Options options(const bench::NoiseModel& meters, const Arguments& arguments) {
    recorder::Options options;
    options.gateway = arguments.gateway;
    options.manifest = manifest_of(meters, arguments.gateway);
    options.version = "filled";
    return options;
  }

  Status commit_due() {
    while (const auto due = core_.due(now_))
      if (const auto done = commit(*due); !done) return done;
    return {};
  }

  Status commit(recorder::Flush flush) {
    std::array<store::Head, 3> heads;
    for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = store_->head(record::all_streams[i]);
    const auto batches = core_.build(flush, store_->opening().epoch, heads, now_);
    for (const domain::Note& note : core_.take_notes()) store_->note(note.name, note.text);
    if (!batches.empty())
      if (const auto done = store_->commit(batches, now_.utc); !done) return done;
    core_.committed(flush, now_);
    batches_ += batches.size();
    return {};
  }

  bench::NoiseModel meters_{bench::Numbers::scaled_integers, seed};
  recorder::Options options_;
  std::unique_ptr<store::Store> store_;
  recorder::Core core_;
  recorder::Instant now_;
  std::uint64_t readings_ = 0;
  std::uint64_t batches_ = 0;
};

Status fill(const Arguments& arguments) {
  const std::int64_t seconds = arguments.hours * 3600;
  const UtcTime begin{Millis{(arguments.until_ms / 1000 - seconds) * 1000}};
  store::Options options;
  options.folder = arguments.folder;
  options.destinations[arguments.destination] = {record::all_streams.begin(), record::all_streams.end()};
  auto store = store::open_store(options, begin);
  if (!store) return store.error();
  Filling filling(arguments, std::move(*store), {begin, SteadyTime{Millis{1'000'000}}, ClockQuality::synchronised});
  if (const auto done = filling.pass(seconds); !done) return done;
  if (const auto done = filling.stop(); !done) return done;
  std::printf("%llu readings in %llu batches\n", static_cast<unsigned long long>(filling.readings()),
              static_cast<unsigned long long>(filling.batches()));
  return {};
}

}  // namespace
}  // namespace jidian::fault

int main(int argc, char** argv) {
  jidian::fault::Arguments arguments;
  CLI::App program("A store that nobody emptied.", "jidian-fill-store");
  program.add_option("--folder", arguments.folder, "The store's folder; made if it is not there")->required();
  program.add_option("--gateway", arguments.gateway, "Whose it is")->capture_default_str();
  program.add_option("--destination", arguments.destination, "Who has confirmed nothing")->capture_default_str();
  program.add_option("--hours", arguments.hours, "How long it recorded")->check(CLI::Range(1, 24 * 60));
  program.add_option("--until-ms", arguments.until_ms, "When it stopped, UTC ms")->required();
  CLI11_PARSE(program, argc, argv);
  std::filesystem::create_directories(arguments.folder);
  if (const auto done = jidian::fault::fill(arguments); !done) {
    std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return 1;
  }
  return 0;
}
