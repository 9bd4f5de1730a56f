#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "domain/slots.hpp"
#include "recorder/core.hpp"
#include "recorder/read_back.hpp"

/// How a core takes over from another one, under another manifest.
namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;
using domain::MeterIndex;

/// Until then after a change, slots of the buses that paused for it are missed because of it: ports are being opened.
constexpr Millis resume_most = std::chrono::seconds(10);

/// A check that compares several meters.
constexpr std::string_view family_check = "parent_sum";

/// The fact that marks a manifest which is told again and does not come into force.
constexpr std::string_view told_again = "again";

std::optional<MeterIndex> meter_named(const domain::Manifest& manifest, const std::string& id) {
  const auto found = std::ranges::find(manifest.meters, id, &domain::MeterEntry::id);
  if (found == manifest.meters.end()) return std::nullopt;
  return static_cast<MeterIndex>(found - manifest.meters.begin());
}

/// The first slot that is not before `now`.
UtcTime first_slot(UtcTime now, Millis period) {
  const auto past = now.time_since_epoch() % period;
  return past == Millis{0} ? now : now + period - past;
}

/// Whether polls of the one are polls of the other.
bool has_same_columns(const domain::MeterEntry& before, const domain::MeterEntry& after) {
  return before.period == after.period && before.points == after.points;
}

/// The meter of `to` with that id, if it says of itself what it said in `from`.
bool is_unchanged(const std::string& meter, const domain::Manifest& from, const domain::Manifest& to) {
  const auto before = meter_named(from, meter);
  const auto after = meter_named(to, meter);
  return before && after && from.meters[*before] == to.meters[*after];
}

/// What its state is told from. Amounts name meters by their numbers, and say nothing of the state.
domain::FacilityEntry without_amounts(domain::FacilityEntry facility) {
  facility.amounts.clear();
  facility.fuel_switch = {};
  return facility;
}

/// Ids of the facilities that are as they were, with all their meters.
std::vector<std::string> unchanged_facilities(const domain::Manifest& from, const domain::Manifest& to) {
  std::vector<std::string> ids;
  for (const auto& facility : to.facilities) {
    const auto before = std::ranges::find(from.facilities, facility.id, &domain::FacilityEntry::id);
    if (before == from.facilities.end() || without_amounts(*before) != without_amounts(facility)) continue;
    const auto is_same = [&](const std::string& meter) { return is_unchanged(meter, from, to); };
    if (std::ranges::all_of(facility.meters, is_same)) ids.push_back(facility.id);
  }
  return ids;
}

}  // namespace

void Core::settle(const Instant& now, const domain::Manifest& next) {
  std::vector<domain::IntervalRow> rows;
  for (std::size_t i = 0; i < options_.manifest.meters.size(); ++i)
    if (!meter_named(next, options_.manifest.meters[i].id)) facts_.end(static_cast<MeterIndex>(i), now.utc, rows);
  for (auto& row : rows) pending_.add(std::move(row), in_force_);
  for (auto& event : holes_.take_due(now.utc, true)) tell_later(std::move(event), now);
  commit_at_ = now.steady;
}

void Core::take_over(Core& before) {
  goes_on_ = true;
  in_force_ = before.in_force_;
  pending_ = std::move(before.pending_);
  notes_ = std::move(before.notes_);
  clock_watch_ = before.clock_watch_;
  urgent_ = before.urgent_;
  commit_at_ = before.commit_at_;
  retry_at_ = before.retry_at_;
  retry_delay_ = before.retry_delay_;
  polls_dropped_ = before.polls_dropped_;
  if (before.manifest_.hash != manifest_.hash) pending_.hold(before.options_.manifest);
}

/// Counts polls that are lost. Gives those whose holes can be told with their meters' others, under the present
/// numbers; of meters that are gone, or have other slots now, it is told at once.
record::Polls Core::count_lost(Pending::Lost lost, GapCause cause, const Instant& now) {
  polls_dropped_ += lost.polls.size();
  if (lost.made_under == nullptr) return std::move(lost.polls);
  record::Polls known;
  record::Polls homeless;
  for (auto& poll : lost.polls) {
    const auto& meter = lost.made_under->meters[poll.meter];
    const auto ours = meter_named(options_.manifest, meter.id);
    const bool has_same_slots = ours && options_.manifest.meters[*ours].period == meter.period;
    if (has_same_slots) poll.meter = *ours;
    (has_same_slots ? known : homeless).push_back(std::move(poll));
  }
  tell_homeless(homeless, *lost.made_under, cause, now);
  return known;
}

