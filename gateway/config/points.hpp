#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/section.hpp"
#include "config/words.hpp"
#include "meter/profile.hpp"

namespace jidian::config {

/// The words for the enumerations that profiles and sites share.
inline constexpr std::array<std::pair<std::string_view, meter::Parity>, 3> parity_words{
    {{"none", meter::Parity::none}, {"even", meter::Parity::even}, {"odd", meter::Parity::odd}}};
inline constexpr std::array<std::pair<std::string_view, meter::Confidence>, 3> confidence_words{
    {{"verified", meter::Confidence::verified},
     {"high", meter::Confidence::high},
     {"unverified", meter::Confidence::unverified}}};
inline constexpr std::array<std::pair<std::string_view, meter::Connection>, 3> connection_words{
    {{"direct", meter::Connection::direct},
     {"transformer", meter::Connection::transformer},
     {"either", meter::Connection::either}}};
inline constexpr std::array<std::pair<std::string_view, Carrier>, 5> carrier_words{
    {{"electricity", Carrier::electricity},
     {"gas", Carrier::gas},
     {"heat", Carrier::heat},
     {"water", Carrier::water},
     {"none", Carrier::none}}};

/// Where a block lies and how it is coded: what points and identification have in common.
struct Coding {
  meter::Registers place;
  meter::RawType type = meter::RawType::u16;
};

/// In which order the parts of a value come.
struct Orders {
  meter::WordOrder words = meter::WordOrder::high_first;
  meter::ByteOrder bytes = meter::ByteOrder::high_first;
};

std::optional<meter::Table> parse_table(Section& section);
std::optional<meter::RawType> parse_type(Section& section);
Orders parse_orders(Section& section, Orders defaults);

/// Reads `table`, `address`, `as_printed`, `type` and `registers` of `section`, with defaults for table and type.
/// Nothing if they make no sense; the mistakes are in the journal then.
std::optional<Coding> parse_coding(Section& section, std::optional<meter::Table> table,
                                   std::optional<meter::RawType> type);

/// Reads a `[registers]` section: the defaults of its points, and the points. Points with mistakes are left out; that
/// there is none is a mistake.
std::vector<meter::Point> parse_registers(Section registers);

/// The `by_default` points, or those that `points = ["active_power.*", …]` of `section` selects; in the order of `all`
/// and with the ratio points they need. A pattern that selects nothing is a mistake, and so is a selection without
/// anything that could be recorded.
std::vector<meter::Point> select_points(const std::vector<meter::Point>& all, Section& section);

/// Calls `complain` with what does not fit into a request of `count_max` registers: "the registers of point 'x'".
void check_runs(const std::vector<meter::Point>& points, std::uint16_t count_max,
                const std::function<void(const std::string&)>& complain);

/// Longest silence a meter may need between two requests.
inline constexpr Millis turnaround_max{10'000};
/// Longest time after which a late reply may still come.
inline constexpr Millis worst_latency_max{60'000};

/// Reads `count_max` and `gap_max`, what one request may ask for.
meter::ReadLimits parse_limits(Section& section, meter::ReadLimits defaults);

/// Reads `[test]` of a profile whose points are known. A type of point without a vector is a mistake.
void read_vectors(Section& root, meter::Profile& profile);

/// Reads `[identify]` (one or several), `[serial]`, `[firmware]` and `[sunspec]` of a profile whose points are known.
void read_identity(Section& root, meter::Profile& profile);

}  // namespace jidian::config
