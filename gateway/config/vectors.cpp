#include <algorithm>

#include "config/points.hpp"
#include "meter/decode.hpp"
#include "meter/relations.hpp"

namespace jidian::config {
namespace {

using meter::Point;
using meter::Profile;

std::vector<std::uint16_t> read_words(Section& section, std::string_view key) {
  std::vector<std::uint16_t> words;
  for (const std::int64_t word : section.integers(key, 0, 65535)) words.push_back(static_cast<std::uint16_t>(word));
  return words;
}

/// The words of `key` must be as many as `point` has registers. False after the mistake was noted.
bool check_count(Section& section, std::string_view key, std::size_t count, const Point& point) {
  if (count == point.place.count) return true;
  section.complain(key, "must be as many as the point has registers, " + std::to_string(point.place.count), "");
  return false;
}

/// `with = { w_sf = [0xFFFE] }`: what the points hold that `point` depends on, each of them and no other.
bool read_with(Section& vector, const Profile& profile, const Point& point, meter::TestVector& into) {
  const std::vector<std::string_view> related = meter::related_points(point);
  if (related.empty()) {
    vector.forbid("with", "is for points with a scale, sign or valid_while; remove it");
    return !vector.has("with");
  }
  bool whole = vector.require(
      "with", "with = { " + std::string(related.front()) + " = [0xFFFE] }, the words of the points it depends on");
  auto with = vector.section("with", vector.subject() + ": with");
  if (!with) return false;
  for (const std::string_view name : related) {
    whole = with->require(name, std::string(name) + " = [0x0000]") && whole;
    meter::PointWords words{std::string(name), read_words(*with, name)};
    const auto found = std::ranges::find(profile.points, name, &Point::name);
    if (!with->has(name)) continue;
    whole = check_count(*with, name, words.words.size(), *found) && whole;
    into.with.push_back(std::move(words));
  }
  with->finish();
  return whole;
}

void read_vector(Section& section, Profile& profile) {
  bool whole = section.require("point", "point = \"active_power.l1\"");
  whole = section.require("words", "words = [0x0000, 0x0001]") && whole;
  whole = section.require("value", "value = \"0.1\"") && whole;
  whole = section.require("source", "source = \"manual, page 12\" or \"derived\"") && whole;
  meter::TestVector vector;
  vector.point = section.text("point").value_or("");
  vector.words = read_words(section, "words");
  vector.value = section.text("value").value_or("");
  vector.source = section.text("source").value_or("");
  vector.line = section.place().line;

  const auto point = std::ranges::find(profile.points, vector.point, &Point::name);
  if (point == profile.points.end()) {
    section.skip("with");
    section.finish();
    const auto names = pick(profile.points, &Point::name);
    if (whole)
      section.complain("point", "does not exist", "a point of this profile" + did_you_mean(vector.point, names));
    return;
  }
  whole = read_with(section, profile, *point, vector) && whole;
  section.finish();
  if (whole && check_count(section, "words", vector.words.size(), *point)) profile.vectors.push_back(std::move(vector));
}

void check_coverage(Section& root, const Profile& profile) {
  std::vector<meter::RawType> untested;
  for (const Point& point : profile.points) {
    const bool tested = std::ranges::any_of(profile.vectors, [&](const meter::TestVector& vector) {
      return std::ranges::find(profile.points, vector.point, &Point::name)->type == point.type;
    });
    if (!tested && std::ranges::find(untested, point.type) == untested.end()) untested.push_back(point.type);
  }
  for (const meter::RawType type : untested)
    root.complain("no test vector has a point of type \"" + std::string(word_for(type)) +
                  "\"; write one under [test] vectors");
}

std::string evaluate(const Profile& profile, const meter::TestVector& vector) {
  const auto& point = *std::ranges::find(profile.points, vector.point, &Point::name);
  if (point.type == meter::RawType::text) return meter::decode_text(point, vector.words);
  std::vector<Point> points{point};
  std::vector<meter::Decoded> decoded{meter::decode(point, vector.words)};
  for (const meter::PointWords& it : vector.with) {
    points.push_back(*std::ranges::find(profile.points, it.point, &Point::name));
    decoded.push_back(meter::decode(points.back(), it.words));
  }
  meter::relate(points, decoded);
  switch (decoded[0].presence) {
    case meter::Presence::not_available:
      return "not_available";
    case meter::Presence::out_of_range:
      return "out_of_range";
    case meter::Presence::corrupt:
      return "corrupt";
    case meter::Presence::value:
      break;
  }
  int exponent = point.exponent;
  for (std::size_t n = 1; n < points.size(); ++n)
    if (points[n].name == point.scale_point) exponent = meter::exponent_of(point, decoded[n].bits).value_or(exponent);
  return meter::format_value(decoded[0].bits, meter::value_type_of(point), exponent);
}

bool fits(const Profile& profile, std::string_view name, std::size_t count) {
  const auto point = std::ranges::find(profile.points, name, &Point::name);
  return point != profile.points.end() && point->place.count == count;
}

}  // namespace

void read_vectors(Section& root, Profile& profile) {
  if (auto test = root.section("test", "test")) {
    for (Section& section : test->sections("vectors", "test vector")) read_vector(section, profile);
    test->finish();
  }
  check_coverage(root, profile);
}

std::vector<Mistake> check_vectors(const Profile& profile, const std::string& file) {
  std::vector<Mistake> mistakes;
  for (const meter::TestVector& vector : profile.vectors) {
    const bool whole = fits(profile, vector.point, vector.words.size()) &&
                       std::ranges::all_of(vector.with, [&](const meter::PointWords& it) {
                         return fits(profile, it.point, it.words.size());
                       });
    if (!whole) {
      mistakes.push_back({file, vector.line, 1, "test vector of '" + vector.point + "' fits no point"});
      continue;
    }
    const std::string value = evaluate(profile, vector);
    if (value != vector.value)
      mistakes.push_back(
          {file, vector.line, 1,
           "test vector of '" + vector.point + "': the words give '" + value + "', not '" + vector.value + "'"});
  }
  return mistakes;
}

}  // namespace jidian::config
