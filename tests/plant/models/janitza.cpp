// Janitza UMG 96RM, the table its family shares: primary floats from 19000 without a hole, energies in Wh.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description janitza_umg96rm() {
  using Q = Quantity;
  Model::Description out;
  out.name = "janitza-umg96rm";
  out.tables = {Table::holding, Table::input};
  out.one_image = true;
  std::vector<Field>& fields = out.fields;
  const Form power{Table::holding, Type::f32, 1, watt};
  const Form energy{Table::holding, Type::f32, watt_hour, watt_hour};
  const Form distortion{Table::holding, Type::f32, 1, percent};
  int address = 19000;
  const auto next = [&](const Form& form, Q quantity, std::initializer_list<Phase> phases) {
    add_run(fields, form, address, quantity, phases);
    address += 2 * static_cast<int>(phases.size());
  };
  next({Table::holding, Type::f32, 1, volt}, Q::voltage_ln, {l1, l2, l3});
  next({Table::holding, Type::f32, 1, volt}, Q::voltage_ll, {l1, l2, l3});
  next({Table::holding, Type::f32, 1, ampere}, Q::current, {l1, l2, l3, Phase::neutral});
  next(power, Q::active_power, {l1, l2, l3, total});
  next(power, Q::apparent_power, {l1, l2, l3, total});
  next(power, Q::reactive_power, {l1, l2, l3, total});
  next({Table::holding, Type::f32, 1, one}, Q::power_factor, {l1, l2, l3});
  next({Table::holding, Type::f32, 1, hertz}, Q::frequency, {total});
  next({Table::holding, Type::f32, 1, 1}, Q::phase_sequence, {total});
  next(energy, Q::active_total, {l1, l2, l3, total});
  next(energy, Q::active_import, {l1, l2, l3, total});
  next(energy, Q::active_export, {l1, l2, l3, total});
  next(energy, Q::apparent_energy, {l1, l2, l3, total});
  next(energy, Q::reactive_total, {l1, l2, l3, total});
  next(energy, Q::reactive_import, {l1, l2, l3, total});
  next(energy, Q::reactive_export, {l1, l2, l3, total});
  next(distortion, Q::thd_voltage, {l1, l2, l3});
  next(distortion, Q::thd_current, {l1, l2, l3});
  return out;
}

}  // namespace jidian::plant::models
