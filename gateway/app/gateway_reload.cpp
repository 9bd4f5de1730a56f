#include <spdlog/spdlog.h>

#include <utility>

#include "app/buses.hpp"
#include "app/gateway.hpp"
#include "app/load.hpp"
#include "host/host.hpp"

/// How a running gateway takes over another site file.
namespace jidian::app {
namespace {

/// What reading the files gave, before anything is compared.
Reloaded outcome_of(const Loaded& loaded, const std::filesystem::path& file) {
  Reloaded outcome;
  outcome.file = file.string();
  outcome.problem = loaded.problem;
  for (auto mistake : loaded.mistakes) {
    auto& list = mistake.warning ? outcome.warnings : outcome.mistakes;
    mistake.warning = false;  // the list says it
    list.push_back(mistake.to_string());
  }
  return outcome;
}

}  // namespace

Reloaded Gateway::reload(const std::string& by) {
  const std::scoped_lock lock(reload_mutex_);
  auto loaded = load_site(file_, profiles_);
  Reloaded outcome = outcome_of(loaded, file_);
  if (loaded.site && outcome.problem.empty()) {
    outcome.mistakes.clear();  // of profiles that the site does not name
    outcome.diff = config::compare_sites(*site(), *loaded.site);
    const auto store = board_.store();
    if (!outcome.diff.restart_needed.empty())
      outcome.is_taken = false;
    else if (outcome.diff.empty())
      outcome.is_taken = true;
    else if (!store.takes_writes)
      outcome.problem = "the store takes nothing now (" + store.trouble + "), and a change must be on record";
    else
      take_over(std::move(*loaded.site), by, outcome);
  }
  if (outcome.is_taken) keep_as_last_good(loaded.text);
  note_configuration(outcome);
  if (outcome.is_taken)
    spdlog::info("site file taken over by={} manifest={} paused={} not_stored=\"{}\"", by, outcome.after,
                 outcome.diff.buses_changed.size(), outcome.not_stored);
  else
    spdlog::warn("site file not taken over, running on as before by={} why=\"{}\"", by, why_not(outcome));
  host::give_memory_back();
  return outcome;
}

/// Buses that are concerned stop first, so that their last polls are of the old manifest; then the recorder changes
/// between two polls of the others; then the new pollers start, with what was learnt until now.
void Gateway::take_over(config::Site wanted, const std::string& by, Reloaded& outcome) {
  const auto next = std::make_shared<const config::Site>(std::move(wanted));
  recorder::Change change;
  change.manifest = config::manifest_of(*next);
  change.event = event_of(outcome.diff, by, clock_.utc_now());
  change.paused = outcome.diff.buses_changed;
  change.paused.insert(change.paused.end(), outcome.diff.buses_added.begin(), outcome.diff.buses_added.end());
  const auto stopped = stop_pollers(outcome.diff);
  auto changed = recorder_->change(std::move(change), renumber(*next)).get();
  for (const auto& meter : outcome.diff.meters_removed) board_.forget_meter(meter);
  for (const auto& bus : outcome.diff.buses_removed) board_.forget_bus(bus);
  outcome.before = to_hex(changed.before);
  outcome.after = to_hex(changed.after);
  if (!changed.stored) outcome.not_stored = changed.stored.error().message();
  {
    const std::scoped_lock lock(state_mutex_);
    site_ = next;
    manifest_hash_ = outcome.after;
  }
  start_pollers(changed.notes);
  forget_handovers();
  if (outcome.diff.issuers)
    for (auto& [id, uplink] : uplinks_) uplink->renew_directives(!issuers_of(*next, id).empty());
  outcome.is_taken = true;
}

void Gateway::note_configuration(const Reloaded& outcome) {
  const std::scoped_lock lock(state_mutex_);
  if (outcome.is_taken) view_.taken = clock_.utc_now();
  view_.trouble = why_not(outcome);
  view_.advice = advice_for(outcome);
}

void Gateway::keep_as_last_good(const std::string& text) {
  const auto folder = site()->store.folder;
  if (const auto kept = keep_last_good(folder, text); !kept)
    spdlog::warn("site file not kept, a damaged one will not be replaced at the next start why=\"{}\"",
                 kept.error().message());
  if (const auto noted = keep_pointer({file_}, folder); !noted)
    spdlog::warn("folder of the store not noted, a start with an empty site file will not find it folder={} why=\"{}\"",
                 folder.string(), noted.error().message());
}

void Gateway::tell_of_last_good() {
  if (started_instead_of_.empty()) return;
  domain::Event event;
  event.time = clock_.utc_now();
  event.kind = domain::EventKind::configuration;
  event.text = "The site file is damaged: the gateway runs by the last good one.";
  event.facts = {{"state", "last_good"},
                 {"by", "start"},
                 {"before", manifest_hash_},
                 {"after", manifest_hash_},
                 {"why", first_of(started_instead_of_)}};
  if (!recorder_->inbox().offer(std::move(event))) spdlog::warn("event not recorded, the recorder's queue is full");
}

}  // namespace jidian::app
