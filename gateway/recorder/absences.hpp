#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::recorder {

/// When meters of the present manifest had no slots in an earlier part of the record, because the manifest that was in
/// force then did not have them. Pure.
class Absences {
 public:
  /// `present` outlives this.
  explicit Absences(const domain::Manifest& present) : present_(present), meters_(present.meters.size()) {}

  /// Whether `see` learns anything from the manifest of that hash.
  bool is_news(const Hash& hash) const { return !last_ || *last_ != hash; }

  /// `manifest` was in force at `at`, in the order of the record.
  void see(const Hash& hash, const domain::Manifest& manifest, UtcTime at);

  /// Whether the manifest that was last in force does not have the meter.
  bool is_away(domain::MeterIndex meter) const { return meters_[meter].is_away; }

  /// From when on the meter is away; nothing if it is there, or if the record does not show it before that with the
  /// slots that it has now.
  std::optional<UtcTime> away_since(domain::MeterIndex meter) const { return meters_[meter].away_since; }

  /// When the meter came back last, if that was not behind `slot` and was not given before.
  std::optional<UtcTime> take_return(domain::MeterIndex meter, UtcTime slot);

 private:
  struct Meter {
    bool is_away = false;
    bool has_same_slots = false;  ///< When it was there last.
    std::optional<UtcTime> away_since;
    std::vector<UtcTime> returns;  ///< Not given yet.
  };

  const domain::Manifest& present_;
  std::vector<Meter> meters_;
  std::optional<Hash> last_;  ///< The manifest seen last.
};

}  // namespace jidian::recorder
