#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/data_watch.hpp"
#include "domain/directive_book.hpp"
#include "domain/plant_now.hpp"
#include "domain/plausibility_watch.hpp"
#include "domain/update_watch.hpp"
#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "recorder/absences.hpp"
#include "recorder/alive.hpp"
#include "recorder/change.hpp"
#include "recorder/clock_watch.hpp"
#include "recorder/counters.hpp"
#include "recorder/facts.hpp"
#include "recorder/holes.hpp"
#include "recorder/inbox.hpp"
#include "recorder/marks.hpp"
#include "recorder/pending.hpp"
#include "recorder/recorder.hpp"
#include "recorder/restart.hpp"
#include "recorder/standing.hpp"
#include "recorder/swaps.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// What the recorder decides, without a thread, a clock or a store: what becomes a reading, an interval row or an
/// event, when it is to be committed, and as which batches. `now` never runs backwards on the steady clock.
class Core {
 public:
  /// `options` outlive this.
  explicit Core(const Options& options, PendingLimits limits = {});
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// The record is read back now: what it has behind that time, and behind its own end, was stamped by a clock that
  /// was set back since. Before the batches.
  void begin_recall(UtcTime now) { recalled_at_ = now; }

  /// A batch of an earlier run, in the order of `read_back`, and the manifest it was made under, if it is known. Before
  /// `begin`. Holes that were not told are found again for meters that still have their period.
  void remember(const record::Decoded& batch, const domain::Manifest* made_under = nullptr);

  /// Why polls of that time are not among the batches that are remembered. Before the batch behind them.
  void remember_missing(const domain::Gap& gap) { holes_.explain({}, gap); }

  /// Polls of that time may be on record, and cannot be read just now: they are not told as missing.
  void remember_unread(const domain::Gap& gap) { holes_.declare({}, gap); }

  /// A note of an earlier run. Before the batches.
  void remember(const domain::Note& note);

  /// Another configuration is coming: tells every hole that is known, and what meters that `next` does not have were
  /// in the middle of. What is due then goes to the store, if it takes it.
  void settle(const Instant& now, const domain::Manifest& next);

  /// Instead of `begin`, with the core that ran until now: first this, then `begin_recall`, then the notes and the
  /// record are remembered, with `remember_waiting` behind the batches of each stream, then `go_on`. What waits in
  /// `before` waits here.
  void take_over(Core& before);

  /// What waits to be stored is remembered like a batch of the core before.
  void remember_waiting(record::Stream stream);

  /// Goes on where `before` was and tells the change: meters, facilities and links that are as they were go on as if
  /// nothing had been, what lasts at the others is told anew.
  void go_on(Core& before, Change change, const Instant& now);

  /// The manifest that the record was under last, if it has meters that the present one has not. A core of that one,
  /// shown the same record, says in `begin` what became of them. Behind the record.
  std::optional<domain::Manifest> manifest_of_gone() const;

  /// What is first to be told: a new epoch, the start, the gap before it, the end of meters that are gone, the manifest
  /// unless the record has it.
  /// @param last  Of `manifest_of_gone`; good for nothing afterwards. Null: there is none.
  void begin(const store::Opening& opening, const Instant& now, Core* last = nullptr);

  /// Watches the clocks. Call it before what came is accepted: that is older than `now`.
  void observe(const Instant& now);

  /// Says of a poll's values what they are worth: which are implausible, which stand under a mark, and that the clock
  /// was never set. Once for each poll, before it is accepted.
  void judge(domain::Poll& poll, const Instant& now);

  /// One whose slot lies ahead and comes again (`domain::comes_again`) is a reading, and in no row or state.
  void accept(domain::Poll poll, const Instant& now);
  void accept(domain::Event event, const Instant& now);
  void accept(const store::Eviction& eviction, const Instant& now);

  /// Which destinations are connected.
  void see_links(const std::vector<health::UplinkHealth>& links, const Instant& now);

  /// A meter was exchanged, as `event` states: from here on its counters begin anew. Adds to the event what is known;
  /// it is accepted by itself. Gives what is to be remembered. Errors: conflict, with the numbers.
  Result<domain::Note> replace(const domain::Replacement& stated, domain::Event& event);

