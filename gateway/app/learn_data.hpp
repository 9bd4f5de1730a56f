#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/archive.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/site.hpp"
#include "domain/facility.hpp"
#include "domain/run_levels.hpp"
#include "store/store.hpp"

namespace jidian::app {

/// The ticks of a facility in a part of the record.
struct LearnData {
  std::vector<std::optional<std::int64_t>> totals;  ///< By tick that was judged; nothing where a value is missing.
  Millis tick{0};
  std::uint64_t batches_lost = 0;  ///< Damaged ones, which were passed over.
  Unread unread;
  std::uint64_t known() const;
  std::vector<std::int64_t> values() const;
};

/// Ticks of one facility that are taken at most: a month of seconds.
constexpr std::size_t learn_ticks_max = 2'700'000;

/// Reads what was recorded of `facility`, judged by the source and the meters of `basis`, with `from` ≤ slot < `until`.
/// Errors: full (more ticks than are taken).
Result<LearnData> read_learn_data(store::Reader& reader, const config::Site& site,
                                  const domain::FacilityEntry& facility, const domain::RunRule& basis, UtcTime from,
                                  UtcTime until);

/// How the time would have been told with a rule.
struct LearnOutcome {
  std::array<std::uint64_t, 5> ticks{};  ///< By FacilityState.
  std::uint64_t starts = 0;
};
LearnOutcome try_rule(const LearnData& data, const domain::RunRule& rule);

}  // namespace jidian::app
