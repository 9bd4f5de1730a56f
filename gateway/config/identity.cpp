#include <algorithm>

#include "config/points.hpp"
#include "meter/identity.hpp"

namespace jidian::config {
namespace {

using meter::IdentityPlace;
using meter::IdentitySource;

/// Objects 0x80 and above are the maker's own; both kinds are read alike.
constexpr std::int64_t object_max = 255;
constexpr std::size_t model_count_max = 32;

/// Where an identity stands: `table`, `address`, …, or `object`, or `server_id`. Nothing after a mistake.
std::optional<IdentityPlace> read_place(Section& section) {
  IdentityPlace place;
  const bool object = section.has("object");
  const bool server_id = section.boolean("server_id").value_or(false);
  if (object && server_id) section.complain("object and server_id exclude each other; remove one of them");
  if (object || server_id) {
    place.source = object ? IdentitySource::device_object : IdentitySource::server_id;
    place.object = static_cast<std::uint8_t>(section.integer("object", 0, object_max).value_or(0));
    for (const auto key : {"table", "address", "as_printed", "type", "registers", "word_order", "byte_order", "alone"})
      section.forbid(key, object ? "is for registers, not for an object of function 43; remove it"
                                 : "is for registers, not for function 17; remove it");
    return place;
  }
  const auto coding = parse_coding(section, std::nullopt, std::nullopt);
  const Orders orders = parse_orders(section, {});
  place.words = orders.words;
  place.bytes = orders.bytes;
  place.alone = section.boolean("alone").value_or(false);
  if (!coding) return std::nullopt;
  if (coding->type == meter::RawType::bits || coding->type == meter::RawType::f32 ||
      coding->type == meter::RawType::f64) {
    section.complain("type", "cannot name a thing", "\"string\" or a type of whole numbers");
    return std::nullopt;
  }
  place.place = coding->place;
  place.type = coding->type;
  return place;
}

void read_identification(Section& section, meter::Profile& profile) {
  const auto place = read_place(section);
  section.require("matches", "matches = [\"iEM3155*\"]");
  const std::vector<Text> patterns = section.texts("matches");
  if (section.has("matches") && patterns.empty())
    section.complain("matches", "holds nothing that could be met", "matches = [\"iEM3155*\"]");
  section.finish();
  if (!place) return;
  meter::Identification identification{*place, {}};
  for (const Text& it : patterns) {
    if (meter::is_identity_pattern(it.value, place->type))
      identification.matches.push_back(it.value);
    else
      section.complain(it, "matches of a number are numbers, got '" + it.value +
                               "'; write \"341\", \"0x0155\", \"330..345\" or \"34*\"");
  }
  profile.identify.push_back(std::move(identification));
}

std::optional<IdentityPlace> read_single(Section& root, std::string_view key) {
  auto section = root.section(key, std::string(key));
  if (!section) return std::nullopt;
  auto place = read_place(*section);
  section->finish();
  return place;
}

void read_sunspec(Section& root, meter::Profile& profile) {
  auto section = root.section("sunspec", "sunspec");
  if (!section) return;
  section->require("models", "models = [201, 202, 203, 204]");
  meter::Sunspec sunspec;
  for (const std::int64_t model : section->integers("models", 1, 65'534))
    sunspec.models.push_back(static_cast<std::uint16_t>(model));
  if (section->has("models") && (sunspec.models.empty() || sunspec.models.size() > model_count_max))
    section->complain("models", "must be 1 to " + std::to_string(model_count_max) + " model numbers", "");
  section->finish();

  constexpr std::uint32_t header_count = 2;
  std::uint32_t end = header_count;
  for (const meter::Point& point : profile.points) {
    end = std::max(end, point.place.end());
    if (point.place.table != meter::Table::holding)
      root.complain("point '" + point.name + "' must be in table \"holding\", where SunSpec models are");
  }
  sunspec.length = static_cast<std::uint16_t>(end - header_count);
  if (!profile.identify.empty()) root.complain("identify and sunspec exclude each other: the models identify it");
  profile.sunspec = std::move(sunspec);
}

}  // namespace

void read_identity(Section& root, meter::Profile& profile) {
  for (Section& section : root.one_or_more("identify", "identify")) read_identification(section, profile);
  profile.serial = read_single(root, "serial");
  profile.firmware = read_single(root, "firmware");
  read_sunspec(root, profile);
}

}  // namespace jidian::config
