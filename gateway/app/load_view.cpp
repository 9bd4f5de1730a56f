#include "app/load_view.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/print.hpp"
#include "app/texts.hpp"

namespace jidian::app {
namespace {

using LoadJson = nlohmann::json;
using LoadRow = std::vector<std::string>;

const LoadJson& part_of(const LoadJson& object, const char* key) {
  static const LoadJson nothing;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : nothing;
}

std::string told_in(const LoadJson& object, const char* key) {
  const LoadJson& value = part_of(object, key);
  return value.is_string() ? value.get<std::string>() : value.is_number() ? value.dump() : std::string();
}

bool holds(const LoadJson& object, const char* key) {
  return part_of(object, key) == LoadJson(true);
}

/// "812.3", "8.12": nobody acts on more digits.
std::string rounded(const LoadJson& number) {
  const double value = number.get<double>();
  std::array<char, 64> digits{};
  (void)std::snprintf(digits.data(), digits.size(), value < 100 && value > -100 ? "%.2f" : "%.1f", value);
  return digits.data();
}

/// "2026-03-01T08:00Z" of an instant to the millisecond.
std::string to_the_minute(const std::string& time) {
  constexpr std::size_t length = 16;
  return time.size() > length ? time.substr(0, length) + "Z" : time;
}

/// The sentence of `key` with what is declared under `name`; nothing if that is not declared.
void declare(LoadRow& row, const LoadJson& declared, const char* name, const char* key, const char* placeholder,
             const char* minutes = nullptr) {
  if (!part_of(declared, name).is_number()) return;
  Values values{{placeholder, told_in(declared, name)}};
  if (minutes != nullptr) values.emplace_back("minutes", told_in(declared, minutes));
  row.push_back(text(key, values));
}

LoadRow demand_row(const LoadJson& supply, std::string id) {
  LoadRow row{std::move(id)};
  const std::string unit = told_in(supply, "unit");
  if (unit.empty()) {
    row.push_back(text("load.unmetered"));
  } else if (!part_of(supply, "demand").is_number()) {
    row.push_back(text("load.none"));
  } else {
    row.push_back(rounded(part_of(supply, "demand")) + " " + unit);
    const LoadJson& age = part_of(supply, "age_s");
    std::string how = age.is_number() ? text("status.age", {{"age", span_text(age.get<double>())}}) : std::string();
    if (holds(supply, "partial")) how += text("load.partial");
    if (holds(supply, "spanning")) how += text("load.spanning");
    row.push_back(std::move(how));
  }
  if (row.size() < 3) row.emplace_back();
  const LoadJson& month = part_of(supply, "month_peak");
  row.push_back(unit.empty() ? std::string()
                : month.is_number()
                    ? text("load.month", {{"value", rounded(month)},
                                          {"unit", unit},
                                          {"until", to_the_minute(told_in(supply, "month_peak_until"))}})
                    : text("load.month-none"));
  std::string account;
  for (const char* key : {"number", "feeder", "level"})
    if (const std::string told = told_in(supply, key); !told.empty()) account += (account.empty() ? "" : ", ") + told;
  row.push_back(std::move(account));
  declare(row, supply, "contract_m3_per_day", "load.volume", "volume");
  declare(row, supply, "safety_minimum_m3_per_day", "load.safety", "volume");
  while (row.back().empty()) row.pop_back();
  return row;
}

}  // namespace

std::vector<LoadTable> load_tables(const nlohmann::json& status) {
  const LoadJson& load = part_of(status, "load");
  LoadTable taken{text("load.title"), {}};
  if (part_of(load, "site").is_object()) taken.rows.push_back(demand_row(part_of(load, "site"), text("load.site")));
  if (const LoadJson& accounts = part_of(load, "accounts"); accounts.is_array())
    for (const LoadJson& account : accounts) taken.rows.push_back(demand_row(account, told_in(account, "id")));

  LoadTable declared{text("load.declared"), {}};
  LoadRow site{text("load.site")};
  declare(site, load, "contract_capacity_kva", "load.contract", "kva");
  declare(site, load, "security_load_kw", "load.security", "kw");
  if (site.size() > 1) declared.rows.push_back(std::move(site));
  if (const LoadJson& facilities = part_of(status, "facilities"); facilities.is_array())
    for (const LoadJson& facility : facilities) {
      const LoadJson& loads = part_of(facility, "declared");
      LoadRow row{told_in(facility, "id")};
      declare(row, loads, "security_kw", "load.security", "kw");
      declare(row, loads, "interruptible_kw", "load.interruptible", "kw", "interruptible_minutes");
      declare(row, loads, "adjustable_kw", "load.adjustable", "kw", "adjustable_minutes");
      if (row.size() > 1) declared.rows.push_back(std::move(row));
    }
  std::vector<LoadTable> tables;
  for (LoadTable* table : {&taken, &declared})
    if (!table->rows.empty()) tables.push_back(std::move(*table));
  return tables;
}

}  // namespace jidian::app
