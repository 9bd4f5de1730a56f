// Carlo Gavazzi EM340: integers, low word first, functions 3 and 4 alike. Register 11 alone is the model number; inside
// a longer read it is half of a voltage.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description carlogavazzi_em340() {
  using Q = Quantity;
  Model::Description out;
  out.name = "carlogavazzi-em340";
  out.tables = {Table::holding, Table::input};
  out.one_image = true;
  std::vector<Field>& fields = out.fields;
  const auto form = [](Type type, std::int64_t quantum) {
    return Form{Table::holding, type, quantum, 1, Ratio::none, WordOrder::low_first};
  };
  const Form voltage = form(Type::s32, volt / 10);
  const Form power = form(Type::s32, watt / 10);
  const Form energy = form(Type::s32, kilowatt_hour / 10);
  add_run(fields, voltage, 0, Q::voltage_ln, {l1, l2, l3});
  add_run(fields, voltage, 6, Q::voltage_ll, {l1, l2, l3});
  add_run(fields, form(Type::s32, ampere / 1000), 12, Q::current, {l1, l2, l3});
  add_run(fields, power, 18, Q::active_power, {l1, l2, l3});
  add_run(fields, power, 24, Q::apparent_power, {l1, l2, l3});
  add_run(fields, power, 30, Q::reactive_power, {l1, l2, l3});
  add(fields, voltage, 36, Q::voltage_ln, average);
  add(fields, voltage, 38, Q::voltage_ll, average);
  add(fields, power, 40, Q::active_power, total);
  add(fields, power, 42, Q::apparent_power, total);
  add(fields, power, 44, Q::reactive_power, total);
  add_run(fields, form(Type::s16, one / 1000), 46, Q::power_factor, {l1, l2, l3, total});
  add(fields, form(Type::s16, 1), 50, Q::phase_sequence, total);
  add(fields, form(Type::u16, hertz / 10), 51, Q::frequency, total);
  add(fields, energy, 52, Q::active_import, total);
  add(fields, energy, 54, Q::reactive_import, total);
  add_run(fields, energy, 64, Q::active_import, {l1, l2, l3});
  add(fields, energy, 78, Q::active_export, total);
  add(fields, energy, 80, Q::reactive_export, total);
  add_run(fields, energy, 96, Q::active_export, {l1, l2, l3});
  add_constant(out.overlays, Table::holding, 11, Type::u16, 341);
  out.reserved = {{Table::holding, 0, 101}};
  return out;
}

}  // namespace jidian::plant::models
