#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "domain/aggregate.hpp"

namespace jidian::domain {

/// What a quarter hour's row says of the subject's first amount.
struct QuarterTaken {
  AmountInterval amount;
  UtcTime start;
  friend bool operator==(const QuarterTaken&, const QuarterTaken&) = default;
};

/// What an account or the site took: in the newest quarter hour, and in the greatest of a calendar month.
struct DemandNow {
  Subject subject;
  std::optional<QuarterTaken> newest;  ///< Nothing before the first quarter hour is over.
  std::optional<Peak> month_peak;      ///< Of the month in which it ended; that may be one that is over.
  friend bool operator==(const DemandNow&, const DemandNow&) = default;
};

/// The mean power or flow of a quarter hour that took `value`: the unit is that of the amount, an hour. Nothing if it
/// does not fit, which would need more energy than there is.
inline std::optional<std::int64_t> hourly_of(std::int64_t value) {
  std::int64_t hourly = 0;
  if (__builtin_mul_overflow(value, std::int64_t{4}, &hourly)) return std::nullopt;
  return hourly;
}

}  // namespace jidian::domain
