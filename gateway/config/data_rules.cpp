#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

constexpr Millis after_least = std::chrono::minutes(1);
constexpr Millis after_most = std::chrono::hours(24 * 7);
constexpr std::int64_t value_polls_least = 3;
constexpr std::int64_t value_polls_most = 3'600;

void read_seconds(Section& section, std::string_view key, Millis least, Millis most, std::chrono::seconds& into) {
  if (const auto time = section.duration(key, least, most))
    into = std::chrono::duration_cast<std::chrono::seconds>(*time);
}

}  // namespace

void read_data_rules(Section& root, Site& site) {
  auto section = root.section("data_quality", "data_quality");
  if (!section) return;
  domain::DataRules& rules = site.data_rules;
  read_seconds(*section, "link_after", after_least, after_most, rules.link_after);
  read_seconds(*section, "clock_after", after_least, after_most, rules.clock_after);
  read_seconds(*section, "meter_clock_most", std::chrono::seconds(10), std::chrono::hours(24), rules.meter_clock_most);
  if (const auto minutes = section->integer("minutes_least", 1, 60))
    rules.minutes_least = static_cast<std::uint32_t>(*minutes);
  if (const auto polls = section->integer("value_polls", value_polls_least, value_polls_most))
    rules.value_polls = static_cast<std::uint32_t>(*polls);
  if (const auto percent = section->integer("capacity_percent", 100, 1'000))
    rules.capacity_percent = static_cast<std::uint32_t>(*percent);
  section->finish();
}

}  // namespace jidian::config
