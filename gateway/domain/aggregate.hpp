#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/amount.hpp"
#include "domain/facility.hpp"
#include "domain/manifest.hpp"

namespace jidian::domain {

/// What an aggregate row is about. A closed list; the numbers stand in the contract.
enum class SubjectKind : std::uint8_t { facility = 1, account = 2, site = 3 };

/// The contract's word: "facility", "account", "site".
std::string_view name_of(SubjectKind kind);

/// One facility, one account, or the site (index 0), by its position in the manifest.
struct Subject {
  SubjectKind kind = SubjectKind::facility;
  std::uint16_t index = 0;
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// The columns of the subject's rows. Nothing if the manifest has no such subject.
std::optional<std::span<const Amount>> amounts_of(const Manifest& manifest, Subject subject);

/// Its id; "site" for the site. Precondition: the manifest has it.
std::string_view id_of(const Manifest& manifest, Subject subject);

/// One amount in one row.
struct AmountInterval {
  std::int64_t value = 0;    ///< × 10^exponent of the amount's unit.
  bool is_partial = false;   ///< A counter has no step here, or one that ends before the row does or begins within it.
  bool is_spanning = false;  ///< A step began before the row: it holds what was gained in a hole, too.
  friend bool operator==(const AmountInterval&, const AmountInterval&) = default;
};

/// The quarter of an hour that took most.
struct Peak {
  std::int64_t value = 0;  ///< Of the subject's first amount, in its unit and exponent.
  UtcTime until;           ///< When these 15 minutes ended.
  friend bool operator==(const Peak&, const Peak&) = default;
};

/// What a facility, an account or the site did in an aligned interval, labelled by its start: a minute or a quarter of
/// an hour, made of the rows of meters; an hour, a shift or a local day, made of quarter hours.
struct AggregateRow {
  static constexpr std::size_t states = 5;  ///< As many as FacilityState has.

  Subject subject;
  UtcTime start;
  std::chrono::seconds length{60};
  std::uint16_t shift = 0;           ///< 1 + position in the manifest's shifts; 0: no row of a shift.
  std::uint32_t polls_made = 0;      ///< Of all meters it is made of, together.
  std::uint32_t polls_expected = 0;  ///< Likewise.
  std::uint32_t covered_s = 0;       ///< Longer rows: how much of them has quarter hours. Else 0.
  std::vector<AmountInterval> amounts;
  UtcTime from;   ///< The earliest count and the latest one that its steps lie between; 1970 if no counter stepped.
  UtcTime until;  ///< Likewise.
  std::array<std::uint32_t, states> state_ms{};  ///< By FacilityState. All 0: the subject has no states.
  FacilityState state = FacilityState::unknown;  ///< At the end.
  std::uint32_t starts = 0;                      ///< How often it began to run.
  /// Quarter hours: the greatest sum of 15 minutes that ended within it, if the site has a sliding demand. Longer rows:
  /// the greatest of their quarter hours.
  std::optional<Peak> peak;
  std::optional<Peak> month_peak;  ///< Quarter hours of accounts: the greatest of the local calendar month until now.
  friend bool operator==(const AggregateRow&, const AggregateRow&) = default;
};

}  // namespace jidian::domain
