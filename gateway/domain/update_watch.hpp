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
/// the events. Pure.
class UpdateWatch {
 public:
  /// Told in an hour at most: three updates with all their steps. A file that somebody keeps changing must not fill the
  /// store. What is there when the hour is over is told then.
  static constexpr std::size_t an_hour = 48;

  /// A note of an earlier run; false if it is about something else.
  bool restore(const Note& note);

  /// What the box says now.
  void hear(UpdateReport report) { report_ = std::move(report); }

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

  std::optional<UpdateReport> report_;
  std::string told_id_;
  std::size_t told_number_ = 0;
  std::string told_state_;
  std::optional<UtcTime> since_;  ///< Begin of the hour in which `told_` were told.
  std::size_t told_ = 0;
};

}  // namespace jidian::domain
