#include "meter/decode.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/decimal.hpp"

namespace jidian::meter {
namespace {

/// Most registers a number can have.
constexpr std::size_t words_max = 4;

std::uint64_t join(std::span<const std::uint16_t> words) {
  std::uint64_t joined = 0;
  for (const std::uint16_t word : words) joined = joined << 16 | word;
  return joined;
}

/// A value's registers with the most significant first and each register's bytes as Modbus has them.
class Ordered {
 public:
  Ordered(const Point& point, std::span<const std::uint16_t> words) : count_(words.size()) {
    assert(count_ >= 1 && count_ <= words_max);
    std::ranges::copy(words, words_.begin());
    if (point.words == WordOrder::low_first) std::reverse(words_.begin(), words_.begin() + count());
    if (point.bytes == ByteOrder::low_first)
      for (std::uint16_t& word : words_) word = static_cast<std::uint16_t>(word << 8 | word >> 8);
  }

  std::span<const std::uint16_t> words() const { return {words_.data(), count_}; }
  unsigned bit_count() const { return static_cast<unsigned>(count_) * 16; }

 private:
  std::ptrdiff_t count() const { return static_cast<std::ptrdiff_t>(count_); }

  std::size_t count_;
  std::array<std::uint16_t, words_max> words_{};
};

std::uint64_t extend_sign(std::uint64_t value, unsigned bit_count) {
  const unsigned unused = 64 - bit_count;
  return std::bit_cast<std::uint64_t>(std::bit_cast<std::int64_t>(value << unused) >> unused);
}

std::uint64_t read_sign_magnitude(std::uint64_t value, unsigned bit_count) {
  const std::uint64_t sign = std::uint64_t{1} << (bit_count - 1);
  const std::uint64_t magnitude = value & (sign - 1);
  return (value & sign) != 0 ? ~magnitude + 1 : magnitude;
}

/// `digit_bits` wide digits of base `base`, most significant first; nothing if one of them is no digit.
std::optional<std::uint64_t> read_digits(const Ordered& ordered, unsigned digit_bits, std::uint64_t base) {
  std::uint64_t value = 0;
  for (const std::uint16_t word : ordered.words()) {
    for (unsigned shift = 16; shift >= digit_bits; shift -= digit_bits) {
      const std::uint64_t digit = word >> (shift - digit_bits) & ((1U << digit_bits) - 1);
      if (digit >= base) return std::nullopt;
      value = value * base + digit;
    }
  }
  return value;
}

bool outside(std::uint64_t bits, const Point& point) {
  const auto below = [&](std::int64_t bound) {
    return value_type_of(point.type) == ValueType::signed_integer ? std::bit_cast<std::int64_t>(bits) < bound
                                                                  : std::cmp_less(bits, bound);
  };
  const auto above = [&](std::int64_t bound) {
    return value_type_of(point.type) == ValueType::signed_integer ? std::bit_cast<std::int64_t>(bits) > bound
                                                                  : std::cmp_greater(bits, bound);
  };
  return (point.least && below(*point.least)) || (point.most && above(*point.most));
}

Decoded judge_integer(std::uint64_t bits, const Point& point) {
  return {bits, outside(bits, point) ? Presence::out_of_range : Presence::value};
}

Decoded judge_float(std::uint64_t bits, double value, const Point& point) {
  if (std::isnan(value)) return {0, Presence::not_available};
  const bool too_small = point.least && value < static_cast<double>(*point.least);
  const bool too_big = point.most && value > static_cast<double>(*point.most);
  return {bits, too_small || too_big || std::isinf(value) ? Presence::out_of_range : Presence::value};
}

template <typename Float>
std::string format_float(Float value, int exponent) {
  if (std::isnan(value)) return "nan";
  const std::string sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value)) return sign + "inf";
  if (value == 0) return sign + "0";

