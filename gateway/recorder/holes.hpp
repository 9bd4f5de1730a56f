#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// Accounts for every slot of every meter: a slot whose values were not recorded is declared in a gap event.
///
/// A hole is a poll without any value, or slots that were passed over. Holes of one meter that follow each other with
/// one cause are one gap. A gap is told soon after it ended; one that lasts is told after a minute and then hourly,
/// part by part. A meter's gaps are told at most once a minute: when many short ones come together, those of one cause
/// are drawn into one that spans them, and `missed` counts the slots inside that are missing.
class Holes {
 public:
  /// `manifest` outlives this.
  explicit Holes(const domain::Manifest& manifest);

  /// A poll came. Polls of one meter in time order; a slot that lies back means the clock was set back.
  void note(const domain::Poll& poll);

  /// A poll that was noted as good was lost after all.
  void note_lost(const domain::Poll& poll, domain::GapCause cause);

  /// Slots of `meter` before `until` are accounted for: recorded, declared, or before its first.
  void account(domain::MeterIndex meter, UtcTime until);

  /// `meter` had no slots from `until` on: what it missed before that, as far as nobody declared it, is a hole. One
  /// that is longer than a commit interval was silence, another what ended that run. Before `end_recall`.
  void end(domain::MeterIndex meter, UtcTime until, Millis commit_interval);

  /// Gap events of what is known of `meter`, also of what lasts.
  std::vector<domain::Event> take_all(domain::MeterIndex meter, UtcTime now);

  /// `meter` is as if it had never been heard of.
  void forget(domain::MeterIndex meter) { meters_[meter] = {}; }

  /// `meter` had no slots before `until`, whatever was noted of it earlier.
  void begin_anew(domain::MeterIndex meter, UtcTime until) {
    meters_[meter] = {};
    meters_[meter].accounted = until;
  }

  /// A gap told already, of a meter, a whole bus or (`subject` empty) the box. Slots inside are not told again. Gaps of
  /// single meters are kept until `end_recall`.
  void declare(std::string_view subject, const domain::Gap& gap);

  /// The clock was set back to `now`, by `by`: what was declared or explained behind `now` is of a time that is lived
  /// through once more. A reason that still holds goes on to hold as long as it would have.
  void set_back(UtcTime now, Millis by);

  /// Nothing behind `time` was told or explained yet.
  void forget_after(UtcTime time);

  /// From the beginning until this call, what is noted and declared is read back from the record of an earlier run:
  /// holes in it had not been told when that run crashed.
  void end_recall();

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and has the same period. After
  /// `end_recall`.
  void take_over(const Holes& before, domain::MeterIndex theirs, domain::MeterIndex ours) {
    meters_[ours] = before.meters_[theirs];
  }

  /// Goes on as `before` would with whole buses and the box. After `end_recall`.
  void take_over(const Holes& before) {
    declared_ = before.declared_;
    explained_ = before.explained_;
  }

  /// Why slots of a bus (or of the box) were passed over in that time: the cause of holes that touch it.
  void explain(std::string_view subject, const domain::Gap& gap);

  /// The cause that was given for slots of that time; nothing if none was.
  std::optional<domain::GapCause> explained(domain::MeterIndex index, UtcTime from, UtcTime until) const;

  /// Gap events whose time has come. With `all`, every hole known, also those that last.
  std::vector<domain::Event> take_due(UtcTime now, bool all);

  /// First slot of a meter that is not accounted for; nothing for a meter never heard of.
  std::optional<UtcTime> accounted_until(domain::MeterIndex meter) const { return meters_[meter].accounted; }

 private:
  struct Meter {
    std::optional<UtcTime> accounted;
    std::optional<domain::Gap> open;
    std::optional<UtcTime> open_told;  ///< When a part of `open` was told last.
    std::vector<domain::Gap> closed;   ///< Not told yet.
    std::optional<UtcTime> told;
    std::vector<domain::Gap> declared;
  };
  struct Scope {
    std::string subject;  ///< A meter, a bus, or empty for the box.
    domain::Gap gap;
  };

  using Pieces = std::vector<std::pair<UtcTime, UtcTime>>;

  Pieces undeclared(domain::MeterIndex index, UtcTime from, UtcTime until) const;
  void pass_over(domain::MeterIndex index, UtcTime slot);
  void add_hole(Meter& meter, const domain::Gap& hole);
  void close(Meter& meter);
  void keep_closed(Meter& meter, const domain::Gap& gap);
  domain::GapCause cause_of(domain::MeterIndex index, UtcTime from, UtcTime until) const;
  bool concerns(const Scope& scope, domain::MeterIndex index) const;
  void take_meter(domain::MeterIndex index, UtcTime now, bool all, std::vector<domain::Event>& events);

  const domain::Manifest& manifest_;
  std::map<std::string, domain::MeterIndex, std::less<>> indices_;
  std::vector<Meter> meters_;
  std::deque<Scope> declared_;
  std::deque<Scope> explained_;
  domain::GapCause unexplained_ = domain::GapCause::crash;
};

}  // namespace jidian::recorder