  /// A period is marked, or a mark ended, as of `now`; `event` is made of it and accepted by itself. Gives what is to
  /// be remembered. Errors: those of `Marks::take`.
  Result<std::vector<domain::Note>> mark(const domain::MarkRequest& request, const Instant& now, domain::Event& event) {
    return marks_.take(request, now.utc, event);
  }
  std::vector<domain::Mark> marks(UtcTime now) const { return marks_.list(now); }

  /// What a destination holds in force.
  void hear(const domain::DirectiveListing& listing, const Instant& now) {
    keep(directives_.take(listing, now.utc), now);
  }
  std::vector<domain::KnownDirective> directives() const { return directives_.orders(); }
  /// Whether they changed since the last time this was asked.
  bool take_directives_changed() { return std::exchange(directives_changed_, false); }

  /// What the box says of its newest update. Before `begin` it also says why the box was away; there what is old is
  /// told from what is new, by the notes or, if they are lost, by the last sign of life (`UpdateWatch::begin`).
  void hear(domain::UpdateReport report) { updates_.hear(std::move(report)); }

  /// What is to be noted with the next batches.
  std::vector<domain::Note> take_notes() { return std::exchange(notes_, {}); }

  /// Rows whose time is over, gaps that last. Cheap to call often.
  void advance(const Instant& now);

  /// What should be committed now, if anything.
  std::optional<Flush> due(const Instant& now) const;

  /// When there may be something due without anything new; at latest a second after `now`.
  SteadyTime next_due(const Instant& now) const;

  /// The batches of a flush; possibly none. They stay pending until `committed`.
  std::vector<store::NewBatch> build(Flush flush, std::uint64_t epoch, const std::array<store::Head, 3>& heads,
                                     const Instant& now);
  void committed(Flush flush, const Instant& now);
  /// Nothing was stored: the next try comes after 1 s, 2 s, … 60 s.
  void failed(const Instant& now);

  /// The manifests before the one in force that what waits was made under.
  std::vector<record::EncodedManifest> held_manifests() const;

  /// The store began a new epoch. What waits follows the manifests that it was made under.
  void begin_epoch(const store::Opening& opening, const Instant& now);

  /// Tells manifests once more that a destination lacks, and behind them the one in force: that stays in force.
  void tell_again(const std::vector<record::EncodedManifest>& lost, const Instant& now);

  /// The last words: everything that is still to be told.
  void stop(const Instant& now);

  /// What the facilities do, as last told, in the order of the manifest.
  std::vector<domain::FacilityNow> facilities() const { return facts_.facilities(); }

  /// The same with what the accounts and the site took, and the orders that were not taken.
  domain::PlantNow plant_now() const { return {facts_.facilities(), facts_.demands(), directives_.refusals()}; }

  /// What stands against meters, and who signed them off: those that have news.
  std::vector<health::MeterRecord> take_standing() { return standing_.take_news(); }

  const record::EncodedManifest& manifest() const { return manifest_; }
  std::uint64_t polls_dropped() const { return polls_dropped_; }
  std::uint64_t others_dropped() const { return pending_.dropped(); }
  bool has_pending() const { return !pending_.empty(); }
  bool has_pending_events() const { return !pending_.empty(record::Stream::event); }

 private:
  /// A meter that comes back now.
  struct Returning {
    domain::MeterIndex meter = 0;
    bool has_slots = false;  ///< Its slots were accounted for before it went.
  };

  /// Who wrote a batch of an earlier run, and when.
  struct Life {
    UtcTime at;
    SteadyTime steady;
    std::array<std::uint8_t, 16> boot{};
  };
  /// The wall clock was set back in an earlier run, or in this one before a change.
  struct SetBack {
    std::array<std::uint8_t, 16> boot{};
    SteadyTime steady;  ///< When the batch that tells it was closed.
    UtcTime to;         ///< Or to where it was set forward again since.
  };