  // Shortest form, "d.ddde±xx": at most 17 digits, so they fit an integer.
  std::array<char, 32> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), std::abs(value), std::chars_format::scientific);
  assert(written.ec == std::errc{});

  std::uint64_t mantissa = 0;
  int decimals = 0;
  const char* at = text.data();
  for (bool fraction = false; *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
    if (fraction) ++decimals;
  }
  ++at;
  if (*at == '+') ++at;
  int power = 0;
  std::from_chars(at, written.ptr, power);
  return sign + format_decimal(mantissa, power - decimals + exponent);
}

}  // namespace

ValueType value_type_of(RawType type) {
  switch (type) {
    case RawType::s16:
    case RawType::s32:
    case RawType::s64:
    case RawType::sign_magnitude:
      return ValueType::signed_integer;
    case RawType::f32:
      return ValueType::float32;
    case RawType::f64:
      return ValueType::float64;
    case RawType::u16:
    case RawType::u32:
    case RawType::u64:
    case RawType::bcd:
    case RawType::mod10k:
    case RawType::bits:
    case RawType::enumeration:
    case RawType::text:
      break;
  }
  return ValueType::unsigned_integer;
}

ValueType value_type_of(const Point& point) {
  return point.sign_point.empty() ? value_type_of(point.type) : ValueType::signed_integer;
}

Decoded decode(const Point& point, std::span<const std::uint16_t> words) {
  assert(words.size() == point.place.count && point.type != RawType::text);
  if (std::ranges::find(point.not_available, join(words)) != point.not_available.end())
    return {0, Presence::not_available};

  const Ordered ordered(point, words);
  const std::uint64_t joined = join(ordered.words());
  const auto judge_digits = [&](std::optional<std::uint64_t> value) {
    return value ? judge_integer(*value, point) : Decoded{0, Presence::corrupt};
  };

  switch (point.type) {
    case RawType::s16:
    case RawType::s32:
    case RawType::s64:
      return judge_integer(extend_sign(joined, ordered.bit_count()), point);
    case RawType::sign_magnitude:
      return judge_integer(read_sign_magnitude(joined, ordered.bit_count()), point);
    case RawType::f32: {
      const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(joined));
      return judge_float(joined, static_cast<double>(value), point);
    }
    case RawType::f64:
      return judge_float(joined, std::bit_cast<double>(joined), point);
    case RawType::bcd:
      return judge_digits(read_digits(ordered, 4, 10));
    case RawType::mod10k:
      return judge_digits(read_digits(ordered, 16, 10'000));
    case RawType::bits:
      return judge_integer(joined >> point.bit_first & ((1U << point.bit_count) - 1), point);
    case RawType::u16:
    case RawType::u32:
    case RawType::u64:
    case RawType::enumeration:
    case RawType::text:
      break;
  }
  return judge_integer(joined, point);
}

std::string decode_text(const Point& point, std::span<const std::uint16_t> words) {
  std::vector<std::uint16_t> ordered(words.begin(), words.end());
  if (point.words == WordOrder::low_first) std::ranges::reverse(ordered);

  std::string text;
  for (const std::uint16_t word : ordered) {
    const char high = static_cast<char>(word >> 8);
    const char low = static_cast<char>(word & 0xFF);
    text += point.bytes == ByteOrder::high_first ? std::string{high, low} : std::string{low, high};
  }
  std::erase(text, '\0');  // some meters have one character in each register
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string format_value(std::uint64_t bits, ValueType type, int exponent) {
  switch (type) {
    case ValueType::signed_integer:
      return format_decimal(std::bit_cast<std::int64_t>(bits), exponent);
    case ValueType::float32:
      return format_float(std::bit_cast<float>(static_cast<std::uint32_t>(bits)), exponent);
    case ValueType::float64:
      return format_float(std::bit_cast<double>(bits), exponent);
    case ValueType::unsigned_integer:
      break;
  }
  return format_decimal(bits, exponent);
}

}  // namespace jidian::meter
