#include "model.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "hash.hpp"
#include "models/all.hpp"

namespace jidian::plant {
namespace {

bool is_counter(Quantity quantity) {
  return (quantity >= Quantity::active_import && quantity <= Quantity::volume_actual) ||
         (quantity >= Quantity::pieces_good && quantity <= Quantity::run_seconds) || quantity == Quantity::mass;
}

// A counter shows what is full; anything else is rounded.
std::int64_t divide(Quantity quantity, std::int64_t value, std::int64_t divisor) {
  return is_counter(quantity) ? floor_div(value, divisor) : round_div(value, divisor);
}

bool is_swapped(const Unit& unit, Step step) {
  return unit.swap_ms != 0 && step >= step_at(unit.swap_ms);
}

// The primary value; of a meter that was swapped, what the new one has counted.
std::int64_t amount_of(const Field& field, const Unit& unit, const Snapshot& snapshot) {
  const std::int64_t amount = snapshot.amount(field.quantity, field.phase);
  if (!is_counter(field.quantity) || !is_swapped(unit, snapshot.step())) return amount;
  const bool is_active = field.quantity == Quantity::active_import || field.quantity == Quantity::active_total;
  const std::int64_t shows = is_active && field.phase == Phase::total ? unit.swap_shows * kilowatt_hour : 0;
  return amount - snapshot.at(step_at(unit.swap_ms)).amount(field.quantity, field.phase) + shows;
}

bool is_ct_changed(const Unit& unit, Step step) {
  return unit.ct_ms != 0 && step >= step_at(unit.ct_ms);
}

std::int64_t ct_at(const Unit& unit, Step step) {
  return is_ct_changed(unit, step) ? unit.ct_after : unit.ct;
}

// What is behind the current transformers; of a counter, each part by the ratio of its time.
std::int64_t behind_ct(const Field& field, const Unit& unit, const Snapshot& snapshot, std::int64_t primary) {
  if (!is_counter(field.quantity) || !is_ct_changed(unit, snapshot.step()))
    return divide(field.quantity, primary, ct_at(unit, snapshot.step()));
  const std::int64_t before = snapshot.at(step_at(unit.ct_ms)).amount(field.quantity, field.phase);
  return divide(field.quantity, before, unit.ct) + divide(field.quantity, primary - before, unit.ct_after);
}

// Whole quanta of the value as the model shows it.
std::int64_t count_of(const Field& field, const Unit& unit, const Snapshot& snapshot) {
  switch (field.quantity) {
    case Quantity::constant:
      return field.quantum;
    case Quantity::ct_ratio:
      return ct_at(unit, snapshot.step());
    case Quantity::pt_ratio:
      return unit.pt_tenths / field.quantum;
    case Quantity::serial_number:
      return static_cast<std::int64_t>(mix(is_swapped(unit, snapshot.step()) ? 18 : 17, unit.meter) % 90'000'000 +
                                       10'000'000);
    default:
      break;
  }
  const std::int64_t primary = amount_of(field, unit, snapshot);
  switch (field.ratio) {
    case Ratio::none:
      return divide(field.quantity, primary, field.quantum);
    case Ratio::current:
      return divide(field.quantity, primary, field.quantum * ct_at(unit, snapshot.step()));
    case Ratio::voltage:
      return divide(field.quantity, primary * 10, field.quantum * unit.pt_tenths);
    case Ratio::both:
      return divide(field.quantity, behind_ct(field, unit, snapshot, primary) * 10, field.quantum * unit.pt_tenths);
  }
  return 0;
}

// The low words of `bits`, in the field's order.
void put(std::uint64_t bits, WordOrder order, std::span<std::uint16_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t place = order == WordOrder::high_first ? words.size() - 1 - i : i;
    words[place] = static_cast<std::uint16_t>(bits >> (16 * i));
  }
}

std::uint64_t as_bcd(std::int64_t value) {
  std::uint64_t bits = 0;
  for (unsigned digit = 0; digit < 12; ++digit, value /= 10)
    bits |= static_cast<std::uint64_t>(value % 10) << (4 * digit);
  return bits;
}

void put_text(const std::string& text, std::span<std::uint16_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto letter = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[at])) : 0U;
    };
    words[i] = static_cast<std::uint16_t>(letter(2 * i) << 8U | letter(2 * i + 1));
  }
}

}  // namespace

std::uint16_t Field::width() const {
  switch (type) {
    case Type::bit:
    case Type::u16:
    case Type::s16:
      return 1;
    case Type::u32:
    case Type::s32:
    case Type::f32:
      return 2;
    case Type::bcd12:
      return 3;
    case Type::text:
      return length;
    default:
      return 4;
  }
}

