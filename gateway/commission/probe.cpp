#include "commission/probe.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "commission/ask.hpp"
#include "commission/coherence.hpp"
#include "meter/decode.hpp"
#include "meter/read_plan.hpp"
#include "meter/sunspec.hpp"

namespace jidian::commission {
namespace {

using acquire::Bus;
using Json = nlohmann::ordered_json;

/// Loads change between two requests: a contradiction must show twice.
constexpr int comparisons_max = 2;

constexpr int tries_max = 3;  ///< Of a unit that does not answer, or garbled, before it is called silent.

/// One unit, asked until it is known or not.
class UnitExamination {
 public:
  UnitExamination(const ProbeOptions& options, JobIo& io) : options_(options), io_(io) {}

  Status run() {
    const auto wanted = std::ranges::find(options_.profiles, options_.profile, &meter::Profile::id);
    assert(wanted != options_.profiles.end());
    if (auto done = examine(*wanted); !done) return done;
    const bool fits = verdict_ == Verdict::says || verdict_ == Verdict::looks || verdict_ == Verdict::reads;
    const std::string ct_ratio = fits ? ratio_at(*wanted, "ct_ratio") : "";
    const std::string pt_ratio = fits ? ratio_at(*wanted, "pt_ratio") : "";
    Json others = Json::array();
    for (const auto& id : others_) others.push_back(id);
    Json checks = Json::array();
    for (const auto& check : checks_) checks.push_back(json_of(check));
    io_.emit(Json{{"type", "meter"},
                  {"unit", options_.unit},
                  {"profile", options_.profile},
                  {"verdict", name_of(verdict_)},
                  {"ms", took_.count()},
                  {"serial", serial_},
                  {"voltage", voltage_},
                  {"ct_ratio", ct_ratio},
                  {"pt_ratio", pt_ratio},
                  {"checks", std::move(checks)},
                  {"others", std::move(others)}}
                 .dump(-1, ' ', false, Json::error_handler_t::replace));
    return {};
  }

 private:
  Status examine(const meter::Profile& wanted) {
    if (wanted.sunspec) return walk(wanted);
    if (auto done = read(wanted.points.front().place); !done || verdict_ == Verdict::silent) return done;
    if (auto done = identify({&wanted}); !done || verdict_ == Verdict::says) return done;
    if (verdict_ != Verdict::refuses && wanted.identify.empty())
      if (auto done = compare(wanted); !done || (verdict_ == Verdict::looks && agrees_in("power"))) return done;

    // What looks right and tells too little may still be a model that can say what it is.
    const bool only_certain = verdict_ == Verdict::looks;
    std::vector<const meter::Profile*> asked;
    for (const auto& profile : options_.profiles)
      if (&profile != &wanted && (!only_certain || !profile.identify.empty())) asked.push_back(&profile);
    Identifier identifier(asked);
    if (auto done = ask_all(io_, tuning(), options_.unit, identifier); !done) return done;
    for (const auto* model : identifier.models()) others_.push_back(model->id);
    const bool others_look_right = verdict_ == Verdict::reads && !others_.empty();
    if (identifier.is_certain() || !wanted.identify.empty() || others_look_right) verdict_ = Verdict::differs;
    return {};
  }

  bool agrees_in(std::string_view what) const {
    const auto check = std::ranges::find(checks_, what, &CoherenceCheck::check);
    return check != checks_.end() && check->agreement == Agreement::agrees;
  }

  /// Whether its values make sense together where this model has them.
  Status compare(const meter::Profile& wanted) {
    const auto points = coherence_points(wanted);
    if (points.empty()) return {};
    for (int comparison = 0; comparison < comparisons_max; ++comparison) {
      PlainValues values;
      if (auto done = read_values(wanted.limits, points, values); !done) return done;
      checks_ = check_coherence(wanted, values);
      if (std::ranges::find(checks_, Agreement::contradicts, &CoherenceCheck::agreement) == checks_.end()) return {};
    }
    verdict_ = Verdict::contradicts;
    return {};
  }

  /// Fills `values` with what the points tell. Points that are refused or never answered are left out.
  Status read_values(meter::ReadLimits limits, const std::vector<const meter::Point*>& points, PlainValues& values) {
    std::vector<meter::Registers> needed;
    needed.reserve(points.size());
    for (const auto* point : points) needed.push_back(point->place);
    const auto planned = meter::plan_reads(needed, limits);
    std::deque<meter::Registers> reads(planned.begin(), planned.end());
    int tries = 0;
    const auto step = [&](Bus& bus) -> Result<bool> {
      if (reads.empty()) return true;
      const meter::Registers place = reads.front();
      std::vector<std::uint16_t> words(place.count);
      const auto done = bus.read(options_.unit, place, words);
      if (!done && done.error().kind() == ErrorKind::unreachable && tries + 1 == tries_max) return done.error();
      if (!done && done.error().kind() != ErrorKind::refused && ++tries < tries_max) return false;
      tries = 0;
      reads.pop_front();
      for (const auto* point : points) {
        const bool inside =
            point->place.table == place.table && point->place.first >= place.first && point->place.end() <= place.end();
        if (!inside) continue;
        if (!done && point->place.count < place.count) reads.push_back(point->place);  // alone, it may be given
        if (!done) continue;
        const auto own = std::span(words).subspan(point->place.first - place.first, point->place.count);
        if (const auto value = plain_value(*point, own)) values[point->name] = *value;
      }
      return reads.empty();
    };
    return in_turns(io_, tuning(), step);
  }

