#include <algorithm>

#include "config/points.hpp"

namespace jidian::config {
namespace {

using meter::RawType;
using meter::Table;

constexpr std::array<std::pair<std::string_view, RawType>, 14> type_words{{{"u16", RawType::u16},
                                                                           {"s16", RawType::s16},
                                                                           {"u32", RawType::u32},
                                                                           {"s32", RawType::s32},
                                                                           {"u64", RawType::u64},
                                                                           {"s64", RawType::s64},
                                                                           {"f32", RawType::f32},
                                                                           {"f64", RawType::f64},
                                                                           {"bcd", RawType::bcd},
                                                                           {"mod10k", RawType::mod10k},
                                                                           {"sign-magnitude", RawType::sign_magnitude},
                                                                           {"bits", RawType::bits},
                                                                           {"enum", RawType::enumeration},
                                                                           {"string", RawType::text}}};

constexpr std::array<std::pair<std::string_view, Table>, 4> table_words{{{"coil", Table::coil},
                                                                         {"discrete-input", Table::discrete_input},
                                                                         {"holding", Table::holding},
                                                                         {"input", Table::input}}};

constexpr std::array<std::pair<std::string_view, meter::WordOrder>, 2> word_orders{
    {{"high-first", meter::WordOrder::high_first}, {"low-first", meter::WordOrder::low_first}}};
constexpr std::array<std::pair<std::string_view, meter::ByteOrder>, 2> byte_orders{
    {{"high-first", meter::ByteOrder::high_first}, {"low-first", meter::ByteOrder::low_first}}};

template <typename T, std::size_t count>
std::string_view word_in(const std::array<std::pair<std::string_view, T>, count>& words, T value) {
  return std::ranges::find(words, value, &std::pair<std::string_view, T>::second)->first;
}

/// Registers of a string; names and serial numbers are shorter.
constexpr std::uint16_t text_registers_max = 60;

/// How many registers a type may have.
struct Width {
  std::uint16_t least;
  std::uint16_t most;
};

Width width_of(RawType type) {
  switch (type) {
    case RawType::u32:
    case RawType::s32:
    case RawType::f32:
      return {2, 2};
    case RawType::u64:
    case RawType::s64:
    case RawType::f64:
      return {4, 4};
    case RawType::bcd:
    case RawType::sign_magnitude:
      return {1, 4};
    case RawType::mod10k:
      return {2, 4};
    case RawType::text:
      return {1, text_registers_max};
    case RawType::u16:
    case RawType::s16:
    case RawType::bits:
    case RawType::enumeration:
      break;
  }
  return {1, 1};
}

std::optional<std::uint16_t> parse_width(Section& section, RawType type) {
  const Width width = width_of(type);
  if (width.least == width.most) {
    section.forbid("registers", "is fixed by type \"" + std::string(word_for(type)) + "\"; remove it");
    return width.least;
  }
  if (!section.require("registers", "registers = 2, the number of registers the value has")) return std::nullopt;
  const auto registers = section.integer("registers", width.least, width.most);
  if (!registers) return std::nullopt;
  if (type == RawType::sign_magnitude && *registers == 3) {
    section.complain("registers", "cannot be 3 for sign-magnitude", "1, 2 or 4");
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*registers);
}

/// The number a manual prints for a register: a digit for the table and the address counted from 1.
std::string print_modicon(meter::Registers place, std::size_t length) {
  static constexpr std::array<char, 5> digits{'0', '0', '1', '4', '3'};
  std::string number = std::to_string(std::uint32_t{place.first} + 1);
  if (number.size() < length - 1) number.insert(0, length - 1 - number.size(), '0');
  return digits[static_cast<std::size_t>(place.table)] + number;
}

void check_as_printed(Section& section, meter::Registers place) {
  const auto printed = section.text("as_printed");
  if (!printed) return;
  const bool digits = std::ranges::all_of(*printed, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (printed->size() != 5 && printed->size() != 6)) {
    section.complain("as_printed", "is the table's digit and the address counted from 1",
                     "\"" + print_modicon(place, 5) + "\" for this address");
    return;
  }
  const std::string expected = print_modicon(place, printed->size());
  if (*printed != expected)
    section.complain("as_printed", "contradicts address = " + std::to_string(place.first) + " (counted from 0)",
                     "\"" + expected + "\", or correct the address");
}

}  // namespace

std::string print_address(meter::Registers place) {
  return print_modicon(place, place.first < 9999 ? 5 : 6);
}

std::string_view word_for(RawType type) {
  return word_in(type_words, type);
}

std::string_view word_for(Table table) {
  return word_in(table_words, table);
}

std::string_view word_for(meter::WordOrder order) {
  return word_in(word_orders, order);
}

std::string_view word_for(meter::ByteOrder order) {
  return word_in(byte_orders, order);
}

std::string_view word_for(meter::Parity parity) {
  return word_in(parity_words, parity);
}

std::string_view word_for(meter::Confidence confidence) {
  return word_in(confidence_words, confidence);
}

std::string_view word_for(meter::Connection connection) {
  return word_in(connection_words, connection);
}

std::optional<meter::Table> parse_table(Section& section) {
  return section.choice("table", table_words);
}

std::optional<RawType> parse_type(Section& section) {
  return section.choice("type", type_words);
}

Orders parse_orders(Section& section, Orders defaults) {
  return {section.choice("word_order", word_orders).value_or(defaults.words),
          section.choice("byte_order", byte_orders).value_or(defaults.bytes)};
}

meter::ReadLimits parse_limits(Section& section, meter::ReadLimits defaults) {
  const auto count_max = section.integer("count_max", 1, 125);
  const auto gap_max = section.integer("gap_max", 0, 124);
  return {static_cast<std::uint16_t>(count_max.value_or(defaults.count_max)),
          static_cast<std::uint16_t>(gap_max.value_or(defaults.gap_max))};
}

std::optional<Coding> parse_coding(Section& section, std::optional<Table> table, std::optional<RawType> type) {
  const bool states_table = section.has("table");
  const bool states_type = section.has("type");
  const auto own_table = parse_table(section);
  const auto own_type = parse_type(section);
  bool complete = (own_table || !states_table) && (own_type || !states_type);
  if (states_table) table = own_table;
  if (!table && !states_table) complete = section.require("table", "table = \"holding\" or \"input\"") && complete;
  const bool bit_table = table && (*table == Table::coil || *table == Table::discrete_input);
  if (states_type) type = own_type;
  if (bit_table && !states_type) type = RawType::bits;
  if (!type && !states_type) complete = section.require("type", "type = \"u16\"") && complete;
  if (bit_table && type && *type != RawType::bits) {
    section.complain("type", "must be \"bits\" in a table of coils or discrete inputs", "\"bits\"");
    complete = false;
  }

  std::optional<std::uint16_t> width;
  if (type)
    width = parse_width(section, *type);
  else
    section.skip("registers");
  std::optional<std::int64_t> address;
  if (section.require("address", "address = 0 (counted from 0, as on the wire)"))
    address = section.integer("address", 0, 65535);
  if (!complete || !width || !address) {
    section.skip("as_printed");
    return std::nullopt;
  }
  if (*address + *width > 65536) {
    section.complain("address", "leaves no room for " + std::to_string(*width) + " registers", "");
    return std::nullopt;
  }
  const meter::Registers place{*table, static_cast<std::uint16_t>(*address), static_cast<std::uint16_t>(*width)};
  check_as_printed(section, place);
  return Coding{place, *type};
}

}  // namespace jidian::config
