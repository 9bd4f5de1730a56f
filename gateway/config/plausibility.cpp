#include <algorithm>
#include <vector>

#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

constexpr std::int64_t counter_polls_least = 2;  // one poll is what a meter shows while it starts
constexpr std::int64_t counter_polls_most = 60;
constexpr std::int64_t wiring_polls_least = 3;
constexpr std::int64_t wiring_polls_most = 3'600;
constexpr std::int64_t percent_most = 50;
constexpr std::int64_t capacity_percent_least = 100;
constexpr std::int64_t capacity_percent_most = 1'000;
constexpr std::int64_t quarters_most = 96;
constexpr Millis constant_least = std::chrono::minutes(2);
constexpr Millis constant_most = std::chrono::hours(30 * 24);

std::vector<std::string_view> check_words() {
  std::vector<std::string_view> words;
  words.reserve(std::size(domain::all_checks) + std::size(domain::meter_data_checks));
  for (const auto check : domain::all_checks) words.push_back(name_of(check));
  words.insert(words.end(), domain::meter_data_checks.begin(), domain::meter_data_checks.end());
  return words;
}

/// The parent of meter number `index`; nothing if it has none, or none that exists.
std::optional<std::size_t> parent_of(const Site& site, std::size_t index) {
  const std::string& id = site.meters[index].entry.parent;
  const auto found = std::ranges::find(site.meters, id, &Meter::id);
  if (id.empty() || found == site.meters.end()) return std::nullopt;
  return static_cast<std::size_t>(found - site.meters.begin());
}

/// "a → b → a", if going from parent to parent comes back to meter number `start`; else empty.
std::string circle_of(const Site& site, std::size_t start) {
  std::string way = site.meters[start].id;
  auto at = parent_of(site, start);
  for (std::size_t steps = 0; at && steps < site.meters.size(); ++steps, at = parent_of(site, *at)) {
    way += " → " + site.meters[*at].id;
    if (*at == start) return way;
  }
  return {};
}

void read_number(Section& section, std::string_view key, std::int64_t least, std::int64_t most, std::uint32_t& into) {
  if (const auto number = section.integer(key, least, most)) into = static_cast<std::uint32_t>(*number);
}

}  // namespace

void read_family(Section& section, domain::MeterEntry& entry) {
  entry.parent = section.text("parent").value_or("");
  const auto words = check_words();
  if (section.has("unchecked")) entry.unchecked = read_references(section, "unchecked", "check", words);
}

void check_parents(std::vector<Section>& sections, const Site& site) {
  const auto ids = ids_of(site.meters);
  std::vector<std::size_t> blamed;
  for (std::size_t i = 0; i < site.meters.size() && i < sections.size(); ++i) {
    const std::string& parent = site.meters[i].entry.parent;
    if (parent.empty()) continue;
    if (std::ranges::find(ids, parent) == ids.end()) {
      sections[i].complain("parent", "is no meter", "the id of a [[meter]]" + did_you_mean(parent, ids));
      continue;
    }
    const std::string circle = circle_of(site, i);
    if (circle.empty() || std::ranges::find(blamed, i) != blamed.end()) continue;
    sections[i].complain("parent", "makes the meter a part of itself (" + circle + ")",
                         "the meter that stands above, and none at the topmost");
    // The others of the circle are not blamed as well.
    for (auto at = parent_of(site, i); at && *at != i; at = parent_of(site, *at)) blamed.push_back(*at);
  }
}

void read_plausibility(Section& root, Site& site) {
  auto section = root.section("plausibility", "plausibility");
  if (!section) return;
  domain::PlausibilityRules& rules = site.plausibility;
  read_number(*section, "counter_polls", counter_polls_least, counter_polls_most, rules.counter_polls);
  read_number(*section, "wiring_polls", wiring_polls_least, wiring_polls_most, rules.wiring_polls);
  read_number(*section, "phase_sum_percent", 1, percent_most, rules.phase_sum_percent);
  read_number(*section, "capacity_percent", capacity_percent_least, capacity_percent_most, rules.capacity_percent);
  read_number(*section, "parent_percent", 1, percent_most, rules.parent_percent);
  read_number(*section, "parent_quarters", 1, quarters_most, rules.parent_quarters);
  if (const auto after = section->duration("constant_after", constant_least, constant_most))
    rules.constant_after = std::chrono::duration_cast<std::chrono::seconds>(*after);
  section->finish();
}

}  // namespace jidian::config
