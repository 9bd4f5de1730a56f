#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/learn_data.hpp"
#include "app/print.hpp"
#include "app/site_file.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "app/verbs.hpp"
#include "base/decimal.hpp"
#include "config/journal.hpp"
#include "config/site_edit.hpp"
#include "config/units.hpp"
#include "host/host.hpp"

namespace jidian::app {
namespace {

using LearnJson = nlohmann::ordered_json;
using Verdict = domain::LearntLevels::Verdict;
using domain::RunRule;
using domain::RunSource;

struct LearnPeriod {
  UtcTime from;
  UtcTime until;
};

/// Everything that is known in the end.
struct Lesson {
  LearnPeriod period;
  RunRule basis;
  LearnData data;
  domain::LearntLevels learnt;
  RunRule rule;  ///< What is proposed, with hold; source none if nothing is.
  LearnOutcome outcome;
};

Result<LearnPeriod> period_of(const LearnOptions& options) {
  const auto instant = [](const std::string& text) -> Result<UtcTime> {
    const auto parsed = parse_time(text);
    if (parsed) return *parsed;
    return Error{ErrorKind::invalid, app::text("learn.no-instant", {{"text", text}})};
  };
  LearnPeriod period;
  period.until = host::make_system_clock()->utc_now();
  if (!options.until.empty()) {
    const auto until = instant(options.until);
    if (!until) return until.error();
    period.until = *until;
  }
  if (!options.from.empty()) {
    const auto from = instant(options.from);
    if (!from) return from.error();
    period.from = *from;
  } else {
    const auto last = config::parse_duration(options.last);
    if (!last || *last <= Millis{0}) return Error{ErrorKind::invalid, text("learn.bad-last", {{"last", options.last}})};
    period.from = period.until - *last;
  }
  if (period.until <= period.from) return Error{ErrorKind::invalid, text("learn.no-time")};
  return period;
}

/// "12.3": kW or A, without zeros that say nothing.
std::string number_in_unit(RunSource source, std::int64_t milli) {
  std::string number = format_decimal(milli, source == RunSource::power ? -6 : -3);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number;
}

/// Three digits for people.
std::string rounded_in_unit(RunSource source, std::int64_t milli) {
  const double size = std::abs(static_cast<double>(milli));
  if (size < 1) return "0";
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(size)) - 2));
  return number_in_unit(source, std::llround(std::round(static_cast<double>(milli) / unit) * unit));
}

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0";
  const auto tenths = (part * 1'000 + whole / 2) / whole;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string_view unit_of(RunSource source) {
  return source == RunSource::power ? "kW" : "A";
}

std::string key_of(const char* name, RunSource source) {
  return std::string(name) + (source == RunSource::power ? "_kw" : "_a");
}

/// What is to stand in [facility.run].
std::vector<config::Assignment> keys_of(const RunRule& rule) {
  std::vector<config::Assignment> keys{{"source", config::toml_string(name_of(rule.source))}};
  const auto put = [&](const char* name, std::int64_t level) {
    keys.push_back({key_of(name, rule.source), number_in_unit(rule.source, level)});
  };
  put("stop_below", rule.stop_below);
  put("start_at", rule.start_at);
  if (!rule.tells_idle()) return keys;
  put("idle_below", rule.idle_below);
  put("run_at", rule.run_at);
  return keys;
}

std::string toml_of(const RunRule& rule) {
  std::string toml = "[facility.run]\n";
  for (const auto& [key, value] : keys_of(rule)) toml += key + " = " + value + "\n";
  return toml;
}

/// What is proposed: the levels found; where it was never seen stopped, those in force with a line between idle and
/// running, if they fit together.
RunRule proposal_of(const domain::LearntLevels& learnt, const RunRule& basis) {
  RunRule rule = learnt.rule;
  if (learnt.verdict == Verdict::no_standstill && basis.start_at > 0 && basis.start_at <= rule.idle_below) {
    rule.stop_below = basis.stop_below;
    rule.start_at = basis.start_at;
  } else if (learnt.verdict != Verdict::found) {
    return {};
  }
  rule.hold = basis.hold;
  return rule;
}

