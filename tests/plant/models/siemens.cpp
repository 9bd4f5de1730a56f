// Siemens SENTRON PAC3200: primary floats of full precision, energies as doubles in Wh, functions 3 and 4 alike.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description siemens_pac3200() {
  using Q = Quantity;
  Model::Description out;
  out.name = "siemens-pac3200";
  out.tables = {Table::holding, Table::input};
  out.one_image = true;
  std::vector<Field>& fields = out.fields;
  const Form voltage{Table::holding, Type::f32, 1, volt};
  const Form current{Table::holding, Type::f32, 1, ampere};
  const Form power{Table::holding, Type::f32, 1, watt};
  const Form factor{Table::holding, Type::f32, 1, one};
  const Form distortion{Table::holding, Type::f32, 1, percent};
  const Form energy{Table::holding, Type::f64, watt_hour, watt_hour};
  add_run(fields, voltage, 1, Q::voltage_ln, {l1, l2, l3});
  add_run(fields, voltage, 7, Q::voltage_ll, {l1, l2, l3});
  add_run(fields, current, 13, Q::current, {l1, l2, l3});
  add_run(fields, power, 19, Q::apparent_power, {l1, l2, l3});
  add_run(fields, power, 25, Q::active_power, {l1, l2, l3});
  add_run(fields, power, 31, Q::reactive_power, {l1, l2, l3});
  add_run(fields, factor, 37, Q::power_factor, {l1, l2, l3});
  add_run(fields, distortion, 43, Q::thd_voltage, {l1, l2, l3});
  add_run(fields, distortion, 49, Q::thd_current, {l1, l2, l3});
  add(fields, {Table::holding, Type::f32, 1, hertz}, 55, Q::frequency, total);
  add(fields, voltage, 57, Q::voltage_ln, average);
  add(fields, voltage, 59, Q::voltage_ll, average);
  add(fields, current, 61, Q::current, average);
  add(fields, power, 63, Q::apparent_power, total);
  add(fields, power, 65, Q::active_power, total);
  add(fields, power, 67, Q::reactive_power, total);
  add(fields, factor, 69, Q::power_factor, total);
  // Tariff 1, then tariff 2, which this plant does not use.
  const auto add_tariffs = [&](int address, Q quantity) {
    add(fields, energy, address, quantity, total);
    add(fields, energy, address + 4, Q::active_export, total);
  };
  add_tariffs(801, Q::active_import);
  add_tariffs(809, Q::active_export);
  add_tariffs(817, Q::reactive_import);
  add_tariffs(825, Q::reactive_export);
  add_tariffs(833, Q::apparent_energy);
  out.identity = {"SIEMENS AG", "SENTRON PAC3200", "V2.2"};
  return out;
}

}  // namespace jidian::plant::models
