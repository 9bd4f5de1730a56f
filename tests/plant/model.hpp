// A meter model: which registers it has, what they show and in which form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantity.hpp"

namespace jidian::plant {

/// Numbered like the function that reads it.
enum class Table : std::uint8_t { coils = 1, discrete_inputs = 2, holding = 3, input = 4 };

enum class Type { bit, u16, s16, u32, s32, u64, s64, f32, f64, bcd12, text };

enum class WordOrder { high_first, low_first };

/// Which transformer ratios the model leaves out, so that it shows secondary values.
enum class Ratio { none, voltage, current, both };

/// One value in the register image.
struct Field {
  Table table = Table::holding;
  std::uint16_t address = 0;
  Type type = Type::u16;
  WordOrder order = WordOrder::high_first;
  Quantity quantity = Quantity::constant;
  Phase phase = Phase::total;
  std::int64_t quantum = 1;  ///< smallest step the model shows, in base units; of a constant: its value
  std::int64_t unit = 1;     ///< f32 and f64: base units per 1.0
  Ratio ratio = Ratio::none;
  std::uint16_t length = 0;  ///< text: registers
  std::string text = {};

  /// Registers (or bits) that it covers.
  std::uint16_t width() const;
};

/// Registers that can be read though nothing is mapped there; they are 0.
struct Reserved {
  Table table;
  std::uint16_t first;
  std::uint16_t last;
};

/// Answer to function 43/14, basic objects.
struct Identity {
  std::string vendor;
  std::string product;
  std::string revision;
};

/// Modbus exception codes that the models use; 0 is success.
enum class Exception : std::uint8_t { none = 0, function = 1, address = 2, value = 3, no_target = 0x0B };

class Model {
 public:
  struct Description {
    std::string name;
    std::vector<Table> tables;  ///< what functions 1 to 4 it knows
    bool one_image = false;     ///< functions 3 and 4 read the same registers, described as holding
    int registers_max = 125;
    std::vector<Field> fields;
    std::vector<Reserved> reserved = {};
    std::vector<Field> overlays = {};  ///< shown only to a read of exactly these registers
    Identity identity = {};            ///< empty vendor: function 43 is unknown
    std::string server_id = {};        ///< empty: function 17 is unknown
  };
  explicit Model(Description description);

  const Description& description() const { return description_; }
  bool has(Table table) const;

  /// Fills `words` with what a read of this block shows; of bits, each is 0 or 1.
  /// Exceptions: function (no such table), value (zero or too many), address (something in it is unmapped).
  Exception read(const Unit& unit, const Snapshot& snapshot, Table table, std::uint16_t first, std::uint16_t count,
                 std::vector<std::uint16_t>& words) const;

  /// Start of another readable block of that size, for the fault `foreign_block`; -1 if there is none.
  int other_block(Table table, std::uint16_t first, std::uint16_t count, std::uint64_t pick) const;

 private:
  Table image_of(Table table) const;
  bool is_reserved(Table table, std::uint32_t address) const;
  bool is_readable(Table image, std::uint32_t first, std::uint32_t count) const;
  const Field* field_from(Table table, std::uint32_t address) const;

  Description description_;  // fields sorted by table and address
};

/// The register words of one field.
void encode(const Field& field, const Unit& unit, const Snapshot& snapshot, std::span<std::uint16_t> words);

std::vector<std::string> model_names();

/// @throws ScenarioError for an unknown name. The model lives as long as the program.
const Model& model(std::string_view name);

}  // namespace jidian::plant
