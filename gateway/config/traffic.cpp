#include "config/traffic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/decimal.hpp"
#include "config/site_sections.hpp"
#include "config/units.hpp"

namespace jidian::config {
namespace {

constexpr double month_s = 30.4 * 86'400;
/// A message of `live`, for each point: its name, value, unit and quality as JSON, and its part of meters and headers.
constexpr double live_point_bytes = 96.7;
/// Of a message without points: topic, headers, the braces.
constexpr double live_message_bytes = 250;
/// A reading that shares its batch with earlier ones of its point, and what the first of a batch takes more.
constexpr double reading_bytes = 1.75;
constexpr double first_reading_bytes = 2.15;
/// A row of a meter, a facility, an account or the site.
constexpr double row_bytes = 127;
/// Rounds of rows in a day: minutes, quarter hours, hours, the day and its shifts.
constexpr double row_rounds = 1'440 + 96 + 24 + 1 + 3;
/// A commit's message, acknowledgement and receipt, of all streams.
constexpr double commit_bytes = 926;
constexpr Millis row_interval{60'000};

/// `live` that costs more in a month is warned of: more than a field device's SIM card has as a rule. The usual
/// interval stays below it with 1,000 points.
constexpr double live_month_max = 5e9;
/// What is to be written instead costs at most this.
constexpr double live_month_good = 1e9;
constexpr std::array<std::chrono::seconds, 6> live_intervals{{std::chrono::seconds{10}, std::chrono::seconds{30},
                                                              std::chrono::minutes{1}, std::chrono::minutes{5},
                                                              std::chrono::minutes{15}, std::chrono::hours{1}}};

double times_a_month(Millis interval) {
  return interval > Millis{0} ? month_s / std::chrono::duration<double>(interval).count() : 0;
}

double live_month(std::size_t points, Millis interval) {
  return (live_message_bytes + live_point_bytes * static_cast<double>(points)) * times_a_month(interval);
}

bool takes(const Uplink& uplink, std::string_view stream) {
  return std::ranges::find(uplink.streams, stream) != uplink.streams.end();
}

bool leaves_the_box(const Uplink& uplink) {
  const auto url = parse_url(uplink.url);
  return !url || !is_loopback(url->host);
}

double readings_month(const Site& site) {
  double bytes = 0;
  for (const Meter& meter : site.meters) {
    if (meter.period <= Millis{0}) continue;
    const double polls_a_batch =
        std::max(1.0, std::chrono::duration<double>(site.store.commit_interval) / meter.period);
    bytes += static_cast<double>(meter.points.size()) * times_a_month(meter.period) *
             (reading_bytes + first_reading_bytes / polls_a_batch);
  }
  return bytes;
}

double rows_month(const Site& site) {
  const auto counting = std::ranges::count_if(site.meters, [](const Meter& meter) {
    return std::ranges::any_of(meter.points, [](const meter::Point& it) { return it.kind == PointKind::counter; });
  });
  const auto others = site.facilities.size() + site.card.accounts.size() + (counting > 0 ? 1 : 0);
  return (static_cast<double>(counting) + static_cast<double>(others)) * row_bytes * row_rounds * month_s / 86'400;
}

/// Nothing is committed while nothing has come: meters that are asked each minute fill one commit a minute.
double commits_month(const Site& site, bool with_readings, bool with_rows) {
  std::optional<Millis> filled;
  if (with_rows && !site.meters.empty()) filled = row_interval;
  for (const Meter& meter : site.meters)
    if (with_readings && meter.period > Millis{0}) filled = std::min(filled.value_or(meter.period), meter.period);
  if (!filled) return 0;
  return commit_bytes * times_a_month(std::max({site.store.commit_interval, *filled, Millis{1'000}}));
}

}  // namespace

Traffic traffic_of(const Site& site) {
  Traffic traffic;
  for (const Meter& meter : site.meters) traffic.points += meter.points.size();
  for (const Uplink& uplink : site.uplinks) {
    if (!leaves_the_box(uplink)) continue;
    ++traffic.uplinks;
    const bool with_readings = takes(uplink, "reading");
    const bool with_rows = takes(uplink, "interval");
    traffic.live += live_month(traffic.points, site.live_interval);
    if (with_readings) traffic.batches += readings_month(site);
    if (with_rows) traffic.batches += rows_month(site);
    if (with_readings || with_rows) traffic.batches += commits_month(site, with_readings, with_rows);
  }
  return traffic;
}

std::string format_traffic(double bytes) {
  const auto in = [bytes](double unit, int decimals) {
    const double scaled = bytes / unit * (decimals == 1 ? 10 : 1);
    return format_decimal(std::int64_t{std::lround(scaled)}, -decimals);
  };
  if (bytes >= 9.95e9) return in(1e9, 0) + " GB";
  if (bytes >= 0.9995e9) return in(1e9, 1) + " GB";
  if (bytes >= 1e6) return in(1e6, 0) + " MB";
  return in(1e3, 0) + " kB";
}

void check_traffic(Section& root, const Site& site) {
  const Traffic traffic = traffic_of(site);
  if (traffic.live <= live_month_max) return;
  const auto gateway = root.section("gateway", "gateway");
  const auto cost_of = [&](Millis interval) {
    return live_month(traffic.points, interval) * static_cast<double>(traffic.uplinks);
  };
  const auto good = std::ranges::find_if(
      live_intervals, [&](std::chrono::seconds interval) { return cost_of(interval) <= live_month_good; });
  std::string write = "live_interval = \"off\"";
  if (good != live_intervals.end())
    write =
        "live_interval = \"" + format_duration(*good) + "\" (about " + format_traffic(cost_of(*good)) + "), or \"off\"";
  root.journal().warn(gateway ? gateway->place("live_interval") : root.place("gateway"),
                      "gateway: live every " + format_duration(site.live_interval) + " costs about " +
                          format_traffic(traffic.live) + " a month, beside " + format_traffic(traffic.batches) +
                          " of batches; over a SIM card write " + write);
}

}  // namespace jidian::config
