// A SunSpec meter: marker at 40000, the common model with maker, name and serial number, model 203 (three-phase, wye,
// integers with scale factors), the end. What it does not measure stands there as not implemented.
#include "models/all.hpp"

namespace jidian::plant::models {
namespace {

constexpr int marker = 40'000;
constexpr int common = marker + 2;
constexpr int common_length = 66;
constexpr int meter_model = common + 2 + common_length;
constexpr int meter_length = 105;
constexpr int end = meter_model + 2 + meter_length;

}  // namespace

Model::Description sunspec_meter() {
  using Q = Quantity;
  Model::Description out;
  out.name = "sunspec-meter";
  out.tables = {Table::holding};
  std::vector<Field>& fields = out.fields;
  const auto constant = [&](int address, Type type, std::int64_t value) {
    add_constant(fields, Table::holding, address, type, value);
  };
  constant(marker, Type::u32, 0x53756E53);
  constant(common, Type::u16, 1);
  constant(common + 1, Type::u16, common_length);
  add_text(fields, Table::holding, common + 2, 16, "Example Meters");
  add_text(fields, Table::holding, common + 18, 16, "EM-203");
  add_text(fields, Table::holding, common + 34, 8, "");
  add_text(fields, Table::holding, common + 42, 8, "1.4");
  add_text(fields, Table::holding, common + 50, 16, "");
  fields.back().quantity = Q::serial_number;
  constant(common + 66, Type::u16, 1);
  constant(common + 67, Type::u16, 0x8000);

  const auto form = [](Type type, std::int64_t quantum) { return Form{Table::holding, type, quantum}; };
  const auto at = [](int point) { return meter_model + point; };
  const Form power = form(Type::s16, 10 * watt);
  const Form energy = form(Type::u32, 10 * watt_hour);
  constant(meter_model, Type::u16, 203);
  constant(at(1), Type::u16, meter_length);
  add_run(fields, form(Type::s16, ampere / 10), at(2), Q::current, {total, l1, l2, l3});
  constant(at(6), Type::s16, -1);
  add_run(fields, form(Type::s16, volt / 10), at(7), Q::voltage_ln, {average, l1, l2, l3});
  add_run(fields, form(Type::s16, volt / 10), at(11), Q::voltage_ll, {average, l1, l2, l3});
  constant(at(15), Type::s16, -1);
  add(fields, form(Type::s16, hertz / 100), at(16), Q::frequency, total);
  constant(at(17), Type::s16, -2);
  add_run(fields, power, at(18), Q::active_power, {total, l1, l2, l3});
  constant(at(22), Type::s16, 1);
  add_run(fields, power, at(23), Q::apparent_power, {total, l1, l2, l3});
  constant(at(27), Type::s16, 1);
  add_run(fields, power, at(28), Q::reactive_power, {total, l1, l2, l3});
  constant(at(32), Type::s16, 1);
  add_run(fields, form(Type::s16, one / 1000), at(33), Q::power_factor, {total, l1, l2, l3});
  constant(at(37), Type::s16, -1);
  add_run(fields, energy, at(38), Q::active_export, {total, l1, l2, l3});
  add_run(fields, energy, at(46), Q::active_import, {total, l1, l2, l3});
  constant(at(54), Type::s16, 1);
  for (int point = 55; point < 71; point += 2) constant(at(point), Type::u32, 0);
  constant(at(71), Type::u16, 0x8000);
  for (int point = 72; point < 104; point += 2) constant(at(point), Type::u32, 0);
  constant(at(104), Type::u16, 0x8000);
  constant(at(105), Type::u32, 0);

  constant(end, Type::u16, 0xFFFF);
  constant(end + 1, Type::u16, 0);
  return out;
}

}  // namespace jidian::plant::models
