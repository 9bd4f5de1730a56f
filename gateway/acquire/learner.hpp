#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "acquire/learned.hpp"
#include "acquire/meter_read.hpp"
#include "base/time.hpp"

namespace jidian::acquire {

/// Finds out what a meter really takes, and plans its reads accordingly. Pure: times are given.
///
/// A read that the meter refuses (illegal address or value) is cut in two, never inside a run, until the pieces are
/// good; where no hole explains it, the meter takes fewer registers, and how many is searched for. A run refused alone
/// in three polls while the meter gave others is quarantined and asked again once an hour, and when the meter comes
/// back. A long read that is not answered while short ones are is asked for in shorter ones. Whether the meter takes
/// fewer registers than its profile says is tried again once a day: noise or a slow hour may have taught it.
class Learner {
 public:
  Learner(const PolledMeter& meter, const std::optional<Learned>& remembered);

  const MeterPlan& plan() const { return plan_; }
  const Learned& learned() const { return learned_; }

  /// What else is to be remembered of the meter, and is no change to be told here.
  void keep_serial(const std::string& serial) { learned_.serial = told_.serial = solid_.serial = serial; }
  void keep_ratios(const std::map<std::string, std::string>& ratios) {
    learned_.ratios = told_.ratios = solid_.ratios = ratios;
  }

  /// The reads of one slot begin: `plan` may change.
  void begin_poll(SteadyTime now);

  /// What became of the reads of `plan`. True if reading again at once will give more: then call `begin_round`.
  bool learn(const MeterOutcome& outcome, SteadyTime now);

  /// The same slot is read again with what was learnt: `plan` changes.
  void begin_round();

  /// The meter answered something short outside of a poll.
  void note_short_answer();

  /// Quarantined runs are asked again, one a poll.
  void ask_again();

  /// Whether it is being found out what the meter takes: what it refuses now may be had in another way soon.
  bool is_learning() const;

  /// The points of the meter that it is known not to have.
  std::vector<std::string> refused_points() const;

  /// What is to be told and remembered, once per change: a sentence and its facts.
  struct Change {
    std::string text;
    std::vector<std::pair<std::string, std::string>> facts;
  };
  std::optional<Change> take_change();

 private:
  /// A read that was refused whole, while its pieces are looked at.
  struct Case {
    meter::Registers block;
    bool bridged = false;  ///< At a cut registers had been read along that nobody needs.
    std::vector<meter::Registers> cuts;
  };
  struct Silence {
    int misses = 0;  ///< While something shorter was answered in between.
    bool short_answered = false;
  };
  struct Search {
    std::uint16_t good = 1;  ///< So many were taken,
    std::uint16_t bad = 0;   ///< and so many not.
  };

  MeterPlan make_plan() const;
  void begin_long_reads(SteadyTime now);
  bool judge_long_reads(const MeterOutcome& outcome);
  bool judge_trial(const MeterOutcome& outcome);
  bool note_refusals(const MeterOutcome& outcome, bool any_good, SteadyTime now);
  bool cut(const meter::Registers& block);
  bool strike(const meter::Registers& block, SteadyTime now);
  void drop_cuts(const Case& found);
  bool close_cases(const MeterOutcome& outcome);
  bool search_count(const MeterOutcome& outcome);
  void narrow();
  bool note_silence(const MeterOutcome& outcome);
  void give_up_cutting(SteadyTime now);
  bool is_quarantined(const meter::Registers& run) const;
  void set_count_max(std::uint32_t count);

  std::vector<meter::Registers> needed_;  ///< One run per point.
  meter::ReadLimits limits_;
  std::uint16_t short_count_max_;
  std::uint16_t longest_run_ = 1;
  std::vector<std::string> names_;        ///< Of the points,
  std::vector<meter::Registers> places_;  ///< and where each lies.
  Learned learned_;
  Learned told_;
  Learned solid_;  ///< As it was when the meter last gave anything.
  MeterPlan plan_;
  bool stale_ = false;  ///< Something was learnt that `plan_` does not know.
  std::vector<Case> cases_;
  std::optional<Search> search_;
  std::map<meter::Registers, Silence> silences_;
  std::map<meter::Registers, std::pair<int, std::uint64_t>> strikes_;  ///< How often, and in which poll last.
  std::deque<meter::Registers> again_;
  std::optional<meter::Registers> trial_;  ///< A quarantined run asked again in this poll.
  SteadyTime again_at_{};
  bool long_reads_ = false;  ///< This poll asks for as much at once as the profile allows.
  std::optional<SteadyTime> long_reads_at_;
  std::uint64_t polls_ = 0;
  unsigned fruitless_ = 0;  ///< Times in a row that cutting led to nothing good.
  SteadyTime cut_again_at_{};
};

}  // namespace jidian::acquire