/// One gap for each meter of `from`.
void Core::tell_homeless(const record::Polls& polls, const domain::Manifest& from, GapCause cause, const Instant& now) {
  std::map<MeterIndex, domain::Gap> gaps;
  for (const auto& poll : polls) {
    const UtcTime until = poll.slot + from.meters[poll.meter].period;
    domain::Gap& gap = gaps.try_emplace(poll.meter, domain::Gap{cause, poll.slot, until, 0}).first->second;
    gap.until = until;
    ++gap.missed;
  }
  for (const auto& [meter, gap] : gaps)
    tell_later({now.utc,
                EventKind::gap,
                from.meters[meter].id,
                "Polls of before the configuration was changed are missing.",
                gap,
                {},
                {}},
               now);
}

void Core::remember_waiting(record::Stream stream) {
  for (const auto& [body, manifest, made_under] : pending_.waiting(stream)) {
    record::Decoded decoded{{}, *body, {}, {}, 0};
    decoded.header.manifest = manifest;
    if (made_under != nullptr) move_body(decoded.body, *made_under, options_.manifest);
    remember(decoded, made_under);
  }
}

void Core::go_on(Core& before, Change change, const Instant& now) {
  Facts::News news;
  end_recall(&before.options_.manifest, now, news);
  holes_.take_over(before.holes_);
  data_.take_over(before.data_);
  go_on_with_meters(before);
  facts_.go_on(before.facts_, unchanged_facilities(before.options_.manifest, options_.manifest));
  directives_ = std::move(before.directives_);
  directives_changed_ = true;
  updates_ = std::move(before.updates_);
  standing_ = std::move(before.standing_);
  standing_.change([&](const std::string& meter) { return meter_named(options_.manifest, meter).has_value(); },
                   [&](const std::string& meter, const std::string& check) {
                     return check != family_check && is_unchanged(meter, before.options_.manifest, options_.manifest);
                   });
  for (const std::string& bus : change.paused)
    holes_.explain(bus, {GapCause::configuration, change.event.time, now.utc + resume_most, 0});

  change.event.facts.emplace_back("before", to_hex(in_force_));
  change.event.facts.emplace_back("after", to_hex(manifest_.hash));
  tell_cut_short(before, now);
  tell(std::move(change.event), now);
  if (in_force_ != manifest_.hash) tell(manifest_event(now.utc), now);
  in_force_ = manifest_.hash;
  resume_meters(before, now, news);
  keep(std::move(news), now);
}

/// Meters that come back: from when they were removed until now they had no slots.
void Core::resume_meters(const Core& before, const Instant& now, Facts::News& news) {
  const auto& meters = options_.manifest.meters;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    if (meter_named(before.options_.manifest, meters[i].id)) continue;
    const auto ours = static_cast<MeterIndex>(i);
    come_back({ours, holes_.accounted_until(ours).has_value()}, now, news);
  }
}

/// The meter had no slots until now. One that was never heard of has none before its first poll.
void Core::come_back(const Returning& returning, const Instant& now, Facts::News& news) {
  const MeterIndex meter = returning.meter;
  if (returning.has_slots) holes_.begin_anew(meter, first_slot(now.utc, options_.manifest.meters[meter].period));
  facts_.resume(meter, now.utc, news);
}

