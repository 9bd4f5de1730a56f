#include "app/status_view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "app/print.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

// With the head, the store and a few buses and uplinks this still fits a terminal of 40 lines.
constexpr std::size_t rows_max = 16;

enum class Tone : std::uint8_t { plain, good, bad, faint };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};
using Row = std::vector<Cell>;

/// Text from devices and files must not steer the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7F; }, '?');
  return text;
}

const Json& at(const Json& object, const char* key) {
  static const Json nothing;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : nothing;
}

std::string text_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  if (value.is_string()) return printable(value.get<std::string>());
  return value.is_number() ? value.dump() : "-";
}

bool has(const Json& object, const char* key) {
  return !at(object, key).is_null();
}

bool is_true(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_boolean() && value.get<bool>();
}

double number_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

std::string format(const char* pattern, double number) {
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), pattern, number);
  return text.data();
}

std::string bytes_at(const Json& object, const char* key) {
  if (!has(object, key)) return "-";
  double bytes = number_at(object, key);
  for (const char* pattern : {"%.0f B", "%.1f kB", "%.1f MB"}) {
    if (bytes < 1000) return format(pattern, bytes);
    bytes /= 1000;
  }
  return format("%.1f GB", bytes);
}

/// "12 s", "5 min", "7 h", "3 days", or "-".
std::string span_at(const Json& object, const char* key) {
  if (!has(object, key)) return "-";
  const double seconds = number_at(object, key);
  if (seconds < 120) return format("%.0f s", seconds);
  if (seconds < 7'200) return format("%.0f min", seconds / 60);
  return seconds < 172'800 ? format("%.0f h", seconds / 3600) : format("%.0f days", seconds / 86'400);
}

class Screen {
 public:
  explicit Screen(Colours colours) : colours_(colours) {}

  void line(const Row& cells) {
    for (const Cell& cell : cells) text_ += painted(cell);
    text_ += '\n';
  }

  /// Columns as wide as their widest cell, indented under `title`.
  void table(const std::string& title, const std::vector<Row>& rows) {
    if (rows.empty()) return;
    line({{"\n" + title, Tone::plain}});
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t column = 0; column < row.size(); ++column)
        widths[column] = std::max(widths[column], columns_of(row[column].text));
    }
    for (const Row& row : rows) {
      text_ += " ";
      for (std::size_t column = 0; column < row.size(); ++column) {
        text_ += " " + painted(row[column]);
        if (column + 1 < row.size()) text_.append(widths[column] - columns_of(row[column].text) + 1, ' ');
      }
      text_ += '\n';
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string painted(const Cell& cell) const {
    if (colours_ == Colours::none || cell.tone == Tone::plain) return cell.text;
    const char* paint = cell.tone == Tone::good ? "\033[32m" : cell.tone == Tone::bad ? "\033[31m" : "\033[2m";
    return paint + cell.text + "\033[0m";
  }

  Colours colours_;
  std::string text_;
};

Cell verdict(bool good, const char* yes, const char* no) {
  return good ? Cell{yes, Tone::good} : Cell{no, Tone::bad};
}

/// "160 days of autonomy, flash for 12 years", as far as it is known.
std::string lasting(const Json& store) {
  std::string text = has(store, "autonomy_days") ? format("%.0f days of autonomy", number_at(store, "autonomy_days"))
                     : has(store, "days_left")   ? format("%.0f days left", number_at(store, "days_left"))
                                                 : std::string("days left not known yet");
  if (has(store, "flash_years")) text += format(", flash for %.0f years", number_at(store, "flash_years"));
  return text;
}

void show_head(const Json& status, Screen& screen) {
  screen.line({{text_at(status, "gateway") + "  "},
               verdict(is_true(status, "recording"), "recording", "NOT RECORDING"),
               {"  for " + span_at(status, "uptime_s") + "  version " + text_at(status, "version") + "  clock " +
                text_at(status, "clock")},
               {"  " + text_at(status, "time"), Tone::faint}});
  const Json& store = at(status, "store");
  screen.line({{"store  " + bytes_at(store, "bytes") + " of " + bytes_at(store, "quota_bytes") + ", " + lasting(store) +
                ", last commit " + span_at(store, "last_commit_age_s") + " ago, " +
                text_at(store, "readings_recorded") + " readings since the start"}});
}

void show_uplinks(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& uplink : at(status, "uplinks")) {
    const std::string pending = text_at(uplink, "pending") + " waiting";
    const bool by_broker = text_at(uplink, "confirm") == "broker";
    rows.push_back(
        {{text_at(uplink, "id")},
         verdict(is_true(uplink, "connected"), "connected", "not connected"),
         {has(uplink, "oldest_pending_age_s") ? pending + ", oldest " + span_at(uplink, "oldest_pending_age_s")
                                              : pending},
         {by_broker ? "confirmed by the broker only" : "receipt " + span_at(uplink, "last_receipt_age_s")},
         {text_at(uplink, "address"), Tone::faint}});
  }
  screen.table("uplinks", rows);
}