void encode(const Field& field, const Unit& unit, const Snapshot& snapshot, std::span<std::uint16_t> words) {
  if (field.type == Type::text)
    return put_text(
        field.quantity == Quantity::serial_number ? std::to_string(count_of(field, unit, snapshot)) : field.text,
        words);
  const std::int64_t count = count_of(field, unit, snapshot);
  // Exact: counts and quanta are far below 2^53, so the one rounding is that of the division.
  const std::int64_t quantum = field.quantity >= Quantity::constant ? 1 : field.quantum;
  const double shown = static_cast<double>(count) * static_cast<double>(quantum) / static_cast<double>(field.unit);
  switch (field.type) {
    case Type::f32:
      return put(std::bit_cast<std::uint32_t>(static_cast<float>(shown)), field.order, words);
    case Type::f64:
      return put(std::bit_cast<std::uint64_t>(shown), field.order, words);
    case Type::bcd12:
      return put(as_bcd(count), field.order, words);
    default:
      return put(static_cast<std::uint64_t>(count), field.order, words);
  }
}

Model::Model(Description description) : description_(std::move(description)) {
  std::sort(description_.fields.begin(), description_.fields.end(), [](const Field& a, const Field& b) {
    return std::pair(a.table, a.address) < std::pair(b.table, b.address);
  });
}

bool Model::has(Table table) const {
  return std::find(description_.tables.begin(), description_.tables.end(), table) != description_.tables.end();
}

Table Model::image_of(Table table) const {
  return description_.one_image && table == Table::input ? Table::holding : table;
}

bool Model::is_reserved(Table table, std::uint32_t address) const {
  return std::any_of(description_.reserved.begin(), description_.reserved.end(), [&](const Reserved& range) {
    return range.table == table && range.first <= address && address <= range.last;
  });
}

// The first field that ends behind the address, or null.
const Field* Model::field_from(Table table, std::uint32_t address) const {
  const auto found =
      std::partition_point(description_.fields.begin(), description_.fields.end(), [&](const Field& field) {
        return std::pair(field.table, std::uint32_t{field.address} + field.width()) <= std::pair(table, address);
      });
  return found == description_.fields.end() || found->table != table ? nullptr : &*found;
}

bool Model::is_readable(Table image, std::uint32_t first, std::uint32_t count) const {
  for (std::uint32_t address = first; address < first + count;) {
    const Field* field = field_from(image, address);
    if (field != nullptr && field->address <= address) {
      address = std::uint32_t{field->address} + field->width();
    } else if (is_reserved(image, address)) {
      ++address;
    } else {
      return false;
    }
  }
  return true;
}

Exception Model::read(const Unit& unit, const Snapshot& snapshot, Table table, std::uint16_t first, std::uint16_t count,
                      std::vector<std::uint16_t>& words) const {
  if (!has(table)) return Exception::function;
  const bool bits = table == Table::coils || table == Table::discrete_inputs;
  const int limit = bits ? 2000 : unit.registers_max > 0 ? unit.registers_max : description_.registers_max;
  if (count == 0 || count > limit) return Exception::value;
  const Table image = image_of(table);
  for (const Field& overlay : description_.overlays) {
    if (overlay.table == image && overlay.address == first && overlay.width() == count) {
      words.assign(count, 0);
      encode(overlay, unit, snapshot, words);
      return Exception::none;
    }
  }
  const std::uint32_t end = std::uint32_t{first} + count;
  if (end > 65536 || !is_readable(image, first, count)) return Exception::address;
  words.assign(count, 0);
  const Field* const last = description_.fields.data() + description_.fields.size();
  for (const Field* field = field_from(image, first);
       field != nullptr && field != last && field->table == image && field->address < end; ++field) {
    std::array<std::uint16_t, 64> whole{};
    const std::uint16_t width = field->width();
    encode(*field, unit, snapshot, std::span(whole).first(width));
    for (std::uint32_t i = 0; i < width; ++i) {
      const std::uint32_t address = std::uint32_t{field->address} + i;
      if (address >= first && address < end) words[address - first] = whole[i];
    }
  }
  return Exception::none;
}

int Model::other_block(Table table, std::uint16_t first, std::uint16_t count, std::uint64_t pick) const {
  const Table image = image_of(table);
  std::vector<std::uint16_t> starts;
  for (const Field& field : description_.fields)
    if (field.table == image && field.address != first && is_readable(image, field.address, count))
      starts.push_back(field.address);
  return starts.empty() ? -1 : starts[static_cast<std::size_t>(pick % starts.size())];
}

const Model& model(std::string_view name) {
  const std::vector<Model>& all = models::all();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Model& candidate) { return candidate.description().name == name; });
  if (found == all.end()) throw ScenarioError("unknown model '" + std::string(name) + "'");
  return *found;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Model& known : models::all()) names.push_back(known.description().name);
  return names;
}

}  // namespace jidian::plant