/// Which manifests were in force in the record, and from when on: meters may have gone and come back meanwhile.
void Core::note_in_force(const record::Decoded& batch, const domain::Manifest* made_under) {
  const auto& events = std::get<record::Events>(batch.body);
  const bool is_known = made_under != nullptr && batch.header.manifest != Hash{};
  if (is_known) see_in_force(batch.header.manifest, *made_under, events.front().time);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const domain::Event& event = events[i];
    // At the head of an epoch those that what waits was made under stand before the one in force.
    const bool is_last = i + 1 == events.size() || events[i + 1].kind != EventKind::manifest;
    if (!comes_into_force(event) || !is_last) continue;
    const Hash hash = record::sha256(event.manifest);
    if (!absences_.is_news(hash)) continue;
    if (hash == manifest_.hash)
      see_in_force(hash, options_.manifest, event.time);
    else if (const auto manifest = record::decode_manifest(event.manifest))
      see_in_force(hash, *manifest, event.time);
  }
}

/// The one in force stands behind those that are told again; the mark is for where it went into another batch.
void Core::tell_again(const std::vector<record::EncodedManifest>& lost, const Instant& now) {
  if (lost.empty()) return;
  for (const auto& manifest : lost) {
    if (manifest.hash == manifest_.hash) continue;
    auto event =
        manifest_event(manifest, "Told again because a destination lacks it; it does not come into force.", now.utc);
    event.facts.emplace_back(std::string(told_again), "unknown_manifest");
    tell(std::move(event), now);
  }
  tell(manifest_event(manifest_, "The manifest in force, told again because a destination lacks one.", now.utc), now);
}

bool Core::comes_into_force(const domain::Event& event) {
  const auto is_mark = [](const auto& fact) { return fact.first == told_again; };
  return event.kind == EventKind::manifest && std::ranges::none_of(event.facts, is_mark);
}

void Core::see_in_force(const Hash& hash, const domain::Manifest& manifest, UtcTime at) {
  if (!absences_.is_news(hash)) return;
  absences_.see(hash, manifest, at);
  if (goes_on_ || hash == manifest_.hash)
    in_force_before_.reset();
  else
    in_force_before_ = manifest;
}

std::optional<domain::Manifest> Core::manifest_of_gone() const {
  if (!in_force_before_ || record::encode(*in_force_before_).hash != manifest_before_) return std::nullopt;
  const auto is_gone = [&](const domain::MeterEntry& meter) { return !meter_named(options_.manifest, meter.id); };
  return std::ranges::any_of(in_force_before_->meters, is_gone) ? in_force_before_ : std::nullopt;
}

/// Meters that `last` has and this manifest has not had slots until this start. What came last of them is told, and
/// their rows in progress, under the manifest that has them. `box`: what the whole box missed until now.
void Core::tell_gone(Core& last, const domain::Gap& box, const Instant& now) {
  last.holes_.declare({}, box);
  const auto& meters = last.options_.manifest.meters;
  std::set<MeterIndex> gone;
  Facts::News news;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    if (meter_named(options_.manifest, meters[i].id)) continue;
    const auto meter = *gone.insert(static_cast<MeterIndex>(i)).first;
    if (const auto back = last.absences_.take_return(meter, UtcTime::max())) last.note_back(meter, *back, news);
    last.holes_.end(meter, now.utc, options_.commit_interval);
    for (auto& event : last.holes_.take_all(meter, now.utc)) tell_later(std::move(event), now);
    last.facts_.end(meter, now.utc, news.rows);
  }
  std::vector<domain::IntervalRow> rows;  // first those that were complete, and not on record yet
  for (const auto& waiting : last.pending_.waiting(record::Stream::interval))
    for (const auto& row : std::get<record::Rows>(*waiting.body))
      if (const auto* it = std::get_if<domain::IntervalRow>(&row); it != nullptr && gone.contains(it->meter))
        rows.push_back(*it);
  std::ranges::move(news.rows, std::back_inserter(rows));
  if (rows.empty()) return;
  if (in_force_ != last.manifest_.hash) tell(manifest_event(last.manifest_, std::string(held_text), now.utc), now);
  const auto made_under = std::make_shared<const domain::Manifest>(last.options_.manifest);
  for (auto& row : rows) pending_.add(std::move(row), last.manifest_.hash, made_under);
  note_pending(now);
}

/// A remembered poll behind a time without slots: there were no holes, and are no rows, from that time.
void Core::note_return(const domain::Poll& poll, Facts::News& news) {
  if (const auto back = absences_.take_return(poll.meter, poll.slot)) note_back(poll.meter, *back, news);
}

