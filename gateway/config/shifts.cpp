#include <algorithm>
#include <array>
#include <charconv>

#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

using std::chrono::minutes;

constexpr minutes quarter_hour{15};
constexpr minutes whole_day{24 * 60};

/// More than anyone works in a day.
constexpr std::size_t shifts_most = 12;

constexpr std::array<std::pair<std::string_view, std::chrono::seconds>, 2> sliding_steps{
    {{"1m", std::chrono::seconds{60}}, {"5m", std::chrono::seconds{300}}}};

constexpr std::array<std::pair<std::string_view, bool>, 2> coverages{{{"complete", true}, {"partial", false}}};

/// "08:00" as minutes after midnight.
std::optional<minutes> parse_time_of_day(std::string_view text) {
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto first = std::from_chars(text.data(), text.data() + 2, hour);
  const auto second = std::from_chars(text.data() + 3, text.data() + 5, minute);
  if (first.ec != std::errc{} || first.ptr != text.data() + 2 || second.ec != std::errc{} ||
      second.ptr != text.data() + 5 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return std::nullopt;
  return minutes{60 * hour + minute};
}

minutes read_time_of_day(Section& section, std::string_view key) {
  section.require(key, std::string(key) + " = \"08:00\"");
  const auto text = section.text(key);
  if (!text) return minutes{0};
  const auto time = parse_time_of_day(*text);
  if (time && *time % quarter_hour == minutes{0}) return *time;
  section.complain(key, time ? "is no quarter of an hour" : "is no time of day", "hours and minutes as \"08:00\"");
  return minutes{0};
}

}  // namespace

void read_shifts(Section& card, Site& site) {
  for (Section& section : card.sections("shift", "shift")) {
    domain::Shift shift;
    shift.id = read_id(section, ids_of(site.card.shifts));
    shift.start = read_time_of_day(section, "start");
    const minutes end = read_time_of_day(section, "end");
    shift.length = end > shift.start ? end - shift.start : end + whole_day - shift.start;
    section.finish();
    site.card.shifts.push_back(std::move(shift));
  }
  if (site.card.shifts.size() > shifts_most) card.complain("more than 12 shifts; write those of one day only");
  site.card.sliding_demand = card.choice("sliding_demand", sliding_steps).value_or(std::chrono::seconds{0});
  site.card.is_covered = card.choice("coverage", coverages).value_or(false);
  if (site.card.utc_offset % quarter_hour != minutes{0})
    card.complain("utc_offset", "is no multiple of 15 minutes", "the offset of a time zone, as \"+08:00\"");
}

}  // namespace jidian::config
