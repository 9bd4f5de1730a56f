#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::health {

/// One loop's sign of life. The loop beats at least once a `longest_round`; the watchdog is fed only while all do.
class Heartbeat {
 public:
  Heartbeat(std::string name, Millis longest_round) : name_(std::move(name)), longest_round_(longest_round) {}

  /// From the loop: "I made progress now."
  void beat(SteadyTime now) { last_ms_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }

  /// From the loop, as its last: "I have ended as asked." From then on it is alive whatever the time, until the next
  /// beat, and a loop of the same name may take it over.
  void rest() {
    last_ms_.store(0, std::memory_order_relaxed);
    is_at_rest_.store(true, std::memory_order_release);
  }

  /// Whether it was at rest; it is not any more: another loop has it.
  bool wake() { return is_at_rest_.exchange(false, std::memory_order_acquire); }

  /// From anywhere: whether the last beat is recent enough. A loop that has not begun is alive.
  bool alive(SteadyTime now) const;

  const std::string& name() const { return name_; }
  Millis longest_round() const { return longest_round_; }

 private:
  std::string name_;
  Millis longest_round_;
  std::atomic<std::int64_t> last_ms_{0};
  std::atomic<bool> is_at_rest_{false};
};

/// What is known of one meter. Times are of the last event of their kind.
struct MeterHealth {
  std::string id;
  std::string bus;
  std::uint8_t unit = 0;
  std::uint64_t polls_good = 0;
  std::uint64_t polls_failed = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t slots_skipped = 0;
  std::uint32_t misses_in_row = 0;
  std::optional<UtcTime> last_good;
  std::optional<UtcTime> next_try;                          ///< Set while the meter is given up for a time.
  std::string last_error;                                   ///< Empty while all is well.
  std::optional<ErrorKind> last_error_kind = std::nullopt;  ///< Of `last_error`.
  bool learning = false;  ///< What it takes in one request is being found out: a refusal is no fault yet.
  std::string foreign;    ///< What it says of itself that is not as expected, in one sentence; empty: nothing.
  std::vector<std::string> refused;  ///< Points it is known not to have.
};

/// What the record says of one meter beside its readings.
struct MeterRecord {
  /// A contradiction that goes on.
  struct Doubt {
    std::string check;   ///< The contract's word: "ct_reversed".
    std::string points;  ///< Whose values are in question, by blanks.
    std::string text;    ///< For people, one sentence.
    UtcTime since;
  };
  std::string id;
  std::vector<Doubt> doubts;
  std::optional<UtcTime> signed_off;  ///< Nothing: nobody did, since this meter stands there.
  std::string signed_by;
};

struct BusHealth {
  std::string id;
  std::string address;  ///< "/dev/serial/by-id/… 9600 8N1" or "10.0.0.5:502".
  bool open = false;
  bool lent = false;
  bool other_master = false;  ///< Nothing is sent here: somebody else was heard.
  std::uint64_t requests = 0;
  std::uint64_t reopened = 0;
  std::uint64_t dropped_polls = 0;   ///< Polls that found the recorder's queue full.
  std::uint64_t dropped_events = 0;  ///< Events that waited for room in it and were lost: nothing on record tells them.
  double load = 0;                   ///< Share of the last minute the bus was busy, 0…1.
  std::string last_error;
};

/// Batches that a destination asked to have again and that are on their way.
struct BackfillHealth {
  std::string id;  ///< The command's.
  std::string stream;
  std::uint64_t batches = 0;  ///< All that are sent for it.
  std::uint64_t left = 0;     ///< Those the destination has not confirmed again.
  UtcTime since;
};

