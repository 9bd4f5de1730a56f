// Eastron SDM630: primary floats in input registers, even addresses, at most 40 values a read. Unused registers inside
// the table read as zero.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description eastron_sdm630() {
  using Q = Quantity;
  Model::Description out;
  out.name = "eastron-sdm630";
  out.tables = {Table::holding, Table::input};
  out.registers_max = 80;
  std::vector<Field>& fields = out.fields;
  const Form voltage{Table::input, Type::f32, volt / 100, volt};
  const Form current{Table::input, Type::f32, ampere / 1000, ampere};
  const Form power{Table::input, Type::f32, watt / 10, watt};
  const Form factor{Table::input, Type::f32, one / 1000, one};
  const Form angle{Table::input, Type::f32, degree / 10, degree};
  const Form distortion{Table::input, Type::f32, percent / 100, percent};
  const Form energy{Table::input, Type::f32, kilowatt_hour / 100, kilowatt_hour};
  add_run(fields, voltage, 0, Q::voltage_ln, {l1, l2, l3});
  add_run(fields, current, 6, Q::current, {l1, l2, l3});
  add_run(fields, power, 12, Q::active_power, {l1, l2, l3});
  add_run(fields, power, 18, Q::apparent_power, {l1, l2, l3});
  add_run(fields, power, 24, Q::reactive_power, {l1, l2, l3});
  add_run(fields, factor, 30, Q::power_factor, {l1, l2, l3});
  add_run(fields, angle, 36, Q::phase_angle, {l1, l2, l3});
  add(fields, voltage, 42, Q::voltage_ln, average);
  add(fields, current, 46, Q::current, average);
  add(fields, current, 48, Q::current, total);
  add(fields, power, 52, Q::active_power, total);
  add(fields, power, 56, Q::apparent_power, total);
  add(fields, power, 60, Q::reactive_power, total);
  add(fields, factor, 62, Q::power_factor, total);
  add(fields, angle, 66, Q::phase_angle, total);
  add(fields, {Table::input, Type::f32, hertz / 100, hertz}, 70, Q::frequency, total);
  add(fields, energy, 72, Q::active_import, total);
  add(fields, energy, 74, Q::active_export, total);
  add(fields, energy, 76, Q::reactive_import, total);
  add(fields, energy, 78, Q::reactive_export, total);
  add(fields, energy, 80, Q::apparent_energy, total);
  add(fields, {Table::input, Type::f32, ampere_hour / 100, ampere_hour}, 82, Q::charge, total);
  add(fields, power, 84, Q::demand_power, total);
  add(fields, power, 86, Q::demand_power_max, total);
  add_run(fields, voltage, 200, Q::voltage_ll, {l1, l2, l3, average});
  add(fields, current, 224, Q::current, Phase::neutral);
  add_run(fields, distortion, 234, Q::thd_voltage, {l1, l2, l3});
  add_run(fields, distortion, 240, Q::thd_current, {l1, l2, l3});
  add(fields, distortion, 248, Q::thd_voltage, average);
  add(fields, distortion, 250, Q::thd_current, average);
  add_run(fields, current, 258, Q::demand_current, {l1, l2, l3});
  add_run(fields, current, 264, Q::demand_current_max, {l1, l2, l3});
  add_run(fields, distortion, 334, Q::thd_voltage, {l1, l2, l3, average});
  add(fields, energy, 342, Q::active_total, total);
  add(fields, energy, 344, Q::reactive_total, total);
  add_run(fields, energy, 346, Q::active_import, {l1, l2, l3});
  add_run(fields, energy, 352, Q::active_export, {l1, l2, l3});
  add_run(fields, energy, 358, Q::active_total, {l1, l2, l3});
  add_run(fields, energy, 364, Q::reactive_import, {l1, l2, l3});
  add_run(fields, energy, 370, Q::reactive_export, {l1, l2, l3});
  add_run(fields, energy, 376, Q::reactive_total, {l1, l2, l3});
  add(fields, {Table::holding, Type::u32, 1}, 0xFC00, Q::serial_number, total);
  out.reserved = {{Table::input, 0, 381}};
  return out;
}

}  // namespace jidian::plant::models
