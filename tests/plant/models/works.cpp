// What is no electricity meter: a gas volume corrector, and the controller of a moulding line with its counters.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description fuxin_gas() {
  using Q = Quantity;
  Model::Description out;
  out.name = "fuxin-gas";
  out.tables = {Table::holding};
  std::vector<Field>& fields = out.fields;
  const Form volume{Table::holding, Type::f32, cubic_metre / 10000, cubic_metre};
  const Form digits{Table::holding, Type::bcd12, cubic_metre / 10000};
  const Form flow{Table::holding, Type::f32, cubic_metre_per_hour / 100, cubic_metre_per_hour};
  add(fields, volume, 10, Q::volume_actual, total);
  add(fields, volume, 12, Q::volume_standard, total);
  add_constant(fields, Table::holding, 14, Type::f32, 0);
  add(fields, flow, 16, Q::flow_standard, total);
  add(fields, digits, 18, Q::volume_standard, total);
  add(fields, flow, 21, Q::flow_actual, total);
  add(fields, digits, 23, Q::volume_actual, total);
  add(fields, {Table::holding, Type::f32, kelvin / 100, kelvin}, 26, Q::temperature, total);
  add(fields, {Table::holding, Type::f32, kilopascal / 100, kilopascal}, 28, Q::pressure, total);
  return out;
}

// Not a published map: controllers have none. The README of the plant describes it.
Model::Description plc_counter() {
  using Q = Quantity;
  Model::Description out;
  out.name = "plc-counter";
  out.tables = {Table::coils, Table::discrete_inputs, Table::holding};
  std::vector<Field>& fields = out.fields;
  const auto form = [](Type type, std::int64_t quantum) { return Form{Table::holding, type, quantum}; };
  add(fields, form(Type::u16, 1), 0, Q::machine_state, total);
  add(fields, form(Type::u16, 1), 1, Q::recipe, total);
  add(fields, form(Type::u32, 1), 2, Q::pieces_good, total);
  add(fields, form(Type::u32, 1), 4, Q::pieces_scrap, total);
  add(fields, form(Type::u32, 1), 6, Q::run_seconds, total);
  add(fields, form(Type::u16, 100), 8, Q::piece_time, total);  // 0.1 s
  add(fields, form(Type::u16, 1), 9, Q::piece_rate, total);    // per hour
  add(fields, form(Type::u32, kilogram / 10), 10, Q::mass, total);
  for (const Table table : {Table::coils, Table::discrete_inputs}) {
    add(fields, {table, Type::bit, 1}, 0, Q::running, total);
    add_constant(fields, table, 1, Type::bit, 1);  // automatic mode
    add(fields, {table, Type::bit, 1}, 2, Q::alarm, total);
  }
  out.server_id = "JD-PLC-1";
  out.identity = {"Jidian", "PLC-1", "1.0"};
  return out;
}

}  // namespace jidian::plant::models
