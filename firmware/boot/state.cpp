#include "boot/state.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>

namespace jidian::boot {

namespace {

constexpr std::size_t crc_bytes = 4;

/// The CRC-32 of zlib and U-Boot: reflected, polynomial 0xEDB88320.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    table[byte] = crc;
  }
  return table;
}();

std::uint32_t crc32_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ crc_table[(crc ^ byte) & 0xffU];
  return ~crc;
}

std::uint32_t little_endian(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8U |
         static_cast<std::uint32_t>(bytes[2]) << 16U | static_cast<std::uint32_t>(bytes[3]) << 24U;
}

std::string_view order_of(Slot first) {
  return first == Slot::a ? "a b" : "b a";
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number, 16);
  assert(error == std::errc{});
  return {digits.begin(), end};
}

using Fields = std::map<std::string_view, std::string_view, std::less<>>;

/// The fields up to the empty one that ends them. What stands after it is padding.
Fields fields_of(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const auto end = text.find('\0');
    const auto field = text.substr(0, end);
    if (field.empty()) break;
    if (const auto equals = field.find('='); equals != std::string_view::npos)
      fields.emplace(field.substr(0, equals), field.substr(equals + 1));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return fields;
}

std::optional<std::uint64_t> number_in(const Fields& fields, std::string_view name, int base) {
  const auto field = fields.find(name);
  if (field == fields.end()) return std::nullopt;
  std::uint64_t number = 0;
  const auto* end = field->second.data() + field->second.size();
  const auto [stop, error] = std::from_chars(field->second.data(), end, number, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

Error corrupt(std::string_view what) {
  return {ErrorKind::corrupt, std::string(what)};
}

}  // namespace

std::string_view name_of(Slot slot) {
  return slot == Slot::a ? "a" : "b";
}

std::optional<Slot> slot_of(std::string_view name) {
  if (name == "a") return Slot::a;
  if (name == "b") return Slot::b;
  return std::nullopt;
}

Copy encode(const State& state) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append("=").append(value).push_back('\0');
  };
  add("generation", hexadecimal(state.generation));
  add("order", order_of(state.first));
  for (const Slot slot : {Slot::a, Slot::b}) {
    const std::string name{name_of(slot)};
    add(name + "_left", std::to_string(state.of(slot).left));
    add(name + "_ok", state.of(slot).ok ? "1" : "0");
  }
  assert(crc_bytes + text.size() < copy_bytes);

  Copy copy{};
  std::copy(text.begin(), text.end(), copy.begin() + crc_bytes);
  const std::uint32_t crc = crc32_of(std::span(copy).subspan(crc_bytes));
  for (std::size_t byte = 0; byte < crc_bytes; ++byte) copy.at(byte) = static_cast<std::uint8_t>(crc >> (8 * byte));
  return copy;
}

Result<State> decode(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != copy_bytes) return corrupt("it is cut short");
  if (crc32_of(bytes.subspan(crc_bytes)) != little_endian(bytes)) return corrupt("its check sum is wrong");

  const std::string text(bytes.begin() + crc_bytes, bytes.end());
  const Fields fields = fields_of(text);
  State state;
  const auto generation = number_in(fields, "generation", 16);
  if (!generation) return corrupt("its generation is no number");
  state.generation = *generation;

  const auto order = fields.find("order");
  if (order == fields.end() || (order->second != "a b" && order->second != "b a"))
    return corrupt("its order is neither 'a b' nor 'b a'");
  state.first = order->second == "a b" ? Slot::a : Slot::b;

  for (const Slot slot : {Slot::a, Slot::b}) {
    const std::string name{name_of(slot)};
    const auto left = number_in(fields, name + "_left", 10);
    if (!left || *left > tries_when_good)
      return corrupt("the tries of slot " + name + " are no number from 0 to " + std::to_string(tries_when_good));
    const auto ok = number_in(fields, name + "_ok", 10);
    if (!ok || *ok > 1) return corrupt("whether slot " + name + " is good is neither 0 nor 1");
    state.of(slot) = {static_cast<int>(*left), *ok == 1};
  }
  return state;
}

Ruling weigh(const Result<State>& first, const Result<State>& second) {
  if (!first && !second) return {};
  if (!second) return {*first, 1, true};
  if (!first) return {*second, 0, true};
  // Equal numbers cannot come from a writer of ours; then boot.scr takes the first too.
  if (second->generation > first->generation) return {*second, 0, true};
  return {*first, 1, true};
}

Slot next_slot(const State& state) {
  const Slot other = state.first == Slot::a ? Slot::b : Slot::a;
  if (state.of(state.first).left == 0 && state.of(other).left > 0) return other;
  return state.first;
}

void set_primary(State& state, Slot slot) {
  state.first = slot;
  state.of(slot).left = state.of(slot).ok ? tries_when_good : tries_on_trial;
}

void set_good(State& state, Slot slot, bool good) {
  state.of(slot) = {good ? tries_when_good : 0, good};
}

std::string describe(const Ruling& ruling) {
  const State& state = ruling.state;
  std::string text = ruling.found ? "" : "copies=none\n";
  text += "generation=" + hexadecimal(state.generation) + "\norder=" + std::string(order_of(state.first)) + "\n";
  for (const Slot slot : {Slot::a, Slot::b}) {
    const std::string name{name_of(slot)};
    text += name + "_left=" + std::to_string(state.of(slot).left) + "\n";
    text += name + "_ok=" + (state.of(slot).ok ? "1" : "0") + "\n";
  }
  return text + "next=" + std::string(name_of(next_slot(state))) + "\n";
}

}  // namespace jidian::boot
