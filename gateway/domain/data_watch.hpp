#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/contradictions.hpp"
#include "domain/data_rules.hpp"
#include "domain/event.hpp"
#include "domain/gauge.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::domain {

/// Whether the data come, and whether they can be: links, rows, values beyond what a meter can show, clocks, openings.
/// Tells when such a thing has lasted as the rules say, and when it is over; no value is touched. Pure; costs no
/// allocation while all is well.
///
/// | check        | subject     | what                                                                               |
/// |--------------|-------------|------------------------------------------------------------------------------------|
/// | `link`       | destination | it was not connected for `link_after`                                              |
/// | `rows`       | meter       | a whole clock hour has fewer than `minutes_least` minutes with values              |
/// | `negative`   | meter       | below 0 what cannot be: power, unless something generates or stores; current, …   |
/// | `over_range` | meter       | outside the point's range, or power beyond `capacity_percent` of the rated capacity |
/// | `clock`      | (the box)   | its clock was not synchronised for `clock_after`                                   |
/// | `meter_clock`| meter       | its own clock is further off than `meter_clock_most`                               |
/// | `cover`      | meter       | it counts one more opening of its cover                                            |
/// | `program`    | meter       | it counts one more change of its settings                                          |
///
/// The first six begin and end; the last two are told as they are seen, at most once an hour each. After a start
/// nothing is open: what lasts is told again.
class DataWatch {
 public:
  /// `manifest` outlives this. What a meter's `unchecked` names is not looked at.
  explicit DataWatch(const Manifest& manifest);

  /// Goes on as `before` would with its meter `theirs`, which is called `ours` here and says the same of itself.
  void take_over(const DataWatch& before, MeterIndex theirs, MeterIndex ours);

  /// Goes on as `before` would with links and the box's clock.
  void take_over(const DataWatch& before);

  /// A poll of an earlier run: openings are counted on from there.
  void remember(const Poll& poll);

  /// A row of an earlier run: its hour goes on.
  void remember(const IntervalRow& row) { count(row, nullptr); }

  /// The next poll of a meter.
  void add(const Poll& poll, std::vector<Event>& events);

  /// The next row of a meter; those of a minute count.
  void add(const IntervalRow& row, std::vector<Event>& events) { count(row, &events); }

  /// Whether `destination` is connected now.
  void see_link(const std::string& destination, bool is_connected, UtcTime now, std::vector<Event>& events);

  void see_clock(ClockQuality quality, UtcTime now, std::vector<Event>& events);

 private:
  /// What lasts while something is so.
  struct Spell {
    std::optional<UtcTime> since;
    bool is_told = false;
  };
  enum class ValueCheck : std::uint8_t { negative, over_range, meter_clock };
  struct ValueFinding {
    Tally tally;
    std::optional<UtcTime> since;
    std::optional<UtcTime> told_at;
    bool is_told = false;
    std::uint16_t position = 0;  ///< The point that was bad last.
  };
  struct Opening {
    std::uint16_t position = 0;
    const char* check = "";
    std::optional<std::uint64_t> told;  ///< The count last told, or first seen.
    std::optional<UtcTime> told_at;
  };
  struct Meter {
    Gauge gauge;
    std::vector<Column> not_negative;
    bool either_sign = false;  ///< Its power may flow either way.
    std::optional<Column> own_clock;
    std::vector<Opening> openings;
    std::array<ValueFinding, 3> values;
    std::optional<UtcTime> begun;   ///< Its first row that is known.
    UtcTime hour;                   ///< The hour in progress.
    std::uint32_t minutes = 0;      ///< Of it, with values.
    std::optional<UtcTime> minute;  ///< The last one of them: it may have two rows.
    Spell lacking;
    bool checks_rows = true;
    bool checks_negative = true;
    bool checks_range = true;
  };

  void count(const IntervalRow& row, std::vector<Event>* events);
  void judge_hour(MeterIndex index, std::vector<Event>* events);
  std::optional<std::uint16_t> negative_point(const Meter& meter, const Poll& poll) const;
  std::optional<std::uint16_t> over_range_point(const Meter& meter, const Poll& poll) const;
  std::optional<std::int64_t> clock_offset_s(const Meter& meter, const Poll& poll) const;
  void note(const Poll& poll, ValueCheck check, std::optional<std::uint16_t> bad, bool is_known,
            std::vector<Event>& events);
  void note_openings(const Poll& poll, std::vector<Event>& events);
  /// Begins or ends a spell that must last `after` to be told.
  void note_spell(Spell& spell, bool is_so, std::chrono::seconds after, UtcTime now, Event event,
                  std::vector<Event>& events) const;

  const Manifest& manifest_;
  const DataRules& rules_;
  std::vector<Meter> meters_;
  std::map<std::string, Spell> links_;
  Spell clock_;
};

}  // namespace jidian::domain
