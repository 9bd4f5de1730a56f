#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "domain/gauge.hpp"
#include "domain/manifest.hpp"
#include "domain/state_tracker.hpp"

namespace jidian::domain {

/// What one poll says of a meter's share in a facility.
struct MeterShare {
  enum class Supply : std::uint8_t { not_measured, present, absent, not_known };

  /// Power in mW, current in mA, or the status. Nothing where no good value is there.
  std::optional<std::int64_t> value;
  Supply supply = Supply::not_measured;
  std::optional<std::int64_t> voltage_mv;  ///< The greatest that was seen.
};

/// What a sum of power or current means under the levels of a rule.
Shown shown_at(const RunRule& rule, std::int64_t value);

/// A facility's run rule, resolved to the columns of its meters.
class FacilityGauge {
 public:
  FacilityGauge(const Manifest& manifest, const FacilityEntry& facility);

  /// The meters it is judged by; empty: its state is never told.
  const std::vector<MeterIndex>& meters() const { return meters_; }

  /// The longest period of these.
  Millis period() const { return period_; }

  /// What a poll of meter number `which` of `meters()` says. Values that are out of range or implausible say nothing.
  MeterShare measure(std::size_t which, const Poll& poll) const;

  /// The sum of all shares, or the status; nothing where one is missing.
  std::optional<std::int64_t> total(std::span<const std::optional<MeterShare>> shares) const;

  /// What a tick shows: one share a meter, nothing where it has no poll. Without voltage it is dead, unless it takes
  /// power, which cannot be; where nobody knows of the voltage, `stopped` cannot be told from `de_energised`. Of
  /// generation and storage the amount counts; a consumer that gives more power than it needs to start is not
  /// understood.
  Shown judge(std::span<const std::optional<MeterShare>> shares) const;

 private:
  struct Source {
    std::vector<Column> parts;  ///< Of power: added up. Of current: the greatest counts.
    std::vector<Column> to_neutral;
    std::vector<Column> between_phases;
  };

  std::optional<std::int64_t> value_of(const Source& source, std::span<const Sample> samples) const;
  Shown status_of(std::int64_t value) const;

  const RunRule& rule_;
  bool either_sign_ = false;
  std::vector<MeterIndex> meters_;
  std::vector<Source> sources_;
  Millis period_{0};
  std::int64_t neutral_voltage_mv_ = 0;  ///< Below it there is none.
  std::int64_t phase_voltage_mv_ = 0;
};

}  // namespace jidian::domain
