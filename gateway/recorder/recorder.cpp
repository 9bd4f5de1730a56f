#include "recorder/recorder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "recorder/alive.hpp"
#include "recorder/changeover.hpp"
#include "recorder/health_report.hpp"
#include "recorder/read_back.hpp"
#include "recorder/recorder_impl.hpp"

namespace jidian::recorder {
namespace {

constexpr Millis maintain_interval{10'000};
constexpr Millis post_interval{1'000};
/// Every epoch costs the destinations what they already have once more: no receiver may ask for one after another.
constexpr Millis conflict_epoch_interval = std::chrono::minutes(10);
constexpr Millis epoch_retry{60'000};
constexpr Millis copy_retry{10'000};
/// A commit of a note alone is 11 KB of flash: 16 MB a day, and only where nothing is recorded or commits are rarer.
constexpr Millis alive_interval{60'000};
constexpr Millis links_interval{5'000};
constexpr Millis updates_interval{5'000};

health::UpdateHealth health_of(const domain::UpdateReport& report) {
  health::UpdateHealth health{.id = report.id, .from = report.from, .to = report.to, .slot = report.slot};
  if (report.steps.empty()) return health;
  const domain::UpdateStep& newest = report.steps.back();
  health.state = name_of(newest.state);
  health.reason = newest.reason;
  health.at = newest.at;
  return health;
}

}  // namespace

/// Shows a core that was made of `options` what the store has of earlier runs.
void RecorderImpl::recall(Core& core, const Options& options) {
  core.begin_recall(now().utc);
  for (const auto& [name, text] : store_.notes()) core.remember(domain::Note{name, text});
  const auto reader = store_.reader();
  if (!reader) {
    spdlog::warn("record not read back, counter steps and some gaps stay unknown why=\"{}\"", reader.error().message());
    return;
  }
  read_back(**reader, store_.opening(), {options.manifest, core.manifest().hash},
            {.remember = [&](const record::Decoded& batch,
                             const domain::Manifest* made_under) { core.remember(batch, made_under); },
             .missing =
                 [&](const MissingPolls& polls) {
                   polls.may_come_back ? core.remember_unread(polls.gap) : core.remember_missing(polls.gap);
                 },
             .rows_left_out = warn_of_rows_left_out});
}

void RecorderImpl::begin() {
  const store::Opening opening = store_.opening();
  recall(*core_, *options_);
  Options of_last = *options_;
  std::unique_ptr<Core> last;
  if (auto before = core_->manifest_of_gone()) {
    of_last.manifest = *std::move(before);
    last = std::make_unique<Core>(of_last);
    recall(*last, of_last);
  }
  const Instant start = now();
  look_at_updates(start);
  core_->begin(opening, start, last.get());
  last.reset();
  marks_.set(core_->marks(start.utc));
  live_.put(core_->directives());
  for (auto& held : core_->held_manifests()) store_.add_manifest(held.hash, std::move(held.bytes));
  store_.add_manifest(core_->manifest().hash, core_->manifest().bytes);
  (void)flush(Flush::all);
  post_health(now());
  spdlog::info("recording epoch={} meters={} manifest={}", to_hex(opening.epoch), options_->manifest.meters.size(),
               to_hex(core_->manifest().hash));
  thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

void RecorderImpl::run(std::stop_token stop) {
  store_.call_between_steps([this] {
    const SteadyTime at = clock_.steady_now();
    heartbeat_.beat(at);
    return at;
  });
  while (!stop.stop_requested()) {
    const Instant before = now();
    heartbeat_.beat(before.steady);
    take(inbox_.take_all(stop, core_->next_due(before)));
    take_statements();
    take_orders();
    serve_epoch_request();
    core_->tell_again(lost_manifests_.take(now().steady), now());
    flush_due();
    answer_statements();
    serve_copies();
    const Instant after = now();
    look_at_links(after);
    look_at_updates(after);
    say_alive(after);
    maintain(after);
    publish_live(after);
    post_health(after);
  }
  finish();
  store_.call_between_steps({});
}

void RecorderImpl::take(std::vector<Inbox::Item> items) {
  const Instant instant = now();
  core_->observe(instant);
  live_.set_now(instant.utc);
  for (Inbox::Item& item : items) take(std::move(item), instant);
  core_->advance(instant);
  if (plant_at_ && instant.steady - *plant_at_ < post_interval) return;
  plant_at_ = instant.steady;
  live_.put(core_->plant_now());
}

void RecorderImpl::take(Inbox::Item item, const Instant& instant) {
  if (auto* poll = std::get_if<domain::Poll>(&item)) {
    core_->judge(*poll, instant);
    live_.put(*poll);
    core_->accept(std::move(*poll), instant);
  } else if (auto* event = std::get_if<domain::Event>(&item)) {
    core_->accept(std::move(*event), instant);
  } else if (const auto* note = std::get_if<domain::Note>(&item)) {
    store_.note(note->name, note->text);
  } else {
    take_change(std::move(std::get<ChangeOrder>(item)));
  }
}

/// What came before goes to the store, which then says what is known of the last hour; what it does not take now waits
/// in the new core. Statements that wait are of the old manifest, and the pollers that begin anew are to know of them.
void RecorderImpl::take_change(ChangeOrder order) {
  take_statements();
  const auto flush_all = [this] {
    for (int i = 0; i < commits_max && core_->has_pending(); ++i)
      if (!flush(Flush::all)) break;
  };
  const Instant instant = now();
  core_->settle(instant, order.change.manifest);
  flush_all();
  auto options = std::make_shared<Options>(*options_);
  options->manifest = std::move(order.change.manifest);
  Changed changed;
  changed.before = core_->manifest().hash;
  auto core = change_over(*core_, *options, std::move(order.change), store_, instant,
                          [this] { heartbeat_.beat(clock_.steady_now()); });
  core_ = std::move(core);
  options_ = std::move(options);
  changed.after = core_->manifest().hash;
  store_.add_manifest(changed.after, core_->manifest().bytes);
  live_.change(manifest_of(options_), core_->plant_now());
  marks_.set(core_->marks(instant.utc));
  flush_all();
  changed.notes = store_.notes();
  if (core_->has_pending_events()) changed.stored = Error{ErrorKind::io, trouble_};
  spdlog::info("configuration changed meters={} manifest={} before={}", options_->manifest.meters.size(),
               to_hex(changed.after), to_hex(changed.before));
  order.answer.set_value(std::move(changed));
}

void RecorderImpl::flush_due() {
  for (int i = 0; i < commits_max; ++i) {
    const auto due = core_->due(now());
    if (!due || !flush(*due)) return;
  }
}

Status RecorderImpl::flush(Flush flush) {
  const Instant instant = now();
  std::array<store::Head, 3> heads;
  std::ranges::transform(record::all_streams, heads.begin(), [&](auto stream) { return store_.head(stream); });
  const auto batches = core_->build(flush, store_.opening().epoch, heads, instant);
  for (const domain::Note& note : core_->take_notes()) store_.note(note.name, note.text);
  if (!batches.empty()) {
    if (auto done = store_.commit(batches, instant.utc); !done) {
      core_->failed(instant);
      note_failure(done.error(), instant);
      return done;
    }
    committed_ = true;
    said_at_ = instant.steady;
  }
  core_->committed(flush, instant);
  note_success();
  if (!batches.empty() && listeners_.committed) listeners_.committed();
  tell_start_stored();
  return {};
}

/// What the start tells are the first events of all: it is stored once none waits.
void RecorderImpl::tell_start_stored() {
  if (is_start_stored_ || core_->has_pending_events()) return;
  is_start_stored_ = true;
  if (listeners_.start_stored) listeners_.start_stored();
}

void RecorderImpl::note_failure(const Error& error, const Instant& now) {
  news_ = true;
  if (trouble_.empty()) spdlog::error("commit failed, holding what comes and trying again why=\"{}\"", error.message());
  trouble_ = "not recording: " + error.message();
  const std::uint64_t lost = core_->polls_dropped() + core_->others_dropped();
  if (lost > lost_told_ && lost_told_ == 0)
    spdlog::error("store takes nothing for too long, the oldest polls are dropped and will be declared as gaps");
  lost_told_ = std::max(lost, lost_told_);
  const bool deleted = error.kind() == ErrorKind::not_found;  // nothing of it is left to be sent once more
  const bool damaged = error.kind() == ErrorKind::corrupt;
  if (damaged && !damage_rest_.may_begin(now.steady)) return;
  if (damaged || deleted) epoch_requests_.rest_until(now.steady);
  if (damaged || deleted) epoch_requests_.ask({store_.opening().epoch, error.message()});
}

void RecorderImpl::note_success() {
  news_ = true;
  if (trouble_.empty()) return;
  trouble_.clear();
  spdlog::info("commits work again polls_dropped={} others_dropped={}", core_->polls_dropped(),
               core_->others_dropped());
}

void RecorderImpl::serve_epoch_request() {
  auto wanted = epoch_requests_.take(now().steady);
  if (!wanted || wanted->after != store_.opening().epoch) return;
  if (core_->has_pending()) (void)flush(Flush::all);  // under the old epoch, if it still takes it
  if (auto begun = store_.begin_epoch(wanted->reason, now().utc); !begun) {
    spdlog::error("new epoch not begun, going on in the old one and trying again why=\"{}\"", begun.error().message());
    epoch_requests_.rest_until(now().steady + epoch_retry);
    return epoch_requests_.put_back(*std::move(wanted));
  }
  epoch_requests_.rest_until(now().steady + conflict_epoch_interval);
  // The last one added is what a further epoch begins with.
  for (auto& held : core_->held_manifests()) store_.add_manifest(held.hash, std::move(held.bytes));
  store_.add_manifest(core_->manifest().hash, core_->manifest().bytes);
  core_->begin_epoch(store_.opening(), now());
  (void)flush(Flush::all);
}

void RecorderImpl::serve_copies() {
  const Instant instant = now();
  if ((copy_not_before_ && instant.steady < *copy_not_before_) || !copies_.has_work()) return;
  if (store_.head(record::Stream::event).next_seq == 1) return;  // the epoch's own first event comes first
  const auto copied = copies_.copy_some(instant.utc);
  if (!copied) {
    if (!copy_not_before_)
      spdlog::warn("rejected batches not copied, trying again why=\"{}\"", copied.error().message());
    copy_not_before_ = instant.steady + copy_retry;
    return;
  }
  copy_not_before_.reset();
  committed_ = news_ = true;
  if (listeners_.committed) listeners_.committed();
  if (copies_.has_work()) inbox_.wake();
}

void RecorderImpl::take_statements() {
  for (auto& [statement, answer] : desk_.take()) {
    if (statement.replacement) {
      const auto& meters = options_->manifest.meters;
      const auto meter = statement.replacement->meter;
      if (meter >= meters.size() || meters[meter].id != statement.event.subject) {
        answer.set_value(Error{ErrorKind::conflict, "the configuration was changed meanwhile; say it again"});
        continue;
      }
      auto note = core_->replace(*statement.replacement, statement.event);
      if (!note) {
        answer.set_value(note.error());
        continue;
      }
      statement.notes.push_back(std::move(*note));
    }
    if (statement.mark) {
      auto notes = core_->mark(*statement.mark, now(), statement.event);
      if (!notes) {
        answer.set_value(notes.error());
        continue;
      }
      statement.notes = std::move(*notes);
      marks_.set(core_->marks(now().utc));
    }
    if (auto note = Standing::note_of(statement.event)) statement.notes.push_back(std::move(*note));
    for (const domain::Note& note : statement.notes) store_.note(note.name, note.text);
    core_->accept(statement.event, now());
    desk_.wait(std::move(statement.event), std::move(answer));
  }
}

/// Also what became of known ones by the clock.
void RecorderImpl::take_orders() {
  for (const auto& listing : listings_.take()) core_->hear(listing, now());
  if (core_->take_directives_changed()) live_.put(core_->directives());
}

/// Once a minute where nothing is committed, so that a later run knows until when this one lived.
void RecorderImpl::say_alive(const Instant& now) {
  if (now.steady - said_at_ < alive_interval || !trouble_.empty()) return;
  said_at_ = now.steady;
  const domain::Note note = alive_note(now.utc);
  store_.note(note.name, note.text);
  (void)store_.commit({}, now.utc);  // what cannot be said now is said in a minute
}

void RecorderImpl::look_at_links(const Instant& now) {
  if (links_at_ && now.steady - *links_at_ < links_interval) return;
  links_at_ = now.steady;
  core_->see_links(board_.uplinks(), now);
}

void RecorderImpl::look_at_updates(const Instant& now) {
  if (!options_->update_news || (updates_at_ && now.steady - *updates_at_ < updates_interval)) return;
  updates_at_ = now.steady;
  auto report = options_->update_news();
  if (!report) return;
  board_.post(health_of(*report));
  core_->hear(*std::move(report));
}

/// After the commits of a round: what was taken is in the store, or it is known why not.
void RecorderImpl::answer_statements() {
  if (!desk_.is_waiting()) return;
  for (int i = 0; i < commits_max && trouble_.empty() && core_->has_pending_events(); ++i)
    if (!flush(Flush::events)) break;
  if (!core_->has_pending_events()) return desk_.answer({});
  desk_.answer(Error{ErrorKind::io, "the store takes nothing now" + (trouble_.empty() ? "" : " (" + trouble_ + ")") +
                                        ": the statement waits and is stored with what comes next"});
}

void RecorderImpl::maintain(const Instant& now) {
  if (!committed_ || (maintained_at_ && now.steady - *maintained_at_ < maintain_interval)) return;
  maintained_at_ = now.steady;
  committed_ = false;
  news_ = true;
  const auto evictions = store_.maintain(now.utc, age_watch_.look(now));
  if (!evictions) {
    if (!std::exchange(unmaintained_, true))
      spdlog::warn("store not maintained, trying again why=\"{}\"", evictions.error().message());
    return;
  }
  unmaintained_ = false;
  for (const store::Eviction& eviction : *evictions) core_->accept(eviction, now);
}

void RecorderImpl::publish_live(const Instant& now) {
  if (listeners_.live && live_pace_.take_due(now.steady, live_.is_whole())) listeners_.live(live_.json());
}

void RecorderImpl::post_health(const Instant& now) {
  for (auto& meter : core_->take_standing()) board_.post(std::move(meter));
  if (!news_ || (posted_at_ && now.steady - *posted_at_ < post_interval)) return;
  posted_at_ = now.steady;
  news_ = false;
  board_.post(with_trouble(store_.health(), trouble_, core_->polls_dropped(), core_->others_dropped()));
}

void RecorderImpl::finish() {
  // Everything that was offered before the stop was asked for.
  take(inbox_.take_all({}, SteadyTime{}));
  take_statements();
  take_orders();
  core_->stop(now());
  Status done;
  for (int i = 0; i < commits_max && done && core_->has_pending(); ++i) done = flush(Flush::all);
  if (core_->has_pending())
    spdlog::error("stopped without storing everything, the next start declares the gap why=\"{}\"", trouble_);
  else
    spdlog::info("recording stopped");
  answer_statements();
  desk_.close();
  posted_at_.reset();
  post_health(now());
}

Result<std::unique_ptr<Recorder>> Recorder::start(Options options, store::Store& store, Clock& clock,
                                                  health::Board& board, Listeners listeners) {
  auto recorder = std::make_unique<RecorderImpl>(std::move(options), store, clock, board, std::move(listeners));
  recorder->begin();
  return std::unique_ptr<Recorder>(std::move(recorder));
}

}  // namespace jidian::recorder
