#include "plant_truth.hpp"

#include <algorithm>
#include <optional>

namespace jidian::judge {
namespace {

using plant::Field;
using plant::Phase;
using plant::Quantity;
using plant::Type;

/// The trade's words for what the plant models.
const std::map<std::string, Quantity> quantities{
    {"voltage_ln", Quantity::voltage_ln},
    {"voltage_ll", Quantity::voltage_ll},
    {"current", Quantity::current},
    {"active_power", Quantity::active_power},
    {"reactive_power", Quantity::reactive_power},
    {"apparent_power", Quantity::apparent_power},
    {"power_factor", Quantity::power_factor},
    {"phase_angle", Quantity::phase_angle},
    {"frequency", Quantity::frequency},
    {"thd_voltage", Quantity::thd_voltage},
    {"thd_current", Quantity::thd_current},
    {"phase_sequence", Quantity::phase_sequence},
    {"demand_active_power", Quantity::demand_power},
    {"demand_current", Quantity::demand_current},
    {"demand_active_power_max", Quantity::demand_power_max},
    {"demand_current_max", Quantity::demand_current_max},
    {"active_energy_import", Quantity::active_import},
    {"active_energy_export", Quantity::active_export},
    {"active_energy_total", Quantity::active_total},
    {"reactive_energy_import", Quantity::reactive_import},
    {"reactive_energy_export", Quantity::reactive_export},
    {"reactive_energy_total", Quantity::reactive_total},
    {"apparent_energy", Quantity::apparent_energy},
    {"charge", Quantity::charge},
    {"volume_standard", Quantity::volume_standard},
    {"volume_actual", Quantity::volume_actual},
    {"flow_standard", Quantity::flow_standard},
    {"flow_actual", Quantity::flow_actual},
    {"temperature", Quantity::temperature},
    {"pressure", Quantity::pressure},
    {"machine_state", Quantity::machine_state},
    {"pieces_good", Quantity::pieces_good},
    {"pieces_scrap", Quantity::pieces_scrap},
    {"run_seconds", Quantity::run_seconds},
    {"piece_rate", Quantity::piece_rate},
    {"mass", Quantity::mass},
    {"ct_ratio", Quantity::ct_ratio},
    {"pt_ratio", Quantity::pt_ratio},
};

const std::map<std::string, Phase> phases{
    {"l1", Phase::l1},   {"l2", Phase::l2},       {"l3", Phase::l3},       {"l1l2", Phase::l1},
    {"l2l3", Phase::l2}, {"l3l1", Phase::l3},     {"total", Phase::total}, {"sum", Phase::total},
    {"", Phase::total},  {"avg", Phase::average}, {"n", Phase::neutral},
};

/// Whether a field's coding can carry a value of the contract's type at all.
bool fits(const Field& field, int value_type) {
  switch (value_type) {
    case 2:
      return field.type == Type::f32;
    case 3:
      return field.type == Type::f64;
    default:
      return field.type != Type::f32 && field.type != Type::f64 && field.type != Type::text;
  }
}

/// The registers that would show `bits`; nothing if the field cannot show them.
std::optional<std::vector<std::uint16_t>> words_of(const Field& field, std::uint64_t bits) {
  if (field.type == Type::bcd12) {
    std::uint64_t packed = 0;
    for (unsigned digit = 0; digit < 12; ++digit, bits /= 10) packed |= (bits % 10) << (4 * digit);
    if (bits != 0) return std::nullopt;
    bits = packed;
  }
  const std::size_t count = field.width();
  std::vector<std::uint16_t> words(count);
  for (std::size_t i = 0; i < count; ++i) words[count - 1 - i] = static_cast<std::uint16_t>(bits >> (16 * i));
  if (field.order == plant::WordOrder::low_first) std::ranges::reverse(words);
  if (count < 4) {
    const std::uint64_t rest = bits >> (16 * count);
    const std::uint64_t sign_fill = ~std::uint64_t{0} >> (16 * count);
    const bool is_signed = field.type == Type::s16 || field.type == Type::s32;
    if (rest != 0 && !(is_signed && rest == sign_fill)) return std::nullopt;
  }
  return words;
}

}  // namespace

PlantTruth::PlantTruth(const std::string& scenario, std::int64_t clock_error_ms)
    : truth_(plant::load_scenario(scenario)), clock_error_ms_(clock_error_ms) {}

const std::vector<Field>& PlantTruth::fields_of(const std::string& meter, const std::string& quantity,
                                                const std::string& phase) {
  auto [place, fresh] = fields_.try_emplace(meter + '/' + quantity + '/' + phase);
  const auto* unit = fresh ? truth_.unit(meter) : nullptr;
  const auto meant = quantities.find(quantity);
  const auto where = phases.find(phase);
  if (unit != nullptr && meant != quantities.end() && where != phases.end())
    for (const auto& field : plant::model(unit->model).description().fields)
      if (field.quantity == meant->second && field.phase == where->second) place->second.push_back(field);
  return place->second;
}

TruthSource::Answer PlantTruth::check(const std::string& meter, const std::string& quantity, const std::string& phase,
                                      int value_type, std::uint64_t bits, std::int64_t start_ms, std::int64_t end_ms) {
  const auto& fields = fields_of(meter, quantity, phase);
  start_ms -= clock_error_ms_;
  end_ms += clock_error_ms_;
  if (fields.empty()) return Answer::unknown;
  for (const auto& field : fields) {
    const auto words = fits(field, value_type) ? words_of(field, bits) : std::nullopt;
    if (words && truth_.showed(meter, field.table, field.address, *words, start_ms, end_ms)) return Answer::was_so;
  }
  return Answer::was_not_so;
}

}  // namespace jidian::judge
