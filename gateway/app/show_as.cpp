#include <charconv>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/job_run.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "commission/show_as.hpp"
#include "config/words.hpp"

namespace jidian::app {
namespace {

using commission::Interpretation;
using Ordered = nlohmann::ordered_json;

std::string hex_of(std::uint64_t number) {
  return to_hex(number).substr(12);
}

/// "0x2006" and "8198".
std::optional<std::uint32_t> parse_address(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number > 65'535) return std::nullopt;
  return number;
}

std::string address_of(const ShowAsOptions& options, const Interpretation& shown) {
  return "0x" + hex_of(*parse_address(options.address) + shown.offset);
}

/// What was meant if the address was copied from a manual; empty if it does not look so.
std::string printed_hint(const ShowAsOptions& options) {
  const auto printed = commission::printed_address(options.address);
  if (!printed) return {};
  return text("show-as.printed", {{"printed", options.address},
                                  {"table", std::string(config::word_for(printed->table))},
                                  {"address", std::to_string(printed->address)}});
}

/// What a profile must say of such a point.
std::string profile_line(const ShowAsOptions& options, const Interpretation& shown) {
  const bool sized = shown.type == meter::RawType::bcd || shown.type == meter::RawType::mod10k ||
                     shown.type == meter::RawType::sign_magnitude;
  std::string line = "{ name = \"NAME\", table = \"" + options.table + "\", address = " + address_of(options, shown) +
                     ", type = \"" + std::string(config::word_for(shown.type)) + "\"";
  if (sized) line += ", registers = " + std::to_string(shown.registers);
  if (shown.words == meter::WordOrder::low_first) line += ", word_order = \"low-first\"";
  if (shown.bytes == meter::ByteOrder::low_first) line += ", byte_order = \"low-first\"";
  if (shown.exponent.value_or(0) != 0) line += ", exponent = " + std::to_string(*shown.exponent);
  return line + ", unit = \"UNIT\" }";
}

void print_json(const ShowAsOptions& options, const std::vector<std::uint16_t>& words,
                const std::vector<Interpretation>& all) {
  Ordered list = Ordered::array();
  for (const auto& shown : all) {
    Ordered one{{"address", *parse_address(options.address) + shown.offset},
                {"type", config::word_for(shown.type)},
                {"registers", shown.registers},
                {"order", shown.order},
                {"value", shown.value},
                {"plausible", shown.plausible}};
    if (shown.exponent) one["exponent"] = *shown.exponent;
    list.push_back(std::move(one));
  }
  Ordered whole{
      {"unit", options.unit}, {"table", options.table}, {"words", words}, {"interpretations", std::move(list)}};
  if (const auto hint = printed_hint(options); !hint.empty()) whole["hint"] = hint;
  if (const auto* best = commission::best_match(all)) whole["profile"] = profile_line(options, *best);
  std::cout << whole.dump(-1, ' ', false, Ordered::error_handler_t::replace) << '\n';
}

/// One line an address and type, its orders beside each other.
void print_table(const ShowAsOptions& options, const std::vector<Interpretation>& all) {
  std::vector<std::vector<std::string>> rows;
  const Interpretation* before = nullptr;
  for (const auto& shown : all) {
    if (before == nullptr || before->type != shown.type || before->offset != shown.offset ||
        before->registers != shown.registers)
      rows.push_back({address_of(options, shown), std::string(config::word_for(shown.type))});
    std::string cell = shown.order + " " + shown.value + (shown.plausible ? " *" : "");
    if (shown.exponent)
      cell += text("show-as.match", {{"expected", format_float(*options.expect, 0)},
                                     {"deviation", std::to_string(std::lround(shown.deviation * 100))}}) +
              (*shown.exponent == 0 ? "" : ", 10^" + std::to_string(*shown.exponent));
    rows.back().push_back(std::move(cell));
    before = &shown;
  }
  std::cout << format_table(rows) << text("show-as.legend") << '\n';
}

Exit print_shown(const Common& common, const ShowAsOptions& options, const std::vector<std::uint16_t>& words) {
  const auto all = commission::interpret(words, options.expect);
  const auto* best = commission::best_match(all);
  const bool missed = options.expect && best == nullptr;
  if (common.json) {
    print_json(options, words, all);
    return missed ? Exit::findings : Exit::ok;
  }
  std::string digits;
  for (const auto word : words) digits += (digits.empty() ? "" : " ") + hex_of(word);
  std::cout << text("show-as.words", {{"unit", std::to_string(options.unit)},
                                      {"table", options.table},
                                      {"address", "0x" + hex_of(*parse_address(options.address))},
                                      {"words", digits}})
            << '\n';
  print_table(options, all);
  if (const auto hint = printed_hint(options); !hint.empty()) std::cout << hint << '\n';
  if (best != nullptr)
    std::cout << text("show-as.suggest", {{"type", std::string(config::word_for(best->type))},
                                          {"order", best->order},
                                          {"address", address_of(options, *best)}})
              << "\n  " << profile_line(options, *best) << '\n';
  std::cout << (missed            ? text("show-as.no-match", {{"expected", format_float(*options.expect, 0)}})
                : best != nullptr ? text("show-as.next-profile")
                                  : text("show-as.next-expect"))
            << '\n';
  return missed ? Exit::findings : Exit::ok;
}

}  // namespace

Exit show_as(const Common& common, const ShowAsOptions& options) {
  const auto site = load_or_explain(common);
  if (!site || !has_bus(common, *site, options.bus)) return Exit::usage;
  const auto address = parse_address(options.address);
  const std::string hint = printed_hint(options);
  if (!address)
    return print_failure(common,
                         Error{ErrorKind::invalid, "the address must be 0 … 65535 or 0x0000 … 0xFFFF, got '" +
                                                       options.address + "'" + (hint.empty() ? "" : ". " + hint)}),
           Exit::usage;
  std::vector<std::uint16_t> words;
  Common quiet = common;  // the words alone say nothing yet
  quiet.json = false;
  const auto done = run_job(quiet, *site, "show-as",
                            {{"bus", options.bus},
                             {"unit", options.unit},
                             {"table", options.table},
                             {"address", *address},
                             {"count", options.count}},
                            [&words](const nlohmann::json& line) { words = line.value("words", words); });
  if (!done && !hint.empty()) return exit_of(common, Error{done.error().kind(), done.error().message() + ". " + hint});
  if (!done) return exit_of(common, done.error());
  return print_shown(common, options, words);
}

}  // namespace jidian::app
