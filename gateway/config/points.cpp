#include "config/points.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/draft.hpp"
#include "config/quantities.hpp"
#include "meter/relations.hpp"

namespace jidian::config {
namespace {

using meter::Point;
using meter::RawType;

constexpr std::size_t name_length_max = 64;
/// Decimal exponents of real meters stay far inside; more is a slip.
constexpr int exponent_max = 12;
/// Bounds of float points must be exact in a double.
constexpr std::int64_t exact_in_double = std::int64_t{1} << 53;

constexpr std::array<std::pair<std::string_view, PointKind>, 4> kind_words{{{"instantaneous", PointKind::instantaneous},
                                                                            {"counter", PointKind::counter},
                                                                            {"state", PointKind::state},
                                                                            {"attribute", PointKind::attribute}}};

/// What a `[registers]` section sets for all its points.
struct Defaults {
  std::optional<Carrier> carrier;
  std::optional<meter::Table> table;
  std::optional<RawType> type;
  Orders orders;
  std::vector<Text> not_available;
};

bool is_point_name(std::string_view name) {
  if (name.empty() || name.size() > name_length_max || name.front() == '.' || name.back() == '.') return false;
  if (name.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

bool is_bit_table(meter::Table table) {
  return table == meter::Table::coil || table == meter::Table::discrete_input;
}

bool is_float(RawType type) {
  return type == RawType::f32 || type == RawType::f64;
}

std::optional<std::uint64_t> parse_pattern(std::string_view text) {
  if (!text.starts_with("0x") || text.size() <= 2 || (text.size() - 2) % 4 != 0) return std::nullopt;
  std::uint64_t pattern = 0;
  const auto read = std::from_chars(text.data() + 2, text.data() + text.size(), pattern, 16);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return pattern;
}

std::size_t pattern_registers(std::string_view text) {
  return (text.size() - 2) / 4;
}

std::vector<Text> parse_patterns(Section& section) {
  std::vector<Text> patterns = section.texts("not_available");
  std::erase_if(patterns, [&](const Text& it) {
    if (parse_pattern(it.value)) return false;
    section.complain(it, "not_available holds patterns of whole registers, got '" + it.value +
                             "'; write \"0xFFFF\" or \"0xFFFFFFFF\"");
    return true;
  });
  return patterns;
}

void read_not_available(Section& section, const Defaults& defaults, Point& point) {
  if (!section.has("not_available")) {
    for (const Text& it : defaults.not_available)
      if (pattern_registers(it.value) == point.place.count) point.not_available.push_back(*parse_pattern(it.value));
    return;
  }
  for (const Text& it : parse_patterns(section)) {
    if (pattern_registers(it.value) == point.place.count)
      point.not_available.push_back(*parse_pattern(it.value));
    else
      section.complain(it, "not_available must be as long as the value: " + std::to_string(point.place.count) +
                               " registers of 4 digits, got '" + it.value + "'");
  }
}

void read_bits(Section& section, Point& point) {
  const bool in_register = point.type == RawType::bits && !is_bit_table(point.place.table);
  if (!in_register) {
    section.forbid("bit", "needs type = \"bits\" in a table of registers; remove it");
    section.forbid("bit_count", "needs type = \"bits\" in a table of registers; remove it");
    return;
  }
  section.require("bit", "bit = 0 (the least significant) … 15");
  point.bit_first = static_cast<std::uint8_t>(section.integer("bit", 0, 15).value_or(0));
  point.bit_count = static_cast<std::uint8_t>(section.integer("bit_count", 1, 16 - point.bit_first).value_or(1));
}

void read_labels(Section& section, Point& point) {
  if (point.type != RawType::enumeration && point.type != RawType::bits) {
    section.forbid("labels", "need type = \"enum\" or \"bits\"; remove them");
    return;
  }
  auto labels = section.section("labels", section.subject());
  if (!labels) return;
  for (const auto& [key, node] : labels->entries()) {
    std::uint16_t value = 0;
    const auto read = std::from_chars(key.value.data(), key.value.data() + key.value.size(), value);
    const auto* name = node->as_string();
    if (read.ec != std::errc{} || read.ptr != key.value.data() + key.value.size() || name == nullptr)
      section.complain(key, "labels name numbers, got '" + key.value + "'; write labels = { 0 = \"stopped\" }");
    else
      point.labels.push_back({value, name->get()});
  }
  std::ranges::sort(point.labels, {}, &meter::Label::value);
}

/// Quantity, phase, kind and unit: stated, or taken from the name and the table of quantities.
void read_meaning(Section& section, const Defaults& defaults, Point& point) {
  const auto dot = std::min(point.name.find('.'), point.name.size());
  point.quantity = section.text("quantity").value_or(point.name.substr(0, dot));
  point.phase = section.text("phase").value_or(dot < point.name.size() ? point.name.substr(dot + 1) : "");
  point.unit = section.text("unit").value_or("");
  const auto carrier = section.has("carrier") ? section.choice("carrier", carrier_words) : defaults.carrier;
  if (!carrier && !section.has("carrier"))
    section.require("carrier", "carrier = \"none\" (or electricity, gas, heat, water), here or once for all points");
  point.carrier = carrier.value_or(Carrier::none);

  const auto kind = section.choice("kind", kind_words);
  const Quantity* known = find_quantity(point.quantity);
  if (known == nullptr) {
    const auto names = pick(quantities(), &Quantity::name);
    if (!section.has("kind"))
      section.complain("quantity '" + point.quantity + "' is not a common one, so kind is needed; write kind = " +
                       "\"instantaneous\", \"counter\", \"state\" or \"attribute\"" +
                       did_you_mean(point.quantity, names));
    point.kind = kind.value_or(PointKind::instantaneous);
    return;
  }
  point.kind = kind.value_or(known->kind);
  if (kind && *kind != known->kind)
    section.complain("kind", "contradicts quantity '" + point.quantity + "'", "no kind: it follows from the quantity");
  if (!has_unit(*known, point.unit)) {
    const std::string units = known->units.empty() ? "no unit" : "one of: " + std::string(known->units);
    section.complain("unit", "does not suit quantity '" + point.quantity + "'", units);
  }
}

void read_bounds(Section& section, Point& point) {
  const bool integers = point.type != RawType::text && !is_float(point.type);
  if (point.kind == PointKind::counter && integers) {
    const auto modulus = section.integer("modulus", 2, std::numeric_limits<std::int64_t>::max());
    point.modulus = static_cast<std::uint64_t>(modulus.value_or(0));
  } else {
    section.forbid("modulus", "is for counters of whole numbers; remove it");
  }
  if (point.type == RawType::text) {
    section.forbid("least", "needs a number; remove it");
    section.forbid("most", "needs a number; remove it");
    return;
  }
  const std::int64_t bound = is_float(point.type) ? exact_in_double : std::numeric_limits<std::int64_t>::max();
  point.least = section.integer("least", -bound, bound);
  point.most = section.integer("most", -bound, bound);
  if (point.least && point.most && *point.least > *point.most)
    section.complain("least", "is more than most", "the smaller of the two");
}

std::optional<Text> read_name(Section& section, std::string_view key) {
  const auto name = section.text(key);
  if (!name) return std::nullopt;
  return Text{*name, section.place(key)};
}

void read_references(Section& section, Draft& draft) {
  draft.ratios = section.texts("ratios");
  draft.scale = read_name(section, "scale");
  draft.sign = read_name(section, "sign");
  auto condition = section.section("valid_while", section.subject() + ": valid_while");
  if (!condition) return;
  condition->require("point", "valid_while = { point = \"error_code\", equals = [0] }");
  draft.condition = read_name(*condition, "point");
  if (condition->require("equals", "valid_while = { point = \"error_code\", equals = [0] }")) {
    draft.equals = condition->integers("equals", std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max());
    if (draft.equals.empty()) condition->complain("equals", "holds no value that could be met", "equals = [0]");
  }
  condition->finish();
}

/// `is_bit`: a coil or discrete input comes as one bit, which no order of bytes concerns.
void read_orders(Section& section, const Defaults& defaults, bool is_bit, Point& point) {
  if (is_bit) section.forbid("byte_order", "is for registers: a coil or discrete input has none; remove it");
  const Orders orders = parse_orders(section, defaults.orders);
  point.words = orders.words;
  point.bytes = is_bit ? meter::ByteOrder::high_first : orders.bytes;
}

std::optional<Draft> parse_point(Section section, const Defaults& defaults) {
  Draft draft;
  Point& point = draft.point;
  section.require("name", "name = \"active_power.l1\"");
  const auto name = section.text("name");
  point.name = name.value_or("");
  if (name && !is_point_name(*name))
    section.complain("name", "is not a point's name", "words of a-z, 0-9, '_' joined by '.', at most 64 characters");

  const auto coding = parse_coding(section, defaults.table, defaults.type);
  if (coding) {
    point.place = coding->place;
    point.type = coding->type;
  }
  read_orders(section, defaults, coding && is_bit_table(point.place.table), point);
  read_meaning(section, defaults, point);
  point.exponent = static_cast<int>(section.integer("exponent", -exponent_max, exponent_max).value_or(0));
  point.by_default = section.boolean("by_default").value_or(true);
  point.note = section.text("note").value_or("");
  read_references(section, draft);

  if (!coding) {
    for (const auto key : {"bit", "bit_count", "labels", "modulus", "least", "most", "not_available"})
      section.skip(key);
    section.finish();
    return std::nullopt;
  }
  if (point.type == RawType::text) {
    if (point.kind != PointKind::attribute)
      section.complain("a string can only be an attribute; write kind = \"attribute\"");
    for (const auto key : {"exponent", "ratios", "scale", "sign", "valid_while"})
      section.forbid(key, "needs a number; remove it");
  }
  read_bits(section, point);
  read_labels(section, point);
  read_bounds(section, point);
  read_not_available(section, defaults, point);
  section.finish();
  return draft;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  return !name.empty() && pattern[0] == name[0] && matches(pattern.substr(1), name.substr(1));
}

/// A meter without anything to read would be polled for ever, and be heard never.
void complain_of_nothing(const std::vector<Point>& all, Section& section) {
  const auto is_number = [](const Point& it) { return it.type != RawType::text; };
  auto number =
      std::ranges::find_if(all, [&](const Point& it) { return is_number(it) && it.kind != PointKind::attribute; });
  if (number == all.end()) number = std::ranges::find_if(all, is_number);
  if (number == all.end())
    return section.complain("all points are texts, which are never part of a reading; write a point that is a number");
  const std::string write = "points = [\"" + number->name + "\"]";
  if (section.has("points"))
    section.complain("points", "holds nothing that could be recorded", write + ", or remove it for the default points");
  else
    section.complain("no point is recorded by default; write " + write);
}

}  // namespace

std::vector<Point> parse_registers(Section registers) {
  Defaults defaults;
  defaults.carrier = registers.choice("carrier", carrier_words);
  defaults.table = parse_table(registers);
  defaults.type = parse_type(registers);
  defaults.orders = parse_orders(registers, {});
  defaults.not_available = parse_patterns(registers);

  std::vector<Draft> drafts;
  constexpr std::string_view example = "points = [ { name = \"active_power.l1\", address = 0, unit = \"W\" } ]";
  auto sections = registers.sections("points", registers.subject() + ": point");
  if (registers.require("points", example) && sections.empty()) registers.complain("points", "holds no point", example);
  for (Section& section : sections) {
    auto draft = parse_point(section, defaults);
    if (!draft) continue;
    if (std::ranges::any_of(drafts, [&](const Draft& it) { return it.point.name == draft->point.name; }))
      section.complain("name", "is taken by an earlier point", "another name");
    drafts.push_back(std::move(*draft));
  }
  registers.finish();
  resolve_references(registers, drafts);

  std::vector<Point> points;
  points.reserve(drafts.size());
  for (Draft& draft : drafts) points.push_back(std::move(draft.point));
  return points;
}

void check_runs(const std::vector<Point>& points, std::uint16_t count_max,
                const std::function<void(const std::string&)>& complain) {
  const std::vector<meter::Registers> runs = meter::runs_of(points);
  for (std::size_t n = 0; n < points.size(); ++n) {
    if (points[n].place.count > count_max) {
      complain("the registers of point '" + points[n].name + "'");
    } else if (runs[n].count > count_max) {
      const auto related = meter::related_points(points[n]);
      if (!related.empty())
        complain("the " + std::to_string(runs[n].count) + " registers from point '" + points[n].name + "' to '" +
                 std::string(related.front()) + "', which must come from one request");
    }
  }
}

/// What the author of a pattern that names nothing probably meant: all phases of a quantity, or a point.
std::string point_meant(std::string_view pattern, std::span<const std::string_view> names) {
  const auto quantity_of = [](std::string_view name) { return name.substr(0, name.find('.')); };
  std::vector<std::string_view> quantities;
  for (const std::string_view name : names)
    if (name.find('.') != std::string_view::npos) quantities.push_back(quantity_of(name));
  const std::string_view wanted = quantity_of(pattern);
  const bool whole = wanted == pattern || pattern.ends_with(".*");
  const std::string_view near = std::ranges::find(quantities, wanted) != quantities.end() ? wanted
                                : whole                                                   ? closest(wanted, quantities)
                                                                                          : std::string_view();
  if (near.empty() || !whole) return did_you_mean(pattern, names);
  return "; did you mean '" + std::string(near) + ".*'?";
}

std::vector<Point> select_points(const std::vector<Point>& all, Section& section) {
  const bool states = section.has("points");
  const std::vector<Text> patterns = section.texts("points");
  const auto names = pick(all, &Point::name);

  std::vector<bool> taken(all.size(), false);
  for (std::size_t i = 0; i < all.size(); ++i) taken[i] = !states && all[i].by_default && all[i].type != RawType::text;
  bool blamed = false;
  const auto complain = [&](const Text& pattern, const std::string& what) {
    section.complain(pattern, what);
    blamed = true;
  };
  for (const Text& pattern : patterns) {
    bool any = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!matches(pattern.value, all[i].name)) continue;
      any = true;
      if (all[i].type != RawType::text)
        taken[i] = true;
      else if (pattern.value == all[i].name)
        complain(pattern, "point '" + pattern.value + "' is a text, which is never part of a reading");
    }
    if (!any) complain(pattern, "no point is called '" + pattern.value + "'" + point_meant(pattern.value, names));
  }
  const auto take = [&](std::string_view name) {
    taken[static_cast<std::size_t>(std::ranges::find(all, name, &Point::name) - all.begin())] = true;
  };
  // Ratio points may have a sign or condition of their own, so the needed ones are looked at again.
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!taken[i]) continue;
      for (const std::string& ratio : all[i].ratio_points) take(ratio);
      for (const std::string_view name : meter::related_points(all[i])) take(name);
    }
  }

  std::vector<Point> selected;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (taken[i]) selected.push_back(all[i]);
  if (selected.empty() && !blamed) complain_of_nothing(all, section);
  return selected;
}

}  // namespace jidian::config
