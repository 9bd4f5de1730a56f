#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/quality.hpp"

namespace jidian::domain {

/// A time that the plant declared to be something else than ordinary running, for a meter, a facility or the whole
/// site.
struct Mark {
  std::string id;                     ///< "260301-081500": when it was told.
  Quality as = Quality::maintenance;  ///< One for which `is_mark` holds.
  std::string subject;                ///< Id of a meter or a facility; empty: the whole site.
  UtcTime from;
  std::optional<UtcTime> until = {};  ///< First instant that is outside again; nothing: until it is ended.
  UtcTime told_at;                    ///< Values recorded earlier are as they are.
  std::string by;                     ///< The name given.
  std::string user;                   ///< Who was at the socket.
  std::string reason;
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// Whether values taken at `time` stand under `mark`.
inline bool is_under(const Mark& mark, UtcTime time) {
  return time >= mark.from && time >= mark.told_at && (!mark.until || time < *mark.until);
}

/// What a person says of marks: a new one, or the end of one that is known.
struct MarkRequest {
  std::string ends = {};              ///< Id of the mark to end; empty: a new one.
  Quality as = Quality::maintenance;  ///< Of a new one, as its subject and `from`.
  std::string subject = {};
  std::optional<UtcTime> from = {};   ///< Nothing: now.
  std::optional<UtcTime> until = {};  ///< Of a new one nothing: open; of an end nothing: now.
  std::string by = {};
  std::string user = {};
  std::string reason = {};
};

/// The quality a mark of that name stands for: "maintenance", "calibration", "manual", "stopped", "supply_lost".
std::optional<Quality> mark_of(std::string_view word);

}  // namespace jidian::domain
