#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "domain/mark.hpp"
#include "domain/note.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// The marks that are in force or ahead, and what they make of readings.
class Marks {
 public:
  /// Of a plant with a hundred facilities hardly more are at work at once; every reading is held against each.
  static constexpr std::size_t marks_max = 64;

  /// `manifest` outlives this.
  explicit Marks(const domain::Manifest& manifest) : manifest_(manifest) {}

  /// A note of an earlier run; one that is no mark is passed over.
  void restore(const domain::Note& note);

  /// Takes what a person says at `now` and makes `event` of it. Gives what is to be remembered and forgotten. Errors:
  /// invalid (it would end before it begins), not_found (no mark of that id is in force or ahead), full (`marks_max`).
  Result<std::vector<domain::Note>> take(const domain::MarkRequest& request, UtcTime now, domain::Event& event);

  /// Gives the quality of the mark that holds for its meter to every ok sample of a poll, by the instant at which its
  /// first request was sent; of several marks that of the one told last.
  void apply(domain::Poll& poll) const;

  /// Those in force or ahead at `now`, in the order in which they were told.
  std::vector<domain::Mark> list(UtcTime now) const;

 private:
  struct Known {
    domain::Mark mark;
    std::vector<bool> meters;  ///< By MeterIndex: which it is about.
  };

  std::string free_id(UtcTime now) const;
  std::vector<bool> meters_of(std::string_view subject) const;
  void forget_over(UtcTime now, std::vector<domain::Note>& notes);
  Result<std::vector<domain::Note>> begin(const domain::MarkRequest& request, UtcTime now, domain::Event& event);
  Result<std::vector<domain::Note>> end(const domain::MarkRequest& request, UtcTime now, domain::Event& event);

  const domain::Manifest& manifest_;
  std::vector<Known> known_;
};

}  // namespace jidian::recorder
