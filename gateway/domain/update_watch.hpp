#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"
#include "domain/update.hpp"

namespace jidian::domain {

/// Tells each step of an update of the box once, also over restarts: what was told is a note, and goes on record with
/// the events. What the note says holds whatever the clock showed. Where it is lost, the clock has to do: see `begin`.
/// Pure.
class UpdateWatch {
 public:
  /// Told in an hour at most: three updates with all their steps. A file that somebody keeps changing must not fill the
  /// store. What is there when the hour is over is told then.
  static constexpr std::size_t an_hour = 48;

  /// A note of an earlier run; false if it is about something else.
  bool restore(const Note& note);

  /// What the box says now.
  void hear(UpdateReport report) { report_ = std::move(report); }

  /// What is known of the past when a run starts.
  struct Start {
    UtcTime now;
    std::optional<UtcTime> alive;  ///< When the last run before lived last; nothing if no run is known.
    bool epoch_goes_on = false;    ///< Otherwise its notes are gone, or may be those of an older copy.
  };
  /// Call it once, when a run starts: after the note, and after what the box says by then. Nothing that was told, or
  /// happened to a box without a record, is told as new.
  ///
  /// With a note of an epoch that goes on nothing is to be done. Otherwise the first report, heard by now or later,
  /// counts as told up to its last step that did not happen between `alive` and the moment of judging; where no run is
  /// known, or it seems to have lived later than now, between this start and then. A step dated before that is old, or
  /// of a clock that was wrong; one dated later is of a clock that was wrong. Which is noted. Later reports came while
  /// this run lived: they are news, whatever their dates.
  void begin(const Start& start);

  /// Whether another system was started for an update since the last step that was told: the first start of the new
  /// one, or that of the one before it, behind it.
  bool started_another_system() const;

  struct News {
    std::vector<Event> events;
    std::optional<Note> note;  ///< To go on record with them.
  };
  /// The steps that were not told yet.
  News take(UtcTime now);

 private:
  bool is_told(const UpdateStep& step) const;
  void count_as_told(const UpdateStep& step);
  void pass_over_old(UtcTime now);

  std::optional<UpdateReport> report_;
  std::string told_id_;
  std::size_t told_number_ = 0;
  std::string told_state_;
  bool is_restored_ = false;             ///< Of a note.
  bool is_unnoted_ = false;              ///< What was told changed since the note.
  std::optional<UtcTime> unknown_from_;  ///< Set while it is not known which steps since then were told.
  std::optional<UtcTime> since_;         ///< Begin of the hour in which `told_` were told.
  std::size_t told_ = 0;
};

}  // namespace jidian::domain
