// CHINT DTSU666 and PD666: floats of secondary values in tenths, the ratios in registers beside them. Holes are not
// readable. Energies stand where newer manuals have them and again where older ones do.
#include "models/all.hpp"

namespace jidian::plant::models {
namespace {

using Q = Quantity;

void add_settings(std::vector<Field>& fields, std::int64_t version) {
  add_constant(fields, Table::holding, 0, Type::u16, version);
  add_constant(fields, Table::holding, 3, Type::u16, 0);  // three phases, four wires
  add(fields, {Table::holding, Type::u16, 1}, 6, Q::ct_ratio, total);
  add(fields, {Table::holding, Type::u16, 1}, 7, Q::pt_ratio, total);
}

void add_instantaneous(std::vector<Field>& fields) {
  const Form voltage{Table::holding, Type::f32, volt / 10, volt / 10, Ratio::voltage};
  const Form current{Table::holding, Type::f32, ampere / 1000, ampere / 1000, Ratio::current};
  const Form power{Table::holding, Type::f32, watt / 10, watt / 10, Ratio::both};
  const Form factor{Table::holding, Type::f32, one / 1000, one / 1000};
  add_run(fields, voltage, 0x2000, Q::voltage_ll, {l1, l2, l3});
  add_run(fields, voltage, 0x2006, Q::voltage_ln, {l1, l2, l3});
  add_run(fields, current, 0x200C, Q::current, {l1, l2, l3});
  add_run(fields, power, 0x2012, Q::active_power, {total, l1, l2, l3});
  add_run(fields, power, 0x201A, Q::reactive_power, {total, l1, l2, l3});
  add_run(fields, factor, 0x202A, Q::power_factor, {total, l1, l2, l3});
  add(fields, {Table::holding, Type::f32, hertz / 100, hertz / 100}, 0x2044, Q::frequency, total);
}

constexpr Form energy{Table::holding, Type::f32, kilowatt_hour / 100, kilowatt_hour, Ratio::both};

}  // namespace

Model::Description chint_dtsu666() {
  Model::Description out;
  out.name = "chint-dtsu666";
  out.tables = {Table::holding};
  out.registers_max = 80;
  add_settings(out.fields, 204);
  add_instantaneous(out.fields);
  add(out.fields, {Table::holding, Type::f32, watt / 10, watt / 10, Ratio::both}, 0x2050, Q::demand_power, total);
  add_run(out.fields, energy, 0x101E, Q::active_import, {total, l1, l2, l3});
  add(out.fields, energy, 0x1026, Q::active_total, total);
  add_run(out.fields, energy, 0x1028, Q::active_export, {total, l1, l2, l3});
  add(out.fields, energy, 0x1030, Q::active_export, total);
  add(out.fields, energy, 0x401E, Q::active_import, total);
  add(out.fields, energy, 0x4028, Q::active_export, total);
  add(out.fields, energy, 0x4032, Q::reactive_import, total);
  for (const int address : {0x403C, 0x4046, 0x4050}) add(out.fields, energy, address, Q::reactive_export, total);
  return out;
}

Model::Description chint_pd666() {
  Model::Description out;
  out.name = "chint-pd666";
  out.tables = {Table::holding};
  out.registers_max = 80;
  add_settings(out.fields, 110);
  add_instantaneous(out.fields);
  const Form power{Table::holding, Type::f32, watt / 10, watt / 10, Ratio::both};
  add_run(out.fields, power, 0x2022, Q::apparent_power, {total, l1, l2, l3});
  add(out.fields, energy, 0x101E, Q::active_import, total);
  add(out.fields, energy, 0x1028, Q::active_export, total);
  add(out.fields, energy, 0x1032, Q::reactive_import, total);
  add(out.fields, energy, 0x103C, Q::reactive_export, total);
  add(out.fields, energy, 0x401E, Q::active_import, total);
  return out;
}

}  // namespace jidian::plant::models
