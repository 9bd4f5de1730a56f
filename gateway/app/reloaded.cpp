#include "app/reloaded.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace jidian::app {
namespace {

using ReloadJson = nlohmann::ordered_json;

/// An event must fit a batch whatever a site has.
constexpr std::size_t ids_told_max = 64;

std::string joined(const std::vector<std::string>& ids, const char* between) {
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), ids_told_max); ++i) text += (i == 0 ? "" : between) + ids[i];
  if (ids.size() > ids_told_max) text += " and " + std::to_string(ids.size() - ids_told_max) + " more";
  return text;
}

std::vector<std::string> buses_of(const config::SiteDiff& diff) {
  auto buses = diff.buses_changed;
  for (const auto* more : {&diff.buses_added, &diff.buses_removed})
    buses.insert(buses.end(), more->begin(), more->end());
  return buses;
}

ReloadJson text_or_null(const std::string& text) {
  return text.empty() ? ReloadJson() : ReloadJson(text);
}

}  // namespace

std::string first_of(const std::vector<std::string>& mistakes) {
  if (mistakes.empty()) return {};
  const auto more = mistakes.size() - 1;
  return mistakes.front() +
         (more == 0 ? "" : " (and " + std::to_string(more) + (more == 1 ? " more mistake)" : " more mistakes)"));
}

std::string why_not(const Reloaded& reloaded) {
  if (reloaded.is_taken) return {};
  if (!reloaded.problem.empty()) return reloaded.problem;
  if (!reloaded.mistakes.empty()) return first_of(reloaded.mistakes);
  return "restart needed: " + joined(reloaded.diff.restart_needed, ", ");
}

std::string advice_for(const Reloaded& reloaded) {
  if (reloaded.is_taken) return {};
  if (!reloaded.problem.empty()) return "settle that, then `jidian reload`";
  if (!reloaded.mistakes.empty()) return "`jidian check` lists every mistake; correct them, then `jidian reload`";
  return "`systemctl restart jidian` takes over the whole file";
}

std::string to_json(const Reloaded& reloaded) {
  const auto& diff = reloaded.diff;
  return ReloadJson{{"file", reloaded.file},
                    {"taken", reloaded.is_taken},
                    {"mistakes", reloaded.mistakes},
                    {"warnings", reloaded.warnings},
                    {"restart_needed", diff.restart_needed},
                    {"problem", text_or_null(reloaded.problem)},
                    {"added", diff.meters_added},
                    {"removed", diff.meters_removed},
                    {"changed", diff.meters_changed},
                    {"paused", diff.buses_changed},
                    {"before", text_or_null(reloaded.before)},
                    {"after", text_or_null(reloaded.after)},
                    {"not_stored", text_or_null(reloaded.not_stored)}}
      .dump(-1, ' ', false, ReloadJson::error_handler_t::replace);
}

domain::Event event_of(const config::SiteDiff& diff, const std::string& by, UtcTime now) {
  domain::Event event;
  event.time = now;
  event.kind = domain::EventKind::configuration;
  event.text = "Another configuration is in force from here on.";
  event.facts = {{"state", "taken"},
                 {"by", by},
                 {"added", joined(diff.meters_added, " ")},
                 {"removed", joined(diff.meters_removed, " ")},
                 {"changed", joined(diff.meters_changed, " ")},
                 {"buses", joined(buses_of(diff), " ")}};
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
  return event;
}

}  // namespace jidian::app