  void note_life(const record::Header& header);
  void note_set_back(const record::Header& header, const domain::Event& event);
  std::optional<UtcTime> set_back_to(const record::Header& header, UtcTime time) const;
  void remember_levels(const domain::Poll& poll, std::optional<UtcTime> back_to);
  void remember_rows(const record::Header& header, const record::Rows& rows);
  std::optional<UtcTime> last_sign(UtcTime now) const;
  const std::vector<bool>& meters_with_slots_of(const Hash& hash, const domain::Manifest* other);
  void go_on_with_meters(const Core& before);
  void resume_meters(const Core& before, const Instant& now, Facts::News& news);
  void note_in_force(const record::Decoded& batch, const domain::Manifest* made_under);
  void see_in_force(const Hash& hash, const domain::Manifest& manifest, UtcTime at);
  void tell_gone(Core& last, const domain::Gap& box, const Instant& now);
  void note_return(const domain::Poll& poll, Facts::News& news);
  void note_back(domain::MeterIndex meter, UtcTime back, Facts::News& news);
  void account_back(domain::MeterIndex meter, UtcTime back);
  void end_recall(const domain::Manifest* before, const Instant& now, Facts::News& news);
  std::vector<Returning> forget_returning();
  void come_back(const Returning& returning, const Instant& now, Facts::News& news);
  void tell_cut_short(const Core& before, const Instant& now);
  record::Polls count_lost(Pending::Lost lost, domain::GapCause cause, const Instant& now);
  void tell_homeless(const record::Polls& polls, const domain::Manifest& from, domain::GapCause cause,
                     const Instant& now);
  void tell(domain::Event event, const Instant& now);
  void tell_later(domain::Event event, const Instant& now);
  void keep(Facts::News news, const Instant& now);
  void keep(domain::DirectiveBook::News news, const Instant& now);
  void tell_data(const Instant& now);
  void tell_updates(const Instant& now);
  void note_pending(const Instant& now);
  void drop_overflow(const Instant& now);
  domain::GapCause cause_of_ending(const store::Opening& opening) const;
  domain::Gap declare_ending(const store::Opening& opening, const Instant& now);
  std::optional<UtcTime> last_life(const store::Opening& opening, UtcTime now) const;
  domain::Event start_event(const store::Opening& opening, const Instant& now) const;
  domain::Event epoch_event(const store::Opening& opening, UtcTime now) const;
  domain::Event manifest_event(UtcTime now) const;
  static domain::Event manifest_event(const record::EncodedManifest& manifest, std::string text, UtcTime now);
  static bool comes_into_force(const domain::Event& event);
  static constexpr std::string_view held_text =
      "A manifest that was in force before: some of what follows was made under it.";

  const Options& options_;
  const record::EncodedManifest manifest_;
  bool goes_on_ = false;  ///< What is remembered was seen, and told, by the core before.
  Hash in_force_{};       ///< The manifest that what comes now is under; zeros before the record has one.
  Pending pending_;
  Holes holes_;
  domain::PlausibilityWatch plausibility_;
  domain::Findings findings_;  ///< Of the present poll; kept for its memory.
  Facts facts_;
  Swaps swaps_;
  Marks marks_;
  domain::DirectiveBook directives_;
  bool directives_changed_ = false;
  domain::UpdateWatch updates_;
  domain::DataWatch data_;
  std::vector<domain::Event> data_events_;  ///< Of the present step; kept for its memory.
  Standing standing_;
  Counters counters_;
  ClockWatch clock_watch_;

  std::optional<UtcTime> alive_noted_;  ///< When an earlier run last said that it lived, to a minute.
  std::optional<UtcTime> recalled_at_;  ///< When the record was read back.
  std::optional<Life> last_;            ///< Of the batches on record: the last one that was written,
  std::optional<Life> newest_;          ///< and, of several boots, the one with the latest time.
  std::deque<SetBack> set_backs_;       ///< Told in the record.
  bool said_goodbye_ = false;
  std::uint64_t epoch_before_ = 0;
  Hash manifest_before_{};
  std::optional<domain::Manifest> in_force_before_;  ///< That one, unless it is the present one.
  std::optional<Hash> same_slots_under_;             ///< The manifest that `same_slots_` is about.
  std::vector<bool> same_slots_;
  Absences absences_;  ///< In earlier runs, and until the present change.

  bool urgent_ = false;
  std::optional<SteadyTime> commit_at_;  ///< When the oldest of what waits is to be committed.
  std::optional<SteadyTime> retry_at_;
  Millis retry_delay_{0};
  std::optional<SteadyTime> advanced_at_;
  std::uint64_t polls_dropped_ = 0;
  std::vector<domain::Note> notes_;
};

}  // namespace jidian::recorder
