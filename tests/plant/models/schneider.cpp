// Schneider iEM3155: primary floats in kW, energies as 64-bit Wh. Holes are not readable.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description schneider_iem3155() {
  using Q = Quantity;
  Model::Description out;
  out.name = "schneider-iem3155";
  out.tables = {Table::holding};
  std::vector<Field>& fields = out.fields;
  const Form voltage{Table::holding, Type::f32, volt / 1000, volt};
  const Form current{Table::holding, Type::f32, ampere / 1000, ampere};
  const Form power{Table::holding, Type::f32, watt, kilowatt};
  const Form energy{Table::holding, Type::s64, watt_hour};
  add_text(fields, Table::holding, 29, 20, "Energy Meter");
  add_text(fields, Table::holding, 49, 20, "iEM3155");
  add(fields, {Table::holding, Type::u32, 1}, 129, Q::serial_number, total);
  add_run(fields, current, 2999, Q::current, {l1, l2, l3});
  add(fields, current, 3009, Q::current, average);
  add_run(fields, voltage, 3019, Q::voltage_ll, {l1, l2, l3, average});
  add_run(fields, voltage, 3027, Q::voltage_ln, {l1, l2, l3});
  add(fields, voltage, 3035, Q::voltage_ln, average);
  add_run(fields, power, 3053, Q::active_power, {l1, l2, l3, total});
  add(fields, power, 3067, Q::reactive_power, total);
  add(fields, power, 3075, Q::apparent_power, total);
  add(fields, {Table::holding, Type::f32, one / 10000, one}, 3083, Q::power_factor, total);
  add(fields, {Table::holding, Type::f32, hertz / 1000, hertz}, 3109, Q::frequency, total);
  add(fields, energy, 3203, Q::active_import, total);
  add(fields, energy, 3207, Q::active_export, total);
  add(fields, energy, 3219, Q::reactive_import, total);
  add(fields, energy, 3223, Q::reactive_export, total);
  add_run(fields, energy, 3517, Q::active_import, {l1, l2, l3});
  out.identity = {"Schneider Electric", "iEM3155", "V1.3.007"};
  return out;
}

}  // namespace jidian::plant::models
