// The published register maps, in the plant's own words. One function per model; see each file for what it imitates.
#pragma once

#include <vector>

#include "model.hpp"

namespace jidian::plant::models {

Model::Description chint_dtsu666();
Model::Description chint_pd666();
Model::Description acrel_adl400();
Model::Description eastron_sdm630();
Model::Description schneider_iem3155();
Model::Description siemens_pac3200();
Model::Description janitza_umg96rm();
Model::Description carlogavazzi_em340();
Model::Description fuxin_gas();
Model::Description plc_counter();
Model::Description sunspec_meter();

/// All of them, built once.
const std::vector<Model>& all();

/// How one column of a map is written: the table, the form and the resolution shared by a run of values.
struct Form {
  Table table;
  Type type;
  std::int64_t quantum;
  std::int64_t unit = 1;
  Ratio ratio = Ratio::none;
  WordOrder order = WordOrder::high_first;
};

/// Appends one value.
inline void add(std::vector<Field>& fields, const Form& form, int address, Quantity quantity, Phase phase) {
  Field field;
  field.table = form.table;
  field.address = static_cast<std::uint16_t>(address);
  field.type = form.type;
  field.order = form.order;
  field.quantity = quantity;
  field.phase = phase;
  field.quantum = form.quantum;
  field.unit = form.unit;
  field.ratio = form.ratio;
  fields.push_back(field);
}

/// Appends a quantity of several phases, one behind the other.
inline void add_run(std::vector<Field>& fields, const Form& form, int address, Quantity quantity,
                    std::initializer_list<Phase> phases) {
  for (const Phase phase : phases) {
    add(fields, form, address, quantity, phase);
    address += fields.back().width();
  }
}

/// Appends a fixed number.
inline void add_constant(std::vector<Field>& fields, Table table, int address, Type type, std::int64_t value) {
  add(fields, {table, type, value}, address, Quantity::constant, Phase::total);
}

/// Appends a text of `registers` registers, padded with zeros.
inline void add_text(std::vector<Field>& fields, Table table, int address, int registers, const char* text) {
  add(fields, {table, Type::text, 1}, address, Quantity::constant, Phase::total);
  fields.back().length = static_cast<std::uint16_t>(registers);
  fields.back().text = text;
}

inline constexpr auto l1 = Phase::l1;
inline constexpr auto l2 = Phase::l2;
inline constexpr auto l3 = Phase::l3;
inline constexpr auto total = Phase::total;
inline constexpr auto average = Phase::average;

}  // namespace jidian::plant::models
