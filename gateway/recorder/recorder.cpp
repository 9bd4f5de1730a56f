#include "recorder/recorder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "recorder/alive.hpp"
#include "recorder/copies.hpp"
#include "recorder/core.hpp"
#include "recorder/desk.hpp"
#include "recorder/epoch_requests.hpp"
#include "recorder/health_report.hpp"
#include "recorder/listings.hpp"
#include "recorder/live_view.hpp"
#include "recorder/read_back.hpp"
#include "recorder/shown.hpp"

namespace jidian::recorder {
namespace {

/// A commit on slow flash, and room.
constexpr Millis longest_round{60'000};
constexpr Millis maintain_interval{10'000};
constexpr Millis post_interval{1'000};
/// An epoch begun for damage is not begun again sooner.
constexpr Millis epoch_interval = std::chrono::hours(1);
/// Every epoch costs the destinations what they already have once more: no receiver may ask for one after another.
constexpr Millis conflict_epoch_interval = std::chrono::minutes(10);
constexpr Millis epoch_retry{60'000};
constexpr Millis copy_retry{10'000};
/// A commit of a note alone is 11 KB of flash: 16 MB a day, and only where nothing is recorded or commits are rarer.
constexpr Millis alive_interval{60'000};
constexpr Millis links_interval{5'000};
/// Commits of one round or of the end: what more waits is lost to the next start, which declares it.
constexpr int commits_max = 16;

class RecorderImpl final : public Recorder {
 public:
  RecorderImpl(Options options, store::Store& store, Clock& clock, health::Board& board, Listeners listeners)
      : options_(std::move(options)),
        store_(store),
        clock_(clock),
        board_(board),
        listeners_(std::move(listeners)),
        heartbeat_(board.add_heartbeat("recorder", longest_round)),
        core_(options_),
        copies_(store),
        live_(options_.manifest) {}

  ~RecorderImpl() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void begin();
  Inbox& inbox() override { return inbox_; }
  std::string live() const override { return live_.json(); }
  domain::PlantNow plant_now() const override { return live_.plant_now(); }
  void request_epoch(std::uint64_t epoch, std::string reason) override {
    epoch_requests_.ask({epoch, std::move(reason)});
    inbox_.wake();
  }
  bool request_copy(const record::BatchKey& rejected, const std::string& destination) override {
    const bool taken = copies_.request(rejected, destination);
    inbox_.wake();
    return taken;
  }
  std::future<Result<domain::Event>> attest(Statement statement) override {
    auto answer = desk_.hand_in(std::move(statement));
    inbox_.wake();
    return answer;
  }
  std::vector<domain::Mark> marks() const override {
    auto marks = marks_.get();
    std::erase_if(marks, [now = clock_.utc_now()](const auto& mark) { return mark.until && *mark.until <= now; });
    return marks;
  }
  void hear(domain::DirectiveListing listing) override {
    listings_.put(std::move(listing));
    inbox_.wake();
  }
  std::string directives() const override { return live_.directives(); }

 private:
  void run(std::stop_token stop);
  void take(std::vector<Inbox::Item> items);
  void flush_due();
  Status flush(Flush flush);
  void note_failure(const Error& error, const Instant& now);
  void note_success();
  void serve_epoch_request();
  void serve_copies();
  void take_statements();
  void answer_statements();
  void take_orders();
  void say_alive(const Instant& now);
  void look_at_links(const Instant& now);
  void maintain(const Instant& now);
  void publish_live(const Instant& now);
  void post_health(const Instant& now);
  void finish();

  Instant now() { return {clock_.utc_now(), clock_.steady_now(), clock_.quality()}; }

  const Options options_;
  store::Store& store_;
  Clock& clock_;
  health::Board& board_;
  const Listeners listeners_;
  health::Heartbeat& heartbeat_;
  Inbox inbox_;
  Core core_;
  Copies copies_;
  Desk desk_;
  Listings listings_;
  LiveView live_;

  EpochRequests epoch_requests_;
  Shown<std::vector<domain::Mark>> marks_;
  std::string trouble_;  ///< Why the last commit failed; empty while all is well.
  bool news_ = true;     ///< The board does not know the newest yet.
  bool committed_ = false;
  bool unmaintained_ = false;
  std::uint64_t lost_told_ = 0;
  SteadyTime said_at_{};  ///< When the store last heard that this run lives.
  std::optional<SteadyTime> links_at_;
  std::optional<SteadyTime> posted_at_;
  std::optional<SteadyTime> maintained_at_;
  std::optional<SteadyTime> live_at_;
  std::optional<SteadyTime> plant_at_;
  std::optional<SteadyTime> damage_epoch_at_;
  std::optional<SteadyTime> copy_not_before_;  ///< Set while the store does not take copies.
  std::jthread thread_;
};

void RecorderImpl::begin() {
  const store::Opening opening = store_.opening();
  for (const auto& [name, text] : store_.notes()) core_.remember(domain::Note{name, text});
  const auto reader = store_.reader();
  if (reader)
    read_back(**reader, opening, {options_.manifest, core_.manifest().hash},
              [this](const record::Decoded& batch, const domain::Manifest* made_under) {
                core_.remember(batch, made_under);
              });
  else
    spdlog::warn("record not read back, counter steps and some gaps stay unknown why=\"{}\"", reader.error().message());
  const Instant start = now();
  core_.begin(opening, start);
  marks_.set(core_.marks(start.utc));
  live_.put(core_.directives());
  store_.add_manifest(core_.manifest().hash, core_.manifest().bytes);
  (void)flush(Flush::all);
  post_health(now());
  spdlog::info("recording epoch={} meters={} manifest={}", to_hex(opening.epoch), options_.manifest.meters.size(),
               to_hex(core_.manifest().hash));
  thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

void RecorderImpl::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const Instant before = now();
    heartbeat_.beat(before.steady);
    take(inbox_.take_all(stop, core_.next_due(before)));
    take_statements();
    take_orders();
    serve_epoch_request();
    flush_due();
    answer_statements();
    serve_copies();
    const Instant after = now();
    look_at_links(after);
    say_alive(after);
    maintain(after);
    publish_live(after);
    post_health(after);
  }
  finish();
}

void RecorderImpl::take(std::vector<Inbox::Item> items) {
  const Instant instant = now();
  core_.observe(instant);
  live_.set_now(instant.utc);
  for (Inbox::Item& item : items) {
    if (auto* poll = std::get_if<domain::Poll>(&item)) {
      core_.judge(*poll, instant);
      live_.put(*poll);
      core_.accept(std::move(*poll), instant);
    } else if (auto* event = std::get_if<domain::Event>(&item)) {
      core_.accept(std::move(*event), instant);
    } else {
      const auto& note = std::get<domain::Note>(item);
      store_.note(note.name, note.text);
    }
  }
  core_.advance(instant);
  if (plant_at_ && instant.steady - *plant_at_ < post_interval) return;
  plant_at_ = instant.steady;
  live_.put(core_.plant_now());
}

void RecorderImpl::flush_due() {
  for (int i = 0; i < commits_max; ++i) {
    const auto due = core_.due(now());
    if (!due || !flush(*due)) return;
  }
}

Status RecorderImpl::flush(Flush flush) {
  const Instant instant = now();
  std::array<store::Head, 3> heads;
  std::ranges::transform(record::all_streams, heads.begin(), [&](auto stream) { return store_.head(stream); });
  const auto batches = core_.build(flush, store_.opening().epoch, heads, instant);
  for (const domain::Note& note : core_.take_notes()) store_.note(note.name, note.text);
  if (!batches.empty()) {
    if (auto done = store_.commit(batches, instant.utc); !done) {
      core_.failed(instant);
      note_failure(done.error(), instant);
      return done;
    }
    committed_ = true;
    said_at_ = instant.steady;
  }
  core_.committed(flush, instant);
  note_success();
  if (!batches.empty() && listeners_.committed) listeners_.committed();
  return {};
}

void RecorderImpl::note_failure(const Error& error, const Instant& now) {
  news_ = true;
  if (trouble_.empty()) spdlog::error("commit failed, holding what comes and trying again why=\"{}\"", error.message());
  trouble_ = "not recording: " + error.message();
  const std::uint64_t lost = core_.polls_dropped() + core_.others_dropped();
  if (lost > lost_told_ && lost_told_ == 0)
    spdlog::error("store takes nothing for too long, the oldest polls are dropped and will be declared as gaps");
  lost_told_ = std::max(lost, lost_told_);
  const bool deleted = error.kind() == ErrorKind::not_found;  // nothing of it is left to be sent once more
  const bool damaged = error.kind() == ErrorKind::corrupt;
  if (damaged && damage_epoch_at_ && now.steady - *damage_epoch_at_ < epoch_interval) return;
  if (damaged) damage_epoch_at_ = now.steady;
  if (damaged || deleted) epoch_requests_.rest_until(now.steady);
  if (damaged || deleted) epoch_requests_.ask({store_.opening().epoch, error.message()});
}

void RecorderImpl::note_success() {
  news_ = true;
  if (trouble_.empty()) return;
  trouble_.clear();
  spdlog::info("commits work again polls_dropped={} others_dropped={}", core_.polls_dropped(), core_.others_dropped());
}

void RecorderImpl::serve_epoch_request() {
  auto wanted = epoch_requests_.take(now().steady);
  if (!wanted || wanted->after != store_.opening().epoch) return;
  if (core_.has_pending()) (void)flush(Flush::all);  // under the old epoch, if it still takes it
  if (auto begun = store_.begin_epoch(wanted->reason, now().utc); !begun) {
    spdlog::error("new epoch not begun, going on in the old one and trying again why=\"{}\"", begun.error().message());
    epoch_requests_.rest_until(now().steady + epoch_retry);
    return epoch_requests_.put_back(*std::move(wanted));
  }
  epoch_requests_.rest_until(now().steady + conflict_epoch_interval);
  core_.begin_epoch(store_.opening(), now());
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
      auto note = core_.replace(*statement.replacement, statement.event);
      if (!note) {
        answer.set_value(note.error());
        continue;
      }
      statement.notes.push_back(std::move(*note));
    }
    if (statement.mark) {
      auto notes = core_.mark(*statement.mark, now(), statement.event);
      if (!notes) {
        answer.set_value(notes.error());
        continue;
      }
      statement.notes = std::move(*notes);
      marks_.set(core_.marks(now().utc));
    }
    if (auto note = Standing::note_of(statement.event)) statement.notes.push_back(std::move(*note));
    for (const domain::Note& note : statement.notes) store_.note(note.name, note.text);
    core_.accept(statement.event, now());
    desk_.wait(std::move(statement.event), std::move(answer));
  }
}

/// Also what became of known ones by the clock.
void RecorderImpl::take_orders() {
  for (const auto& listing : listings_.take()) core_.hear(listing, now());
  if (core_.take_directives_changed()) live_.put(core_.directives());
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
  core_.see_links(board_.uplinks(), now);
}

/// After the commits of a round: what was taken is in the store, or it is known why not.
void RecorderImpl::answer_statements() {
  if (!desk_.is_waiting()) return;
  for (int i = 0; i < commits_max && trouble_.empty() && core_.has_pending_events(); ++i)
    if (!flush(Flush::events)) break;
  if (!core_.has_pending_events()) return desk_.answer({});
  desk_.answer(Error{ErrorKind::io, "the store takes nothing now" + (trouble_.empty() ? "" : " (" + trouble_ + ")") +
                                        ": the statement waits and is stored with what comes next"});
}

void RecorderImpl::maintain(const Instant& now) {
  if (!committed_ || (maintained_at_ && now.steady - *maintained_at_ < maintain_interval)) return;
  maintained_at_ = now.steady;
  committed_ = false;
  news_ = true;
  const auto evictions = store_.maintain(now.utc);
  if (!evictions) {
    if (!std::exchange(unmaintained_, true))
      spdlog::warn("store not maintained, trying again why=\"{}\"", evictions.error().message());
    return;
  }
  unmaintained_ = false;
  for (const store::Eviction& eviction : *evictions) core_.accept(eviction, now);
}

void RecorderImpl::publish_live(const Instant& now) {
  if (!listeners_.live || (live_at_ && now.steady - *live_at_ < options_.live_interval)) return;
  live_at_ = now.steady;
  listeners_.live(live_.json());
}

void RecorderImpl::post_health(const Instant& now) {
  for (auto& meter : core_.take_standing()) board_.post(std::move(meter));
  if (!news_ || (posted_at_ && now.steady - *posted_at_ < post_interval)) return;
  posted_at_ = now.steady;
  news_ = false;
  board_.post(with_trouble(store_.health(), trouble_, core_.polls_dropped(), core_.others_dropped()));
}

void RecorderImpl::finish() {
  // Everything that was offered before the stop was asked for.
  take(inbox_.take_all({}, SteadyTime{}));
  take_statements();
  core_.stop(now());
  Status done;
  for (int i = 0; i < commits_max && done && core_.has_pending(); ++i) done = flush(Flush::all);
  if (core_.has_pending())
    spdlog::error("stopped without storing everything, the next start declares the gap why=\"{}\"", trouble_);
  else
    spdlog::info("recording stopped");
  answer_statements();
  desk_.close();
  posted_at_.reset();
  post_health(now());
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(Options options, store::Store& store, Clock& clock,
                                                  health::Board& board, Listeners listeners) {
  auto recorder = std::make_unique<RecorderImpl>(std::move(options), store, clock, board, std::move(listeners));
  recorder->begin();
  return std::unique_ptr<Recorder>(std::move(recorder));
}

}  // namespace jidian::recorder