Values values_of(const Lesson& lesson, const LearnOptions& options) {
  const RunSource source = lesson.basis.source;
  const auto& levels = lesson.learnt.levels;
  const std::uint64_t all = lesson.data.totals.size();
  std::array<char, 32> apart{};
  (void)std::snprintf(apart.data(), apart.size(), "%.3g", lesson.learnt.apart);
  return {{"facility", options.facility},
          {"from", format_utc(lesson.period.from)},
          {"to", format_utc(lesson.period.until)},
          {"ticks", std::to_string(all)},
          {"tick", config::format_duration(lesson.data.tick)},
          {"missing", percent_of(all - lesson.data.known(), all)},
          {"known", std::to_string(lesson.data.known())},
          {"least", std::to_string(domain::ticks_least)},
          {"unit", std::string(unit_of(source))},
          {"low", levels.empty() ? "" : rounded_in_unit(source, levels.front().low)},
          {"median", levels.empty() ? "" : rounded_in_unit(source, levels.front().median)},
          {"high", levels.empty() ? "" : rounded_in_unit(source, levels.front().high)},
          {"apart", apart.data()},
          {"between", percent_of(lesson.learnt.between_ticks, lesson.data.known())},
          {"lost", std::to_string(lesson.data.batches_lost)},
          {"starts", std::to_string(lesson.outcome.starts)}};
}

std::string_view verdict_key(Verdict verdict) {
  switch (verdict) {
    case Verdict::too_few:
      return "learn.too-few";
    case Verdict::one_level:
      return "learn.one-level";
    case Verdict::no_standstill:
      return "learn.no-standstill";
    case Verdict::found:
      return "learn.found";
  }
  return "learn.found";
}

std::string state_word(domain::FacilityState state) {
  return text("learn.state." + std::string(name_of(state)));
}

void print_levels(const Lesson& lesson) {
  const RunSource source = lesson.basis.source;
  std::vector<std::vector<std::string>> rows;
  for (const domain::Level& level : lesson.learnt.levels)
    rows.push_back({"  " + state_word(level.state),
                    rounded_in_unit(source, level.low) + " … " + rounded_in_unit(source, level.high) + " " +
                        std::string(unit_of(source)),
                    text("learn.mostly", {{"median", rounded_in_unit(source, level.median)}}),
                    percent_of(level.ticks, lesson.data.known()) + " %"});
  std::cout << format_table(rows);
}

void print_outcome(const Lesson& lesson, const Values& values) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = lesson.outcome.ticks.size(); i-- > 0;)
    if (lesson.outcome.ticks[i] > 0)
      rows.push_back({"  " + state_word(static_cast<domain::FacilityState>(i)),
                      percent_of(lesson.outcome.ticks[i], lesson.data.totals.size()) + " %"});
  std::cout << text("learn.outcome", values) << '\n' << format_table(rows);
}

LearnJson json_of(const Lesson& lesson, const LearnOptions& options) {
  constexpr std::array<std::string_view, 4> verdicts{"too_few", "one_level", "no_standstill", "found"};
  const RunSource source = lesson.basis.source;
  const auto number = [&](std::int64_t milli) { return LearnJson::parse(number_in_unit(source, milli)); };
  LearnJson json{{"facility", options.facility},
                 {"source", name_of(source)},
                 {"unit", unit_of(source)},
                 {"from", format_utc(lesson.period.from)},
                 {"to", format_utc(lesson.period.until)},
                 {"ticks", lesson.data.totals.size()},
                 {"ticks_with_value", lesson.data.known()},
                 {"tick_s", static_cast<double>(lesson.data.tick.count()) / 1000},
                 {"batches_lost", lesson.data.batches_lost},
                 {"epochs_unread", LearnJson::object()},
                 {"verdict", verdicts[static_cast<std::size_t>(lesson.learnt.verdict)]},
                 {"levels", LearnJson::array()},
                 {"apart", lesson.learnt.apart},
                 {"ticks_between", lesson.learnt.between_ticks}};
  for (const auto& [epoch, why] : lesson.data.unread) json["epochs_unread"][to_hex(epoch)] = why.message();
  for (const domain::Level& level : lesson.learnt.levels)
    json["levels"].push_back({{"state", name_of(level.state)},
                              {"low", number(level.low)},
                              {"median", number(level.median)},
                              {"high", number(level.high)},
                              {"ticks", level.ticks}});
  json["toml"] = lesson.rule.source == RunSource::none ? LearnJson() : LearnJson(toml_of(lesson.rule));
  for (std::size_t i = 0; i < lesson.outcome.ticks.size(); ++i)
    json["told_ticks"][std::string(name_of(static_cast<domain::FacilityState>(i)))] = lesson.outcome.ticks[i];
  json["starts"] = lesson.outcome.starts;
  return json;
}

