#include "acquire/learner.hpp"

#include <algorithm>
#include <utility>

#include "acquire/backoff.hpp"
#include "meter/relations.hpp"

namespace jidian::acquire {
namespace {

using meter::Registers;

/// Refused alone in so many polls, a run is quarantined: a meter that is starting up refuses for a moment.
constexpr int strikes_max = 3;
constexpr int silences_max = 3;
constexpr Millis ask_again_interval = std::chrono::hours(1);
constexpr Millis long_reads_interval = std::chrono::hours(24);

/// A meter that refuses everything is looked into at growing distances.
constexpr Millis fruitless_first{10'000};
constexpr Millis fruitless_most{3'600'000};

/// A case with so many cuts is rather one of length than of holes, if all it contradicts is holes.
constexpr std::size_t cuts_of_length = 3;

/// Illegal data address or value: the request asked for what the meter does not have.
bool is_illegal(const BlockOutcome& block) {
  return block.asked && block.error && (block.exception == 2 || block.exception == 3);
}

bool is_good(const BlockOutcome& block) {
  return block.asked && !block.error;
}

std::uint16_t longest_of(const std::vector<MeterPlan::Read>& reads) {
  std::uint16_t longest = 0;
  for (const auto& read : reads) longest = std::max(longest, read.registers.count);
  return longest;
}

void add_sorted(std::vector<Registers>& runs, const Registers& run) {
  const auto at = std::ranges::lower_bound(runs, run);
  if (at == runs.end() || *at != run) runs.insert(at, run);
}

}  // namespace

Learner::Learner(const PolledMeter& meter, const std::optional<Learned>& remembered)
    : needed_(meter::runs_of(meter.points)), limits_(meter.limits), short_count_max_(meter.short_count_max) {
  for (const auto& point : meter.points) {
    names_.push_back(point.name);
    places_.push_back(point.place);
  }
  for (const auto& run : needed_) longest_run_ = std::max(longest_run_, run.count);
  const std::uint64_t plan = fingerprint_of(needed_, limits_, short_count_max_);
  if (remembered && remembered->plan == plan) learned_ = *remembered;
  if (remembered) {
    learned_.serial = remembered->serial;
    learned_.ratios = remembered->ratios;
  }
  learned_.plan = plan;
  if (std::ranges::all_of(needed_, [this](const auto& run) { return is_quarantined(run); })) learned_.refused.clear();
  if (learned_.count_max != 0) set_count_max(learned_.count_max);
  told_ = solid_ = learned_;
  plan_ = make_plan();
}

void Learner::begin_poll(SteadyTime now) {
  ++polls_;
  if (again_.empty() && !learned_.refused.empty() && now >= again_at_) {
    again_.assign(learned_.refused.begin(), learned_.refused.end());
    again_at_ = now + ask_again_interval;
  }
  const bool had_trial = trial_.has_value();
  trial_.reset();
  while (!again_.empty() && !trial_) {
    if (is_quarantined(again_.front())) trial_ = again_.front();
    again_.pop_front();
  }
  begin_long_reads(now);
  if (had_trial || trial_ || long_reads_ || stale_) plan_ = make_plan();
  stale_ = false;
}

/// Once a day, while fewer registers than the profile allows are asked for, one poll tries the profile's.
void Learner::begin_long_reads(SteadyTime now) {
  if (learned_.count_max == 0) long_reads_at_.reset();
  if (learned_.count_max == 0 || search_ || !cases_.empty() || trial_) return;
  if (!long_reads_at_) long_reads_at_ = now + long_reads_interval;
  if (now < *long_reads_at_) return;
  long_reads_at_ = now + long_reads_interval;
  long_reads_ = true;
}

void Learner::begin_round() {
  trial_.reset();
  long_reads_ = false;
  plan_ = make_plan();
  stale_ = false;
}

bool Learner::learn(const MeterOutcome& outcome, SteadyTime now) {
  if (std::exchange(long_reads_, false)) return judge_long_reads(outcome);
  const bool any_good = std::ranges::any_of(outcome.blocks, is_good);
  stale_ |= note_silence(outcome);
  bool changed = judge_trial(outcome);
  changed |= search_count(outcome);
  if (any_good) {
    fruitless_ = 0;
    changed |= close_cases(outcome);
  }
  changed |= note_refusals(outcome, any_good, now);
  if (any_good) solid_ = learned_;
  stale_ |= changed;
  return changed;
}

void Learner::note_short_answer() {
  for (auto& [block, silence] : silences_) silence.short_answered = true;
}

void Learner::ask_again() {
  again_at_ = {};
}

/// Long reads that are all answered end the limit; else the slot is read again as before.
bool Learner::judge_long_reads(const MeterOutcome& outcome) {
  stale_ = true;
  if (!std::ranges::all_of(outcome.blocks, is_good)) return true;
  set_count_max(limits_.count_max);
  solid_ = learned_;
  return false;
}

bool Learner::judge_trial(const MeterOutcome& outcome) {
  if (!trial_ || plan_.reads.empty()) return false;
  const Registers run = *trial_;
  const auto read = std::ranges::find(plan_.reads, run, &MeterPlan::Read::registers);
  if (read == plan_.reads.end()) return false;
  if (!is_good(outcome.blocks[static_cast<std::size_t>(read - plan_.reads.begin())])) return false;
  std::erase(learned_.refused, run);
  strikes_.erase(run);
  return false;  // its value is there already; the next poll reads it with the others
}

bool Learner::note_refusals(const MeterOutcome& outcome, bool any_good, SteadyTime now) {
  bool changed = false;
  bool illegal = false;
  for (std::size_t n = 0; n < plan_.reads.size(); ++n) {
    const Registers& block = plan_.reads[n].registers;
    if (is_good(outcome.blocks[n]))
      std::erase_if(strikes_, [&](const auto& entry) { return lies_in(entry.first, block); });
    if (!is_illegal(outcome.blocks[n]) || block == trial_) continue;
    if (search_ && block.count > search_->good) continue;  // the search deals with it
    if (any_good)
      changed |= cut(block) || strike(block, now);
    else if (!illegal && now >= cut_again_at_)  // down to one run, not further: perhaps nothing is given at all
      changed |= cut(block);
    illegal = true;
  }
  if (!any_good && illegal && !changed && now >= cut_again_at_) give_up_cutting(now);
  return changed;
}

/// Cuts a block in two near its middle, where no run is torn. False if it cannot be cut.
bool Learner::cut(const Registers& block) {
  std::optional<std::uint32_t> best;
  const std::uint32_t middle = block.first + block.count / 2U;
  const auto distance = [middle](std::uint32_t at) { return at > middle ? at - middle : middle - at; };
  for (const Registers& run : needed_) {
    if (!lies_in(run, block) || run.first == block.first) continue;
    const bool torn = std::ranges::any_of(needed_, [&](const Registers& other) {
      return other.table == run.table && other.first < run.first && run.first < other.end();
    });
    if (!torn && (!best || distance(run.first) < distance(*best))) best = run.first;
  }
  if (!best) return false;

  const Registers split{block.table, static_cast<std::uint16_t>(*best), 1};
  auto found = std::ranges::find_if(cases_, [&](const Case& open) { return lies_in(block, open.block); });
  if (found == cases_.end()) found = cases_.insert(cases_.end(), Case{block, false, {}});
  found->bridged |= std::ranges::none_of(needed_, [&](const Registers& run) {
    return run.table == split.table && run.end() == split.first && !is_quarantined(run);
  });
  found->cuts.push_back(split);
  add_sorted(learned_.splits, split);
  return true;
}

/// Notes that a block which cannot be cut was refused though the meter gives others. True if that quarantines it.
bool Learner::strike(const Registers& block, SteadyTime now) {
  bool quarantined = false;
  for (const Registers& run : needed_) {
    if (!lies_in(run, block) || is_quarantined(run)) continue;
    auto& [count, poll] = strikes_[run];
    if (std::exchange(poll, polls_) == polls_ || ++count < strikes_max) continue;
    add_sorted(learned_.refused, run);
    quarantined = true;
  }
  if (!quarantined) return false;
  again_at_ = now + ask_again_interval;
  // The hole is known now: the cuts that led to it are needed no more.
  std::erase_if(cases_, [&](const Case& open) {
    if (!lies_in(block, open.block)) return false;
    drop_cuts(open);
    return true;
  });
  return true;
}

void Learner::drop_cuts(const Case& found) {
  for (const Registers& split : found.cuts) std::erase(learned_.splits, split);
}

/// A block whose pieces are all good: was it too long, or is there a hole where it was cut?
bool Learner::close_cases(const MeterOutcome& outcome) {
  bool changed = false;
  std::erase_if(cases_, [&](const Case& open) {
    std::uint16_t good = 0;
    std::uint16_t good_anywhere = 0;
    for (std::size_t n = 0; n < plan_.reads.size(); ++n) {
      const Registers& read = plan_.reads[n].registers;
      if (is_good(outcome.blocks[n])) good_anywhere = std::max(good_anywhere, read.count);
      if (!lies_in(read, open.block)) continue;
      if (!is_good(outcome.blocks[n])) return false;
      good = std::max(good, read.count);
    }
    const bool too_long = good_anywhere < open.block.count && (!open.bridged || open.cuts.size() >= cuts_of_length);
    if (good == 0 || !too_long || search_) return true;
    drop_cuts(open);
    search_ = Search{std::max(good, good_anywhere), open.block.count};
    narrow();
    return changed = true;
  });
  return changed;
}

/// One step of the search for the longest read the meter takes.
bool Learner::search_count(const MeterOutcome& outcome) {
  if (!search_) return false;
  for (std::size_t n = 0; n < plan_.reads.size(); ++n) {
    const std::uint16_t count = plan_.reads[n].registers.count;
    if (is_good(outcome.blocks[n])) search_->good = std::max(search_->good, count);
    if (is_illegal(outcome.blocks[n]) && count > search_->good) search_->bad = std::min(search_->bad, count);
  }
  narrow();
  return true;
}

/// Sets the next length to try; ends the search if there is none that the plan could show.
void Learner::narrow() {
  Search& search = *search_;
  for (const std::uint32_t next : {(search.good + search.bad) / 2U, search.bad - 1U}) {
    if (next <= search.good) continue;
    set_count_max(next);
    if (longest_of(make_plan().reads) > search.good) return;
  }
  set_count_max(search.good);
  search_.reset();
}

/// Long reads that stay without an answer while short ones have one.
bool Learner::note_silence(const MeterOutcome& outcome) {
  std::uint16_t shortest_good = 0xFFFF;
  for (std::size_t n = 0; n < plan_.reads.size(); ++n)
    if (is_good(outcome.blocks[n])) shortest_good = std::min(shortest_good, plan_.reads[n].registers.count);
  for (auto& [block, silence] : silences_) silence.short_answered |= shortest_good < block.count;
  std::uint32_t limit = 0;
  for (std::size_t n = 0; n < plan_.reads.size(); ++n) {
    const Registers& block = plan_.reads[n].registers;
    if (is_good(outcome.blocks[n])) silences_.erase(block);
    const auto& result = outcome.blocks[n];
    if (!result.asked || !result.error || result.error->kind() != ErrorKind::timeout) continue;
    if (block.count <= longest_run_) continue;
    Silence& silence = silences_.try_emplace(block, Silence{0, shortest_good < block.count}).first->second;
    if (silence.short_answered) ++silence.misses;
    silence.short_answered = false;
    if (silence.misses < silences_max) continue;
    const bool known = short_count_max_ > 0 && short_count_max_ < block.count;
    limit = known ? short_count_max_ : std::max<std::uint32_t>(longest_run_, block.count / 2U);
  }
  if (limit == 0) return false;
  silences_.clear();
  set_count_max(limit);
  return true;
}

/// Whatever is asked is refused: that says nothing about the plan.
void Learner::give_up_cutting(SteadyTime now) {
  learned_ = solid_;
  cases_.clear();
  search_.reset();
  cut_again_at_ = now + retry_delay(++fruitless_, fruitless_first, fruitless_most, names_.front());
  stale_ = true;
}

bool Learner::is_quarantined(const Registers& run) const {
  return std::ranges::binary_search(learned_.refused, run);
}

void Learner::set_count_max(std::uint32_t count) {
  const auto most = std::max<std::uint32_t>(count, longest_run_);
  learned_.count_max = most >= limits_.count_max ? std::uint16_t{0} : static_cast<std::uint16_t>(most);
}

MeterPlan Learner::make_plan() const {
  meter::ReadLimits limits = limits_;
  if (learned_.count_max != 0 && !long_reads_) limits.count_max = learned_.count_max;
  return plan_of(needed_, places_, limits, {learned_.splits, learned_.refused, trial_});
}

bool Learner::is_learning() const {
  const auto is_open = [this](const auto& strike) { return !is_quarantined(strike.first); };
  return !cases_.empty() || search_ || std::ranges::any_of(strikes_, is_open);
}

std::vector<std::string> Learner::refused_points() const {
  std::vector<std::string> points;
  for (std::size_t n = 0; n < names_.size() && !learned_.refused.empty(); ++n)
    if (std::ranges::any_of(learned_.refused, [&](const Registers& run) { return lies_in(places_[n], run); }))
      points.push_back(names_[n]);
  return points;
}

std::optional<Learner::Change> Learner::take_change() {
  if (!cases_.empty() || search_ || learned_ == told_) return std::nullopt;
  told_ = learned_;
  Change change;
  const auto say = [&change](const std::string& what) { change.text += (change.text.empty() ? "" : " ") + what; };
  if (learned_.count_max != 0) {
    say("The meter takes at most " + std::to_string(learned_.count_max) + " registers a request.");
    change.facts.emplace_back("count_max", std::to_string(learned_.count_max));
  }
  std::string names;
  for (std::size_t n = 0; n < needed_.size(); ++n)
    if (is_quarantined(needed_[n])) names += (names.empty() ? "" : " ") + names_[n];
  if (!names.empty()) {
    say("It refuses some points; they are asked again once an hour.");
    change.facts.emplace_back("refused", names);
  }
  std::string splits;
  for (const Registers& split : learned_.splits) splits += (splits.empty() ? "" : " ") + std::to_string(split.first);
  if (!splits.empty()) {
    say("No request may go across certain addresses.");
    change.facts.emplace_back("splits", splits);
  }
  if (change.text.empty()) say("The meter takes every request of its profile again.");
  return change;
}

}  // namespace jidian::acquire
