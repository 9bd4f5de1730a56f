#include "acquire/reports.hpp"

#include <utility>

namespace jidian::acquire {
namespace {

using domain::Event;
using domain::EventKind;
using Fact = std::pair<std::string, std::string>;

Event make(EventKind kind, const std::string& subject, std::string text, Fact fact, UtcTime now) {
  return {now, kind, subject, std::move(text), std::nullopt, {}, {std::move(fact)}};
}

}  // namespace

Event meter_silent(const std::string& meter, unsigned misses, const Error& why, UtcTime now) {
  const std::string count = std::to_string(misses);
  return make(EventKind::meter_silent, meter, "No valid reply in " + count + " polls in a row: " + why.message() + ".",
              {"misses", count}, now);
}

Event meter_back(const std::string& meter, std::int64_t silent_s, UtcTime now) {
  const std::string seconds = std::to_string(silent_s);
  return make(EventKind::meter_back, meter, "The meter answers again after " + seconds + " s.", {"silent_s", seconds},
              now);
}

Event bus_down(const std::string& bus, const std::string& trouble, const std::string& address, UtcTime now) {
  return make(EventKind::bus_down, bus, "The bus cannot be used: " + trouble + ".", {"address", address}, now);
}

Event bus_back(const std::string& bus, std::int64_t down_s, UtcTime now) {
  const std::string seconds = std::to_string(down_s);
  return make(EventKind::bus_back, bus, "The bus is in use again after " + seconds + " s.", {"down_s", seconds}, now);
}

Event foreign_master(const std::string& bus, const Evidence& news, UtcTime now) {
  return {now, EventKind::foreign_master, bus, "On this bus " + news.text + ".", std::nullopt, {}, news.facts};
}

Event foreign_meter(const std::string& meter, const IdentityWatch::Surprise& surprise, UtcTime now) {
  const bool is_serial = surprise.what == "serial";
  return {now,
          EventKind::foreign_meter,
          meter,
          std::string("The meter tells ") + (is_serial ? "serial number" : "model") + " '" + surprise.told +
              "', expected was '" + surprise.expected + "'." +
              (is_serial ? " Its readings are marked until the site file names its serial number." : ""),
          std::nullopt,
          {},
          {{"what", surprise.what}, {"expected", surprise.expected}, {"told", surprise.told}}};
}

Event ratio_changed(const std::string& meter, const RatioWatch::Change& change, UtcTime now) {
  return {now,
          EventKind::ratio_changed,
          meter,
          "Ratio '" + change.point + "' in the meter changed from " + change.before + " to " + change.after + ".",
          std::nullopt,
          {},
          {{"point", change.point}, {"before", change.before}, {"after", change.after}}};
}

}  // namespace jidian::acquire
