#include "tests/integration/contract/days.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/decimal.hpp"
#include "tests/integration/contract/scene.hpp"

namespace jidian::contract {
namespace {

using domain::Subject;
using domain::SubjectKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Subject first_facility{SubjectKind::facility, 0};
constexpr Subject second_facility{SubjectKind::facility, 1};
constexpr Subject first_account{SubjectKind::account, 0};
constexpr Subject second_account{SubjectKind::account, 1};

/// 2026-03-02T00:00Z, 08:00 at the plant.
constexpr UtcTime monday{std::chrono::sys_days{std::chrono::year{2026} / 3 / 2}};

UtcTime at(int hour, int minute, int second = 0) {
  return monday + hours{hour} + minutes{minute} + seconds{second};
}

constexpr std::size_t columns_most = 150;

/// Pieces, two blanks between them, in lines that begin with four.
std::string wrapped(const std::vector<std::string>& pieces) {
  std::string text;
  std::string line;
  for (const std::string& piece : pieces) {
    if (!line.empty() && line.size() + piece.size() + 2 > columns_most) text += std::exchange(line, "") + "\n";
    line += (line.empty() ? "    " : "  ") + piece;
  }
  return line.empty() ? text : text + line + "\n";
}

std::string print(const domain::Event& event) {
  std::string text = format_utc(event.time) + "  " + std::to_string(static_cast<int>(event.kind)) + " " +
                     std::string(name_of(event.kind));
  if (!event.subject.empty()) text += "  " + event.subject;
  text += "\n    " + event.text + "\n";
  std::vector<std::string> pieces;
  if (event.gap)
    pieces = {"cause " + std::to_string(static_cast<int>(event.gap->cause)), "from " + format_utc(event.gap->from),
              "until " + format_utc(event.gap->until), "missed " + std::to_string(event.gap->missed)};
  if (event.kind == domain::EventKind::manifest) return text;  // its hash is that of the site file
  for (const auto& [name, value] : event.facts) pieces.push_back(name + "=" + value);
  return text + wrapped(pieces);
}

std::string print(const record::Events& events) {
  std::string text;
  for (const domain::Event& event : events) text += print(event);
  return text;
}

template <typename Numbers, typename Number>
std::string listed(const char* name, const Numbers& numbers, Number number) {
  std::string text = std::string("  ") + name;
  for (const auto& one : numbers) text += " " + std::to_string(number(one));
  return text;
}

std::string print_peak(const char* name, const std::optional<domain::Peak>& peak, UtcTime end) {
  if (!peak) return {};
  return std::string("  ") + name + " " + std::to_string(peak->value) + " until_ms " +
         std::to_string((peak->until - end).count());
}

/// The fields of the message, by their names there; those that do not apply are left out.
std::string print(const domain::AggregateRow& row, const domain::Manifest& manifest) {
  const UtcTime end = row.start + row.length;
  std::string text = format_utc(row.start) + "  " + std::to_string(row.length.count()) + " s  kind " +
                     std::to_string(static_cast<int>(row.subject.kind)) + " index " +
                     std::to_string(row.subject.index) + " (" + std::string(id_of(manifest, row.subject)) + ")";
  if (row.shift != 0) text += "  shift " + std::to_string(row.shift);
  text += "  polls " + std::to_string(row.polls_made) + "/" + std::to_string(row.polls_expected);
  if (row.covered_s != 0) text += "  covered_s " + std::to_string(row.covered_s);
  text += listed("amounts", row.amounts, [](const auto& amount) { return amount.value; });
  const auto mark_of = [](const auto& amount) { return (amount.is_partial ? 1 : 0) + (amount.is_spanning ? 2 : 0); };
  if (std::ranges::any_of(row.amounts, [&](const auto& amount) { return mark_of(amount) != 0; }))
    text += listed("marks", row.amounts, mark_of);
  if (row.from == UtcTime{})
    text += "  no_counts";
  else
    text += "  from_ms " + std::to_string((row.from - row.start).count()) + "  until_ms " +
            std::to_string((row.until - end).count());
  if (std::ranges::any_of(row.state_ms, [](std::uint32_t ms) { return ms != 0; }))
    text += listed("state_ms", row.state_ms, [](std::uint32_t ms) { return ms; }) + "  state " +
            std::to_string(static_cast<int>(row.state)) + "  starts " + std::to_string(row.starts);
  return text + print_peak("peak", row.peak, end) + print_peak("month_peak", row.month_peak, end) + "\n";
}

/// Rows of subjects that begin at one instant.
std::string print_rows(const Scene& scene, std::initializer_list<Subject> subjects, UtcTime start, seconds length,
                       std::string_view shift = "") {
  std::string text;
  for (const Subject subject : subjects) {
    const auto row = scene.row(subject, start, length, shift);
    text += row ? print(*row, scene.manifest()) : format_utc(start) + "  no row\n";
  }
  return text;
}

constexpr std::string_view foundry_site = R"([gateway]
id = "foundry-1"
[site]
credit_code = "91350100M000100Y43"
name = "Example foundry"
region = "130100"
industry = "C3391"
contract_capacity_kva = 1250
security_load_kw = 40
utc_offset = "+08:00"
[[site.shift]]
id = "day"
start = "08:00"
end = "20:00"
[[site.shift]]
id = "night"
start = "20:00"
end = "08:00"
[[site.account]]
id = "grid"
carrier = "electricity"
number = "1300012345678"
feeder = "Dongjiao substation, 10 kV feeder 512"
level = "10 kV"
meters = ["furnace-1", "dust-fan-1"]
[[bus]]
id = "net"
kind = "tcp"
host = "127.0.0.1"
[[meter]]
id = "furnace-1"
bus = "net"
unit = 1
period = "10s"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [
  { name = "active_power.total", address = 0, type = "s32", unit = "W" },
  { name = "active_energy_import.total", address = 2, type = "u32", exponent = -2, unit = "kWh" },
]
[[meter]]
id = "dust-fan-1"
bus = "net"
unit = 2
period = "10s"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [
  { name = "active_power.total", address = 0, type = "s32", unit = "W" },
  { name = "active_energy_import.total", address = 2, type = "u32", exponent = -3, unit = "kWh" },
]
[[facility]]
id = "melting-shop"
kind = "production"
meters = ["furnace-1"]
rated_power_kw = 800
interruptible_kw = 700
interruptible_minutes = 45
adjustable_kw = 200
adjustable_minutes = 10
[facility.run]
stop_below_kw = 15
start_at_kw = 30
idle_below_kw = 120
run_at_kw = 180
[[facility]]
id = "bag-filter"
kind = "treatment"
meters = ["dust-fan-1"]
treats = ["melting-shop"]
rated_power_kw = 55
)";

Scene play_foundry() {
  const UtcTime first = at(-8, -10);
  SceneMeter furnace;
  furnace.count = 4'821'377;
  furnace.phases = {{first, 3'600, 1},
                    {at(0, 0), 720'000, 200},
                    {at(4, 0), 90'000, 25},
                    {at(5, 0), 720'000, 200},
                    {at(10, 0), 3'600, 1}};
  furnace.silent = {at(8, 2), at(8, 2, 10)};
  SceneMeter fan;
  fan.count = 120'500;
  fan.phases = {
      {first, 0, 0}, {at(0, -10), 45'000, 125}, {at(6, 0), 0, 0}, {at(6, 30), 45'000, 125}, {at(10, 10), 0, 0}};
  Scene scene(foundry_site, {furnace, fan}, first);
  scene.at(at(6, 40), [](recorder::plant::Run& run) {
    domain::MarkRequest request;
    request.subject = "bag-filter";
    request.as = domain::Quality::maintenance;
    request.from = at(6, 0);
    request.until = at(6, 30);
    request.by = "shift leader";
    request.user = "operator";
    request.reason = "filter bags changed";
    (void)run.mark(request);
  });
  scene.play(at(16, 2));
  return scene;
}

constexpr std::string_view gas_site = R"([gateway]
id = "forge-1"
[site]
credit_code = "91350100M000100Y43"
name = "Example forge"
region = "130100"
industry = "C3391"
utc_offset = "+08:00"
[[site.account]]
id = "gas"
carrier = "gas"
number = "GZ-20871"
feeder = "Regulating station 7"
level = "0.2 MPa"
meters = ["gas-1"]
contract_m3_per_day = 20000
safety_minimum_m3_per_day = 800
[[site.account]]
id = "grid"
carrier = "electricity"
number = "1300012345679"
meters = ["heater-1"]
[[bus]]
id = "net"
kind = "tcp"
host = "127.0.0.1"
[[meter]]
id = "gas-1"
bus = "net"
unit = 1
period = "10s"
[meter.registers]
carrier = "gas"
table = "holding"
points = [ { name = "volume_standard", address = 0, type = "u32", exponent = -2, unit = "m3" } ]
[[meter]]
id = "heater-1"
bus = "net"
unit = 2
period = "10s"
[meter.registers]
carrier = "electricity"
table = "holding"
points = [
  { name = "active_power.total", address = 0, type = "s32", unit = "W" },
  { name = "active_energy_import.total", address = 2, type = "u32", exponent = -2, unit = "kWh" },
]
[[facility]]
id = "reheating-furnace"
kind = "production"
meters = ["gas-1", "heater-1"]
rated_power_kw = 300
fuel_switch = "electricity"
fuel_switch_minutes = 4
[facility.run]
stop_below_kw = 5
start_at_kw = 10
)";

domain::Directive gas_order() {
  domain::Directive order;
  order.issuer = "130000-energy";
  order.id = "2026-031";
  order.from = at(6, 5);
  order.to = at(6, 20);
  order.kind = "curtailment";
  order.level = "orange";
  order.facilities = {"reheating-furnace"};
  order.limit_kw = "270";
  return order;
}

Scene play_gas() {
  const UtcTime first = at(5, 50);
  SceneMeter gas;
  gas.has_power = false;
  gas.count = 73'112'045;
  gas.phases = {{first, 0, 200}, {at(6, 5), 0, 100}, {at(6, 7), 0, 10}, {at(6, 20), 0, 200}};
  SceneMeter heater;
  heater.count = 902'118;
  heater.phases = {{first, 36'000, 10},
                   {at(6, 5), 180'000, 50},
                   {at(6, 7), 288'000, 80},
                   {at(6, 9), 252'000, 70},
                   {at(6, 20), 36'000, 10}};
  Scene scene(gas_site, {gas, heater}, first);
  scene.at(at(6, 0, 30), [](recorder::plant::Run& run) { run.hear({"province", {gas_order()}, {}, true}); });
  scene.play(at(6, 31));
  return scene;
}

/// Each minute's gas and mean power beside what the order allows.
std::string print_load(const Scene& scene, UtcTime from, UtcTime until) {
  std::string text = "start               gas, m3    mean, kW    limit_kw\n";
  const domain::Directive order = gas_order();
  for (UtcTime start = from; start < until; start += minutes{1}) {
    const auto row = scene.row(first_facility, start, seconds{60});
    if (!row) return "no row\n";
    const bool in_force = order.from <= start && start < order.to;
    const std::string gas = format_decimal(row->amounts[1].value, -6);
    const std::string mean = format_decimal(row->amounts[0].value * 60, -6);
    text += format_utc(start).substr(0, 16) + "Z" + std::string(11 - gas.size(), ' ') + gas +
            std::string(12 - mean.size(), ' ') + mean + std::string(9, ' ') + (in_force ? order.limit_kw : "-") + "\n";
  }
  return text;
}

}  // namespace

std::map<std::string, std::string> foundry_blocks() {
  const Scene scene = play_foundry();
  const auto facilities = {first_facility, second_facility};
  const auto all = {first_facility, second_facility, first_account};
  std::map<std::string, std::string> blocks;
  blocks["foundry-events"] = print(scene.events());
  blocks["foundry-minutes"] = print_rows(scene, facilities, at(0, 0), seconds{60}) +
                              print_rows(scene, facilities, at(6, 0), seconds{60}) +
                              print_rows(scene, {first_facility, first_account}, at(8, 1), seconds{60}) +
                              print_rows(scene, {first_facility, first_account}, at(8, 2), seconds{60});
  blocks["foundry-quarters"] = print_rows(scene, all, at(6, 0), minutes{15});
  blocks["foundry-hours"] = print_rows(scene, facilities, at(6, 0), hours{1});
  blocks["foundry-shifts"] = print_rows(scene, {second_facility}, at(-12, 0), hours{12}, "night") +
                             print_rows(scene, all, at(0, 0), hours{12}, "day");
  blocks["foundry-day"] = print_rows(scene, all, at(-8, 0), hours{24});
  return blocks;
}

std::map<std::string, std::string> gas_blocks() {
  const Scene scene = play_gas();
  std::map<std::string, std::string> blocks;
  blocks["gas-events"] = print(scene.events());
  for (const int minute : {4, 6, 8, 10, 20})
    blocks["gas-minutes"] += print_rows(scene, {first_facility}, at(6, minute), seconds{60});
  blocks["gas-load"] = print_load(scene, at(6, 3), at(6, 22));
  for (const int minute : {0, 15})
    blocks["gas-quarters"] += print_rows(scene, {first_account, second_account}, at(6, minute), minutes{15});
  return blocks;
}

}  // namespace jidian::contract
