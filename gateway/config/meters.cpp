#include <algorithm>
#include <cmath>

#include "config/points.hpp"
#include "config/site_sections.hpp"
#include "config/units.hpp"
#include "meter/sunspec.hpp"

namespace jidian::config {
namespace {

/// A meter's position travels as 16 bits; one box reads far fewer.
/// Above the first a bus is advised against, above the second it cannot work.
constexpr double load_advised = 0.8;
constexpr double load_most = 1.0;

constexpr std::size_t meter_count_max = 4096;
constexpr std::size_t point_count_max = 1000;
constexpr Millis period_least{100};
constexpr Millis period_most{3'600'000};
/// So that a minute has at least six samples.
constexpr Millis period_advised_max{10'000};

void read_bus_and_unit(Section& section, Meter& meter, const Site& site) {
  section.require("bus", "bus = \"…\", the id of a [[bus]]");
  meter.bus = section.text("bus").value_or("");
  const auto bus = std::ranges::find(site.buses, meter.bus, &Bus::id);
  if (bus == site.buses.end() && !meter.bus.empty()) {
    const auto ids = ids_of(site.buses);
    section.complain("bus", "does not exist", "the id of a [[bus]]" + did_you_mean(meter.bus, ids));
  }
  // Serial lines have units 1 … 247; TCP endpoints are also met as 0 and 255.
  const bool tcp = bus == site.buses.end() || bus->kind == BusKind::tcp;
  section.require("unit", "unit = 1, the Modbus address");
  const auto unit = section.integer("unit", tcp ? 0 : 1, tcp ? 255 : 247);
  meter.unit = static_cast<std::uint8_t>(unit.value_or(0));
  if (!unit || meter.bus.empty()) return;
  const auto other =
      std::ranges::find_if(site.meters, [&](const Meter& it) { return it.bus == meter.bus && it.unit == meter.unit; });
  if (other != site.meters.end())
    section.complain("unit", "is taken on bus '" + meter.bus + "' by meter '" + other->id + "'",
                     "the meter's own address");
}

void read_profile(Section& section, Meter& meter, const Catalogue& catalogue) {
  const auto name = section.text("profile");
  if (!name) return;
  meter.profile = *name;
  const auto found = catalogue.find(*name);
  if (found == catalogue.end()) {
    const auto ids = pick(catalogue, [](const auto& entry) -> std::string_view { return entry.first; });
    section.complain("profile", "does not exist", "the id of a profile" + did_you_mean(*name, ids));
    return;
  }
  const meter::Profile& profile = found->second;
  meter.limits = profile.limits;
  meter.turnaround = profile.turnaround;
  meter.worst_latency = profile.worst_latency;
  meter.short_count_max = profile.short_count_max;
  meter.points = profile.points;
  meter.identify = profile.identify;
  meter.serial = profile.serial;
  meter.firmware = profile.firmware;
  meter.sunspec = profile.sunspec;
  if (profile.confidence == meter::Confidence::unverified)
    section.journal().warn(
        section.place("profile"),
        section.subject() + ": profile '" + *name + "' is unverified; compare its values with the meter's display");
}

/// Moves the points of a SunSpec profile to where the site file says the model begins, if it does: else the device is
/// asked.
void read_sunspec_base(Section& section, Meter& meter) {
  if (!meter.sunspec) return section.forbid("sunspec_base", "is for profiles of SunSpec models; remove it");
  const std::int64_t most = 65'536 - 2 - meter.sunspec->length;
  const auto base = section.integer("sunspec_base", 0, most);
  if (!base) return;
  meter.points = meter::at_base(std::move(meter.points), static_cast<std::uint16_t>(*base));
  meter.sunspec.reset();
  meter.serial.reset();  // they stand in another model, whose place is not told
  meter.firmware.reset();
}

/// Fills limits and points from the profile or from the section's own registers.
void read_registers(Section& section, Meter& meter, const Catalogue& catalogue) {
  const bool own = section.has("registers");
  if (!own && !section.has("profile")) section.require("profile", "profile = \"…\", or a section [meter.registers]");
  if (own && section.has("profile")) section.complain("registers and profile exclude each other; remove one of them");
  read_profile(section, meter, catalogue);
  if (auto registers = section.section("registers", section.subject())) {
    for (const auto key :
         {"period", "offset", "serial", "accuracy_class", "calibrated", "ct_ratio", "pt_ratio", "turnaround"})
      registers->forbid(key, "stands below [meter.registers] and so in it; write it above that line");
    meter.points = parse_registers(*registers);
  }
  meter.limits = parse_limits(section, meter.limits);
  meter.turnaround = section.duration("turnaround", Millis{0}, turnaround_max).value_or(meter.turnaround);

  const bool known = !meter.points.empty();
  if (!known) {
    for (const auto key : {"points", "sunspec_base"}) section.skip(key);
    return;
  }
  meter.points = select_points(meter.points, section);
  read_sunspec_base(section, meter);
  if (meter.points.size() > point_count_max)
    section.complain("there are more than " + std::to_string(point_count_max) + " points");
  check_runs(meter.points, meter.limits.count_max,
             [&](const std::string& what) { section.complain("count_max", "is less than " + what, "more"); });
  if (meter.short_count_max >= meter.limits.count_max) meter.short_count_max = 0;
}

void read_period(Section& section, Meter& meter) {
  meter.period = section.duration("period", period_least, period_most).value_or(meter.period);
  if (meter.period > period_advised_max)
    section.journal().warn(section.place("period"), section.subject() + ": period '" + format_duration(meter.period) +
                                                        "' gives a minute fewer than 6 samples");
}

/// A declared ratio that is written the wrong way round passes for one of a transformer that makes more of less.
void read_ratio(Section& section, const char* key, const char* example, std::string& ratio) {
  ratio = section.text(key).value_or("");
  if (ratio.empty()) return;
  if (!is_ratio(ratio)) return section.complain(key, "is no ratio", example);
  const auto parsed = domain::parse_ratio(ratio);
  if (parsed && parsed->first < parsed->second)
    section.journal().warn(section.place(key),
                           section.subject() + ": " + key + " '" + ratio +
                               "' has its primary below its secondary; write the primary first: " + example);
}

void read_plate(Section& section, domain::MeterEntry& entry) {
  entry.name = section.text("name").value_or("");
  entry.serial = section.text("serial").value_or("");
  entry.accuracy_class = section.text("accuracy_class").value_or("");
  entry.calibrated = section.date("calibrated").value_or("");
  read_ratio(section, "ct_ratio", "\"200/5\"", entry.ct_ratio);
  read_ratio(section, "pt_ratio", "\"10000/100\"", entry.pt_ratio);
}

/// Whether the declared ratio of current transformers agrees with how the profile's meters are connected.
void check_connection(Section& section, const Meter& meter, const Catalogue& catalogue) {
  const auto found = catalogue.find(meter.profile);
  if (found == catalogue.end() || !found->second.connection) return;
  const std::string of = "profile '" + meter.profile + "' is of meters ";
  const auto ratio = domain::parse_ratio(meter.entry.ct_ratio);
  if (*found->second.connection == meter::Connection::direct && ratio && ratio->first != ratio->second)
    section.journal().warn(section.place("ct_ratio"),
                           section.subject() + ": ct_ratio '" + meter.entry.ct_ratio + "' is declared, but " + of +
                               "that are connected directly; correct the profile, or remove ct_ratio");
  const bool tells =
      std::ranges::find(found->second.points, "ct_ratio", &meter::Point::quantity) != found->second.points.end();
  if (*found->second.connection == meter::Connection::transformer && meter.entry.ct_ratio.empty() && !tells)
    section.journal().warn(section.place("profile"),
                           section.subject() + ": " + of +
                               "behind current transformers and none of its points tells their ratio; write "
                               "ct_ratio = \"200/5\", as on their plates");
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

/// After an error a line is kept silent for as long as the slowest of its meters may take.
void apply_worst_latency(Site& site) {
  for (Bus& bus : site.buses)
    for (const Meter& meter : site.meters)
      if (meter.bus == bus.id) bus.worst_latency = std::max(bus.worst_latency, meter.worst_latency);
}

/// What can only be said of a bus when its meters are known.
void check_bus(Section& section, const Site& site) {
  const auto id = section.text("id");
  if (!id) return;
  if (std::ranges::find(site.meters, *id, &Meter::bus) == site.meters.end())
    section.journal().warn(section.place(),
                           section.subject() + ": no meter is on this bus yet; jidian scan finds them");
  const auto bus = std::ranges::find(site.buses, *id, &Bus::id);
  if (bus == site.buses.end() || section.journal().failed()) return;
  const BusBudget budget = bus_budget(*bus, site.meters);
  const std::string need = section.subject() + ": its meters need " + percent(budget.load) + " of the line's time";
  const std::string dead =
      ", with one of them dead " + percent(budget.one_dead) + ", with two " + percent(budget.two_dead);
  const std::string advice = advice_for(*bus, site.meters);
  if (budget.load > load_most)
    section.journal().mistake(section.place(), need + ", so polls would be skipped; " + advice);
  else if (budget.load > load_advised)
    section.journal().warn(section.place(), need + dead + "; " + advice);
  else if (budget.one_dead > load_most)
    section.journal().warn(section.place(), need + dead + "; lower worst_latency if the meters allow it, or " + advice);
  if (const std::string late = late_energies(*bus, site.meters); !late.empty())
    section.journal().warn(section.place(), section.subject() + ": " + late);
}

}  // namespace

void read_meters(Section& root, Site& site, const Catalogue& catalogue) {
  auto sections = root.sections("meter", "meter");
  for (Section& section : sections) {
    if (site.meters.size() == meter_count_max) {
      section.complain("there are more than " + std::to_string(meter_count_max) + " meters");
      break;
    }
    Meter meter;
    meter.id = read_id(section, ids_of(site.meters));
    read_bus_and_unit(section, meter, site);
    read_registers(section, meter, catalogue);
    read_period(section, meter);
    read_plate(section, meter.entry);
    check_connection(section, meter, catalogue);
    read_family(section, meter.entry);
    section.finish();
    describe(meter);
    site.meters.push_back(std::move(meter));
  }
  check_parents(sections, site);
  apply_worst_latency(site);
  for (Section& section : root.sections("bus", "bus")) check_bus(section, site);
}

}  // namespace jidian::config