struct UplinkHealth {
  std::string id;
  std::string address;
  std::string confirm;  ///< "backend" or "broker".
  bool connected = false;
  std::uint64_t connects = 0;
  std::uint64_t published = 0;
  std::uint64_t published_bytes = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t resent = 0;
  std::uint64_t rejected = 0;  ///< Batches the destination will not take; kept until they are sent again.
  std::uint64_t copied = 0;    ///< Batches rejected as conflicts whose content was told again in a later epoch.
  std::uint64_t receipts_refused = 0;
  std::uint64_t dropped_messages = 0;  ///< Receipts, commands and orders that came faster than they were looked at.
  std::uint64_t pending = 0;           ///< Batches this destination has not confirmed.
  std::optional<UtcTime> oldest_pending;
  std::optional<UtcTime> backlog_from;  ///< When the backlog of a long outage begins to be sent, if it waits for that.
  std::optional<UtcTime> last_receipt;
  std::optional<UtcTime> certificate_until{};  ///< When the certificate that this box shows ends, if it shows one.
  std::string trouble;                      ///< Why nothing moves, in one sentence; empty while all is well.
  std::uint64_t backfilled = 0;             ///< Batches sent because they were asked for again.
  std::vector<BackfillHealth> backfills{};  ///< Those that are running.
};

struct StoreHealth {
  std::string folder;
  std::string epoch;
  std::uint64_t bytes = 0;
  std::uint64_t quota_bytes = 0;
  std::uint64_t batches = 0;
  std::uint64_t readings_recorded = 0;  ///< Since start.
  std::uint64_t commits = 0;
  std::uint64_t evicted = 0;
  std::optional<UtcTime> last_commit;
  std::optional<UtcTime> oldest;
  bool takes_writes = true;   ///< Whether the last commit succeeded.
  double days_left = -1;      ///< Until the quota is reached at the present rate; negative: not known yet.
  double autonomy_days = -1;  ///< For which there is room if no destination confirmed anything from now on; likewise.
  double written_bytes_per_day = -1;  ///< To flash, by this process; negative: not known.
  double flash_years = -1;            ///< Of the declared endurance at that rate; negative: not declared, or not known.
  std::string trouble;  ///< Everything amiss, also what is past but lost something; empty while all is well.
};

/// The newest update of the box.
struct UpdateHealth {
  std::string id;
  std::string from;
  std::string to;
  std::string slot;
  std::string state{};   ///< The contract's word: "trying".
  std::string reason{};  ///< May be empty.
  UtcTime at{};
};

/// Something of the local interface that is not as the site file has it.
struct InterfaceTrouble {
  std::string what;    ///< One sentence for people.
  std::string advice;  ///< What to do.
};

/// Where loops post what they know and others read it. Every method may be called from any thread.
class Board {
 public:
  /// A heartbeat that lives as long as the board: one of the same loop that is at rest, else a new one.
  Heartbeat& add_heartbeat(std::string name, Millis longest_round);

  /// Name of the first loop that has stopped making progress; nothing while all are alive.
  std::optional<std::string> stuck(SteadyTime now) const;

  void post(MeterHealth meter);
  void post(MeterRecord meter);
  void post(BusHealth bus);
  void post(UplinkHealth uplink);
  void post(StoreHealth store);
  void post(std::vector<InterfaceTrouble> interface);
  void post(UpdateHealth update);

  /// What is not there any more. Whoever posted it must have ended.
  void forget_meter(const std::string& id);
  void forget_bus(const std::string& id);

  std::vector<MeterHealth> meters() const;
  std::vector<MeterRecord> records() const;
  std::vector<BusHealth> buses() const;
  std::vector<UplinkHealth> uplinks() const;
  StoreHealth store() const;
  std::vector<InterfaceTrouble> interface_troubles() const;
  std::optional<UpdateHealth> update() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Heartbeat>> heartbeats_;
  std::map<std::string, MeterHealth> meters_;
  std::map<std::string, MeterRecord> records_;
  std::map<std::string, BusHealth> buses_;
  std::map<std::string, UplinkHealth> uplinks_;
  StoreHealth store_;
  std::vector<InterfaceTrouble> interface_;
  std::optional<UpdateHealth> update_;
};

}  // namespace jidian::health
