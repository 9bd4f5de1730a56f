#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/event.hpp"
#include "domain/note.hpp"
#include "health/board.hpp"

namespace jidian::recorder {

/// What stands against each meter, and who signed it off, as the events say: for those who look at the box. Pure.
class Standing {
 public:
  /// A note of an earlier run: a sign-off. Contradictions are told again by themselves.
  void restore(const domain::Note& note);

  /// An event that goes on record.
  void see(const domain::Event& event);

  /// The configuration is another one: forgets contradictions of which `goes_on` says no, they are told again if they
  /// last; and meters of which `is_there` says no.
  void change(const std::function<bool(const std::string& meter)>& is_there,
              const std::function<bool(const std::string& meter, const std::string& check)>& goes_on);

  /// What a later run is to know of an event: a sign-off; after an exchange that there is none any more. Nothing for
  /// all others.
  static std::optional<domain::Note> note_of(const domain::Event& event);

  /// The meters that have news since the last time.
  std::vector<health::MeterRecord> take_news();

 private:
  health::MeterRecord& note_news(const std::string& meter);
  void see_contradiction(const domain::Event& event);

  std::map<std::string, health::MeterRecord> meters_;
  std::vector<std::string> news_;
};

}  // namespace jidian::recorder
