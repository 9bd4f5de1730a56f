// Acrel ADL400, integer block: secondary values, ratios at 141 and 142. Unused registers inside the block read as zero.
#include "models/all.hpp"

namespace jidian::plant::models {

Model::Description acrel_adl400() {
  using Q = Quantity;
  Model::Description out;
  out.name = "acrel-adl400";
  out.tables = {Table::holding};
  out.registers_max = 64;
  std::vector<Field>& fields = out.fields;
  const Form energy{Table::holding, Type::u32, kilowatt_hour / 100, 1, Ratio::both};
  const auto add_tariffs = [&](int address, Q whole) {
    add(fields, energy, address, whole, total);
    address += 2;
    for (const Q tariff : {Q::tariff_sharp, Q::tariff_peak, Q::tariff_flat, Q::tariff_valley}) {
      add(fields, energy, address, tariff, total);
      address += 2;
    }
  };
  add_tariffs(0, Q::active_total);
  add_tariffs(10, Q::active_import);
  for (int address = 20; address <= 28; address += 2) add(fields, energy, address, Q::active_export, total);
  add(fields, energy, 30, Q::reactive_total, total);
  add(fields, energy, 40, Q::reactive_import, total);
  add(fields, energy, 50, Q::reactive_export, total);
  add_run(fields, {Table::holding, Type::u16, volt / 10, 1, Ratio::voltage}, 97, Q::voltage_ln, {l1, l2, l3});
  add_run(fields, {Table::holding, Type::u16, ampere / 100, 1, Ratio::current}, 100, Q::current, {l1, l2, l3});
  add(fields, {Table::holding, Type::u16, hertz / 100}, 119, Q::frequency, total);
  add_run(fields, energy, 135, Q::active_import, {l1, l2, l3});
  add(fields, {Table::holding, Type::u16, 10}, 141, Q::pt_ratio, total);
  add(fields, {Table::holding, Type::u16, 1}, 142, Q::ct_ratio, total);
  add_run(fields, {Table::holding, Type::s32, watt, 1, Ratio::both}, 356, Q::active_power, {l1, l2, l3, total});
  add_run(fields, {Table::holding, Type::s32, watt, 1, Ratio::both}, 364, Q::reactive_power, {l1, l2, l3, total});
  add_run(fields, {Table::holding, Type::u32, watt, 1, Ratio::both}, 372, Q::apparent_power, {l1, l2, l3, total});
  add_run(fields, {Table::holding, Type::s16, one / 1000}, 380, Q::power_factor, {l1, l2, l3, total});
  out.reserved = {{Table::holding, 0, 142}, {Table::holding, 356, 383}};
  return out;
}

}  // namespace jidian::plant::models
