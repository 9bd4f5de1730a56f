#include "app/status_view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "app/load_view.hpp"
#include "app/print.hpp"
#include "app/status_screen.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"

namespace jidian::app {
namespace {

using Json = nlohmann::json;

// With the head, the store and a few buses and uplinks this still fits a terminal of 40 lines.
constexpr std::size_t rows_max = 16;

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
  return span_text(number_at(object, key));
}

/// The sentence of the one key or the other.
Cell verdict(bool good, const char* yes, const char* no) {
  return good ? Cell{text(yes), Tone::good} : Cell{text(no), Tone::bad};
}

/// The word for a code of the gateway's; one that is unknown as it is.
std::string word_of(const std::string& group, const std::string& code) {
  return has_text(group + code) ? text(group + code) : code;
}

/// How many of a list are not shown.
void show_rest(std::size_t hidden, Screen& screen) {
  if (hidden > 0) screen.line({{text("status.more", {{"count", std::to_string(hidden)}}), Tone::faint}});
}

/// "160 days of autonomy, flash for 12 years", as far as it is known.
std::string lasting(const Json& store) {
  const auto whole = [&store](const char* key) { return format("%.0f", number_at(store, key)); };
  const std::string room = has(store, "autonomy_days") ? text("status.autonomy", {{"days", whole("autonomy_days")}})
                           : has(store, "days_left")   ? text("status.days-left", {{"days", whole("days_left")}})
                                                       : text("status.days-unknown");
  return has(store, "flash_years") ? text("status.flash", {{"room", room}, {"years", whole("flash_years")}}) : room;
}

void show_head(const Json& status, Screen& screen) {
  screen.line({{text_at(status, "gateway") + "  "},
               verdict(is_true(status, "recording"), "status.recording", "status.not-recording"),
               {text("status.head", {{"span", span_at(status, "uptime_s")},
                                     {"version", text_at(status, "version")},
                                     {"clock", word_of("status.clock.", text_at(status, "clock"))}})},
               {"  " + text_at(status, "time"), Tone::faint}});
  const Json& store = at(status, "store");
  screen.line({{text("status.store", {{"bytes", bytes_at(store, "bytes")},
                                      {"quota", bytes_at(store, "quota_bytes")},
                                      {"left", lasting(store)},
                                      {"age", span_at(store, "last_commit_age_s")},
                                      {"readings", text_at(store, "readings_recorded")}})}});
}

/// "1.4.0 to 1.5.0 in slot b", as far as it is known.
void show_update(const Json& status, Screen& screen) {
  const Json& update = at(status, "update");
  if (!update.is_object()) return;
  const std::string state = text_at(update, "state");
  const bool is_bad = state == "rolled_back" || state == "failed" || state == "refused";
  const std::string versions =
      text("status.update",
           {{"from", text_at(update, "from")}, {"to", text_at(update, "to")}, {"slot", text_at(update, "slot")}});
  screen.line({{versions},
               {word_of("status.update.", state), is_bad            ? Tone::bad
                                                  : state == "good" ? Tone::good
                                                                    : Tone::plain},
               {"  " + text_at(update, "at"), Tone::faint}});
  if (has(update, "reason")) screen.line({{"        -> " + translated(text_at(update, "reason"))}});
}

void show_uplinks(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& uplink : at(status, "uplinks")) {
    const Values waiting{{"pending", text_at(uplink, "pending")},
                         {"age", span_at(uplink, "oldest_pending_age_s")},
                         {"span", span_at(uplink, "backlog_in_s")}};
    const char* pending = has(uplink, "backlog_in_s")           ? "status.pending-offset"
                          : has(uplink, "oldest_pending_age_s") ? "status.pending-oldest"
                                                                : "status.pending";
    const bool by_broker = text_at(uplink, "confirm") == "broker";
    rows.push_back({{text_at(uplink, "id")},
                    verdict(is_true(uplink, "connected"), "status.connected", "status.not-connected"),
                    {text(pending, waiting)},
                    {by_broker ? text("status.by-broker")
                               : text("status.receipt", {{"age", span_at(uplink, "last_receipt_age_s")}})},
                    {text_at(uplink, "address"), Tone::faint}});
    if (has(uplink, "certificate_days"))
      rows.back().push_back({text("identity.days-left", {{"days", text_at(uplink, "certificate_days")}}), Tone::faint});
  }
  screen.table(text("status.uplinks"), rows);
}

void show_backfills(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& uplink : at(status, "uplinks"))
    for (const Json& backfill : at(uplink, "backfills"))
      rows.push_back({{text_at(uplink, "id")},
                      {text_at(backfill, "stream")},
                      {text("status.backfill-left",
                            {{"left", text_at(backfill, "left")}, {"batches", text_at(backfill, "batches")}})},
                      {text("status.backfill-since", {{"since", text_at(backfill, "since")}})},
                      {text_at(backfill, "id"), Tone::faint}});
  rows.resize(std::min(rows.size(), rows_max));
  screen.table(text("status.backfills"), rows);
}