void show_backfills(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& uplink : at(status, "uplinks"))
    for (const Json& backfill : at(uplink, "backfills"))
      rows.push_back({{text_at(uplink, "id")},
                      {text_at(backfill, "stream")},
                      {text_at(backfill, "left") + " of " + text_at(backfill, "batches") + " batches left"},
                      {"since " + text_at(backfill, "since")},
                      {text_at(backfill, "id"), Tone::faint}});
  rows.resize(std::min(rows.size(), rows_max));
  screen.table("asked for again", rows);
}

void show_buses(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& bus : at(status, "buses"))
    rows.push_back({{text_at(bus, "id")},
                    is_true(bus, "lent") ? Cell{"lent"} : verdict(is_true(bus, "open"), "open", "closed"),
                    {format("%.0f %% busy", number_at(bus, "load") * 100)},
                    {text_at(bus, "address"), Tone::faint}});
  // Of hundreds of TCP meters each is its own bus: the closed ones are what matters.
  std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row[1].tone == Tone::bad; });
  const std::size_t hidden = rows.size() > rows_max ? rows.size() - rows_max : 0;
  rows.resize(rows.size() - hidden);
  screen.table("buses", rows);
  if (hidden > 0) screen.line({{"  and " + std::to_string(hidden) + " more", Tone::faint}});
}

/// As the gateway says; one of an older release says no word, but what went wrong.
std::string state_at(const Json& meter) {
  if (has(meter, "state")) return text_at(meter, "state");
  return number_at(meter, "misses_in_row") > 0 || has(meter, "error") ? "fault" : "well";
}

bool is_starting(const Json& meter) {
  const auto state = state_at(meter);
  return state == "new" || state == "learning";
}

/// Meters in trouble first, then those that have only begun.
int rank_of(const Json& meter) {
  const auto state = state_at(meter);
  return state == "well" ? 3 : is_starting(meter) ? 2 : state == "doubtful" ? 1 : 0;
}

Cell verdict_of(const Json& meter) {
  const auto state = state_at(meter);
  if (state == "well") return {"ok", Tone::good};
  if (state == "new") return {"asked for the first time"};
  if (state == "learning") return {"being learnt"};
  return {state == "doubtful" ? "CHECK" : "FAULT", Tone::bad};
}

/// "signed off 2026-03-01 by Li Na"; nothing of a gateway that does not say.
std::optional<Cell> signature_of(const Json& meter) {
  if (!meter.is_object() || !meter.contains("signed_off")) return std::nullopt;
  const Json& signature = at(meter, "signed_off");
  if (signature.is_null()) return Cell{"not signed off", Tone::faint};
  return Cell{"signed off " + text_at(signature, "at").substr(0, 10) + " by " + text_at(signature, "by"), Tone::faint};
}

Row row_of_meter(const Json& meter) {
  Row row{{text_at(meter, "id")},
          {text_at(meter, "bus") + "/" + text_at(meter, "unit"), Tone::faint},
          verdict_of(meter),
          {has(meter, "age_s") ? span_at(meter, "age_s") + " ago" : "never"},
          {text_at(meter, "polls_failed") + " of " +
               format("%.0f", number_at(meter, "polls_good") + number_at(meter, "polls_failed")) + " polls failed",
           Tone::faint}};
  if (const auto signature = signature_of(meter)) row.push_back(*signature);
  if (has(meter, "error") && !is_starting(meter)) row.push_back({text_at(meter, "error"), Tone::bad});
  if (has(meter, "next_try_in_s")) row.push_back({"next try in " + span_at(meter, "next_try_in_s")});
  return row;
}

void show_meters(const Json& status, Screen& screen) {
  std::vector<const Json*> meters;
  for (const Json& meter : at(status, "meters")) meters.push_back(&meter);
  std::ranges::stable_sort(meters, {}, [](const Json* meter) { return rank_of(*meter); });
  const auto well = std::ranges::count_if(meters, [](const Json* meter) { return state_at(*meter) == "well"; });

  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min(meters.size(), rows_max); ++i) rows.push_back(row_of_meter(*meters[i]));
  screen.table("meters  " + std::to_string(well) + " of " + std::to_string(meters.size()) + " well", rows);
  if (meters.size() > rows_max)
    screen.line({{"  and " + std::to_string(meters.size() - rows_max) + " more", Tone::faint}});
}

void show_marks(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& mark : at(status, "marks")) {
    if (rows.size() == rows_max) break;
    rows.push_back({{text_at(mark, "subject").empty() ? "whole site" : text_at(mark, "subject")},
                    {text_at(mark, "mark")},
                    {"from " + text_at(mark, "from") + (has(mark, "until") ? " until " + text_at(mark, "until") : "")},
                    {is_true(mark, "in_force") ? "in force" : "ahead"},
                    {text_at(mark, "reason"), Tone::faint}});
  }
  screen.table("marks", rows);
}

