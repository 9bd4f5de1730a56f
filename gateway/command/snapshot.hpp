#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "command/load_profile.hpp"
#include "domain/directive.hpp"
#include "domain/facility_now.hpp"
#include "domain/mark.hpp"
#include "domain/run_rule.hpp"
#include "health/board.hpp"

namespace jidian::command {

/// A facility and what it does.
struct FacilityView {
  std::string id;
  domain::RunSource source = domain::RunSource::none;
  domain::FacilityNow now;
  domain::DeclaredLoads loads = {};
};

/// What the gateway runs by, and how that stands to the site file on the disk.
struct ConfigurationView {
  std::string file;
  std::optional<UtcTime> taken;  ///< When it was taken over.
  std::string trouble;           ///< Why the file on the disk is not what runs; empty: it is, as far as is known.
  std::string advice;            ///< What to do about it.
};

/// What is known of the gateway at one instant: the value that status, findings and metrics are made from.
struct Snapshot {
  std::string gateway;
  std::string version;
  UtcTime now;
  UtcTime started;
  std::chrono::seconds uptime{0};
  ClockQuality clock = ClockQuality::unknown;
  std::optional<std::string> stuck;  ///< Name of a loop that makes no progress.
  std::vector<health::MeterHealth> meters;
  std::vector<health::MeterRecord> records;  ///< Of meters of which there is something to say.
  std::vector<health::BusHealth> buses;
  std::vector<health::UplinkHealth> uplinks;
  health::StoreHealth store;
  std::vector<domain::Mark> marks;  ///< In force or ahead.
  std::string directives = "[]";    ///< The orders in force or ahead, as JSON.
  domain::RefusalCounts directives_refused{};
  std::vector<FacilityView> facilities = {};
  LoadProfile load = {};
  ConfigurationView configuration = {};
  std::vector<health::InterfaceTrouble> interface = {};
  std::optional<health::UpdateHealth> update = {};  ///< The newest of the box; nothing if there was none.
};

/// Seconds from `then` to `now`; 0 if a clock step has put `then` into the future.
inline std::int64_t age_s(UtcTime now, UtcTime then) {
  const auto age = std::chrono::floor<std::chrono::seconds>(now - then).count();
  return age > 0 ? age : 0;
}

/// What the record says of a meter; null: nothing.
inline const health::MeterRecord* record_of(const Snapshot& snapshot, const std::string& meter) {
  for (const auto& record : snapshot.records)
    if (record.id == meter) return &record;
  return nullptr;
}

/// Whether readings are being recorded: the store takes them and no loop is stuck.
inline bool is_recording(const Snapshot& snapshot) {
  return !snapshot.stuck && snapshot.store.takes_writes && snapshot.store.last_commit.has_value();
}

}  // namespace jidian::command
