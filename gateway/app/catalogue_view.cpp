#include "app/catalogue_view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "app/print.hpp"
#include "app/texts.hpp"
#include "config/words.hpp"

namespace jidian::app {
namespace {

using Ordered = nlohmann::ordered_json;
using meter::IdentityPlace;
using meter::IdentitySource;
using meter::Point;
using meter::Profile;

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : std::string(between)) + part;
  return joined;
}

std::string in_hex(std::uint64_t number, int digits) {
  std::array<char, 24> hex{};
  std::snprintf(hex.data(), hex.size(), "0x%0*llX", digits, static_cast<unsigned long long>(number));
  return hex.data();
}

std::string describe(const meter::LinkDefaults& link) {
  const std::string_view parity = config::word_for(link.parity);
  return text("profile.link", {{"baud", std::to_string(link.baud)},
                               {"parity", std::string(1, static_cast<char>(parity[0] - 'a' + 'A'))},
                               {"stop", std::to_string(link.stop_bits)},
                               {"unit", std::to_string(link.unit)}});
}

std::vector<std::string> carriers_of(const Profile& profile) {
  std::vector<std::string> names;
  for (const Point& point : profile.points) {
    const std::string name{name_of(point.carrier)};
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<std::string> carrier_words_of(const Profile& profile) {
  auto words = carriers_of(profile);
  for (std::string& word : words) word = text("profile.carrier." + word);
  return words;
}

std::string type_of(meter::RawType type, std::uint16_t count) {
  const std::string word{config::word_for(type)};
  using meter::RawType;
  const bool is_long =
      type == RawType::text || type == RawType::bcd || type == RawType::mod10k || type == RawType::sign_magnitude;
  return is_long ? text("profile.count-of", {{"type", word}, {"count", std::to_string(count)}}) : word;
}

std::string describe(const IdentityPlace& place) {
  if (place.source == IdentitySource::device_object)
    return text("profile.object", {{"object", std::to_string(place.object)}});
  if (place.source == IdentitySource::server_id) return text("profile.server-id");
  const std::string registers = std::string(config::word_for(place.place.table)) + " " +
                                std::to_string(place.place.first) + ", " + type_of(place.type, place.place.count);
  return place.alone ? text("profile.alone", {{"place", registers}}) : registers;
}

std::string describe(meter::Connection connection) {
  if (connection == meter::Connection::direct) return text("profile.direct");
  if (connection == meter::Connection::transformer) return text("profile.transformer");
  return text("profile.either");
}

std::string describe_limits(const Profile& profile) {
  std::string limits =
      text(profile.limits.gap_max == 0 ? "profile.limits" : "profile.limits-gap",
           {{"count", std::to_string(profile.limits.count_max)}, {"gap", std::to_string(profile.limits.gap_max)}});
  if (profile.short_count_max != 0)
    limits += text("profile.short", {{"count", std::to_string(profile.short_count_max)}});
  if (profile.turnaround > Millis{0})
    limits += text("profile.turnaround", {{"ms", std::to_string(profile.turnaround.count())}});
  if (profile.worst_latency > Millis{0})
    limits += text("profile.latency", {{"ms", std::to_string(profile.worst_latency.count())}});
  return limits;
}

std::string settings_of(const meter::LinkDefaults& link) {
  std::vector<std::string> bauds;
  for (const std::uint32_t baud : link.bauds) bauds.push_back(std::to_string(baud));
  std::vector<std::string> parities;
  for (const meter::Parity parity : link.parities) parities.emplace_back(config::word_for(parity));
  std::vector<std::string> parts;
  if (!bauds.empty()) parts.push_back(text("profile.bauds", {{"bauds", join(bauds, ", ")}}));
  if (!parities.empty()) parts.push_back(text("profile.parities", {{"parities", join(parities, ", ")}}));
  return join(parts, "; ");
}

/// "× 10^-1 × 10^w_sf × ct_ratio": what makes the number in the registers the value.
std::string factors_of(const Point& point) {
  std::vector<std::string> factors;
  if (point.exponent != 0) factors.push_back("10^" + std::to_string(point.exponent));
  if (!point.scale_point.empty()) factors.push_back("10^" + point.scale_point);
  for (const std::string& ratio : point.ratio_points) factors.push_back(ratio);
  return factors.empty() ? "" : "× " + join(factors, " × ");
}

/// Everything about a point that does not go without saying.
std::vector<std::string> quirks_of(const Point& point, Language language) {
  std::vector<std::string> quirks;
  const auto add = [&](std::string_view key, const Values& values = {}) {
    quirks.push_back(text_in(language, key, values));
  };
  if (point.words == meter::WordOrder::low_first && point.place.count > 1) add("profile.low-word");
  if (point.bytes == meter::ByteOrder::low_first) add("profile.low-byte");
  if (point.type == meter::RawType::bits && point.place.table != meter::Table::coil &&
      point.place.table != meter::Table::discrete_input) {
    add(point.bit_count == 1 ? "profile.bit" : "profile.bits",
        {{"first", std::to_string(point.bit_first)}, {"last", std::to_string(point.bit_first + point.bit_count - 1)}});
  }
  if (!point.sign_point.empty()) add("profile.negative", {{"point", point.sign_point}});
  if (point.valid_while) {
    std::string values;
    for (const std::int64_t value : point.valid_while->equals)
      values = values.empty() ? std::to_string(value)
                              : text_in(language, "profile.or", {{"values", values}, {"value", std::to_string(value)}});
    add("profile.only-while", {{"point", point.valid_while->point}, {"values", values}});
  }
  for (const std::uint64_t pattern : point.not_available)
    add("profile.none", {{"pattern", in_hex(pattern, 4 * point.place.count)}});
  if (point.least) add("profile.least", {{"value", std::to_string(*point.least)}});
  if (point.most) add("profile.most", {{"value", std::to_string(*point.most)}});
  if (point.modulus != 0) add("profile.modulus", {{"value", std::to_string(point.modulus)}});
  for (const meter::Label& label : point.labels) quirks.push_back(std::to_string(label.value) + " = " + label.name);
  if (!point.note.empty()) quirks.push_back(point.note);
  return quirks;
}

std::string confidence_of(const Profile& profile) {
  switch (profile.confidence) {
    case meter::Confidence::verified:
      return text("profile.known-verified");
    case meter::Confidence::high:
      return text("profile.known-high");
    case meter::Confidence::unverified:
      break;
  }
  return text("profile.known-unverified");
}

std::vector<std::vector<std::string>> point_rows(const Profile& profile) {
  // Offsets from a model have no printed number.
  const bool prints = !profile.sunspec;
  std::vector<std::vector<std::string>> rows{headings(prints ? "profile.point-heads" : "profile.offset-heads")};
  for (const Point& point : profile.points)
    rows.push_back({point.by_default ? "*" : "", point.name, std::string(config::word_for(point.place.table)),
                    std::to_string(point.place.first), in_hex(point.place.first, 4),
                    prints ? config::print_address(point.place) : "-", type_of(point.type, point.place.count),
                    point.unit, factors_of(point), join(quirks_of(point, spoken_language()), "; ")});
  return rows;
}

std::string indent(const std::string& notes) {
  std::string indented = "  ";
  for (std::size_t i = 0; i < notes.size(); ++i) {
    indented += notes[i];
    if (notes[i] == '\n' && i + 1 < notes.size()) indented += "  ";
  }
  if (!indented.ends_with('\n')) indented += '\n';
  return indented;
}

Ordered json_of(const IdentityPlace& place) {
  if (place.source == IdentitySource::device_object) return {{"function", 43}, {"object", place.object}};
  if (place.source == IdentitySource::server_id) return {{"function", 17}};
  return {{"table", config::word_for(place.place.table)},
          {"address", place.place.first},
          {"registers", place.place.count},
          {"type", config::word_for(place.type)},
          {"alone", place.alone}};
}

Ordered json_of(const meter::LinkDefaults& link) {
  Ordered json{{"baud", link.baud},
               {"parity", config::word_for(link.parity)},
               {"stop_bits", link.stop_bits},
               {"unit", link.unit}};
  if (!link.bauds.empty()) json["bauds"] = link.bauds;
  for (const meter::Parity parity : link.parities) json["parities"].push_back(config::word_for(parity));
  return json;
}

Ordered json_of(const Point& point, bool prints) {
  Ordered json{{"name", point.name},
               {"quantity", point.quantity},
               {"phase", point.phase},
               {"kind", name_of(point.kind)},
               {"carrier", name_of(point.carrier)},
               {"table", config::word_for(point.place.table)},
               {"address", point.place.first}};
  if (prints) json["as_printed"] = config::print_address(point.place);
  json.update({{"registers", point.place.count},
               {"type", config::word_for(point.type)},
               {"word_order", config::word_for(point.words)},
               {"byte_order", config::word_for(point.bytes)},
               {"unit", point.unit},
               {"exponent", point.exponent},
               {"ratios", point.ratio_points}});
  if (!point.scale_point.empty()) json["scale"] = point.scale_point;
  if (!point.sign_point.empty()) json["sign"] = point.sign_point;
  if (point.valid_while)
    json["valid_while"] = {{"point", point.valid_while->point}, {"equals", point.valid_while->equals}};
  json["by_default"] = point.by_default;
  json["remarks"] = quirks_of(point, Language::english);
  return json;
}

Ordered summary_of(const Profile& profile) {
  return {{"id", profile.id},
          {"vendor", profile.vendor},
          {"model", profile.model},
          {"confidence", config::word_for(profile.confidence)},
          {"carriers", carriers_of(profile)},
          {"points", profile.points.size()},
          {"link", json_of(profile.link)}};
}

}  // namespace

std::string list_text(const config::Catalogue& catalogue) {
  std::vector<std::vector<std::string>> rows{headings("profile.heads")};
  for (const auto& [id, profile] : catalogue)
    rows.push_back({id, text("profile.confidence." + std::string(config::word_for(profile.confidence))),
                    join(carrier_words_of(profile), " "), std::to_string(profile.points.size()), describe(profile.link),
                    profile.vendor + " " + profile.model});
  return format_table(rows);
}

Ordered list_json(const config::Catalogue& catalogue) {
  Ordered list = Ordered::array();
  for (const auto& [id, profile] : catalogue) list.push_back(summary_of(profile));
  return list;
}

std::string explain_text(const Profile& profile) {
  std::vector<std::vector<std::string>> head{
      {text("profile.meter"), profile.vendor + " " + profile.model},
      {text("profile.known"), confidence_of(profile)},
      {text("profile.source"), profile.provenance},
      {text("profile.checked"), text("profile.checked-by", {{"count", std::to_string(profile.vectors.size())}})},
      {text("profile.delivered"), describe(profile.link)}};
  if (profile.connection) head.push_back({text("profile.connected"), describe(*profile.connection)});
  if (const auto settings = settings_of(profile.link); !settings.empty())
    head.push_back({text("profile.settable"), settings});
  head.push_back({text("profile.requests"), describe_limits(profile)});
  for (const meter::Identification& it : profile.identify)
    head.push_back({text("profile.recognised"), describe(it.at) + ": " + join(it.matches, ", ")});
  if (profile.sunspec) {
    std::vector<std::string> models;
    for (const std::uint16_t model : profile.sunspec->models) models.push_back(std::to_string(model));
    head.push_back({text("profile.recognised"), text("profile.sunspec", {{"models", join(models, ", ")}})});
  }
  if (profile.serial) head.push_back({text("profile.serial"), describe(*profile.serial)});
  if (profile.firmware) head.push_back({text("profile.firmware"), describe(*profile.firmware)});
  std::string page = profile.id + "\n" + format_table(head);
  if (!profile.notes.empty()) page += "\n" + indent(profile.notes);
  return page + "\n" + format_table(point_rows(profile)) + "\n" + text("profile.legend") + "\n";
}

Ordered explain_json(const Profile& profile) {
  Ordered json = summary_of(profile);
  json["provenance"] = profile.provenance;
  json["notes"] = profile.notes;
  json["connection"] = profile.connection ? Ordered(config::word_for(*profile.connection)) : Ordered();
  json["limits"] = {{"count_max", profile.limits.count_max},
                    {"gap_max", profile.limits.gap_max},
                    {"short_count_max", profile.short_count_max},
                    {"turnaround_ms", profile.turnaround.count()},
                    {"worst_latency_ms", profile.worst_latency.count()}};
  json["identify"] = Ordered::array();
  for (const meter::Identification& it : profile.identify) {
    Ordered way = json_of(it.at);
    way["matches"] = it.matches;
    json["identify"].push_back(std::move(way));
  }
  if (profile.sunspec) json["sunspec"] = profile.sunspec->models;
  if (profile.serial) json["serial"] = json_of(*profile.serial);
  if (profile.firmware) json["firmware"] = json_of(*profile.firmware);
  json["points"] = Ordered::array();
  for (const Point& point : profile.points) json["points"].push_back(json_of(point, !profile.sunspec));
  json["vectors"] = profile.vectors.size();
  return json;
}

}  // namespace jidian::app
