#include "commission/scan.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "commission/ask.hpp"
#include "commission/sunspec.hpp"

namespace jidian::commission {
namespace {

using acquire::Bus;
using acquire::LineSettings;
using Json = nlohmann::ordered_json;

constexpr Millis listen_alone{10'000};  ///< A line that nobody here has used yet.
constexpr Millis listen_polled{1'000};
constexpr Millis listen_step{1'000};
constexpr std::size_t foreign_max = 3;     ///< Frames of units nobody asked: no late replies any more.
constexpr std::size_t late_window = 8;     ///< Probes within which a late reply belongs.
constexpr meter::Registers probe_place{};  ///< One holding register: any answer will do, also "there is none".

/// What answered.
struct Found {
  std::uint8_t unit = 0;
  LineSettings settings;
  std::uint8_t exception = 0;
  Millis time{0};
};

class Scan {
 public:
  Scan(const ScanOptions& options, JobIo& io) : options_(options), io_(io) {}

  Status run() {
    auto done = search();
    for (; told_ < found_.size(); ++told_) tell(found_[told_], nullptr);  // what there was no time to name
    io_.emit(Json{{"type", "summary"}, {"found", found_.size()}, {"complete", static_cast<bool>(done)}}.dump());
    return done;
  }

 private:
  Status search() {
    std::vector<meter::LinkDefaults> known;
    for (const auto& profile : options_.profiles) known.push_back(profile.link);
    const auto stages = plan_scan(options_.request, options_.line, known);
    const auto rest = plan_rest(options_.request, options_.line, {});
    total_ = time_for(options_.line, stages) + time_for(options_.line, rest);
    const Millis listening = !options_.line.is_line ? Millis{0} : io_.lender.is_polled() ? listen_polled : listen_alone;
    Json settings = Json::array();
    for (const auto& stage : stages)
      settings.push_back(options_.line.is_line ? acquire::to_string(stage.settings) : "");
    io_.emit(Json{{"type", "plan"},
                  {"seconds", std::chrono::ceil<std::chrono::seconds>(listening + total_).count()},
                  {"settings", settings},
                  {"units_first", stages.front().units.size()},
                  {"units_rest", rest.empty() ? 0 : rest.front().units.size()}}
                 .dump());
    if (options_.line.is_line)
      if (auto heard = listen(); !heard) return heard;
    for (const auto& stage : stages)
      if (auto done = run_stage(stage); !done) return done;
    for (const auto& stage : plan_rest(options_.request, options_.line, answered_))
      if (auto done = run_stage(stage); !done) return done;
    return {};
  }

  /// Keeps silent first: somebody else may be the master here.
  Status listen() {
    const Millis wanted = io_.lender.is_polled() ? listen_polled : listen_alone;
    Millis listened{0};
    std::uint64_t bytes = 0;
    Json frames = Json::array();
    bool foreign = false;
    const auto step = [&](Bus& bus) -> Result<bool> {
      const auto heard = bus.listen(listen_step, io_.stop);
      if (!heard) return heard.error();
      listened += listen_step;
      bytes += heard->bytes;
      foreign = foreign || heard->foreign_traffic();
      for (const auto& frame : heard->frames)
        if (frame.kind == acquire::FrameKind::foreign && frames.size() < 4) frames.push_back(to_hex(frame.bytes));
      return foreign || listened >= wanted;
    };
    const auto done = in_turns(io_, {std::nullopt, options_.line.home}, step);
    if (!done) return done;
    io_.emit(Json{{"type", "listened"}, {"ms", listened.count()}, {"bytes", bytes}, {"frames", frames}}.dump());
    if (!foreign || options_.request.despite_other_master) return {};
    return another_master("frames that nobody here asked for: " + frames.dump());
  }

  static Error another_master(const std::string& evidence) {
    return {ErrorKind::conflict, "another master speaks on this line (" + evidence +
                                     "); disconnect it, or add --despite-other-master if you accept to disturb it"};
  }

  Status run_stage(const ScanStage& stage) {
    noise_ = 0;
    late_ = 0;
    std::set<std::uint8_t> answered;
    if (auto done = probe_all(stage, stage.units, answered); !done) return done;
    if (is_worth_another_pass(!answered.empty())) {
      std::vector<std::uint8_t> silent;
      for (const auto unit : stage.units)
        if (!answered.contains(unit)) silent.push_back(unit);
      total_ += probe_time(options_.line, stage.settings) * static_cast<Millis::rep>(silent.size());
      if (auto done = probe_all(stage, silent, answered); !done) return done;
    }
    if (!answered.empty() && std::ranges::find(answered_, stage.settings) == answered_.end())
      answered_.push_back(stage.settings);
    if (answered.empty() && noise_ > 0)
      io_.emit(Json{{"type", "noise"}, {"settings", acquire::to_string(stage.settings)}, {"bytes", noise_}}.dump());
    for (; told_ < found_.size(); ++told_)
      if (auto done = name(found_[told_]); !done) return done;
    return {};
  }

  /// A question or its answer may have been lost: where something was heard that was no answer in time that is likely;
  /// where all answers came clean it is rare, and a quick search does not pay a second pass for it.
  [[nodiscard]] bool is_worth_another_pass(bool answered) const {
    if (noise_ > 0 || late_ > 0) return true;
    return answered && options_.request.depth != ScanDepth::quick;
  }

  Status probe_all(const ScanStage& stage, const std::vector<std::uint8_t>& units, std::set<std::uint8_t>& answered) {
    std::size_t at = 0;
    int failures = 0;
    Millis counted{0};
    std::vector<std::uint8_t> recent;
    const auto step = [&](Bus& bus) -> Result<bool> {
      if (at == units.size()) return true;
      const SteadyTime before = io_.clock.steady_now();
      const auto probe = bus.probe(units[at], probe_place, patience_for(options_.line));
      if (!probe && ++failures < 3) return false;  // an endpoint that hung up is asked again over a new connection
      if (!probe) return probe.error();
      failures = 0;
      recent.push_back(units[at]);
      if (recent.size() > late_window) recent.erase(recent.begin());
      const Millis took = io_.clock.steady_now() - before;
      noise_ += probe->noise_bytes;
      if (probe->answered) note({units[at], stage.settings, probe->exception, took}, answered);
      for (const auto other : probe->others) {
        ++late_;
        if (std::ranges::find(recent, other) != recent.end())
          note({other, stage.settings, 0, Millis{0}}, answered);
        else if (++foreign_ >= foreign_max && !options_.request.despite_other_master)
          return another_master("replies of unit " + std::to_string(other) + ", which nobody here asked");
      }
      ++at;
      progress(stage, units[at - 1], counted);
      return at == units.size();
    };
    return in_turns(io_, {stage.settings, options_.line.home}, step);
  }

  void note(const Found& found, std::set<std::uint8_t>& answered) {
    if (!answered.insert(found.unit).second) return;
    found_.push_back(found);
  }

  void progress(const ScanStage& stage, std::uint8_t unit, Millis& counted) {
    spent_ += probe_time(options_.line, stage.settings);
    counted += probe_time(options_.line, stage.settings);
    if (counted < Millis{1'000}) return;
    counted = Millis{0};
    const auto percent = std::min<Millis::rep>(99, spent_.count() * 100 / std::max<Millis::rep>(1, total_.count()));
    io_.emit(Json{{"type", "progress"},
                  {"settings", options_.line.is_line ? acquire::to_string(stage.settings) : ""},
                  {"unit", unit},
                  {"percent", percent},
                  {"found", found_.size()}}
                 .dump());
  }

  /// Asks a unit what it is.
  Status name(const Found& found) {
    std::vector<const meter::Profile*> profiles;
    for (const auto& profile : options_.profiles) profiles.push_back(&profile);
    Identifier identifier(profiles);
    const Tuning tuning{found.settings, options_.line.home};
    if (auto done = ask_all(io_, tuning, found.unit, identifier); !done) return done;
    std::optional<SunspecDevice> device;
    if (!identifier.is_certain()) {
      auto walked = find_sunspec_device(io_, tuning, found.unit, options_.profiles);
      if (!walked) return walked.error();
      device = std::move(*walked);
    }
    tell(found, &identifier, device ? &*device : nullptr);
    return {};
  }

  void tell(const Found& found, const Identifier* identifier, const SunspecDevice* device = nullptr) {
    Json line{{"type", "unit"},
              {"settings", options_.line.is_line ? acquire::to_string(found.settings) : ""},
              {"unit", found.unit},
              {"ms", found.time.count()},
              {"exception", found.exception}};
    const auto configured = options_.configured.find(found.unit);
    if (configured != options_.configured.end() && found.settings == options_.line.home)
      line["meter"] = configured->second;
    Json profiles = Json::array();
    if (device != nullptr && device->profile != nullptr)
      profiles.push_back({{"profile", device->profile->id}, {"vendor", device->maker}, {"model", device->name}});
    else if (device == nullptr && identifier != nullptr)
      for (const auto* model : identifier->models())
        profiles.push_back({{"profile", model->id}, {"vendor", model->vendor}, {"model", model->model}});
    line["profiles"] = std::move(profiles);
    line["certain"] = device != nullptr || (identifier != nullptr && identifier->is_certain());
    line["serial"] = device != nullptr ? device->serial : identifier != nullptr ? identifier->serial() : "";
    line["voltage"] = identifier != nullptr && device == nullptr ? identifier->voltage() : "";
    if (device != nullptr) line["sunspec"] = device->maker.empty() ? "device" : device->maker + " " + device->name;
    io_.emit(line.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  const ScanOptions& options_;
  JobIo& io_;
  std::vector<Found> found_;
  std::size_t told_ = 0;  ///< How many of them were named.
  std::vector<LineSettings> answered_;
  std::size_t noise_ = 0;  ///< Bytes of this stage that were no frame.
  std::size_t late_ = 0;   ///< Frames of this stage that belonged to another question.
  std::size_t foreign_ = 0;
  Millis total_{0};
  Millis spent_{0};
};

}  // namespace

Job scan(ScanOptions options) {
  return [options = std::move(options)](JobIo& io) { return Scan(options, io).run(); };
}

}  // namespace jidian::commission