/// "load 380 kW of 400 kW", "level orange, load unknown".
std::string load_of(const Json& order) {
  const std::string level = text_at(order, "level");
  std::string text = level.empty() || level == "-" ? "" : "level " + level + ", ";
  text += "load " + (has(order, "load_kw") ? format("%.1f kW", number_at(order, "load_kw")) : std::string("unknown"));
  if (has(order, "limit_kw")) text += " of " + text_at(order, "limit_kw") + " kW";
  if (has(order, "limit_kwh")) text += ", quota " + text_at(order, "limit_kwh") + " kWh";
  return text;
}

void show_directives(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& order : at(status, "directives")) {
    if (rows.size() == rows_max) break;
    std::string facilities;
    for (const Json& facility : at(order, "facilities"))
      if (facility.is_string()) facilities += (facilities.empty() ? "" : " ") + printable(facility.get<std::string>());
    rows.push_back({{text_at(order, "id") + " v" + text_at(order, "version")},
                    {text_at(order, "issuer"), Tone::faint},
                    {is_true(order, "in_force") ? "in force" : "ahead"},
                    {"from " + text_at(order, "from") + " to " + text_at(order, "to")},
                    {facilities.empty() ? "whole site" : facilities},
                    {load_of(order)}});
  }
  screen.table("orders from above", rows);
}

/// "12.5 kW", "8.1 A", "status 3", or "-".
std::string value_of_facility(const Json& facility) {
  if (has(facility, "power_kw")) return format("%.4g kW", number_at(facility, "power_kw"));
  if (has(facility, "current_a")) return format("%.4g A", number_at(facility, "current_a"));
  return has(facility, "status") ? "status " + text_at(facility, "status") : "-";
}

void show_facilities(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  const Json& facilities = at(status, "facilities");
  for (const Json& facility : facilities) {
    if (rows.size() == rows_max) break;
    const std::string state = text_at(facility, "state");
    if (text_at(facility, "source") == "none") {
      rows.push_back({{text_at(facility, "id")}, {"not told", Tone::faint}});
      continue;
    }
    const bool is_grave = state == "unknown" || state == "de_energised";
    rows.push_back({{text_at(facility, "id")},
                    {state, is_grave             ? Tone::bad
                            : state == "running" ? Tone::good
                                                 : Tone::plain},
                    {has(facility, "since_s") ? "for " + span_at(facility, "since_s") : "-"},
                    {value_of_facility(facility)}});
  }
  screen.table("facilities", rows);
  if (facilities.size() > rows_max)
    screen.line({{"  and " + std::to_string(facilities.size() - rows_max) + " more", Tone::faint}});
}

void show_findings(const Json& status, Screen& screen) {
  const Json& findings = at(status, "findings");
  if (findings.empty()) return;
  screen.line({{"\nfindings"}});
  std::size_t shown = 0;
  for (const Json& finding : findings) {
    if (shown++ == rows_max) break;
    const bool grave = text_at(finding, "level") == "error";
    screen.line({{grave ? "  ERROR " : "  WARN  ", grave ? Tone::bad : Tone::plain},
                 {text_at(finding, "about") + ": " + text_at(finding, "what")}});
    screen.line({{"        -> " + text_at(finding, "do")}});
  }
  if (findings.size() > rows_max)
    screen.line({{"  and " + std::to_string(findings.size() - rows_max) + " more", Tone::faint}});
}

std::string last_line(const Json& status, bool healthy) {
  const Json& findings = at(status, "findings");
  const Json& meters = at(status, "meters");
  if (healthy && meters.is_array() && std::any_of(meters.begin(), meters.end(), is_starting))
    return "\nNothing is wrong; meters are still being asked for the first time, or learnt.\n"
           "Next: jidian status again in a minute\n";
  if (healthy) return "\nAll is well.\nNext: jidian watch shows the newest values\n";
  if (findings.empty()) return "\nNext: jidian status again in a minute; if it still does not record, see its log\n";
  return "\nNext: " + text_at(findings.front(), "do") + "\n";
}

}  // namespace

Result<StatusView> render_status(const std::string& status_json, Colours colours) {
  const Json status = Json::parse(status_json, nullptr, false);
  if (!status.is_object()) return Error{ErrorKind::corrupt, "the gateway's status is not a JSON object"};

  Screen screen(colours);
  show_head(status, screen);
  show_uplinks(status, screen);
  show_backfills(status, screen);
  show_buses(status, screen);
  show_meters(status, screen);
  show_facilities(status, screen);
  show_marks(status, screen);
  show_directives(status, screen);
  show_findings(status, screen);
  const bool healthy = is_true(status, "recording") && at(status, "findings").empty();
  return StatusView{.text = screen.take() + last_line(status, healthy), .healthy = healthy};
}

}  // namespace jidian::app
