#include "acquire/learned.hpp"

#include <algorithm>
#include <charconv>

#include "base/bytes.hpp"

namespace jidian::acquire {
namespace {

std::string text_of(const std::vector<meter::Registers>& runs) {
  std::string text;
  for (const auto& run : runs)
    text += (text.empty() ? "" : ",") + std::to_string(static_cast<int>(run.table)) + ":" + std::to_string(run.first) +
            "+" + std::to_string(run.count);
  return text;
}

/// Takes a number, and `mark` behind it unless that is 0, off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, char mark, int base = 10) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (mark == 0) return number;
  if (!text.starts_with(mark)) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

std::optional<std::vector<meter::Registers>> runs_of_text(std::string_view text) {
  std::vector<meter::Registers> runs;
  while (!text.empty()) {
    const auto table = take_number(text, ':');
    const auto first = table ? take_number(text, '+') : std::nullopt;
    const auto count = first ? take_number(text, 0) : std::nullopt;
    if (!count || *table < 1 || *table > 4 || *count < 1 || *first + *count > 65536) return std::nullopt;
    runs.push_back(
        {static_cast<meter::Table>(*table), static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*count)});
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return runs;
}

bool read_ratios(std::string_view text, std::map<std::string, std::string>& ratios) {
  while (!text.empty()) {
    const auto one = text.substr(0, text.find(','));
    const auto colon = one.find(':');
    if (colon == std::string_view::npos) return false;
    ratios[std::string(one.substr(0, colon))] = one.substr(colon + 1);
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return true;
}

bool read_entry(std::string_view name, std::string_view value, Learned& learned) {
  if (name == "splits" || name == "refused") {
    auto runs = runs_of_text(value);
    if (!runs) return false;
    (name == "splits" ? learned.splits : learned.refused) = std::move(*runs);
    return true;
  }
  if (name == "ratios") return read_ratios(value, learned.ratios);
  const auto number = take_number(value, 0, name == "plan" ? 16 : 10);
  if (!number || !value.empty()) return false;
  if (name == "plan") learned.plan = *number;
  if (name == "count_max") learned.count_max = static_cast<std::uint16_t>(std::min<std::uint64_t>(*number, 2000));
  return true;
}

}  // namespace

std::string Learned::to_text() const {
  std::string text = "plan=" + to_hex(plan) + " count_max=" + std::to_string(count_max) + " splits=" + text_of(splits) +
                     " refused=" + text_of(refused);
  std::string seen;
  for (const auto& [point, ratio] : ratios) seen += (seen.empty() ? "" : ",") + point + ":" + ratio;
  if (!seen.empty()) text += " ratios=" + seen;
  return text + " serial=" + serial;  // last: it may hold blanks
}

std::optional<Learned> Learned::from_text(std::string_view text) {
  Learned learned;
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = text.substr(0, equals);
    if (name == "serial") {
      learned.serial = text.substr(equals + 1);
      return learned;
    }
    const auto blank = std::min(text.find(' '), text.size());
    if (blank < equals || !read_entry(name, text.substr(equals + 1, blank - equals - 1), learned)) return std::nullopt;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return std::nullopt;
}

std::uint64_t fingerprint_of(std::span<const meter::Registers> runs, const meter::ReadLimits& limits,
                             std::uint16_t short_count_max) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto stir = [&hash](std::uint64_t number) {
    for (int byte = 0; byte < 4; ++byte) hash = (hash ^ ((number >> (8 * byte)) & 0xFFU)) * 0x100000001b3U;
  };
  for (const auto& run : runs) {
    stir(static_cast<std::uint64_t>(run.table));
    stir(run.first);
    stir(run.count);
  }
  stir(limits.count_max);
  stir(limits.gap_max);
  stir(short_count_max);
  return hash;
}

}  // namespace jidian::acquire