void show_buses(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& bus : at(status, "buses"))
    rows.push_back({{text_at(bus, "id")},
                    is_true(bus, "lent") ? Cell{text("status.lent")}
                                         : verdict(is_true(bus, "open"), "status.open", "status.closed"),
                    {text("status.busy", {{"percent", format("%.0f", number_at(bus, "load") * 100)}})},
                    {text_at(bus, "address"), Tone::faint}});
  // Of hundreds of TCP meters each is its own bus: the closed ones are what matters.
  std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row[1].tone == Tone::bad; });
  const std::size_t hidden = rows.size() > rows_max ? rows.size() - rows_max : 0;
  rows.resize(rows.size() - hidden);
  screen.table(text("status.buses"), rows);
  show_rest(hidden, screen);
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
  if (state == "well") return {text("status.meter.ok"), Tone::good};
  if (state == "new") return {text("status.meter.new")};
  if (state == "learning") return {text("status.meter.learning")};
  return {text(state == "doubtful" ? "status.meter.check" : "status.meter.fault"), Tone::bad};
}

/// "signed off 2026-03-01 by shift electrician"; nothing of a gateway that does not say.
std::optional<Cell> signature_of(const Json& meter) {
  if (!meter.is_object() || !meter.contains("signed_off")) return std::nullopt;
  const Json& signature = at(meter, "signed_off");
  if (signature.is_null()) return Cell{text("status.not-signed-off"), Tone::faint};
  return Cell{
      text("status.signed-off", {{"day", text_at(signature, "at").substr(0, 10)}, {"by", text_at(signature, "by")}}),
      Tone::faint};
}

Row row_of_meter(const Json& meter) {
  Row row{{text_at(meter, "id")},
          {text_at(meter, "bus") + "/" + text_at(meter, "unit"), Tone::faint},
          verdict_of(meter),
          {has(meter, "age_s") ? text("status.age", {{"age", span_at(meter, "age_s")}}) : text("status.never")},
          {text("status.polls",
                {{"failed", text_at(meter, "polls_failed")},
                 {"count", format("%.0f", number_at(meter, "polls_good") + number_at(meter, "polls_failed"))}}),
           Tone::faint}};
  if (const auto signature = signature_of(meter)) row.push_back(*signature);
  if (has(meter, "error") && !is_starting(meter)) row.push_back({translated(text_at(meter, "error")), Tone::bad});
  if (has(meter, "next_try_in_s")) row.push_back({text("status.next-try", {{"age", span_at(meter, "next_try_in_s")}})});
  return row;
}

void show_meters(const Json& status, Screen& screen) {
  std::vector<const Json*> meters;
  for (const Json& meter : at(status, "meters")) meters.push_back(&meter);
  std::ranges::stable_sort(meters, {}, [](const Json* meter) { return rank_of(*meter); });
  const auto well = std::ranges::count_if(meters, [](const Json* meter) { return state_at(*meter) == "well"; });

  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min(meters.size(), rows_max); ++i) rows.push_back(row_of_meter(*meters[i]));
  screen.table(text("status.meters", {{"well", std::to_string(well)}, {"count", std::to_string(meters.size())}}), rows);
  show_rest(meters.size() - rows.size(), screen);
}

void show_marks(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  for (const Json& mark : at(status, "marks")) {
    if (rows.size() == rows_max) break;
    rows.push_back({{text_at(mark, "subject").empty() ? text("status.whole-site") : text_at(mark, "subject")},
                    {word_of("quality.", text_at(mark, "mark"))},
                    {text(has(mark, "until") ? "status.from-until" : "status.from",
                          {{"from", text_at(mark, "from")}, {"until", text_at(mark, "until")}})},
                    {text(is_true(mark, "in_force") ? "status.in-force" : "status.ahead")},
                    {text_at(mark, "reason"), Tone::faint}});
  }
  screen.table(text("status.marks"), rows);
}

/// "load 380 kW of 400 kW", "level orange, load unknown".
std::string load_of(const Json& order) {
  const std::string level = text_at(order, "level");
  const bool is_known = has(order, "load_kw");
  std::string words = level.empty() || level == "-" ? "" : text("status.level", {{"level", level}});
  words += text("status.load",
                {{"load", is_known ? format("%.1f kW", number_at(order, "load_kw")) : text("status.load-unknown")}});
  if (has(order, "limit_kw")) words += text("status.limit", {{"limit", text_at(order, "limit_kw")}});
  if (has(order, "limit_kwh")) words += text("status.quota", {{"quota", text_at(order, "limit_kwh")}});
  return words;
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
                    {text(is_true(order, "in_force") ? "status.in-force" : "status.ahead")},
                    {text("status.from-to", {{"from", text_at(order, "from")}, {"until", text_at(order, "to")}})},
                    {facilities.empty() ? text("status.whole-site") : facilities},
                    {load_of(order)}});
  }
  screen.table(text("status.orders"), rows);
}

