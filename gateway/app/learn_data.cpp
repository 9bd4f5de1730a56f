#include "app/learn_data.hpp"

#include <algorithm>
#include <set>

#include "domain/facility_ticks.hpp"
#include "recorder/read_back.hpp"

namespace jidian::app {
namespace {

/// The site's manifest with this facility alone, told by levels that matter to nobody: only the sums are wanted.
domain::Manifest manifest_to_learn(const config::Site& site, const domain::FacilityEntry& facility,
                                   const domain::RunRule& basis) {
  domain::Manifest manifest = config::manifest_of(site);
  manifest.facilities = {facility};
  domain::RunRule& rule = manifest.facilities[0].run;
  rule = basis;
  rule.hold = 1;
  rule.stop_below = 1;
  rule.start_at = 2;
  rule.idle_below = rule.run_at = 0;
  return manifest;
}

/// Whether a batch says again what another of the store says.
bool is_repetition(store::Reader& reader, const record::Header& header, std::set<record::CopyOf>& told) {
  if (!header.copy_of) return false;
  const auto original = original_of(reader, header);
  return (original && *original) || !told.insert(*header.copy_of).second;
}

}  // namespace

std::uint64_t LearnData::known() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(totals, [](const auto& it) { return it.has_value(); }));
}

std::vector<std::int64_t> LearnData::values() const {
  std::vector<std::int64_t> found;
  found.reserve(totals.size());
  for (const auto& total : totals)
    if (total) found.push_back(*total);
  return found;
}

Result<LearnData> read_learn_data(store::Reader& reader, const config::Site& site,
                                  const domain::FacilityEntry& facility, const domain::RunRule& basis, UtcTime from,
                                  UtcTime until) {
  const domain::Manifest manifest = manifest_to_learn(site, facility, basis);
  domain::FacilityTicks ticks(manifest, manifest.facilities[0]);
  const auto& meters = ticks.gauge().meters();
  LearnData data;
  data.tick = ticks.length();
  domain::FacilityTicks::Judged judged;
  const auto take = [&](const domain::Poll& poll) {
    const auto which = std::ranges::find(meters, poll.meter);
    if (which == meters.end() || poll.slot < from || poll.slot >= until) return;
    judged.clear();
    ticks.add(static_cast<std::size_t>(which - meters.begin()), poll, judged);
    for (const auto& tick : judged) data.totals.push_back(tick.total);
  };
  Manifests manifests(reader);
  std::set<record::CopyOf> told;
  for_each_readable_batch(reader, record::Stream::reading, from, until, data.unread, [&](const auto& batch) {
    const auto header = record::decode_header(batch.bytes);
    if (header && is_repetition(reader, *header, told)) return true;
    const auto* made_under = header ? manifests.find(header->manifest) : nullptr;
    if (made_under == nullptr) return ++data.batches_lost, true;
    const auto decoded = record::decode(batch.bytes, made_under);
    if (!decoded) return ++data.batches_lost, true;
    for (const auto& poll : std::get<record::Polls>(decoded->body))
      if (const auto moved = recorder::move_poll(poll, *made_under, manifest)) take(*moved);
    return data.totals.size() < learn_ticks_max;
  });
  if (data.totals.size() >= learn_ticks_max)
    return Error{ErrorKind::full, "more than a month of seconds lies between the two instants; ask for less"};
  judged.clear();
  (void)ticks.skip_to(until, until, judged);
  // Behind the newest poll nothing was missed: nobody was asked.
  while (!judged.empty() && !judged.back().total) judged.pop_back();
  for (const auto& tick : judged) data.totals.push_back(tick.total);
  data.batches_lost += reader.damaged();
  return data;
}

LearnOutcome try_rule(const LearnData& data, const domain::RunRule& rule) {
  domain::StateTracker tracker(std::max(rule.hold, 1U), rule.tells_idle());
  domain::StateTracker::States states;
  for (const auto& total : data.totals)
    tracker.feed(total ? domain::shown_at(rule, *total) : domain::Shown::nothing, states);
  tracker.reset(states);
  LearnOutcome outcome;
  auto before = domain::FacilityState::unknown;
  for (const auto state : states) {
    ++outcome.ticks[static_cast<std::size_t>(state)];
    if (state == domain::FacilityState::unknown) continue;
    const bool is_start = state == domain::FacilityState::running && before != state;
    if (is_start && before != domain::FacilityState::unknown) ++outcome.starts;
    before = state;
  }
  return outcome;
}

}  // namespace jidian::app