  static Json json_of(const CoherenceCheck& check) {
    Json values = Json::object();
    for (const auto& [name, value] : check.values) values[name] = value;
    return {{"check", check.check},
            {"result", name_of(check.agreement)},
            {"because", check.because},
            {"values", std::move(values)}};
  }

  /// The transformer ratio in the unit's own register; empty if the model has none there, or it was not told.
  std::string ratio_at(const meter::Profile& wanted, std::string_view quantity) {
    const auto point = std::ranges::find_if(
        wanted.points, [&](const meter::Point& it) { return it.quantity == quantity && it.by_default; });
    const bool stands_alone = point != wanted.points.end() && point->scale_point.empty() && !point->valid_while;
    if (!stands_alone || wanted.sunspec) return {};
    std::string told;
    int tries = 0;
    const auto step = [&](Bus& bus) -> Result<bool> {
      std::vector<std::uint16_t> words(point->place.count);
      const auto done = bus.read(options_.unit, point->place, words);
      if (!done) return done.error().kind() == ErrorKind::refused || ++tries == tries_max;
      const auto decoded = meter::decode(*point, words);
      if (decoded.presence == meter::Presence::value)
        told = meter::format_value(decoded.bits, meter::value_type_of(*point), point->exponent);
      return true;
    };
    (void)in_turns(io_, tuning(), step);  // a line that fails now has been said to work: the ratio stays untold
    return told;
  }

  /// Whether it answers, and has the first register of the model.
  Status read(meter::Registers place) {
    int tries = 0;
    const auto step = [&](Bus& bus) -> Result<bool> {
      std::vector<std::uint16_t> words(place.count);
      const SteadyTime before = io_.clock.steady_now();
      const auto done = bus.read(options_.unit, place, words);
      took_ = io_.clock.steady_now() - before;
      if (!done && done.error().kind() == ErrorKind::unreachable && tries + 1 == tries_max) return done.error();
      if (!done && done.error().kind() != ErrorKind::refused) return ++tries == tries_max;
      verdict_ = done ? Verdict::reads : Verdict::refuses;
      return true;
    };
    return in_turns(io_, tuning(), step);
  }

  Status identify(const std::vector<const meter::Profile*>& profiles) {
    Identifier identifier(profiles);
    if (auto done = ask_all(io_, tuning(), options_.unit, identifier); !done) return done;
    if (identifier.models().empty()) return {};
    verdict_ = identifier.is_certain() ? Verdict::says : Verdict::looks;
    serial_ = identifier.serial();
    voltage_ = identifier.voltage();
    return {};
  }

  /// A SunSpec device says which models it has.
  Status walk(const meter::Profile& wanted) {
    meter::SunspecWalk walk(*wanted.sunspec);
    int tries = 0;
    const auto step = [&](Bus& bus) -> Result<bool> {
      const auto place = walk.next();
      if (!place || tries == tries_max) return true;
      std::vector<std::uint16_t> words(place->count);
      const SteadyTime before = io_.clock.steady_now();
      const auto done = bus.read(options_.unit, *place, words);
      took_ = io_.clock.steady_now() - before;
      const bool refused = !done && done.error().kind() == ErrorKind::refused;
      if (!done && !refused) {
        if (++tries == tries_max && done.error().kind() == ErrorKind::unreachable) return done.error();
        return false;
      }
      verdict_ = Verdict::refuses;
      if (refused)
        walk.refuse();
      else
        walk.take(words);
      return false;
    };
    if (auto done = in_turns(io_, tuning(), step); !done || !walk.found()) return done;
    verdict_ = Verdict::says;
    if (!wanted.serial || walk.found()->common == 0) return {};
    const auto place = meter::at_base(*wanted.serial, walk.found()->common);
    return in_turns(io_, tuning(), [&](Bus& bus) -> Result<bool> {
      const auto said = ask(bus, options_.unit, place);
      if (said) serial_ = *said;
      return true;
    });
  }

  Tuning tuning() const { return {std::nullopt, options_.home}; }

  const ProbeOptions& options_;
  JobIo& io_;
  Verdict verdict_ = Verdict::silent;
  Millis took_{0};
  std::string serial_;
  std::string voltage_;
  std::vector<CoherenceCheck> checks_;
  std::vector<std::string> others_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::silent:
      return "silent";
    case Verdict::says:
      return "says";
    case Verdict::looks:
      return "looks";
    case Verdict::reads:
      return "reads";
    case Verdict::differs:
      return "differs";
    case Verdict::refuses:
      return "refuses";
    case Verdict::contradicts:
      return "contradicts";
  }
  return "";
}

Job probe(ProbeOptions options) {
  return [options = std::move(options)](JobIo& io) { return UnitExamination(options, io).run(); };
}

}  // namespace jidian::commission