/// "12.5 kW", "8.1 A", "status 3", or "-".
std::string value_of_facility(const Json& facility) {
  if (has(facility, "power_kw")) return format("%.4g kW", number_at(facility, "power_kw"));
  if (has(facility, "current_a")) return format("%.4g A", number_at(facility, "current_a"));
  return has(facility, "status") ? text("status.value", {{"value", text_at(facility, "status")}}) : "-";
}

void show_facilities(const Json& status, Screen& screen) {
  std::vector<Row> rows;
  const Json& facilities = at(status, "facilities");
  for (const Json& facility : facilities) {
    if (rows.size() == rows_max) break;
    const std::string state = text_at(facility, "state");
    if (text_at(facility, "source") == "none") {
      rows.push_back({{text_at(facility, "id")}, {text("status.not-told"), Tone::faint}});
      continue;
    }
    const bool is_grave = state == "unknown" || state == "de_energised";
    rows.push_back({{text_at(facility, "id")},
                    {word_of("learn.state.", state), is_grave             ? Tone::bad
                                                     : state == "running" ? Tone::good
                                                                          : Tone::plain},
                    {has(facility, "since_s") ? text("status.for", {{"age", span_at(facility, "since_s")}}) : "-"},
                    {value_of_facility(facility)}});
  }
  screen.table(text("status.facilities"), rows);
  show_rest(facilities.size() - rows.size(), screen);
}

/// "meter press-1": what a finding is about.
std::string about_of(const Json& finding) {
  const std::string about = text_at(finding, "about");
  const auto kind = about.substr(0, about.find(' '));
  return word_of("status.about.", kind) + about.substr(kind.size());
}

void show_load(const Json& status, Screen& screen) {
  for (const LoadTable& table : load_tables(status)) {
    std::vector<Row> rows;
    for (const auto& told : table.rows) {
      if (rows.size() == rows_max) break;
      Row& row = rows.emplace_back();
      for (const std::string& cell : told) row.push_back({printable(cell)});
    }
    screen.table(table.title, rows);
    show_rest(table.rows.size() - rows.size(), screen);
  }
}

void show_findings(const Json& status, Screen& screen) {
  const Json& findings = at(status, "findings");
  if (findings.empty()) return;
  screen.line({{"\n" + text("status.findings")}});
  std::size_t shown = 0;
  for (const Json& finding : findings) {
    if (shown++ == rows_max) break;
    const bool grave = text_at(finding, "level") == "error";
    screen.line(
        {{"  " + text(grave ? "status.error" : "status.warning") + " ", grave ? Tone::bad : Tone::plain},
         {text("status.finding", {{"about", about_of(finding)}, {"what", translated(text_at(finding, "what"))}})}});
    screen.line({{"        -> " + translated(text_at(finding, "do"))}});
  }
  show_rest(findings.size() - std::min(findings.size(), rows_max), screen);
}

std::string last_line(const Json& status, bool healthy) {
  const Json& findings = at(status, "findings");
  const Json& meters = at(status, "meters");
  if (healthy && meters.is_array() && std::any_of(meters.begin(), meters.end(), is_starting))
    return "\n" + text("status.starting") + "\n";
  if (healthy) return "\n" + text("status.well") + "\n";
  if (findings.empty()) return "\n" + text("status.not-recording-next") + "\n";
  return "\n" + text("status.next", {{"next", translated(text_at(findings.front(), "do"))}}) + "\n";
}

}  // namespace

Result<StatusView> render_status(const std::string& status_json, Colours colours) {
  const Json status = Json::parse(status_json, nullptr, false);
  if (!status.is_object()) return Error{ErrorKind::corrupt, "the gateway's status is not a JSON object"};

  Screen screen(colours);
  show_head(status, screen);
  show_update(status, screen);
  show_uplinks(status, screen);
  show_backfills(status, screen);
  show_buses(status, screen);
  show_meters(status, screen);
  show_facilities(status, screen);
  show_load(status, screen);
  show_marks(status, screen);
  show_directives(status, screen);
  show_findings(status, screen);
  const bool healthy = is_true(status, "recording") && at(status, "findings").empty();
  return StatusView{.text = screen.take() + last_line(status, healthy), .healthy = healthy};
}

}  // namespace jidian::app
