#include "app/catalogue_view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "app/print.hpp"
#include "config/words.hpp"

namespace jidian::app {
namespace {

using Ordered = nlohmann::ordered_json;
using meter::IdentityPlace;
using meter::IdentitySource;
using meter::Point;
using meter::Profile;

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(between)) + part;
  return text;
}

std::string in_hex(std::uint64_t number, int digits) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%0*llX", digits, static_cast<unsigned long long>(number));
  return text.data();
}

std::string describe(const meter::LinkDefaults& link) {
  const std::string_view parity = config::word_for(link.parity);
  return std::to_string(link.baud) + " 8" + static_cast<char>(parity[0] - 'a' + 'A') + std::to_string(link.stop_bits) +
         ", unit " + std::to_string(link.unit);
}

std::vector<std::string> carriers_of(const Profile& profile) {
  std::vector<std::string> names;
  for (const Point& point : profile.points) {
    const std::string name{name_of(point.carrier)};
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string type_of(meter::RawType type, std::uint16_t count) {
  const std::string word{config::word_for(type)};
  using meter::RawType;
  const bool is_long =
      type == RawType::text || type == RawType::bcd || type == RawType::mod10k || type == RawType::sign_magnitude;
  return is_long ? word + " of " + std::to_string(count) : word;
}

std::string describe(const IdentityPlace& place) {
  if (place.source == IdentitySource::device_object)
    return "object " + std::to_string(place.object) + " of function 43";
  if (place.source == IdentitySource::server_id) return "function 17";
  return std::string(config::word_for(place.place.table)) + " " + std::to_string(place.place.first) + ", " +
         type_of(place.type, place.place.count) + (place.alone ? ", read alone" : "");
}

std::string describe(meter::Connection connection) {
  if (connection == meter::Connection::direct) return "directly, without transformers";
  if (connection == meter::Connection::transformer) return "behind current transformers";
  return "directly or behind current transformers, by version";
}

std::string describe_limits(const Profile& profile) {
  std::string text = "at most " + std::to_string(profile.limits.count_max) + " registers a request, " +
                     (profile.limits.gap_max == 0 ? "never across a hole"
                                                  : "across holes of up to " + std::to_string(profile.limits.gap_max));
  if (profile.short_count_max != 0)
    text += "; some units take only " + std::to_string(profile.short_count_max) + " registers";
  if (profile.turnaround > Millis{0})
    text += "; " + std::to_string(profile.turnaround.count()) + " ms between two requests";
  if (profile.worst_latency > Millis{0})
    text += "; replies may come as late as " + std::to_string(profile.worst_latency.count()) + " ms";
  return text;
}

std::string settings_of(const meter::LinkDefaults& link) {
  std::vector<std::string> bauds;
  for (const std::uint32_t baud : link.bauds) bauds.push_back(std::to_string(baud));
  std::vector<std::string> parities;
  for (const meter::Parity parity : link.parities) parities.emplace_back(config::word_for(parity));
  std::vector<std::string> parts;
  if (!bauds.empty()) parts.push_back(join(bauds, ", ") + " baud");
  if (!parities.empty()) parts.push_back("parity " + join(parities, ", "));
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
std::vector<std::string> quirks_of(const Point& point) {
  std::vector<std::string> quirks;
  if (point.words == meter::WordOrder::low_first && point.place.count > 1) quirks.emplace_back("low word first");
  if (point.bytes == meter::ByteOrder::low_first) quirks.emplace_back("low byte first");
  if (point.type == meter::RawType::bits && point.place.table != meter::Table::coil &&
      point.place.table != meter::Table::discrete_input) {
    const std::string first = std::to_string(point.bit_first);
    quirks.push_back(point.bit_count == 1
                         ? "bit " + first
                         : "bits " + first + " to " + std::to_string(point.bit_first + point.bit_count - 1));
  }
  if (!point.sign_point.empty()) quirks.push_back("negative while " + point.sign_point + " is 1");
  if (point.valid_while) {
    std::vector<std::string> values;
    for (const std::int64_t value : point.valid_while->equals) values.push_back(std::to_string(value));
    quirks.push_back("only while " + point.valid_while->point + " is " + join(values, " or "));
  }
  for (const std::uint64_t pattern : point.not_available)
    quirks.push_back(in_hex(pattern, 4 * point.place.count) + " is none");
  if (point.least) quirks.push_back("at least " + std::to_string(*point.least));
  if (point.most) quirks.push_back("at most " + std::to_string(*point.most));
  if (point.modulus != 0) quirks.push_back("rolls over at " + std::to_string(point.modulus));
  for (const meter::Label& label : point.labels) quirks.push_back(std::to_string(label.value) + " = " + label.name);
  if (!point.note.empty()) quirks.push_back(point.note);
  return quirks;
}

std::string confidence_of(const Profile& profile) {
  switch (profile.confidence) {
    case meter::Confidence::verified:
      return "verified: compared with the display of a real meter";
    case meter::Confidence::high:
      return "high: independent sources agree, or an official definition";
    case meter::Confidence::unverified:
      break;
  }
  return "unverified: compare the values with the meter's display";
}

std::vector<std::vector<std::string>> point_rows(const Profile& profile) {
  // Offsets from a model have no printed number.
  const bool prints = !profile.sunspec;
  std::vector<std::vector<std::string>> rows{
      {"", "POINT", "TABLE", prints ? "ADDRESS" : "OFFSET", "HEX", "PRINTED", "TYPE", "UNIT", "VALUE", "REMARKS"}};
  for (const Point& point : profile.points)
    rows.push_back({point.by_default ? "*" : "", point.name, std::string(config::word_for(point.place.table)),
                    std::to_string(point.place.first), in_hex(point.place.first, 4),
                    prints ? config::print_address(point.place) : "-", type_of(point.type, point.place.count),
                    point.unit, factors_of(point), join(quirks_of(point), "; ")});
  return rows;
}

std::string indent(const std::string& text) {
  std::string indented = "  ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    indented += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) indented += "  ";
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
  json["remarks"] = quirks_of(point);
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
  std::vector<std::vector<std::string>> rows{{"PROFILE", "CONFIDENCE", "CARRIERS", "POINTS", "LINK", "METER"}};
  for (const auto& [id, profile] : catalogue)
    rows.push_back({id, std::string(config::word_for(profile.confidence)), join(carriers_of(profile), " "),
                    std::to_string(profile.points.size()), describe(profile.link),
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
      {"meter", profile.vendor + " " + profile.model},
      {"confidence", confidence_of(profile)},
      {"source", profile.provenance},
      {"checked by", std::to_string(profile.vectors.size()) + " known exchanges"},
      {"delivered as", describe(profile.link)}};
  if (profile.connection) head.push_back({"connected", describe(*profile.connection)});
  if (const auto settings = settings_of(profile.link); !settings.empty()) head.push_back({"can be set to", settings});
  head.push_back({"requests", describe_limits(profile)});
  for (const meter::Identification& it : profile.identify)
    head.push_back({"recognised by", describe(it.at) + ": " + join(it.matches, ", ")});
  if (profile.sunspec) {
    std::vector<std::string> models;
    for (const std::uint16_t model : profile.sunspec->models) models.push_back(std::to_string(model));
    head.push_back({"recognised by", "SunSpec model " + join(models, ", ") + "; offsets count from its ID register"});
  }
  if (profile.serial) head.push_back({"serial number", describe(*profile.serial)});
  if (profile.firmware) head.push_back({"firmware", describe(*profile.firmware)});
  std::string text = profile.id + "\n" + format_table(head);
  if (!profile.notes.empty()) text += "\n" + indent(profile.notes);
  return text + "\n" + format_table(point_rows(profile)) +
         "\nADDRESS is that on the wire, counted from 0; PRINTED counts from 1, as most manuals do. * is recorded "
         "unless "
         "the site file selects points.\n";
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
