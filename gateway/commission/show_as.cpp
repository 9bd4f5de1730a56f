#include "commission/show_as.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <tuple>

#include "meter/decode.hpp"

namespace jidian::commission {
namespace {

using meter::ByteOrder;
using meter::RawType;
using meter::WordOrder;

constexpr double tolerance = 0.1;
constexpr double tolerance_fair = 0.01;  ///< What a display rounds and a load moves; beyond it may be chance.
constexpr int exponent_max = 6;

struct Shape {
  RawType type;
  std::uint16_t registers;
};
constexpr std::array<Shape, 18> shapes{{{RawType::f32, 2},
                                        {RawType::f64, 4},
                                        {RawType::u16, 1},
                                        {RawType::s16, 1},
                                        {RawType::u32, 2},
                                        {RawType::s32, 2},
                                        {RawType::u64, 4},
                                        {RawType::s64, 4},
                                        {RawType::bcd, 1},
                                        {RawType::bcd, 2},
                                        {RawType::bcd, 3},
                                        {RawType::bcd, 4},
                                        {RawType::mod10k, 2},
                                        {RawType::mod10k, 3},
                                        {RawType::mod10k, 4},
                                        {RawType::sign_magnitude, 1},
                                        {RawType::sign_magnitude, 2},
                                        {RawType::sign_magnitude, 4}}};

/// "ABCD" for as many bytes, in the order they must be taken.
std::string letters_of(std::uint16_t registers, WordOrder words, ByteOrder bytes) {
  std::string letters;
  for (std::uint16_t i = 0; i < registers; ++i) {
    const int word = words == WordOrder::high_first ? i : registers - 1 - i;
    const auto first = static_cast<char>('A' + 2 * word);
    const auto second = static_cast<char>(first + 1);
    letters += bytes == ByteOrder::high_first ? std::string{first, second} : std::string{second, first};
  }
  return letters;
}

bool is_between(double value, double least, double most) {
  return value >= least && value <= most;
}

/// A phase or line voltage, or the mains' frequency.
bool is_mains(double value) {
  return is_between(value, 207, 253) || is_between(value, 360, 440) || is_between(value, 49.5, 50.5);
}

bool is_float(RawType type) {
  return type == RawType::f32 || type == RawType::f64;
}

/// How much a value looks like a quantity of a plant: 0 not at all.
int score_of(const Interpretation& shown, double value) {
  const double size = std::abs(value);
  if (value == 0 || !std::isfinite(value)) return 0;
  int score = 0;
  if (is_float(shown.type))
    score = is_mains(size) ? 4 : is_between(size, 0.001, 1e8) ? 3 : 0;
  else if (is_mains(size / 10) || is_mains(size / 100) || is_mains(size / 1000))
    score = shown.registers == 1 ? 3 : 2;
  else if (shown.registers > 1 && is_between(size, 65'536, 1e9))
    score = 1;
  if (shown.type == RawType::bcd || shown.type == RawType::mod10k || shown.type == RawType::sign_magnitude) --score;
  if (shown.bytes == ByteOrder::low_first) --score;
  return score;
}

void compare(Interpretation& shown, double value, double expected) {
  double best = tolerance;
  for (int exponent = -exponent_max; exponent <= exponent_max; ++exponent) {
    const double deviation = std::abs(value * std::pow(10.0, exponent) - expected) / std::abs(expected);
    if (deviation > best || (shown.exponent && deviation == best)) continue;
    best = deviation;
    shown.exponent = exponent;
    shown.deviation = deviation;
  }
}

std::optional<Interpretation> interpret_one(std::span<const std::uint16_t> words, std::uint16_t offset,
                                            const Shape& shape, WordOrder order, ByteOrder bytes) {
  meter::Point point;
  point.place.count = shape.registers;
  point.type = shape.type;
  point.words = order;
  point.bytes = bytes;
  const auto decoded = meter::decode(point, words.subspan(offset, shape.registers));
  if (decoded.presence != meter::Presence::value) return std::nullopt;
  Interpretation shown;
  shown.offset = offset;
  shown.registers = shape.registers;
  shown.type = shape.type;
  shown.words = order;
  shown.bytes = bytes;
  shown.order = letters_of(shape.registers, order, bytes);
  shown.value = meter::format_value(decoded.bits, meter::value_type_of(shape.type), 0);
  return shown;
}

/// Four characters or more that can be printed.
std::optional<Interpretation> interpret_text(std::span<const std::uint16_t> words, ByteOrder bytes) {
  meter::Point point;
  point.place.count = static_cast<std::uint16_t>(words.size());
  point.type = RawType::text;
  point.bytes = bytes;
  const std::string text = meter::decode_text(point, words);
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (text.size() < 4 || !printable) return std::nullopt;
  Interpretation shown;
  shown.registers = point.place.count;
  shown.type = RawType::text;
  shown.bytes = bytes;
  shown.order = bytes == ByteOrder::high_first ? "AB" : "BA";
  shown.value = text;
  shown.plausible = true;
  return shown;
}

}  // namespace

std::optional<PrintedAddress> printed_address(std::string_view text) {
  constexpr std::size_t short_form = 5;
  constexpr std::size_t long_form = 6;
  constexpr std::uint32_t registers = 65'536;
  if ((text.size() != short_form && text.size() != long_form) || (text[0] != '3' && text[0] != '4'))
    return std::nullopt;
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number == 0 || number > registers)
    return std::nullopt;
  return PrintedAddress{text[0] == '3' ? meter::Table::input : meter::Table::holding,
                        static_cast<std::uint16_t>(number - 1)};
}

std::vector<Interpretation> interpret(std::span<const std::uint16_t> words, std::optional<double> expected) {
  std::vector<Interpretation> all;
  std::vector<int> scores;
  const auto count = static_cast<std::uint16_t>(words.size());  // of one request
  for (std::uint16_t offset = 0; offset < count; ++offset)
    for (const Shape& shape : shapes) {
      if (offset + shape.registers > static_cast<int>(words.size())) continue;
      for (const auto bytes : {ByteOrder::high_first, ByteOrder::low_first})
        for (const auto order : {WordOrder::high_first, WordOrder::low_first}) {
          if (shape.registers == 1 && order == WordOrder::low_first) continue;
          auto shown = interpret_one(words, offset, shape, order, bytes);
          if (!shown) continue;
          const double value = std::strtod(shown->value.c_str(), nullptr);
          if (expected && *expected != 0) compare(*shown, value, *expected);
          scores.push_back(score_of(*shown, value));
          all.push_back(std::move(*shown));
        }
    }
  const int best = scores.empty() ? 0 : std::ranges::max(scores);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].plausible = best >= 2 && scores[i] == best;
  for (const auto bytes : {ByteOrder::high_first, ByteOrder::low_first})
    if (auto text = interpret_text(words, bytes)) {
      all.push_back(std::move(*text));
      break;
    }
  return all;
}

const Interpretation* best_match(std::span<const Interpretation> interpretations) {
  const Interpretation* best = nullptr;
  const auto rank = [](const Interpretation& shown) {
    return std::tuple{shown.deviation > tolerance_fair,
                      !shown.plausible,
                      !is_float(shown.type) || *shown.exponent != 0,
                      std::abs(*shown.exponent),
                      shown.bytes == ByteOrder::low_first,
                      shown.deviation};
  };
  for (const Interpretation& shown : interpretations)
    if (shown.exponent && (best == nullptr || rank(shown) < rank(*best))) best = &shown;
  return best;
}

Job show_as(std::uint8_t unit, meter::Registers registers) {
  return [=](JobIo& io) {
    return io.lender.lend([&](acquire::Bus& bus, std::stop_token) -> Status {
      std::vector<std::uint16_t> words(registers.count);
      if (auto read = bus.read(unit, registers, words); !read)
        return read.error().during("asking unit " + std::to_string(unit));
      io.emit(nlohmann::ordered_json{{"type", "words"}, {"words", words}}.dump());
      return {};
    });
  };
}

}  // namespace jidian::commission