void Core::note_back(MeterIndex meter, UtcTime back, Facts::News& news) {
  account_back(meter, back);
  facts_.resume(meter, back, news);
}

/// A known meter had no slots before `back`.
void Core::account_back(MeterIndex meter, UtcTime back) {
  if (const auto until = holes_.accounted_until(meter))
    holes_.account(meter, std::max(*until, first_slot(back, options_.manifest.meters[meter].period)));
}

/// The record is read back. Meters that came back and have no poll on record since then had no slots in between,
/// either; of those that went, what came last is told: nobody could do so without them. `before`: what was in force
/// until now; null: what the record says.
void Core::end_recall(const domain::Manifest* before, const Instant& now, Facts::News& news) {
  holes_.forget_after(std::max(now.utc, last_sign(now.utc).value_or(now.utc)));
  std::vector<std::pair<MeterIndex, UtcTime>> returned;
  for (std::size_t i = 0; i < options_.manifest.meters.size(); ++i) {
    const auto meter = static_cast<MeterIndex>(i);
    if (const auto back = absences_.take_return(meter, UtcTime::max())) {
      note_back(meter, *back, news);
      returned.emplace_back(meter, *back);
    }
    const auto away_since = absences_.away_since(meter);
    if (!away_since || (before != nullptr && meter_named(*before, options_.manifest.meters[i].id))) continue;
    holes_.end(meter, *away_since, options_.commit_interval);
    for (auto& event : holes_.take_all(meter, now.utc)) tell_later(std::move(event), now);
  }
  holes_.end_recall();
  // Gaps of the time before it went were told, and no poll is known any more.
  for (const auto& [meter, back] : returned) account_back(meter, back);
}

/// Meters that the manifest before did not have have no slots up to the start: they come back with it.
std::vector<Core::Returning> Core::forget_returning() {
  std::vector<Returning> returning;
  for (std::size_t i = 0; i < options_.manifest.meters.size(); ++i) {
    const auto meter = static_cast<MeterIndex>(i);
    if (!absences_.is_away(meter)) continue;
    returning.push_back({meter, holes_.accounted_until(meter).has_value()});
    holes_.forget(meter);
  }
  return returning;
}

/// Slots that meters had until now and have no more, because they are gone or have others, and that were not polled any
/// more.
void Core::tell_cut_short(const Core& before, const Instant& now) {
  const auto& meters = before.options_.manifest.meters;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const auto ours = meter_named(options_.manifest, meters[i].id);
    const Millis period = meters[i].period;
    if (ours && options_.manifest.meters[*ours].period == period) continue;
    const auto until = before.holes_.accounted_until(static_cast<MeterIndex>(i));
    if (!until) continue;
    if (const auto missed = domain::count_slots(*until, now.utc, *until, period); missed > 0)
      tell_later({now.utc,
                  EventKind::gap,
                  meters[i].id,
                  "The configuration was changed.",
                  domain::Gap{GapCause::configuration, *until, std::max(*until, now.utc), missed},
                  {},
                  {}},
                 now);
    if (ours) holes_.account(*ours, first_slot(now.utc, options_.manifest.meters[*ours].period));
  }
}

/// Meters whose polls mean what they meant go on in the middle of their rows; what is known of the others is what the
/// record has. Slots are what they were as long as the period is.
void Core::go_on_with_meters(const Core& before) {
  const auto& meters = options_.manifest.meters;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const auto ours = static_cast<MeterIndex>(i);
    const auto theirs = meter_named(before.options_.manifest, meters[i].id);
    counters_.forget(ours);
    if (!theirs) continue;
    const auto& meter_before = before.options_.manifest.meters[*theirs];
    if (meter_before.period == meters[i].period) holes_.take_over(before.holes_, *theirs, ours);
    if (!has_same_columns(meter_before, meters[i])) continue;
    counters_.take_over(before.counters_, *theirs, ours);
    facts_.take_over(before.facts_, *theirs, ours);
    if (meter_before != meters[i]) continue;
    plausibility_.take_over(before.plausibility_, *theirs, ours);
    data_.take_over(before.data_, *theirs, ours);
  }
}

}  // namespace jidian::recorder
