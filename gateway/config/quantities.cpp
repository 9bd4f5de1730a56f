#include "config/quantities.hpp"

#include <algorithm>
#include <array>

namespace jidian::config {
namespace {

constexpr auto moment = PointKind::instantaneous;
constexpr auto counter = PointKind::counter;
constexpr auto state = PointKind::state;
constexpr auto attribute = PointKind::attribute;

constexpr std::string_view watt_hours = "kWh Wh MWh";
constexpr std::string_view var_hours = "kvarh varh Mvarh";

// "net" energies go down as well as up, and demands are reset: they are no counters.
constexpr auto known_quantities = std::to_array<Quantity>({
    {"voltage_ln", moment, "V kV"},
    {"voltage_ll", moment, "V kV"},
    {"current", moment, "A mA kA"},
    {"active_power", moment, "W kW MW"},
    {"reactive_power", moment, "var kvar Mvar"},
    {"apparent_power", moment, "VA kVA MVA"},
    {"power_factor", moment, ""},
    {"phase_angle", moment, "deg"},
    {"frequency", moment, "Hz"},
    {"thd_voltage", moment, "%"},
    {"thd_current", moment, "%"},
    {"phase_sequence", state, ""},
    {"demand_active_power", moment, "W kW MW"},
    {"max_demand_active_power", moment, "W kW MW"},
    {"demand_current", moment, "A mA kA"},
    {"max_demand_current", moment, "A mA kA"},
    {"active_energy_import", counter, watt_hours},
    {"active_energy_import_sharp", counter, watt_hours},
    {"active_energy_import_peak", counter, watt_hours},
    {"active_energy_import_flat", counter, watt_hours},
    {"active_energy_import_valley", counter, watt_hours},
    {"active_energy_export", counter, watt_hours},
    {"active_energy_export_sharp", counter, watt_hours},
    {"active_energy_export_peak", counter, watt_hours},
    {"active_energy_export_flat", counter, watt_hours},
    {"active_energy_export_valley", counter, watt_hours},
    {"active_energy_total", counter, watt_hours},
    {"active_energy_total_sharp", counter, watt_hours},
    {"active_energy_total_peak", counter, watt_hours},
    {"active_energy_total_flat", counter, watt_hours},
    {"active_energy_total_valley", counter, watt_hours},
    {"active_energy_net", moment, watt_hours},
    {"reactive_energy_import", counter, var_hours},
    {"reactive_energy_export", counter, var_hours},
    {"reactive_energy_total", counter, var_hours},
    {"reactive_energy_q1", counter, var_hours},
    {"reactive_energy_q2", counter, var_hours},
    {"reactive_energy_q3", counter, var_hours},
    {"reactive_energy_q4", counter, var_hours},
    {"reactive_energy_net", moment, var_hours},
    {"apparent_energy", counter, "kVAh VAh MVAh"},
    {"charge", counter, "Ah"},
    {"volume", counter, "m3 L"},
    {"volume_standard", counter, "m3"},
    {"flow", moment, "m3/h L/h"},
    {"flow_standard", moment, "m3/h"},
    {"heat_energy", counter, "kWh MWh GJ MJ"},
    {"heat_power", moment, "kW W MW"},
    {"temperature", moment, "Cel"},
    {"pressure", moment, "kPa Pa MPa bar"},
    {"pieces", counter, "pcs"},
    {"mass", counter, "kg t"},
    {"length", counter, "m km"},
    {"operating_time", counter, "s min h"},
    {"scale_exponent", state, ""},
    {"ct_ratio", attribute, ""},
    {"pt_ratio", attribute, ""},
    {"firmware_version", attribute, ""},
    {"serial_number", attribute, ""},
    {"model_id", attribute, ""},
    {"wiring_mode", attribute, ""},
    {"clock_unix", state, "s"},
    {"cover_open_count", state, ""},
    {"program_count", state, ""},
});

}  // namespace

std::span<const Quantity> quantities() {
  return known_quantities;
}

const Quantity* find_quantity(std::string_view name) {
  const auto found = std::ranges::find(known_quantities, name, &Quantity::name);
  return found == known_quantities.end() ? nullptr : &*found;
}

bool has_unit(const Quantity& quantity, std::string_view unit) {
  if (quantity.units.empty() || unit.empty()) return quantity.units.empty() && unit.empty();
  std::string_view rest = quantity.units;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == unit) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace jidian::config
