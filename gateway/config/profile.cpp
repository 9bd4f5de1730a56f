#include <algorithm>
#include <filesystem>

#include "base/id.hpp"
#include "config/points.hpp"

namespace jidian::config {
namespace {

using meter::Confidence;
using meter::Profile;

/// What a scan may try besides the delivered setting.
void read_settings(Section& link, meter::LinkDefaults& settings) {
  for (const std::int64_t baud : link.integers("bauds", 300, 921'600))
    settings.bauds.push_back(static_cast<std::uint32_t>(baud));
  if (!settings.bauds.empty() && std::ranges::find(settings.bauds, settings.baud) == settings.bauds.end())
    link.complain("bauds", "must hold baud, " + std::to_string(settings.baud), "");
  for (const Text& word : link.texts("parities")) {
    const auto known = std::ranges::find(parity_words, std::string_view(word.value),
                                         &std::pair<std::string_view, meter::Parity>::first);
    if (known == parity_words.end())
      link.complain(word, "parities hold none, even, odd, got '" + word.value + "'");
    else
      settings.parities.push_back(known->second);
  }
  if (!settings.parities.empty() && std::ranges::find(settings.parities, settings.parity) == settings.parities.end())
    link.complain("parities", "must hold parity, the delivered one", "");
}

void read_link(Section& root, Profile& profile) {
  auto link = root.section("link", "link");
  if (!link) return;
  profile.link.baud = static_cast<std::uint32_t>(link->integer("baud", 300, 921'600).value_or(profile.link.baud));
  profile.link.parity = link->choice("parity", parity_words).value_or(profile.link.parity);
  profile.link.stop_bits = static_cast<std::uint8_t>(link->integer("stop_bits", 1, 2).value_or(profile.link.stop_bits));
  profile.link.unit = static_cast<std::uint8_t>(link->integer("unit", 1, 247).value_or(profile.link.unit));
  read_settings(*link, profile.link);
  link->finish();
}

void read_limits(Section& root, Profile& profile) {
  auto limits = root.section("limits", "limits");
  if (!limits) return;
  profile.limits = parse_limits(*limits, profile.limits);
  profile.turnaround = limits->duration("turnaround", Millis{0}, turnaround_max).value_or(Millis{0});
  profile.worst_latency = limits->duration("worst_latency", Millis{1}, worst_latency_max).value_or(Millis{0});
  const auto short_count = limits->integer("short_count_max", 1, profile.limits.count_max - 1);
  profile.short_count_max = static_cast<std::uint16_t>(short_count.value_or(0));
  limits->finish();
}

}  // namespace

ParsedProfile parse_profile(std::string_view text, const std::string& file) {
  Journal journal(file);
  const auto document = parse_document(text, journal);
  if (!document) return {std::nullopt, journal.take()};

  Profile profile;
  profile.id = std::filesystem::path(file).stem().string();
  Section root(*document, "profile", journal);
  if (!is_id(profile.id)) root.complain("the file's name must be an id, 1 to 32 of a-z, 0-9 and '-', and \".toml\"");
  root.require("vendor", "vendor = \"…\"");
  root.require("model", "model = \"…\"");
  root.require("confidence", "confidence = \"unverified\"");
  root.require("provenance", "provenance = \"where the register map comes from\"");
  profile.vendor = root.text("vendor").value_or("");
  profile.model = root.text("model").value_or("");
  profile.confidence = root.choice("confidence", confidence_words).value_or(Confidence::unverified);
  profile.provenance = root.text("provenance").value_or("");
  profile.notes = root.text("notes").value_or("");
  profile.connection = root.choice("connection", connection_words);
  read_link(root, profile);
  read_limits(root, profile);
  root.require("registers", "a section [registers] with the points");
  if (auto registers = root.section("registers", "registers")) profile.points = parse_registers(*registers);
  read_identity(root, profile);
  read_vectors(root, profile);
  root.finish();

  const auto check_limit = [&](std::uint16_t count_max, const std::string& key) {
    check_runs(profile.points, count_max, [&](const std::string& what) {
      root.complain("limits: " + key + " = " + std::to_string(count_max) + " is less than " + what);
    });
  };
  check_limit(profile.limits.count_max, "count_max");
  if (profile.short_count_max != 0) check_limit(profile.short_count_max, "short_count_max");
  if (journal.failed()) return {std::nullopt, journal.take()};
  return {std::move(profile), journal.take()};
}

}  // namespace jidian::config
