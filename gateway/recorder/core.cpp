#include "recorder/core.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string>
#include <utility>

#include "domain/slots.hpp"

namespace jidian::recorder {
namespace {

using domain::EventKind;
using domain::GapCause;

/// Committed before the interval is over: eight full batches.
constexpr std::size_t flush_samples = 8 * record::batch_readings_max;

constexpr Millis retry_first{1'000};
constexpr Millis retry_most{60'000};

/// Rows and gaps are looked after this often.
constexpr Millis advance_interval{1'000};

/// Told with the next regular commit: nobody acts on them within seconds, and they come in crowds.
bool can_wait(EventKind kind) {
  return kind == EventKind::gap || kind == EventKind::counter_step || kind == EventKind::evicted;
}

}  // namespace

Core::Core(const Options& options, PendingLimits limits)
    : options_(options),
      manifest_(record::encode(options_.manifest)),
      pending_(limits),
      holes_(options_.manifest),
      plausibility_(options_.manifest),
      facts_(options_.manifest),
      swaps_(options_.manifest),
      marks_(options_.manifest),
      data_(options_.manifest),
      counters_(options_.manifest, swaps_),
      absences_(options_.manifest) {}

void Core::remember(const domain::Note& note) {
  if (const auto meter = swaps_.restore(note)) facts_.begin_anew(*meter, swaps_.since(*meter));
  facts_.restore(note);
  marks_.restore(note);
  directives_.restore(note);
  updates_.restore(note);
  if (const auto alive = alive_in(note)) alive_noted_ = alive;
  standing_.restore(note);
}

void Core::begin(const store::Opening& opening, const Instant& now, Core* last) {
  (void)clock_watch_.observe(now);
  // An epoch that an earlier run began and never wrote to is as good as new.
  const bool is_new_epoch = opening.began_epoch || epoch_before_ != opening.epoch;
  if (!is_new_epoch) in_force_ = manifest_before_;
  updates_.begin({now.utc, last_life(opening, now.utc), !is_new_epoch || opening.notes_hold});
  if (is_new_epoch) tell(epoch_event(opening, now.utc), now);
  tell(start_event(opening, now), now);
  Facts::News news;
  end_recall(nullptr, now, news);
  const auto returning = forget_returning();
  if (newest_ || opening.last_commit) {
    const domain::Gap box = declare_ending(opening, now);
    if (last != nullptr) tell_gone(*last, box, now);
  }
  if (in_force_ != manifest_.hash) tell(manifest_event(now.utc), now);
  in_force_ = manifest_.hash;
  for (const Returning& meter : returning) come_back(meter, now, news);
  facts_.skip_to(now.utc, news);
  keep(std::move(news), now);
  tell_updates(now);
}

/// With what is known of the run before: how it ended, and until when it lived, to a minute.
domain::Event Core::start_event(const store::Opening& opening, const Instant& now) const {
  domain::Event event{now.utc, EventKind::start, {}, "The gateway records.", std::nullopt, {}, {}};
  event.facts = {{"version", options_.version}, {"clock", std::string(name_of(now.clock))}};
  const auto alive = last_life(opening, now.utc);
  if (!alive) return event;
  event.facts.emplace_back("ended", std::string(name_of(cause_of_ending(opening))));
  event.facts.emplace_back("alive_until", format_utc(*alive));
  return event;
}

void Core::observe(const Instant& now) {
  const auto change = clock_watch_.observe(now);
  if (!change) return;
  domain::Event event = event_of(*change);
  if (change->stepped) {
    pending_.cut();
    if (change->offset > Millis{0}) {
      event.gap = domain::Gap{GapCause::clock, change->before, change->after, 0};
      holes_.declare({}, *event.gap);
    } else {
      holes_.set_back(now.utc, -change->offset);
    }
    Facts::News news;
    facts_.skip_to(now.utc, news);
    keep(std::move(news), now);
  }
  tell(std::move(event), now);
}

void Core::judge(domain::Poll& poll, const Instant& now) {
  findings_.clear();
  plausibility_.judge(poll, findings_);
  for (const std::size_t point : findings_.restarted) facts_.restart_counter(poll.meter, point);
  for (auto& event : findings_.events) tell(std::move(event), now);
  data_.add(poll, data_events_);
  tell_data(now);
  marks_.apply(poll);
  if (poll.clock != ClockQuality::unsynchronised) return;
  for (domain::Sample& sample : poll.samples)
    if (sample.quality == domain::Quality::ok) sample.quality = domain::Quality::unsynchronised;
}

void Core::accept(domain::Poll poll, const Instant& now) {
  assert(poll.meter < options_.manifest.meters.size() &&
         poll.samples.size() == options_.manifest.meters[poll.meter].points.size());
  if (auto step = counters_.take_step(poll, now.utc)) tell_later(std::move(*step), now);
  holes_.note(poll);
  swaps_.see(poll);
  // Under way when the clock was set back, it is a reading like any other; rows and states go on from now.
  if (!domain::comes_again(poll.slot, now.utc, options_.manifest.meters[poll.meter].period)) {
    Facts::News news;
    facts_.add(poll, news);
    keep(std::move(news), now);
  }
  if (!has_any_value(poll)) return;
  pending_.add(std::move(poll), in_force_);
  note_pending(now);
  drop_overflow(now);
}

void Core::accept(domain::Event event, const Instant& now) {
  if (event.kind == EventKind::gap && event.gap) {
    // A bus lost polls on the way here: its meters' own gaps will say which.
    const auto is_of_bus = [&](const domain::MeterEntry& meter) { return meter.bus == event.subject; };
    if (std::ranges::any_of(options_.manifest.meters, is_of_bus)) return holes_.explain(event.subject, *event.gap);
  }
  if (can_wait(event.kind))
    tell_later(std::move(event), now);
  else
    tell(std::move(event), now);
}

Result<domain::Note> Core::replace(const domain::Replacement& stated, domain::Event& event) {
  if (auto taken = swaps_.take(stated, event); !taken) return taken.error();
  facts_.begin_anew(stated.meter, swaps_.since(stated.meter));
  plausibility_.begin_anew(stated.meter);
  return swaps_.note_of(stated.meter);
}

void Core::accept(const store::Eviction& eviction, const Instant& now) {
  std::string destinations;
  for (const std::string& destination : eviction.unconfirmed)
    destinations += (destinations.empty() ? "" : " ") + destination;
  const bool is_gap = !eviction.damaged || (!eviction.unconfirmed.empty() && eviction.from < eviction.until);
  tell_later({now.utc,
              eviction.damaged ? EventKind::store_damaged : EventKind::evicted,
              std::string(name_of(eviction.stream)),
              eviction.damaged ? "Batches of the record are damaged and cannot be read any more."
                               : "Batches left the store before every destination had them.",
              is_gap ? std::optional(domain::Gap{eviction.damaged ? GapCause::damaged : GapCause::evicted,
                                                 eviction.from, eviction.until, 0})
                     : std::nullopt,
              {},
              {{"epoch", to_hex(eviction.epoch)},
               {"first", std::to_string(eviction.range.first)},
               {"last", std::to_string(eviction.range.last)},
               {"anchor", to_hex(eviction.anchor)},
               {"unconfirmed", destinations}}},
             now);
}

void Core::advance(const Instant& now) {
  if (advanced_at_ && now.steady - *advanced_at_ < advance_interval) return;
  advanced_at_ = now.steady;
  Facts::News news;
  facts_.close_overdue(now.utc, news);
  keep(std::move(news), now);
  for (auto& event : holes_.take_due(now.utc, false)) tell_later(std::move(event), now);
  keep(directives_.expire(now.utc), now);
  tell_updates(now);
  data_.see_clock(now.clock, now.utc, data_events_);
  tell_data(now);
}

void Core::see_links(const std::vector<health::UplinkHealth>& links, const Instant& now) {
  for (const auto& link : links) data_.see_link(link.id, link.connected, now.utc, data_events_);
  tell_data(now);
}

void Core::tell_data(const Instant& now) {
  for (auto& event : data_events_) tell(std::move(event), now);
  data_events_.clear();
}

std::optional<Flush> Core::due(const Instant& now) const {
  if (retry_at_ && now.steady < *retry_at_) return std::nullopt;
  if (pending_.samples() >= flush_samples) return Flush::all;
  if (commit_at_ && now.steady >= *commit_at_) return Flush::all;
  if (urgent_) return Flush::events;
  return std::nullopt;
}

SteadyTime Core::next_due(const Instant& now) const {
  SteadyTime next = now.steady + advance_interval;
  if (retry_at_) return std::min(next, *retry_at_);
  if (commit_at_) next = std::min(next, *commit_at_);
  return next;
}

std::vector<store::NewBatch> Core::build(Flush flush, std::uint64_t epoch, const std::array<store::Head, 3>& heads,
                                         const Instant& now) {
  std::vector<Pending::Lost> unfit;
  auto batches = pending_.build(flush, {options_.gateway, epoch, options_.boot, heads, now}, options_.manifest, unfit);
  for (auto& lost : unfit)
    for (const auto& poll : count_lost(std::move(lost), GapCause::configuration, now))
      holes_.note_lost(poll, GapCause::configuration);
  return batches;
}

void Core::committed(Flush flush, const Instant& now) {
  pending_.committed();
  retry_at_.reset();
  retry_delay_ = Millis{0};
  urgent_ = urgent_ && !pending_.empty(record::Stream::event);
  if (flush == Flush::events && !pending_.empty()) return;
  commit_at_.reset();
  if (!pending_.empty()) commit_at_ = now.steady;  // more than one flush holds
}

void Core::failed(const Instant& now) {
  retry_delay_ = std::clamp(2 * retry_delay_, retry_first, retry_most);
  retry_at_ = now.steady + retry_delay_;
}

std::vector<record::EncodedManifest> Core::held_manifests() const {
  std::vector<record::EncodedManifest> held;
  for (const domain::Manifest* manifest : pending_.held()) {
    auto encoded = record::encode(*manifest);
    if (encoded.hash != manifest_.hash) held.push_back(std::move(encoded));
  }
  return held;
}

void Core::begin_epoch(const store::Opening& opening, const Instant& now) {
  record::Events first{epoch_event(opening, now.utc)};
  for (const auto& held : held_manifests()) first.push_back(manifest_event(held, std::string(held_text), now.utc));
  first.push_back(manifest_event(now.utc));
  pending_.add_first(std::move(first), Hash{});
  pending_.cut();
  urgent_ = true;
  note_pending(now);
}

void Core::stop(const Instant& now) {
  for (auto& event : holes_.take_due(now.utc, true)) tell_later(std::move(event), now);
  keep(directives_.close(now.utc), now);
  tell({now.utc, EventKind::stop, {}, "The gateway stops as asked.", std::nullopt, {}, {}}, now);
  commit_at_ = now.steady;
  retry_at_.reset();
}

void Core::tell(domain::Event event, const Instant& now) {
  tell_later(std::move(event), now);
  urgent_ = true;
}

void Core::tell_later(domain::Event event, const Instant& now) {
  standing_.see(event);
  pending_.add(std::move(event), in_force_);
  note_pending(now);
  drop_overflow(now);
}

void Core::keep(Facts::News news, const Instant& now) {
  if (news.empty()) return;
  for (auto& row : news.rows) {
    data_.add(row, data_events_);
    pending_.add(std::move(row), in_force_);
  }
  tell_data(now);
  for (auto& row : news.aggregates) pending_.add(std::move(row), in_force_);
  std::ranges::move(news.notes, std::back_inserter(notes_));
  for (auto& event : news.events) tell(std::move(event), now);
  note_pending(now);
  drop_overflow(now);
}

void Core::keep(domain::DirectiveBook::News news, const Instant& now) {
  directives_changed_ = directives_changed_ || !news.empty();
  for (auto& event : news.events) tell(std::move(event), now);
  for (auto& note : news.notes) notes_.push_back(std::move(note));
}

void Core::note_pending(const Instant& now) {
  if (!commit_at_) commit_at_ = now.steady + options_.commit_interval;
}

/// Polls that no longer fit are declared as gaps; the rest of the plant's life goes on being recorded.
void Core::drop_overflow(const Instant& now) {
  for (auto& lost : pending_.take_overflow())
    for (const auto& poll : count_lost(std::move(lost), GapCause::queue_full, now))
      holes_.note_lost(poll, GapCause::queue_full);
}

domain::Event Core::epoch_event(const store::Opening& opening, UtcTime now) const {
  return {now,
          EventKind::epoch,
          {},
          opening.reason.empty() ? "begun by a run that ended before it wrote" : opening.reason,
          std::nullopt,
          {},
          {{"epoch", to_hex(opening.epoch)},
           {"predecessor", opening.predecessor ? to_hex(*opening.predecessor) : std::string("none")}}};
}

domain::Event Core::manifest_event(UtcTime now) const {
  return manifest_event(manifest_, "The manifest in force from here on.", now);
}

domain::Event Core::manifest_event(const record::EncodedManifest& manifest, std::string text, UtcTime now) {
  return {
      now, EventKind::manifest, {}, std::move(text), std::nullopt, manifest.bytes, {{"sha256", to_hex(manifest.hash)}}};
}

}  // namespace jidian::recorder