/// Puts the rule into the site file, if it is in order with it.
Status write_rule(const Common& common, const LearnOptions& options, const RunRule& rule) {
  const auto file = SiteFile::open(common.site);
  if (!file) return file.error();
  std::vector<std::string> names;
  if (!rule.tells_idle()) names = {key_of("idle_below", rule.source), key_of("run_at", rule.source)};
  const std::vector<std::string_view> removed(names.begin(), names.end());
  const auto changed = config::set_facility_run(file->text(), options.facility, keys_of(rule), removed);
  if (!changed) return changed.error();
  const auto known = load_catalogue(common.profiles);
  const auto parsed = config::parse_site(*changed, file->path().string(), known.catalogue);
  if (parsed.site) return file->replace(*changed);
  std::string mistakes = text("learn.mistakes");
  for (const auto& mistake : parsed.mistakes) mistakes += "\n" + line_of(mistake);
  return Error{ErrorKind::invalid, mistakes};
}

/// What was found, what it would mean, and what to do next.
Exit tell_lesson(const Common& common, const LearnOptions& options, const Lesson& lesson) {
  const bool is_proposed = lesson.rule.source != RunSource::none;
  const bool writes = options.write && is_proposed;
  if (writes)
    if (const auto done = write_rule(common, options, lesson.rule); !done)
      return print_failure(common, done.error()), Exit::usage;
  Values values = values_of(lesson, options);
  values.emplace_back("file", common.site.string());
  const std::string next = text(!is_proposed ? "learn.next-again"
                                : writes     ? "learn.next-written"
                                             : "learn.next-write",
                                values);
  const Exit exit = lesson.learnt.verdict == Verdict::found ? Exit::ok : Exit::findings;
  if (common.json) {
    LearnJson json = json_of(lesson, options);
    json["written"] = writes;
    json["next"] = next;
    std::cout << json.dump(-1, ' ', false, LearnJson::error_handler_t::replace) << '\n';
    return exit;
  }
  std::cout << text("learn.head", values) << '\n';
  if (lesson.data.batches_lost > 0) std::cout << text("learn.lost", values) << '\n';
  for (const auto& [epoch, why] : lesson.data.unread)
    std::cout << text("learn.unread", {{"epoch", to_hex(epoch)}, {"why", translated(why.message())}}) << '\n';
  if (lesson.learnt.verdict != Verdict::too_few) print_levels(lesson);
  std::cout << text(verdict_key(lesson.learnt.verdict), values) << '\n';
  if (is_proposed) {
    std::cout << '\n' << toml_of(lesson.rule) << '\n';
    print_outcome(lesson, values);
  }
  if (writes) std::cout << text("learn.written", values) << '\n';
  std::cout << next << '\n';
  return exit;
}

Exit refuse_to_learn(const Common& common, ErrorKind kind, const std::string& why) {
  print_failure(common, Error{kind, why});
  return Exit::usage;
}

}  // namespace

Exit learn(const Common& common, const LearnOptions& options) {
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  const auto facility = std::ranges::find(site->facilities, options.facility, &domain::FacilityEntry::id);
  if (facility == site->facilities.end()) {
    const auto ids = config::pick(site->facilities, &domain::FacilityEntry::id);
    return refuse_to_learn(common, ErrorKind::not_found,
                           text("learn.no-facility", {{"facility", options.facility},
                                                      {"hint", config::did_you_mean(options.facility, ids)}}));
  }
  Lesson lesson;
  lesson.basis = config::run_basis(*site, *facility);
  if (lesson.basis.source == RunSource::none || lesson.basis.source == RunSource::status) {
    const bool is_status = lesson.basis.source == RunSource::status;
    return refuse_to_learn(common, ErrorKind::invalid,
                           text(is_status ? "learn.status" : "learn.not-measured", {{"facility", options.facility}}));
  }
  const auto period = period_of(options);
  if (!period) return print_failure(common, period.error()), Exit::usage;
  lesson.period = *period;
  const auto reader = store::open_reader(options.store.empty() ? site->store.folder : options.store);
  if (!reader) return print_failure(common, reader.error().during("opening the store")), Exit::device;
  auto data = read_learn_data(**reader, *site, *facility, lesson.basis, period->from, period->until);
  if (!data) return print_failure(common, data.error().during("reading the store")), Exit::device;
  lesson.data = std::move(*data);
  lesson.learnt = domain::learn_levels(lesson.data.values(), lesson.basis.source);
  lesson.rule = proposal_of(lesson.learnt, lesson.basis);
  if (lesson.rule.source != RunSource::none) lesson.outcome = try_rule(lesson.data, lesson.rule);
  return tell_lesson(common, options, lesson);
}

}  // namespace jidian::app
